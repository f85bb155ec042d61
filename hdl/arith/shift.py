"""Shifters that remember what they lose: right by an amount, left to the leading one."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block


class ShiftRightJam(Block):
    """``result = value >> amount`` and ``lost``, which is 1 if a one fell out; every amount is allowed.

    Ports: ``value``, ``result`` (unsigned, ``width`` bits), ``amount`` (unsigned, ``amount_width`` bits), ``lost``.
    Combinational.
    """

    def __init__(self, *, width: int, amount_width: int) -> None:
        self.width = width
        super().__init__(
            {"value": In(width), "amount": In(amount_width), "result": Out(width), "lost": Out(1)},
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stages = min(len(self.amount), self.width.bit_length())
        value: Value = self.value
        lost: Value = Const(0)
        for stage in reversed(range(stages)):
            distance, chosen = min(1 << stage, self.width), self.amount[stage]
            lost = lost | (value[:distance].any() & chosen)
            shifted = Signal(self.width, name=f"by_{1 << stage}")
            m.d.comb += shifted.eq(Mux(chosen, value[distance:], value))
            value = shifted
        # What is left of the amount is at least twice the width.
        beyond = self.amount[stages:].any()
        m.d.comb += [
            self.result.eq(value & (~beyond).replicate(self.width)),
            self.lost.eq(lost | (value.any() & beyond)),
        ]
        return m


class Normalise(Block):
    """Move ``value`` left until its top bit differs from ``sign``, at most ``limit`` places.

    Ports: ``value`` (``width`` bits; the magnitude bits of a two's complement number whose sign is ``sign``),
    ``limit`` (unsigned, ``limit_width`` bits; no such port and no limit if that is 0); ``result`` (the top ``keep``
    bits), ``rest`` (1 if any bit below them is one), ``moved`` (places; without meaning if the value has no leading bit
    within ``most`` places). Zeros enter from below. Combinational.

    Stage by stage, from the largest power of two in ``most`` down to one place, a stage moves if only copies of the
    sign would fall out and enough of the limit is left. Bits that no later stage can bring to the top go into ``rest``.
    """

    def __init__(self, *, width: int, keep: int, most: int, limit_width: int = 0) -> None:
        self.keep = keep
        self.stages = most.bit_length()
        ports = {
            "value": In(width),
            "sign": In(1),
            "result": Out(keep),
            "rest": Out(1),
            "moved": Out(self.stages),
        }
        if limit_width:
            ports["limit"] = In(limit_width)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value: Value = self.value
        left: Value | None = getattr(self, "limit", None)
        rest: Value = Const(0)
        moves = [Signal(name=f"move_{1 << stage}") for stage in range(self.stages)]
        m.d.comb += self.moved.eq(Cat(moves))
        for stage, move in reversed(list(enumerate(moves))):
            distance = 1 << stage
            top = value[-distance:]
            wanted = Mux(self.sign, top.all(), ~top.any())
            m.d.comb += move.eq(wanted if left is None else wanted & left[stage:].any())
            if left is not None and stage:
                left = _less(m, left, move, stage)
            narrow = min(len(value), self.keep + distance - 1)
            dropped = value[:-narrow] if narrow < len(value) else value[:0]
            rest = rest | Mux(move, dropped[: max(0, len(dropped) - distance)].any(), dropped.any())
            shifted = Cat(Const(0, distance), value)[: len(value)]
            chosen = Signal(narrow, name=f"by_{distance}")
            m.d.comb += chosen.eq(Mux(move, shifted[-narrow:], value[-narrow:]))
            value = chosen
        m.d.comb += [self.result.eq(value[-self.keep :]), self.rest.eq(rest | value[: -self.keep].any())]
        return m


def _less(m: Module, left: Value, move: Value, stage: int) -> Value:
    """``left`` less the places that ``stage`` moved."""
    remaining = Signal(len(left), name=f"left_{1 << stage}")
    m.d.comb += remaining.eq(Cat(left[:stage], left[stage:] - move))
    return remaining
