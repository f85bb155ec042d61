"""The adder of an accumulation: a sum of two floats of unlike precision, rounded once, in as many stages as asked."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.arith.shift import Normalise, ShiftRightJam
from hdl.block import Block
from hdl.ranks import rank
from sim_models.arith.checking import require_integer

# After which steps a sum is cut into stages. Further stages only delay.
_CUTS = {0: (), 1: ("add",), 2: ("align", "add"), 3: ("compare", "align", "add")}
_STEPS = ("compare", "align", "add", "normalise")


class FloatSum(Block):
    """``total = round(accumulator + addend)``, ``stages`` cycles later; the exact sum is rounded once.

    ``accumulator``, ``total``: {sign, exponent, ``fraction_bits``}; ``addend``: {sign, exponent,
    ``addend_fraction_bits``}; all with ``exponent_bits`` and one bias. An exponent field of 0 is zero, whatever the
    fraction. Rounding is toward zero, or to nearest even with ``to_nearest``. A zero sum, and one below the smallest
    normal number after rounding, is +0; one beyond the largest is that number with its sign or, with ``infinity``,
    infinity. Infinite inputs occur with ``infinity`` only: an infinite accumulator stays, an infinite addend makes it
    infinite.

    The operand of smaller magnitude moves right by the difference of the exponents; two bits below the significand and
    one that says whether anything was lost are enough for either rounding. A sum a cycle; registers are not reset.

    Raises ValueError for bit numbers outside 2..8 (exponent) and 1..47 (fractions) and ``stages`` below 0.
    """

    def __init__(
        self,
        *,
        exponent_bits: int,
        fraction_bits: int,
        addend_fraction_bits: int,
        to_nearest: bool = False,
        infinity: bool = False,
        stages: int = 0,
    ) -> None:
        require_integer("exponent_bits", exponent_bits, 2, 8)
        require_integer("fraction_bits", fraction_bits, 1, 47)
        require_integer("addend_fraction_bits", addend_fraction_bits, 1, 47)
        require_integer("stages", stages, 0)
        self.exponent_bits, self.stages = exponent_bits, stages
        self.fraction_bits, self.addend_fraction_bits = fraction_bits, addend_fraction_bits
        self.to_nearest, self.infinity = to_nearest, infinity
        self._width = max(fraction_bits, addend_fraction_bits) + 1
        self._cuts = _CUTS.get(stages, _STEPS)
        word = 1 + exponent_bits + fraction_bits
        addend = 1 + exponent_bits + addend_fraction_bits
        super().__init__({"accumulator": In(word), "addend": In(addend), "total": Out(word)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sign, special, *operands = self._end(m, "compare", *self._compare(m))
        larger, smaller, exponent, distance, subtract = operands
        m.submodules.align = align = ShiftRightJam(width=self._width + 2, amount_width=self.exponent_bits)
        m.d.comb += [align.value.eq(Cat(Const(0, 2), smaller)), align.amount.eq(distance)]
        aligned = (sign, special, exponent, larger, align.result, align.lost, subtract)
        sign, special, exponent, *terms = self._end(m, "align", *aligned)
        sign, special, exponent, total = self._end(m, "add", sign, special, exponent, self._add(m, *terms))
        normalised = self._end(m, "normalise", sign, special, *self._normalise(m, total, exponent))
        word = self._round(m, *normalised)
        for stage in range(self.stages - len(self._cuts)):
            word = rank(m, f"delay_{stage}", word)
        m.d.comb += self.total.eq(word)
        return m

    def _end(self, m: Module, step: str, *values: Value) -> list[Value]:
        """What a step hands to the next one, in the next cycle if the stages are cut here."""
        if step not in self._cuts:
            return list(values)
        return [rank(m, f"{step}_{place}", value) for place, value in enumerate(values)]

    def _compare(self, m: Module) -> tuple[Value, ...]:
        """Order the operands by magnitude: sign, infinities, significands, exponent, difference, unlike signs."""
        first, second = (self._magnitude(word) for word in (self.accumulator, self.addend))
        swap = Signal()
        m.d.comb += swap.eq(first < second)
        large, small = Signal.like(first), Signal.like(first)
        m.d.comb += [large.eq(Mux(swap, second, first)), small.eq(Mux(swap, first, second))]
        top = self._width - 1
        distance = Signal(self.exponent_bits)
        m.d.comb += distance.eq(large[top:] - small[top:])
        sign = Mux(swap, self.addend[-1], self.accumulator[-1])
        subtract = self.accumulator[-1] ^ self.addend[-1]
        # The operand of larger magnitude is the infinite one; of two, the accumulator.
        special = large[top:].all() if self.infinity else Const(0, 1)
        return sign, special, _significand(large, top), _significand(small, top), large[top:], distance, subtract

    def _magnitude(self, word: Value) -> Value:
        """Exponent and fraction as one number that orders magnitudes; fractions of all words have one width."""
        fraction = word[: -1 - self.exponent_bits]
        return Cat(Const(0, self._width - 1 - len(fraction)), word[:-1])

    def _add(self, m: Module, larger: Value, shifted: Value, lost: Value, subtract: Value) -> Value:
        """A carry bit, the significand, two bits below it and one for what lies lower."""
        width = self._width + 2
        addend = Cat(shifted ^ subtract.replicate(width), subtract)
        total = Signal(width + 1)
        # Two's complement of the shifted addend carries into its last bit only if nothing was lost below.
        m.d.comb += total.eq(Cat(Const(0, 2), larger) + addend + (subtract & ~lost))
        return Cat(lost, total)

    def _normalise(self, m: Module, total: Value, exponent: Value) -> tuple[Value, ...]:
        """The significand (and the bits below it that rounding needs) and the exponent field of its leading one."""
        keep = self.fraction_bits + 1 + self.to_nearest
        m.submodules.normalise = normalise = Normalise(width=len(total), keep=keep, most=len(total) - 1)
        field = Signal(signed(max(self.exponent_bits, len(normalise.moved)) + 2))
        m.d.comb += [normalise.value.eq(total), field.eq(exponent + 1 - normalise.moved)]
        return normalise.result, normalise.rest, field

    def _round(self, m: Module, sign: Value, special: Value, kept: Value, rest: Value, field: Value) -> Value:
        bits, exponent_bits = self.fraction_bits, self.exponent_bits
        fraction = kept[-1 - bits : -1]
        up: Value = Const(0, 1)
        if self.to_nearest:
            up = kept[0] & (rest | kept[1])
        number = Signal(signed(bits + len(field) + 1))
        m.d.comb += number.eq(Cat(fraction, field.as_signed()).as_signed() + up)
        rounded = number[bits:].as_signed()
        infinite = (1 << exponent_bits) - 1
        empty, large = Signal(), Signal()
        m.d.comb += [empty.eq(~kept[-1] | (rounded <= 0)), large.eq(rounded >= infinite)]
        limit = (infinite << bits) - (not self.infinity)
        magnitude = Mux(large, Const(limit, bits + exponent_bits), number[: bits + exponent_bits])
        word = Mux(empty, 0, Cat(magnitude, sign))
        if self.infinity:
            word = Mux(special, Cat(Const(infinite << bits, bits + exponent_bits), sign), word)
        return word


def _significand(magnitude: Value, fraction_bits: int) -> Value:
    """The fraction with its hidden one; 0 where the exponent is."""
    normal = magnitude[fraction_bits:].any()
    return Cat(magnitude[:fraction_bits] & normal.replicate(fraction_bits), normal)
