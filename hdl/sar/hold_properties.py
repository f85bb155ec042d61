"""What the two banks of sample-and-hold circuits promise."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal

from hdl.property_set import PropertySet
from hdl.sar.hold import HoldBanks


class HoldBanksProperties(PropertySet):
    """No bank is filled while it holds outputs that are to be converted, or are being converted.

    The surroundings keep the component's rules. Strobes never overlap; a strobe, and ``plane_ready`` with it, comes
    for an offer only, one for each, at most two cycles after offer and free bank are both there. Banks are converted
    in the order in which they were filled.
    """

    def __init__(self, *, component: HoldBanks | None = None) -> None:
        super().__init__(component or HoldBanks())

    def state(self, m: Module) -> None:
        held, waited = Signal(2), Signal(2)
        converting, following, filled = Signal(), Signal(), Signal()  # the bank to be converted next, to be filled next
        offered = self.before(m, self.plane_valid & ~self.plane_ready & ~ResetSignal(), "offered")
        self.assumes(m, ~offered | self.plane_valid)
        self.assumes(m, ~self.take | (self.available & (~converting | self.release)))
        self.assumes(m, ~self.release | converting)
        current = Mux(following, 0b01, 0b10)
        m.d.sync += [
            held.eq((held | self.track) & ~(current & self.release.replicate(2))),
            converting.eq(self.take | (converting & ~self.release)),
            following.eq(following ^ self.take),
            filled.eq(filled ^ self.plane_ready),
            waited.eq(Mux(self.plane_valid & ~self.plane_ready & ~held.all(), waited + 1, 0)),
        ]
        self.holds(m, "strobes_never_overlap", ~self.track.all())
        self.holds(m, "a_full_bank_is_not_filled", (self.track & held) == 0)
        self.holds(m, "ready_is_the_strobe", self.plane_ready == self.track.any())
        self.holds(m, "a_strobe_is_for_an_offer", ~self.plane_ready | offered)
        self.holds(m, "an_offer_is_taken_in_time", waited < 2)
        self.holds(m, "banks_take_turns", ~self.plane_ready | (self.track == Mux(filled, 0b10, 0b01)))
        self.holds(m, "what_is_converted_is_held", ~converting | (held & current).any())
        self.holds(m, "available_is_what_waits", self.available == (held & ~current).any())
        self.reaches(m, "both_banks_full", held.all() & converting)
        self.reaches(m, "a_bank_filled_while_the_other_is_converted", converting & self.plane_ready)
