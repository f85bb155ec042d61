"""Pipeline ranks: registers that hold a value for one step of a pipeline."""

from amaranth.hdl import Module, Signal, Value


def rank(m: Module, name: str, value: Value, enable: Value | None = None) -> Signal:
    """``value`` one clock cycle later, or, given ``enable``, as it was in the last cycle with ``enable``; not reset."""
    register = Signal(value.shape(), name=name, reset_less=True)
    if enable is None:
        m.d.sync += register.eq(value)
    else:
        with m.If(enable):
            m.d.sync += register.eq(value)
    return register
