"""Rounding and saturation as expressions on Amaranth values."""

from amaranth.hdl import Cat, Const, Mux, Value, ValueLike

from sim_models.arith import Rounding
from sim_models.arith.checking import require_instance, require_integer


def round_shift(value: ValueLike, bits: int, rounding: Rounding) -> Value:
    """``round(value / 2^bits)`` for a constant number of bits; no bit of the result is lost.

    ``value`` is unsigned or two's complement; the result is of the same kind, and one bit wider than ``value >> bits``
    where ``rounding`` can carry. Raises ValueError for a negative ``bits`` and a ``rounding`` that is no ``Rounding``.
    """
    value = Value.cast(value)
    require_integer("bits", bits, 0)
    require_instance("rounding", rounding, Rounding)
    if bits == 0:
        return value
    if len(value) <= bits:
        value = _extend(value, bits + 1)
    floor, remainder = value[bits:], value[:bits]
    if value.shape().signed:
        floor = floor.as_signed()
    if rounding is Rounding.FLOOR:
        return floor
    return floor + _carry(value, floor[0], remainder, rounding)


def _carry(value: Value, odd: Value, remainder: Value, rounding: Rounding) -> Value:
    """1 where the result is one above the floor."""
    half, rest = remainder[-1], remainder[:-1].any()
    negative = value[-1] if value.shape().signed else Const(0)
    if rounding is Rounding.CEILING:
        return half | rest
    if rounding is Rounding.TOWARD_ZERO:
        return (half | rest) & negative
    if rounding is Rounding.HALF_UP:
        return half
    if rounding is Rounding.HALF_EVEN:
        return half & (rest | odd)
    return half & (rest | ~negative)


def saturate(value: ValueLike, width: int) -> tuple[Value, Value]:
    """``value`` clamped to ``width`` bits and a bit that says whether the clamp changed it.

    Two's complement stays two's complement, unsigned stays unsigned. Raises ValueError for a ``width`` below 1.
    """
    value = Value.cast(value)
    require_integer("width", width, 1)
    if len(value) <= width:
        return _extend(value, width), Const(0)
    if not value.shape().signed:
        clipped = value[width:].any()
        return value[:width] | clipped.replicate(width), clipped
    sign = value[-1]
    clipped = (value[width - 1 : -1] ^ sign.replicate(len(value) - width)).any()
    limit = Cat((~sign).replicate(width - 1), sign)
    return Mux(clipped, limit, value[:width]).as_signed(), clipped


def _extend(value: Value, width: int) -> Value:
    if value.shape().signed:
        return Cat(value, value[-1].replicate(width - len(value))).as_signed()
    return Cat(value, Const(0, width - len(value)))
