"""The first stages of a crossbar's pipeline: a vector is read, then driven slice by slice."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.ranks import rank
from hdl.sar.tally import Tally
from sim_models.arith.checking import require_integer

IGNORED_BITS = 16


class VectorSequence(Block):
    """Reads a vector in one array cycle and drives its ``slices`` in as many; the next one is read with the last slice.

    * ``first``, ``ended``: an array cycle begins, ends; not in the same clock cycle.
    * ``start``: a vector is there. It is accepted when not ``busy``: in the first slot of an array cycle in which no
      slice but the last is driven, with ``read_allowed``; ``accepted`` tells. Then it is read (``reading``). With
      ``busy`` it is ignored and counted in ``start_ignored`` (16 bits, stops at its largest value).
    * ``load``: it is taken, as its array cycle ends, with ``drive_allowed``; without, it is read for another one, and
      ``waits`` tells.
    * ``drive``: slice ``index`` is driven; ``top``: it is the last one. Driving begins in the array cycle after a load.
    """

    def __init__(self, *, slices: int) -> None:
        require_integer("slices", slices, 1)
        self.slices = slices
        inputs = {name: In(1) for name in ("start", "first", "ended", "read_allowed", "drive_allowed")}
        outputs = {name: Out(1) for name in ("busy", "accepted", "reading", "load", "waits", "drive", "top")}
        counts = {"index": Out(range(max(2, slices))), "start_ignored": Out(IGNORED_BITS)}
        super().__init__({**inputs, **outputs, **counts})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        passed = Signal()
        m.d.comb += [
            self.top.eq(self.drive & (self.index == self.slices - 1)),
            self.busy.eq(~(self.first & ~self.reading & (~self.drive | self.top) & self.read_allowed)),
            self.accepted.eq(self.start & ~self.busy),
            passed.eq(self.reading & self.ended),
            self.load.eq(passed & self.drive_allowed),
            self.waits.eq(passed & ~self.drive_allowed),
        ]
        m.d.sync += self.reading.eq(self.accepted | (self.reading & ~self.load))
        with m.If(self.ended):
            m.d.sync += self.drive.eq(self.load | (self.drive & ~self.top))
        following = Mux(self.load | ~self.drive | self.top, 0, self.index + 1)
        m.d.comb += self.index.eq(rank(m, "slice", following[: len(self.index)], self.ended))
        m.submodules.ignored = ignored = Tally(width=IGNORED_BITS, amount_width=1)
        m.d.comb += [ignored.amount.eq(self.start & self.busy), self.start_ignored.eq(ignored.total)]
        return m
