"""The clock of an array: conversion slots, and the array cycles they make up."""

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer


class ArrayCycle(Block):
    """Counts ``slots`` conversion slots, one a clock cycle, that are an array cycle.

    * ``restart``: slot 0 of a new array cycle comes next, whatever this slot is.
    * ``pause``: the last slot lasts until it is 0; it has no effect in others.
    * ``slot``: number of this slot. ``first``: it is slot 0. ``last``: it is the last one. ``ended``: the array cycle
      ends with this clock cycle.
    """

    def __init__(self, *, slots: int) -> None:
        require_integer("slots", slots, 1)
        self.slots = slots
        outputs = {"slot": Out(range(max(2, slots))), "first": Out(1), "last": Out(1), "ended": Out(1)}
        super().__init__({"restart": In(1), "pause": In(1), **outputs})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [
            self.first.eq(self.slot == 0),
            self.last.eq(self.slot == self.slots - 1),
            self.ended.eq(self.last & ~self.pause),
        ]
        with m.If(self.restart | self.ended):
            m.d.sync += self.slot.eq(0)
        with m.Elif(~self.last):
            m.d.sync += self.slot.eq(self.slot + 1)
        return m
