"""The search register that keeps the bit under test in the code itself."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike


def searched_on(m: Module, found: Signal, hold: Value, keep: Value, end: ValueLike = 0) -> Value:
    """What ``found``, whose lowest one is the bit under test, holds after one more comparison.

    ``keep`` says whether the bit under test stays 1. The bit below it is tested next, which ``end`` prevents. With
    ``hold`` nothing changes; without it there must be a one. The circuit follows A. Rossi and G. Fucili, "Nonredundant
    successive approximation register for A/D converters", Electronics Letters 32, 1996.
    """
    following = []
    below = hold
    for place in range(len(found)):
        # At the lowest one the comparison decides; the place below the lowest one is tested next.
        decided = keep
        if place + 1 < len(found):
            decided = Mux(found[place], keep, found[place + 1] & ~Value.cast(end))
        following.append(Mux(below, found[place], decided))
        reached = Signal(name=f"reached_{place}")
        m.d.comb += reached.eq(below | found[place])
        below = reached
    return Cat(following)
