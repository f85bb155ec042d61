"""The sampling phase that every controller begins a conversion with."""

from amaranth.hdl import Module, Mux, Signal, Value


def add_sampling(m: Module, sample: Signal, accepted: Value, cycles: int) -> Signal:
    """Raise ``sample`` for ``cycles`` cycles after ``accepted``; returns what is 1 in the last of them.

    ``sample`` becomes a register, which never glitches.
    """
    sampled = Signal()
    left = Signal(range(cycles), reset_less=True)
    m.d.comb += sampled.eq(sample & (left == 0))
    m.d.sync += [
        sample.eq(accepted | (sample & ~sampled)),
        left.eq(Mux(accepted, cycles - 1, left - 1)),
    ]
    return sampled
