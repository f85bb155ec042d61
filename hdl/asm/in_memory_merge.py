"""What becomes of drained accumulators: those of an output's quartets become one sum, and those of its passes."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from hdl.asm.in_memory_layouts import result_layout
from hdl.block import Block
from hdl.buffer import Buffer
from hdl.ranks import rank
from sim_models.arith.checking import require_instance, require_integer
from sim_models.asm.in_memory import COUNT_BITS, InMemoryParameters
from sim_models.asm.parameters import QUARTET_BITS


class QuartetMerge(Block):
    """``total`` = start + sum over j of word_j << 4j modulo 2^width, of the words of ``quartets`` quartets, in turn.

    * ``take``: add ``word``: that of quartet 0 with ``first``, to ``start``; then those of the others, one a ``take``.
    * ``total``: ``width`` bits and 4 for each quartet but one; the sum is in its low bits in the cycle after the last
      word, until the next ``take``; before, what was added so far is in its high bits.

    One adder: what is above the quartets that are done is added to the next word. Not reset. Raises ValueError for
    sizes below 1. Source: textbook.
    """

    def __init__(self, *, width: int, quartets: int) -> None:
        require_integer("width", width, 1)
        require_integer("quartets", quartets, 1)
        self._done = QUARTET_BITS * (quartets - 1)
        ports = {"take": In(1), "first": In(1), "start": In(width), "word": In(width)}
        super().__init__({**ports, "total": Out(width + self._done)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        upper = Signal(len(self.word), reset_less=True)
        below = Signal(self._done, reset_less=True)
        with m.If(self.take):
            m.d.sync += [
                upper.eq(self.word + Mux(self.first, self.start, upper[QUARTET_BITS:])),
                below.eq(Cat(below[QUARTET_BITS:], upper[:QUARTET_BITS])),
            ]
        m.d.comb += self.total.eq(Cat(below, upper))
        return m


class DrainMerge(Block):
    """``sum over j of accumulator_j << 4j``, and the sums of earlier passes, in every lane of all banks.

    * ``drains``: accumulators are read in this cycle, and ``latch`` shows them in the next (bank 0 low, in it lane 0
      low): of quartet 0 with ``first``, of the top one with ``last``, one quartet a read. ``first`` only while
      ``free``.
    * ``output``, ``group``: whose they are. ``resumes``: add the sum that was kept of ``output``. ``keeps``: keep the
      sum instead of handing it on.
    * ``result``: stream of `result_layout`. ``free``: no result waits. ``idle``: nothing is under way.

    A `QuartetMerge` a lane. A result is there two cycles after the last read. Kept sums are not reset. Raises
    ValueError for ``parameters`` that are no ``InMemoryParameters``. Source: bitline's, for arXiv 2302.01990.
    """

    def __init__(self, *, parameters: InMemoryParameters) -> None:
        require_instance("parameters", parameters, InMemoryParameters)
        self.parameters = p = parameters
        self._bits = p.accumulator_width * p.positions_together
        super().__init__(
            {
                "drains": In(1), "first": In(1), "last": In(1), "resumes": In(1), "keeps": In(1),
                "output": In(COUNT_BITS), "group": In(COUNT_BITS), "latch": In(self._bits),
                "result": Out(stream.Signature(result_layout(p))), "free": Out(1), "idle": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, result = self.parameters, self.result
        latched, kept = Signal(), Signal()
        first, last, keeps = (rank(m, name, getattr(self, name)) for name in ("first", "last", "keeps"))
        tags = {name: rank(m, name, getattr(self, name)) for name in ("output", "group")}
        ends = latched & last
        m.d.sync += [latched.eq(self.drains), kept.eq(ends & keeps)]
        with m.If(ends & ~keeps):
            m.d.sync += result.valid.eq(1)
        with m.Elif(result.ready):
            m.d.sync += result.valid.eq(0)
        for name, value in tags.items():
            m.d.comb += result.payload[name].eq(rank(m, f"result_{name}", value, ends & ~keeps))
        earlier = self._keep(m, kept, rank(m, "kept_output", tags["output"])) if p.keeps_sums else None
        for lane in range(p.positions_together):
            self._add_lane(m, lane, latched, first, earlier)
        m.d.comb += [self.free.eq(~result.valid | result.ready), self.idle.eq(~(latched | kept | result.valid))]
        return m

    def _keep(self, m: Module, kept: Signal, output: Value) -> Value:
        """Sums of earlier passes, or zeros, beside the latch of the first quartet."""
        p = self.parameters
        m.submodules.sums = sums = Buffer(words=p.output_limit, width=self._bits)
        m.d.comb += [
            sums.write.eq(kept),
            sums.write_address.eq(output),
            sums.write_word.eq(self.result.payload.sums.as_value()),
            sums.read.eq(self.drains & self.first & self.resumes),
            sums.read_address.eq(self.output),
        ]
        return sums.word & rank(m, "resumes", self.resumes).replicate(self._bits)

    def _add_lane(self, m: Module, lane: int, latched: Signal, first: Signal, earlier: Value | None) -> None:
        p, width = self.parameters, self.parameters.accumulator_width
        m.submodules[f"lane_{lane}"] = merge = QuartetMerge(width=width, quartets=p.quartets)
        m.d.comb += [
            merge.take.eq(latched),
            merge.first.eq(first),
            merge.start.eq(0 if earlier is None else earlier.word_select(lane, width)),
            merge.word.eq(self.latch.word_select(lane, width)),
            self.result.payload.sums[lane].eq(merge.total),
        ]
