"""What opening several rows at once gives, for all operands."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hdl.daism.or_plane import OrPlane
from hdl.property_set import PropertySet
from sim_models.daism import DaismParameters


class OrPlaneProperties(PropertySet):
    """Decoder and rows give the product as its formula says; it is never too large; the rows open as they may.

    The formula is that of `sim_models.daism.product`, written with shifts of the stored operand by driver bits. Floats
    are looked at with both hidden ones set.
    """

    def __init__(self, *, parameters: DaismParameters, component: OrPlane | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or OrPlane(parameters=parameters))

    def state(self, m: Module) -> None:
        p, n = self.parameters, self.parameters.significand_bits
        usual = self.stored[-1] & self.driver[-1] if p.is_float else Const(1, 1)
        number = usual & ~self.zero
        self.holds(m, "equals_the_formula", ~number | (self.product == self._formula()))
        self.holds(m, "zero_opens_nothing", ~self.zero | ~(self.mask.any() | self.product.any()))
        exact = Signal(2 * n)
        m.d.comb += exact.eq(self.stored * self.driver)
        self.holds(m, "never_more_than_exact", ~number | (self.product <= exact[p.drop :]))
        opened = sum((bit for bit in self.mask), start=Const(0, 1))
        most = p.maximum_rows_open if p.accesses == 1 else n
        self.holds(m, "no_more_rows_open_than_stated", opened <= most)
        self.reaches(m, "as_many_rows_open_as_stated", number & (opened == most))
        if p.is_float:
            self.holds(m, "leading_one_in_the_top_two_columns", ~number | self.product[-2:].any())
        if p.precomputed_bits:
            self._state_codes(m, number)
        if p.variant == "fla":
            m.submodules.swapped = swapped = OrPlane(parameters=p)
            m.d.comb += [swapped.stored.eq(self.driver), swapped.driver.eq(self.stored), swapped.zero.eq(self.zero)]
            self.holds(m, "commutes", ~number | (self.product == swapped.product))

    def _state_codes(self, m: Module, number: Value) -> None:
        """Of the pre-computed rows one is open; of integers none may be."""
        p = self.parameters
        codes = self.mask[p.significand_bits - p.precomputed_bits :]
        open_codes = sum((bit for bit in codes), start=Const(0, 1))
        name, right = ("exactly_one_code", open_codes == 1) if p.is_float else ("at_most_one_code", open_codes <= 1)
        self.holds(m, name, ~number | right)

    def _formula(self) -> Value:
        p, n, k = self.parameters, self.parameters.significand_bits, self.parameters.precomputed_bits
        if k:
            leading = (self.stored * self.driver[n - k :]) << n - k
            return (leading | self._or(range(n - k)))[p.drop : 2 * n]
        if p.variant == "fla":
            return self._or(range(n))[p.drop :]
        if p.hla_mode == "a":
            pairs = [(self.stored * self.driver[place : place + 2]) << place for place in range(0, n, 2)]
            return reduce(or_, pairs)[p.drop : 2 * n]
        if p.hla_mode == "d":
            return self._or(range(n // 2, n))[p.drop :]
        halves = (range(0, n, 2), range(1, n, 2)) if p.hla_mode == "b" else (range(n // 2), range(n // 2, n))
        first, second = (self._or(half)[p.drop :] for half in halves)
        return (first + second)[: p.kept]

    def _or(self, places: range) -> Value:
        """The OR of the stored operand shifted to the driver bits in ``places`` that are set."""
        n = self.parameters.significand_bits
        shifted = (Cat(Const(0, place), self.stored, Const(0, n - place)) for place in places)
        opened = (Mux(self.driver[place], word, 0) for place, word in zip(places, shifted, strict=True))
        return reduce(or_, opened, Const(0, 2 * n))
