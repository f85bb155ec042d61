"""Binary multiplexer trees: smaller than the comparators of an array index, and no undefined case."""

from collections.abc import Sequence

from amaranth.hdl import Mux, Value, ValueLike


def select(values: Sequence[ValueLike], index: Value) -> Value:
    """``values[index]`` for a power-of-two number of values."""
    if len(values) == 1:
        return Value.cast(values[0])
    half = len(values) // 2
    return Mux(index[half.bit_length() - 1], select(values[half:], index), select(values[:half], index))
