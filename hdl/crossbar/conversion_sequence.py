"""The order of work of a neural converter: what its multiplier does in each clock cycle."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer
from sim_models.arith.widths import index_bits

PHASES = ("gain", "compare", "encode", "residue", "deduct")


class ConversionSequence(Block):
    """Goes through the products of a conversion by stages of ``bits``, one a clock cycle, after each ``start``.

    * ``gain``: of the input. For each ``stage``, 0 first: ``compare``, ``neuron`` after neuron; ``encode``, neuron
      after neuron of ``bit`` after bit. Between two stages: ``residue``, then ``deduct``, neuron after neuron of
      stage 0. One of them is 1 while ``busy``, else none. A start while busy is ignored.
    * ``done``: 1 in the clock cycle after the last one.

    A stage of b bits has 2^b - 1 neurons. Raises ValueError for other than one or two stages of at least 1 bit.
    """

    def __init__(self, *, bits: tuple[int, ...]) -> None:
        if not isinstance(bits, tuple) or len(bits) not in (1, 2):
            raise ValueError(f"bits must be a tuple of one or two numbers, not {bits!r}")
        for each in bits:
            require_integer("bits", each, 1)
        self.bits = bits
        places = {"stage": Out(1), "neuron": Out(max(bits)), "bit": Out(index_bits(max(2, *bits)))}
        flags = {name: Out(1) for name in (*PHASES, "busy", "done")}
        super().__init__({"start": In(1), **flags, **places})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        last_neuron, last_bit = Signal(), Signal()
        m.d.comb += [
            last_neuron.eq(self.neuron == self._of_stage([(1 << bits) - 2 for bits in self.bits])),
            last_bit.eq(self.bit == self._of_stage([bits - 1 for bits in self.bits])),
            self.busy.eq(self.gain | self.compare | self.encode | self.residue | self.deduct),
        ]
        with m.If(self.compare | self.encode | self.deduct):
            m.d.sync += self.neuron.eq(Mux(last_neuron, 0, self.neuron + 1))
        with m.If(self.encode & last_neuron):
            m.d.sync += self.bit.eq(Mux(last_bit, 0, self.bit + 1))
        self._order(m, last_neuron, last_bit)
        return m

    def _order(self, m: Module, last_neuron: Value, last_bit: Value) -> None:
        """Which phase follows which."""
        encoded = self.encode & last_neuron & last_bit
        again, ends = Signal(), Signal()
        m.d.comb += [again.eq(encoded & (self.stage != len(self.bits) - 1)), ends.eq(encoded & ~again)]
        deducted = self.deduct & last_neuron
        m.d.sync += [
            self.gain.eq(self.start & ~self.busy),
            self.compare.eq(self.gain | (self.compare & ~last_neuron) | deducted),
            self.encode.eq((self.compare & last_neuron) | (self.encode & ~encoded)),
            self.residue.eq(again),
            self.deduct.eq(self.residue | (self.deduct & ~last_neuron)),
            self.stage.eq((self.stage | deducted) & ~ends),
            self.done.eq(ends),
        ]

    def _of_stage(self, numbers: list[int]) -> Value:
        return Mux(self.stage, numbers[-1], numbers[0])
