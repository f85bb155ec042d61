"""What rounding and saturation promise."""

from amaranth.hdl import Const, Module, Mux, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.arith.rounding import round_shift, saturate
from hdl.block import Block
from hdl.property_set import PropertySet
from sim_models.arith import Rounding


class RoundAndSaturate(Block):
    """``rounded = round(value / 2^bits)``; ``value`` in ``width - bits`` bits is ``clamped``, maybe ``clipped``."""

    def __init__(self, *, width: int, bits: int, rounding: Rounding) -> None:
        self.width, self.bits, self.rounding = width, bits, rounding
        results = {"rounded": Out(signed(width - bits + 1)), "clamped": Out(signed(width - bits)), "clipped": Out(1)}
        super().__init__({"value": In(signed(width)), **results})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        clamped, clipped = saturate(self.value, self.width - self.bits)
        m.d.comb += [
            self.rounded.eq(round_shift(self.value, self.bits, self.rounding)),
            self.clamped.eq(clamped),
            self.clipped.eq(clipped),
        ]
        return m


class RoundingProperties(PropertySet):
    """The rounded value lies where its rule says, ties included, and rounding keeps order; a clamp is the nearest."""

    def __init__(self, *, component: RoundAndSaturate) -> None:
        self.width, self.bits, self.rounding = component.width, component.bits, component.rounding
        super().__init__(component, {"other": signed(component.width)})

    def state(self, m: Module) -> None:
        m.submodules.larger = larger = RoundAndSaturate(width=self.width, bits=self.bits, rounding=self.rounding)
        m.d.comb += larger.value.eq(self.other)
        error = (self.rounded << self.bits) - self.value
        self.holds(m, "lies_where_its_rule_says", self._right(error))
        ordered = self.value <= self.other
        self.holds(m, "keeps_order", ~ordered | ((self.rounded <= larger.rounded) & (self.clamped <= larger.clamped)))
        limit = 1 << self.width - self.bits - 1
        fits = (self.value >= -limit) & (self.value < limit)
        nearest = Mux(fits, self.value, Mux(self.value < 0, -limit, limit - 1))
        self.holds(m, "clamp_is_the_nearest", (self.clamped == nearest) & (self.clipped == ~fits))
        self.reaches(m, "a_tie", self.value[: self.bits] == 1 << self.bits - 1)

    def _right(self, error: Value) -> Value:
        """``error`` is what was added to the value, in its last places."""
        step = 1 << self.bits
        below, above = (error <= 0) & (error > -step), (error >= 0) & (error < step)
        if self.rounding is Rounding.FLOOR:
            return below
        if self.rounding is Rounding.CEILING:
            return above
        if self.rounding is Rounding.TOWARD_ZERO:
            return Mux(self.value < 0, above, below)
        tie = (error == step // 2) | (error == -step // 2)
        choice = {
            Rounding.HALF_UP: error > 0,
            Rounding.HALF_EVEN: ~self.rounded[0],
            Rounding.HALF_AWAY: Mux(self.value < 0, error < 0, error > 0),
        }[self.rounding]
        return Mux(tie, choice, (error < step // 2) & (error > -step // 2)) | Const(0)
