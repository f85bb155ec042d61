"""What the accumulator of shifted values promises."""

from amaranth.hdl import Array, Const, Module, Mux, ResetSignal, Signal, signed

from hdl.property_set import PropertySet
from hdl.sar.shift_add import ShiftAdd
from sim_models.sar.shift_add import ShiftAddParameters


class ShiftAddProperties(PropertySet):
    """No sum wraps: where values come in order, each place once, the sum is that of a register with bits to spare.

    The surroundings give the values of one column, input bits outermost, then maybe those of another that are
    subtracted. A sum waits until it is taken, and no value is taken meanwhile.
    """

    def __init__(self, *, parameters: ShiftAddParameters, component: ShiftAdd | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or ShiftAdd(parameters=parameters))

    def state(self, m: Module) -> None:
        p, given = self.parameters, self.values.payload
        taken, done = self.values.valid & self.values.ready, self.sums.valid & self.sums.ready
        count = p.input_bits * p.slices
        place, true_sum = Signal(range(2 * count)), Signal(signed(p.accumulator_width + 2))
        ended = place == 2 * count - 1
        spot = Mux(place >= count, place - count, place)
        bits = Array(Const(each // p.slices, len(given.input_bit)) for each in range(count))
        slices = Array(Const(each % p.slices, len(given.slice)) for each in range(count))
        self.assumes(m, (given.input_bit == bits[spot]) & (given.slice == slices[spot]))
        self.assumes(m, (given.subtract == (place >= count)) & (given.last | ~ended))
        shifted = given.value << given.input_bit + p.cell_bits * given.slice
        minus = given.subtract ^ (p.signed_inputs & (given.input_bit == p.input_bits - 1))
        with m.If(taken):
            m.d.sync += place.eq(Mux(given.last | ended, 0, place + 1))
        term = Mux(minus, -shifted, shifted)
        m.d.sync += true_sum.eq(Mux(done, 0, true_sum) + Mux(taken, term, 0))
        self.holds(m, "the_sum_does_not_wrap", self.sums.payload.sum == true_sum)
        self._state_bound(m, place, true_sum)
        held = self.before(m, self.sums.valid & ~self.sums.ready & ~ResetSignal(), "held")
        total = self.before(m, self.sums.payload.sum, "total")
        self.holds(m, "a_sum_waits", ~held | (self.sums.valid & (self.sums.payload.sum == total)))
        self.holds(m, "no_value_is_taken_meanwhile", ~(self.sums.valid & ~self.sums.ready) | ~self.values.ready)
        self.reaches(m, "a_negative_sum", self.sums.valid & (self.sums.payload.sum < 0))

    def _state_bound(self, m: Module, place: Signal, total: Signal) -> None:
        """How far a sum can have come: the values that there were, all of them as large as can be."""
        p = self.parameters
        count = p.input_bits * p.slices
        low, high, limits = 0, 0, [(0, 0)]
        for each in range(2 * count - 1):
            bit, part = divmod(each % count, p.slices)
            most = p.maximum << bit + p.cell_bits * part
            minus = (each >= count) ^ (p.signed_inputs and bit == p.input_bits - 1)
            low, high = low - most * minus, high + most * (not minus)
            limits.append((low, high))
        within = Array((total >= least) & (total <= most) for least, most in limits)
        self.holds(m, "the_sum_is_within_its_bounds", self.sums.valid | within[place])
