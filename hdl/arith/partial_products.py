"""The rows of a product, as bits to be added up: one row for each bit, or for every two bits by Booth's recoding."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from hdl.arith.columns import Columns


def add_array(columns: Columns, a: Value, b: Value) -> None:
    """Add ``a * b``, a row for each bit of ``b``; the top bit of a signed operand weighs negatively."""
    for row in range(len(b)):
        for place in range(len(a)):
            bit = a[place] & b[row]
            if _is_sign(a, place) != _is_sign(b, row):
                columns.subtract_bit(bit, place + row)
            else:
                columns.add(bit, place + row)


def add_booth(m: Module, columns: Columns, a: Value, b: Value, negate: Value | None = None) -> None:
    """Add ``a * b``, a row for every two bits of ``b``, or ``-a * b`` where ``negate`` is 1.

    Two bits of ``b`` and the one below them make a digit from -2 to 2 (MacSorley, "High-Speed Arithmetic in Binary
    Computers", 1961). A negative multiple of ``a`` is its complement plus 1.
    """
    signed = b.shape().signed
    digits = (len(b) + 1) // 2 if signed else len(b) // 2 + 1
    above = b[-1] if signed else None
    bits: list[Value | None] = [None, *b, above, above]
    for digit in range(digits):
        low, middle, high = bits[2 * digit : 2 * digit + 3]
        multiple = _multiple(m, a, low, middle, high, digit)
        if high is None and negate is None:
            columns.add(multiple, 2 * digit)
            continue
        below_zero = Signal(name=f"below_zero_{digit}")
        m.d.comb += below_zero.eq(_xor(high, negate))
        row = Signal(len(multiple), name=f"row_{digit}")
        m.d.comb += row.eq(multiple ^ below_zero.replicate(len(multiple)))
        columns.add(below_zero, 2 * digit)
        columns.add_signed(row if a.shape().signed else Cat(row, below_zero), 2 * digit)


def _multiple(m: Module, a: Value, low: Value | None, middle: Value | None, high: Value | None, digit: int) -> Value:
    """``a`` times the magnitude of the digit; bits of it that are None are 0."""
    if middle is None:
        return low.replicate(len(a)) & a if low is not None else a[:0]
    one, two = Signal(name=f"one_{digit}"), Signal(name=f"two_{digit}")
    m.d.comb += [one.eq(_xor(low, middle)), two.eq(_xor(high, middle) & ~one)]
    width = len(a) + 1
    extended = Cat(a, a[-1] if a.shape().signed else Const(0))
    return (one.replicate(width) & extended) | (two.replicate(width) & Cat(Const(0, 1), a))


def _xor(first: Value | None, second: Value | None) -> Value:
    """Exclusive or of what is there, of at least one bit."""
    present = [bit for bit in (first, second) if bit is not None]
    return present[0] ^ present[1] if len(present) == 2 else present[0]


def _is_sign(value: Value, place: int) -> bool:
    return value.shape().signed and place == len(value) - 1
