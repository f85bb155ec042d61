"""Adding up bits by weight with the fewest full adders."""

from heapq import heapify, heappop, heappush

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block

# Exclusive ors from an adder's two early inputs, and from its late one, to its sum; the carry takes no longer.
_EARLY, _LATE = 2, 1
_ONE = Const(1, 1)


class FullAdder(Block):
    """``2 * carry + sum = a + b + c``.

    Ports: ``a``, ``b``, ``c``, ``sum``, ``carry``, a bit each. Combinational; ``c`` is the fast input. A block of its
    own, so that a library's full-adder cell can take its place.
    """

    def __init__(self) -> None:
        super().__init__({"a": In(1), "b": In(1), "c": In(1), "sum": Out(1), "carry": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        half = Signal()
        m.d.comb += [
            half.eq(self.a ^ self.b),
            self.sum.eq(half ^ self.c),
            self.carry.eq((self.a & self.b) | (half & self.c)),
        ]
        return m


class Columns:
    """Bits of weights 2^0 to 2^(width-1), and their sum modulo 2^width.

    Columns are added up from the lowest one on, three bits at a time, until one bit is left of each: no adder with a
    carry chain of its own follows. Bits that come early are added first.
    """

    def __init__(self, width: int) -> None:
        self._columns: list[list[tuple[int, int, Value]]] = [[] for _ in range(width)]
        self._constant = 0
        self._serial = 0

    def add(self, value: Value, weight: int = 0) -> None:
        """Add an unsigned value times 2^weight."""
        for place in range(len(value)):
            self._put(weight + place, 0, value[place])

    def subtract_bit(self, bit: Value, weight: int) -> None:
        """Subtract one bit times 2^weight: its complement is added, and a constant."""
        self._put(weight, 0, ~bit)
        self._constant -= 1 << weight

    def add_signed(self, value: Value, weight: int = 0) -> None:
        """Add a two's complement value times 2^weight."""
        self.add(value[:-1], weight)
        self.subtract_bit(value[-1], weight + len(value) - 1)

    def total(self, m: Module, name: str = "total") -> Signal:
        """The sum; call it once, when everything is added. ``name`` is that of the signal and of the adders."""
        total = Signal(len(self._columns), name=name)
        for place in range(len(total)):
            m.d.comb += total[place].eq(self._reduce(m, place, name))
        return total

    def _put(self, place: int, depth: int, bit: Value) -> None:
        if place < len(self._columns):
            self._columns[place].append((depth, self._serial, bit))
            self._serial += 1

    def _reduce(self, m: Module, place: int, name: str) -> Value:
        """Add up one column; the carries go to the next."""
        if self._constant >> place & 1:
            self._put(place, 0, _ONE)
        column = self._columns[place]
        heapify(column)
        while len(column) > 1:
            taken = [heappop(column) for _ in range(min(3, len(column)))]
            depth = max(taken[-2][0] + _EARLY, taken[-1][0] + _LATE)
            total, carry = self._add_bits(m, [bit for _, _, bit in taken], f"{name}_{place}_{len(column)}")
            heappush(column, (depth, self._serial, total))
            self._serial += 1
            self._put(place + 1, depth, carry)
        return column[0][2] if column else Const(0, 1)

    def _add_bits(self, m: Module, bits: list[Value], name: str) -> tuple[Value, Value]:
        """Sum and carry of two or three bits, of which one may be the constant."""
        others = [bit for bit in bits if bit is not _ONE]
        if len(others) == 3:
            m.submodules[name] = adder = FullAdder()
            m.d.comb += [port.eq(bit) for port, bit in zip((adder.a, adder.b, adder.c), others, strict=True)]
            return adder.sum, adder.carry
        if len(others) == 1:
            return ~others[0], others[0]
        first, second = others
        return (first ^ second, first & second) if len(bits) == 2 else (~(first ^ second), first | second)
