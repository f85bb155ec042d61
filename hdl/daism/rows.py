"""The rows of one stored operand: what each holds, and which driver bits open it."""

from dataclasses import dataclass

from amaranth.hdl import Const, Value

from sim_models.daism import DaismParameters


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row that holds ``(code * A) << shift``.

    It is open in access number ``access`` when the ``compared`` driver bits from place ``shift`` on are the low bits of
    ``code``. Fewer bits are compared than ``code`` has where the hidden one of a float is known to be set.
    """

    shift: int
    code: int = 1
    compared: int = 1
    access: int = 0

    def is_selected(self, driver: Value) -> Value:
        """Whether ``driver`` opens this row, whatever the access."""
        field = driver[self.shift : self.shift + self.compared]
        return field == Const(self.code & (1 << self.compared) - 1, self.compared)


def rows_of(parameters: DaismParameters) -> tuple[Row, ...]:
    """The rows of a group in their order in the array."""
    p, n = parameters, parameters.significand_bits
    if p.precomputed_bits:
        return _with_precomputed(n, p.precomputed_bits, p.is_float)
    if p.variant == "fla":
        return tuple(Row(shift=place) for place in range(n))
    if p.hla_mode == "a":
        return _pairs(n, p.is_float)
    first = p.half if p.hla_mode == "d" else 0
    return tuple(Row(shift=place, access=_access(place, p)) for place in range(first, n))


def _with_precomputed(n: int, k: int, is_float: bool) -> tuple[Row, ...]:
    """A row a bit below the top ``k`` driver bits, and a row for each code of those."""
    least, compared = (1 << k - 1, k - 1) if is_float else (1, k)
    direct = tuple(Row(shift=place) for place in range(n - k))
    return direct + tuple(Row(shift=n - k, code=code, compared=compared) for code in range(least, 1 << k))


def _pairs(n: int, is_float: bool) -> tuple[Row, ...]:
    """A row for each code of each pair of driver bits; an odd bit at the top is alone."""
    rows = []
    for place in range(0, n - 1, 2):
        hidden = is_float and place == n - 2
        codes, compared = ((2, 3), 1) if hidden else ((1, 2, 3), 2)
        rows += [Row(shift=place, code=code, compared=compared) for code in codes]
    return (*rows, Row(shift=n - 1)) if n % 2 else tuple(rows)


def _access(place: int, p: DaismParameters) -> int:
    """In which access the bit at ``place`` is driven: even before odd (b), the lower half before the upper (c)."""
    if p.hla_mode == "b":
        return place % 2
    return int(p.hla_mode == "c" and place >= p.half)
