"""A strobe some clock cycles later."""

from amaranth.hdl import Cat, Module, Signal, Value


def delayed(m: Module, name: str, strobe: Value, cycles: int) -> Value:
    """``strobe`` as it was ``cycles`` (at least 1) clock cycles ago; 0 after a reset."""
    line = Signal(cycles, name=name)
    m.d.sync += line.eq(Cat(strobe, line)[:cycles])
    return line[-1]
