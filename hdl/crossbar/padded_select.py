"""Choice among any number of values."""

from collections.abc import Sequence

from amaranth.hdl import Const, Value, ValueLike

from hdl.multiplexer import select


def padded_select(values: Sequence[ValueLike], index: Value) -> Value:
    """``values[index]``, or 0 beyond the last; all have the shape of the first."""
    words = [Value.cast(value) for value in values]
    padding = (1 << (len(words) - 1).bit_length()) - len(words)
    return select([*words, *[Const(0, words[0].shape())] * padding], index)
