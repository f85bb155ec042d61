"""What every floating-point operation promises of special numbers, and how its results are ordered."""

from amaranth.hdl import Cat, Const, Module, Mux, Value, ValueLike

from hdl.arith.add import FloatAdd
from hdl.arith.fused import FloatFused
from hdl.arith.multiply import FloatMultiply
from hdl.property_set import PropertySet
from sim_models.arith import FloatFormat


class Word:
    """The parts of a word, by IEEE 754. With ``flush`` a subnormal number counts as zero."""

    def __init__(self, word: ValueLike, fmt: FloatFormat, *, flush: bool = False) -> None:
        self.word = word = Value.cast(word)
        fraction, field = word[: fmt.fraction_bits], word[fmt.fraction_bits : -1]
        self.sign = word[-1]
        self.nan = field.all() & fraction.any()
        self.infinite = field.all() & ~fraction.any()
        self.finite = ~field.all()
        self.zero = ~field.any() if flush else ~word[:-1].any()
        magnitude = Mux(self.zero, 0, word[:-1])
        self.order = Mux(self.sign, -Cat(magnitude, Const(0)).as_signed(), magnitude).as_signed()
        """A number that compares as the float does; without meaning for NaN."""


def special(fmt: FloatFormat, *, nan: bool = False) -> Const:
    """The word of +infinity, or of the one NaN that operations give."""
    return Const(((1 << fmt.exponent_bits) - 1) << fmt.fraction_bits | nan << fmt.fraction_bits - 1, fmt.width)


def one(fmt: FloatFormat) -> Const:
    """The word of 1."""
    return Const(fmt.bias << fmt.fraction_bits, fmt.width)


class FloatAddProperties(PropertySet):
    """Addition commutes, 0 is neutral, opposites cancel to +0, and special numbers do as in IEEE 754."""

    def __init__(self, *, component: FloatAdd) -> None:
        self.format, self.flush = component.format, component.flush_to_zero
        super().__init__(component)

    def state(self, m: Module) -> None:
        fmt, flush = self.format, self.flush
        a, b, result = (Word(word, fmt, flush=flush) for word in (self.a, self.b, self.result))
        m.submodules.swapped = swapped = FloatAdd(format=fmt, flush_to_zero=flush)
        m.d.comb += [swapped.a.eq(self.b), swapped.b.eq(self.a)]
        self.holds(m, "commutes", self.result == swapped.result)
        self.holds(m, "zero_is_neutral", ~(b.zero & ~a.zero & ~a.nan) | (self.result == self.a))
        opposite = self.b == (self.a ^ (1 << fmt.width - 1))
        self.holds(m, "opposites_cancel", ~(opposite & a.finite) | (self.result == 0))
        clash = a.infinite & b.infinite & (a.sign != b.sign)
        invalid = a.nan | b.nan | clash
        self.holds(m, "nan_for_nan_and_for_infinity_less_itself", result.nan == invalid)
        self.holds(m, "one_nan_only", ~result.nan | (self.result == special(fmt, nan=True)))
        self.holds(m, "infinity_stays", ~(a.infinite & ~invalid) | (self.result == self.a))
        self.reaches(m, "an_overflow", a.finite & b.finite & result.infinite)
        self.reaches(m, "an_exact_cancellation", a.finite & opposite & ~a.zero)


class FloatAddOrderProperties(PropertySet):
    """A larger addend gives no smaller sum."""

    def __init__(self, *, component: FloatAdd) -> None:
        self.format, self.flush = component.format, component.flush_to_zero
        super().__init__(component, {"c": component.format.width})

    def state(self, m: Module) -> None:
        fmt, flush = self.format, self.flush
        m.submodules.larger = larger = FloatAdd(format=fmt, flush_to_zero=flush)
        m.d.comb += [larger.a.eq(self.c), larger.b.eq(self.b)]
        words = (self.a, self.c, self.result, larger.result)
        a, c, result, above = (Word(word, fmt, flush=flush) for word in words)
        ordered = (a.order <= c.order) & ~a.nan & ~c.nan & ~result.nan & ~above.nan
        self.holds(m, "keeps_order", ~ordered | (result.order <= above.order))
        self.reaches(m, "an_ordered_pair", ordered & (result.order < above.order))


class FloatMultiplyProperties(PropertySet):
    """Signs multiply, 1 is neutral, and zeros, infinities and NaN do as in IEEE 754."""

    def __init__(self, *, component: FloatMultiply) -> None:
        self.format, self.flush = component.format, component.flush_to_zero
        super().__init__(component)

    def state(self, m: Module) -> None:
        fmt = self.format
        a, b, result = (Word(word, fmt, flush=self.flush) for word in (self.a, self.b, self.result))
        invalid = a.nan | b.nan | (a.infinite & b.zero) | (b.infinite & a.zero)
        self.holds(m, "nan_for_nan_and_for_zero_times_infinity", result.nan == invalid)
        self.holds(m, "one_nan_only", ~result.nan | (self.result == special(fmt, nan=True)))
        self.holds(m, "signs_multiply", result.nan | (result.sign == (a.sign ^ b.sign)))
        self.holds(m, "zero_times_a_number", invalid | ~(a.zero | b.zero) | ~self.result[:-1].any())
        self.holds(m, "infinity_times_a_number", invalid | ~(a.infinite | b.infinite) | result.infinite)
        self.holds(m, "one_is_neutral", ~((self.b == one(fmt)) & ~a.zero & ~a.nan) | (self.result == self.a))
        self.reaches(m, "an_overflow", a.finite & b.finite & result.infinite)
        self.reaches(m, "an_underflow", ~a.zero & ~b.zero & result.zero)


class FloatMultiplyOrderProperties(PropertySet):
    """Multiplication commutes, and keeps the order of factors of a number that is not negative."""

    def __init__(self, *, component: FloatMultiply) -> None:
        self.format, self.flush = component.format, component.flush_to_zero
        super().__init__(component, {"c": component.format.width})

    def state(self, m: Module) -> None:
        fmt, flush = self.format, self.flush
        a, b, c, result = (Word(word, fmt, flush=flush) for word in (self.a, self.b, self.c, self.result))
        m.submodules.swapped = swapped = FloatMultiply(format=fmt, flush_to_zero=flush)
        m.submodules.larger = larger = FloatMultiply(format=fmt, flush_to_zero=flush)
        m.d.comb += [swapped.a.eq(self.b), swapped.b.eq(self.a), larger.a.eq(self.c), larger.b.eq(self.b)]
        above = Word(larger.result, fmt, flush=flush)
        self.holds(m, "commutes", self.result == swapped.result)
        ordered = (a.order <= c.order) & ~b.sign & ~a.nan & ~c.nan & ~result.nan & ~above.nan
        self.holds(m, "keeps_order", ~ordered | (result.order <= above.order))
        self.reaches(m, "an_ordered_pair", ordered & (result.order < above.order))


class FloatFusedProperties(PropertySet):
    """The multiply-add is a sum where a factor is 1 and a product where the addend is 0; the factors commute."""

    def __init__(self, *, component: FloatFused) -> None:
        self.format, self.flush = component.format, component.flush_to_zero
        super().__init__(component)

    def state(self, m: Module) -> None:
        fmt, flush = self.format, self.flush
        m.submodules.swapped = swapped = FloatFused(format=fmt, flush_to_zero=flush)
        m.submodules.add = add = FloatAdd(format=fmt, flush_to_zero=flush)
        m.submodules.multiply = multiply = FloatMultiply(format=fmt, flush_to_zero=flush)
        m.d.comb += [swapped.a.eq(self.b), swapped.b.eq(self.a), swapped.c.eq(self.c)]
        m.d.comb += [add.a.eq(self.a), add.b.eq(self.c), multiply.a.eq(self.a), multiply.b.eq(self.b)]
        c, result = (Word(word, fmt, flush=flush) for word in (self.c, self.result))
        self.holds(m, "factors_commute", self.result == swapped.result)
        self.holds(m, "a_factor_of_one_leaves_a_sum", (self.b != one(fmt)) | (self.result == add.result))
        vanishes = Word(multiply.result, fmt, flush=flush).zero
        product = (self.result == multiply.result) | (vanishes & result.zero)
        self.holds(m, "an_addend_of_zero_leaves_a_product", ~c.zero | product)
        self.holds(m, "one_nan_only", ~result.nan | (self.result == special(fmt, nan=True)))
        m.submodules.twice = twice = FloatAdd(format=fmt, flush_to_zero=flush)
        m.d.comb += [twice.a.eq(multiply.result), twice.b.eq(self.c)]
        self.reaches(m, "another_result_than_of_two_roundings", result.finite & (self.result != twice.result))
