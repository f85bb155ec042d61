"""The word on the DAC of a twin-range controller, and which trials need no comparison."""

from typing import Any, NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from sim_models.sar.twin_range import TrqControllerParameters


class Trial(NamedTuple):
    """The word on the DAC. ``passed``: the input is known to reach it; ``forced``: the trial would exceed the DAC's
    words, so the word is the one without the bit under test."""

    word: Value
    passed: Value
    forced: Value


def trial_word(
    m: Module, p: TrqControllerParameters, registers: Any, found: Value, searching: Value, low: Value, flag: Value
) -> Trial:
    """The trial of this cycle; its word is 0 when nothing is ``searching``.

    ``found``: the code with the bit under test as its lowest one; ``low``: the start of R1 is asked for; ``flag``: R2.
    """
    shown = found & (searching & ~low).replicate(p.bits)
    passed = registers.skip_known_trial & flag & ~(found & ~registers.r1_size).any() if p.support_skip else Const(0)
    if p.support_base:
        word, beyond = _added(m, shown, _origin(p, registers, searching, flag))
    elif p.support_after_r1:
        word, beyond = _one_added(m, shown, _origin(p, registers, searching, flag))
    else:
        return Trial(shown, passed, Const(0))
    if not p.support_after_r1:
        return Trial(word, passed, Const(0))
    # Only the trial of the bit that R1's size has can exceed the DAC's words, and only with all bits above it set: the
    # sum is then 0, and without the bit under test it is the code itself.
    return Trial(word | (shown & beyond.replicate(p.bits)), passed, beyond)


def _origin(p: TrqControllerParameters, registers: Any, searching: Value, flag: Value) -> Value:
    """Where the codes of the range count from, 0 when nothing is ``searching``."""
    origin: Value = Const(0, p.bits)
    if p.support_base:
        origin |= registers.base & (searching & ~flag).replicate(p.bits)
    if p.support_after_r1:
        origin |= registers.r1_size & (searching & flag & registers.after_r1).replicate(p.bits)
    return origin


def _added(m: Module, word: Value, origin: Value) -> tuple[Value, Value]:
    """Sum and carry, by a ripple adder: the smallest there is."""
    carry: Value = Const(0)
    total = []
    for place, (a, b) in enumerate(zip(word, origin, strict=True)):
        total.append(a ^ b ^ carry)
        following = Signal(name=f"carry_{place}")
        m.d.comb += following.eq(Mux(a ^ b, carry, a))
        carry = following
    return Cat(total), carry


def _one_added(m: Module, word: Value, origin: Value) -> tuple[Value, Value]:
    """Sum and carry of a word and of one bit, or of none: no carry meets that bit."""
    carry: Value = Const(0)
    total = []
    for place, (a, b) in enumerate(zip(word, origin, strict=True)):
        entering = b | carry
        total.append(a ^ entering)
        carry = Signal(name=f"carry_{place}")
        m.d.comb += carry.eq(a & entering)
    return Cat(total), carry
