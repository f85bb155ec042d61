"""The two banks of sample-and-hold circuits between an array and its converters."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block


class HoldBanks(Block):
    """One bank is converted while the other is filled.

    The array offers its outputs with ``plane_valid``, and keeps them until a cycle with ``plane_ready``: in that cycle
    one bit of ``track`` is 1, and that bank follows the array. Both come from registers. A bank that was filled is
    ``available``, until ``take`` begins its conversion; with ``release`` that has ended, and the bank may be filled
    again. The banks take turns. ``take`` may come only with ``available``, and while a bank is being converted only
    with its ``release``.
    """

    def __init__(self) -> None:
        ports = {"plane_valid": In(1), "plane_ready": Out(1), "track": Out(2)}
        super().__init__({**ports, "available": Out(1), "take": In(1), "release": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held = Signal(2)
        turn = Signal()  # the bank to be converted next
        following = Cat(~turn, turn)
        m.d.comb += [
            self.available.eq((held & following).any()),
            self.plane_ready.eq(self.track.any()),
        ]
        # The bank whose turn comes later is filled only while the other one is full.
        free = ~held & (following | held.any().replicate(2))
        m.d.sync += [
            self.track.eq(free & (self.plane_valid & ~self.plane_ready).replicate(2)),
            held.eq((held | self.track) & ~(~following & self.release.replicate(2))),
            turn.eq(turn ^ self.take),
        ]
        return m
