"""Controller of strategy A: drive, sample, scan, shift-and-add and write back, a vector in as many array cycles as it
has slices."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.array_cycle import ArrayCycle
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.sar.tally import Tally
from sim_models.arith.checking import require_instance

IGNORED_BITS = 16


class IsaacController(Block):
    """Leads vectors through array cycles of ``slots_per_cycle`` clock cycles, with T slices of an input:

        1          read into the input register, at its end ``load``
        2 .. T+1   ``drive``, with slice 0 .. T-1; at the end of each ``hold`` (the sample-and-hold circuits follow the
                   lines), and ``step`` to the next slice
        3 .. T+2   scan of the slice held at the end of the array cycle before
        T+3, T+4   sums are corrected and go to the output registers, from ``finish`` on, which ends T+2
        T+5        activation, a place for what follows the array; at its end ``write_back``
        T+6        write back

    ``start`` begins a vector's array cycle 1 in the next clock cycle, unless ``busy``; then it is ignored and counted
    in ``start_ignored`` (16 bits, stops at its largest value). The next vector may start in the last clock cycle of
    array cycle T of the one before, and at the end of every later one; at any time with ``idle``: nothing is in array
    cycles 1 to T+5. ``index``, from the input register, is the number of the slice that is driven.

    Without ``room`` in the output registers array cycle T+2 lasts longer, for all vectors.

    Raises ValueError for ``parameters`` that are no ``IsaacParameters``. Source: ISAAC (ISCA 2016) for the pipeline of
    22 array cycles with 16 slices, as reported; other lengths and the states are bitline's.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = parameters
        inputs = {"start": In(1), "index": In(range(max(2, parameters.cycles))), "room": In(1)}
        strobes = ("busy", "idle", "load", "step", "drive", "hold", "finish", "write_back")
        super().__init__({**inputs, **{name: Out(1) for name in strobes}, "start_ignored": Out(IGNORED_BITS)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.cycle = cycle = ArrayCycle(slots=self.parameters.slots_per_cycle)
        accepted = Signal()
        ended = Signal()
        m.d.comb += [accepted.eq(self.start & ~self.busy), ended.eq(cycle.ended), cycle.restart.eq(accepted)]
        reading, taken = self._lead(m, accepted, ended)
        scanned_last, behind = self._follow(m, ended)
        m.d.comb += [
            self.idle.eq(~(reading | self.drive | behind)),
            self.busy.eq(~self.idle & (~ended | taken)),
            # An idle counter stands still; one that runs waits where the products would have no place.
            cycle.pause.eq(self.idle | (scanned_last & ~self.room)),
            self.load.eq(ended & reading),
            self.step.eq(ended & self.drive),
        ]
        self._count_ignored(m)
        return m

    def _lead(self, m: Module, accepted: Value, ended: Value) -> tuple[Signal, Signal]:
        """Array cycles 1 to T+1. Returns whether a vector is read, and whether the array cycle after the next one will
        be taken by another slice."""
        p = self.parameters
        reading = Signal()
        goes_on = Signal()
        taken = Signal()
        following = Signal(range(p.cycles + 1))
        m.d.comb += [
            goes_on.eq(reading | (self.drive & (self.index != p.cycles - 1))),
            following.eq(Mux(reading, 0, self.index + 1)),
            taken.eq(goes_on & (following != p.cycles - 1)),
        ]
        with m.If(accepted | ended):
            m.d.sync += [reading.eq(accepted), self.drive.eq(goes_on)]
        return reading, taken

    def _follow(self, m: Module, ended: Value) -> tuple[Signal, Value]:
        """Array cycles 3 to T+5. Returns whether the last slice is scanned, and whether a vector is in any of them."""
        names = ("scanned", "scanned_last", "summed", "stored", "activated")
        scanned, scanned_last, summed, stored, activated = (Signal(name=name) for name in names)
        driven_last = self.drive & (self.index == self.parameters.cycles - 1)
        with m.If(ended):
            m.d.sync += [
                scanned.eq(self.drive),
                scanned_last.eq(driven_last),
                summed.eq(scanned_last),
                stored.eq(summed),
                activated.eq(stored),
            ]
        m.d.comb += [
            self.hold.eq(ended & self.drive),
            self.finish.eq(ended & scanned_last),
            self.write_back.eq(ended & activated),
        ]
        return scanned_last, scanned | summed | stored | activated

    def _count_ignored(self, m: Module) -> None:
        m.submodules.ignored = ignored = Tally(width=IGNORED_BITS, amount_width=1)
        m.d.comb += [ignored.amount.eq(self.start & self.busy), self.start_ignored.eq(ignored.total)]
