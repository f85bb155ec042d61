"""Controller of CASCADE's dataflow: one side fills a bank of buffer cells while the other reads and clears one."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.array_cycle import ArrayCycle
from hdl.crossbar.bank_readout import BankReadout
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.delay import delayed
from hdl.crossbar.vector_sequence import IGNORED_BITS, VectorSequence
from hdl.sar.tally import Tally
from sim_models.arith.checking import require_instance

STALL_BITS = 16


class CascadeController(Block):
    """Leads vectors through reading, driving, writing of buffer cells, readout and clearing, in array cycles.

    Array cycle 1 of a vector: it is read; 2 to cycles + 1: its slices are driven; the cycle after each: its sums are
    written; then as many of conversion as needed, and cascade_tail_cycles. With ``double_buffer`` a bank is filled
    while the other one is read and cleared, and a vector follows every `sim_models.crossbar.initiation_interval` array
    cycles.

    * ``start``: a vector is there. It is accepted when not ``busy``, in the first slot of its first array cycle: at any
      time if nothing is under way. A start while ``busy`` is ignored and counted in ``start_ignored``.
    * ``load``: the vector is taken, in the last slot of its first cycle, which is repeated, and ``stall_count`` counts
      it, while its bank will not be clear when it is first written. So a vector is driven from the last array cycle on
      in which its bank is cleared: its sums come a cycle later.
    * ``drive``, ``step``, ``bl_strobe``: as in `NeuralPimController`. ``index``, ``negative``, ``driven_bank``: which
      slice is driven, whether its sums count negative, and the bank they are for.
    * ``write``: the held lines are written, all through an array cycle, as slice ``offset`` of ``bank``, positive and
      negative exchanged with ``swap``. ``clear``: these banks are cleared.
    * ``adc_start``, ``adc_next``, ``read_bank``, ``column``, ``group``: as in `BankReadout`. ``code_valid``,
      ``code_first``, ``code_column``: converter_delay clock cycles later, the code of that column is there, the first
      of a group or another.
    * ``hold_results``, ``move_results``: as in `NeuralPimController`. ``offer``: the result is written, in the last
      slot of its last array cycle, which lasts until it is ``taken``: then all wait. ``done``: it is taken.

    `sim_models.crossbar.latency` array cycles from that of the start to that of ``done``, where nothing stalls.
    After a reset clear_cycles + 1 array cycles pass before the first start is accepted. Both counts have 16 bits and
    stop at their largest value.

    Raises ValueError for ``parameters`` that are no ``CascadeParameters``.
    """

    def __init__(self, *, parameters: CascadeParameters) -> None:
        require_instance("parameters", parameters, CascadeParameters)
        self.parameters = p = parameters
        outputs: tuple[str, ...] = ("busy", "load", "drive", "step", "negative", "driven_bank", "bl_strobe", "write")
        outputs += ("swap", "bank", "adc_start", "adc_next", "read_bank", "code_valid", "code_first")
        outputs += ("hold_results", "move_results", "offer", "done")
        slices, columns = range(max(2, p.cycles)), range(max(2, len(p.places)))
        super().__init__(
            {
                "start": In(1),
                "taken": In(1),
                **{name: Out(1) for name in outputs},
                "index": Out(slices),
                "offset": Out(slices),
                "clear": Out(2),
                "column": Out(columns),
                "code_column": Out(columns),
                "group": Out(range(max(2, p.groups))),
                "start_ignored": Out(IGNORED_BITS),
                "stall_count": Out(STALL_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.cycle = cycle = ArrayCycle(slots=p.slots_per_cycle)
        m.submodules.vectors = vectors = VectorSequence(slices=p.cycles)
        m.submodules.readout = readout = BankReadout(parameters=p)
        self._drive(m, cycle, vectors)
        self._write(m, cycle, vectors, readout)
        self._guard_banks(m, vectors, readout)
        self._read(m, readout)
        finishing = self._finish(m, cycle, readout)
        idle = Signal()
        m.d.comb += [
            idle.eq(~(vectors.reading | vectors.drive | self.write | readout.active | finishing)),
            cycle.restart.eq(idle & ~vectors.accepted),
            vectors.first.eq(cycle.first),
            readout.ended.eq(cycle.ended),
        ]
        return m

    def _drive(self, m: Module, cycle: ArrayCycle, vectors: VectorSequence) -> None:
        p = self.parameters
        names = ("busy", "load", "drive", "index", "start_ignored")
        m.d.comb += [getattr(self, name).eq(getattr(vectors, name)) for name in names]
        m.d.comb += [
            vectors.start.eq(self.start),
            vectors.ended.eq(cycle.ended),
            self.step.eq(vectors.drive & cycle.ended),
            self.bl_strobe.eq(self.step),
            self.negative.eq(vectors.top & int(p.signed_inputs)),
        ]
        m.submodules.stalls = stalls = Tally(width=STALL_BITS, amount_width=1)
        m.d.comb += [stalls.amount.eq(vectors.waits), self.stall_count.eq(stalls.total)]

    def _write(self, m: Module, cycle: ArrayCycle, vectors: VectorSequence, readout: BankReadout) -> None:
        final = Signal(name="last_write")
        with m.If(cycle.ended):
            m.d.sync += [
                self.write.eq(vectors.drive),
                self.offset.eq(vectors.index),
                self.bank.eq(self.driven_bank),
                final.eq(vectors.top),
            ]
        m.d.comb += [self.swap.eq(final & int(self.parameters.signed_inputs)), readout.filled.eq(final & cycle.ended)]

    def _guard_banks(self, m: Module, vectors: VectorSequence, readout: BankReadout) -> None:
        """A vector waits until its bank will be clear: of two banks when it is first written, of one when driven."""
        double = self.parameters.double_buffer
        dirty = Signal(2)
        found = Signal(2)
        cleared = Signal(2)
        beginning = self.step & (vectors.index == 0) if double else vectors.load
        m.d.comb += [
            found.eq(_one_hot(self.driven_bank) & beginning.replicate(2)),
            cleared.eq(_one_hot(readout.read_bank) & readout.cleared.replicate(2)),
        ]
        m.d.sync += dirty.eq(found | (dirty & ~cleared))
        if double:
            own = Signal()  # bank of the next vector
            with m.If(vectors.load):
                m.d.sync += [self.driven_bank.eq(own), own.eq(~own)]
            closing = readout.closing & (readout.read_bank == own)
            m.d.comb += [
                vectors.read_allowed.eq(readout.ready),
                vectors.drive_allowed.eq(~Array(dirty)[own] | closing),
            ]
        else:
            clear = ~dirty[0] | readout.closes
            m.d.comb += [vectors.read_allowed.eq(readout.ready & clear), vectors.drive_allowed.eq(1)]

    def _read(self, m: Module, readout: BankReadout) -> None:
        names = ("adc_start", "adc_next", "read_bank", "clear", "column", "group")
        m.d.comb += [getattr(self, name).eq(getattr(readout, name)) for name in names]
        columns = len(self.parameters.places)
        m.d.comb += [
            self.code_valid.eq(delayed(m, "conversions", readout.adc_start, self.parameters.converter_delay)),
            self.code_first.eq(self.code_column == 0),
        ]
        with m.If(self.code_valid):
            m.d.sync += self.code_column.eq(Mux(self.code_column == columns - 1, 0, self.code_column + 1))

    def _finish(self, m: Module, cycle: ArrayCycle, readout: BankReadout) -> Value:
        """The stages after conversion; returns whether a result is in one of them."""
        tail = Signal(self.parameters.cascade_tail_cycles)
        with m.If(cycle.ended):
            m.d.sync += tail.eq(Cat(readout.over, tail))
        m.d.comb += [
            self.hold_results.eq(tail[0] & cycle.ended),
            self.move_results.eq(cycle.ended),
            self.offer.eq(tail[-1] & cycle.last),
            self.done.eq(self.offer & self.taken),
            cycle.pause.eq(self.offer & ~self.taken),
        ]
        return tail.any()


def _one_hot(bank: Value) -> Value:
    return Mux(bank, 0b10, 0b01)
