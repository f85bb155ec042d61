"""Multiplication by sets of alphabets in Python's integers: one quartet, one weight, one term at a time.

Slow and plain on purpose: what is supported is found by trying every multiple and shift, the nearest word by looking
at all of them, codes are read from tables written out. Nothing is read of the golden models but the fields of their
parameters; widths and counts are worked out here again.
"""

import bisect
import functools
import itertools
from collections.abc import Iterator, Sequence

from sim_models.asm import AsmParameters

SETS = [(1, *others) for count in range(8) for others in itertools.combinations(range(3, 16, 2), count)]
NAMED_SETS = [(1,), (1, 3), (1, 3, 5, 7), tuple(range(1, 16, 2))]
WIDTHS = (4, 8, 12, 16)

# value of each code of three bits
CODES = {(1, 3): (1, 2, 4, 8, 3, 6, 12, 0), (1,): (0, 0, 0, 0, 1, 2, 4, 8)}
SHORT_CODES = (0, 1, 2, 4)  # of a single quartet of three bits and the set {1}
JOINT_DIGITS = (0, 1, 2, 4, 8)


# Widths


def magnitude_bits(p: AsmParameters) -> int:
    return p.weight_bits - 1 if p.sign_inside else p.weight_bits


def quartet_bits(p: AsmParameters) -> list[int]:
    """Bits of each quartet, the least significant first."""
    left, widths = magnitude_bits(p), []
    while left > 0:
        widths.append(min(left, 4))
        left -= 4
    return widths


def bits_to_count(number: int) -> int:
    """Bits that tell ``number`` things apart: the logarithm rounded up."""
    bits = 0
    while 2**bits < number:
        bits += 1
    return bits


def accumulator_bits(p: AsmParameters) -> int:
    """The accumulator as given, or wide enough for the whole reduction."""
    needed = magnitude_bits(p) + p.input_bits + bits_to_count(p.reduction_length) + 1
    return p.accumulator_bits if p.accumulator_bits is not None else needed


# Supported quartets and words


@functools.cache
def supported_quartets(alphabets: Sequence[int], bits: int) -> list[int]:
    """Zero and every shifted alphabet that ``bits`` hold, ascending."""
    return sorted({0} | {a << sh for a in alphabets for sh in range(4) if a << sh < 2**bits})


def control(quartet: int) -> tuple[int, int]:
    """Alphabet and shift of ``quartet``; alphabet 0 for zero."""
    found = [(a, sh) for a in range(1, 16, 2) for sh in range(4) if a * 2**sh == quartet]
    assert len(found) == (quartet != 0)
    return found[0] if found else (0, 0)


def split(word: int, p: AsmParameters) -> list[int]:
    """Quartets of a magnitude, the least significant first."""
    assert 0 <= word < 2 ** magnitude_bits(p)
    return [word // 16**j % 16 for j in range(len(quartet_bits(p)))]


def is_supported(word: int, p: AsmParameters) -> bool:
    pairs = zip(split(word, p), quartet_bits(p), strict=True)
    return all(quartet in supported_quartets(p.alphabets, bits) for quartet, bits in pairs)


@functools.cache
def supported_values(p: AsmParameters) -> list[int]:
    """Every choice of one supported quartet for each place."""
    choices = [supported_quartets(p.alphabets, bits) for bits in quartet_bits(p)]
    return sorted(sum(quartet << 4 * j for j, quartet in enumerate(word)) for word in itertools.product(*choices))


# Rounding


def nearest(value: int, candidates: Sequence[int], ties: str) -> int:
    """The one of ascending ``candidates`` closest to ``value``; of two equally close the smaller or the larger."""
    closest = min(abs(value - each) for each in candidates)
    tied = [each for each in candidates if abs(value - each) == closest]
    return min(tied) if ties == "down" else max(tied)


def _around(value: int, candidates: Sequence[int]) -> Sequence[int]:
    """The last candidate up to ``value`` and the first above it: all others are further away."""
    above = bisect.bisect_right(candidates, value)
    return candidates[max(above - 1, 0) : above + 1]


def rounded(word: int, p: AsmParameters) -> int:
    """``word`` on the grid, as a whole or quartet by quartet."""
    if p.rounding == "word":
        return nearest(word, _around(word, supported_values(p)), p.ties)
    widths, carry, result = quartet_bits(p), 0, 0
    for j, quartet in enumerate(split(word, p)):
        top = j == len(widths) - 1
        candidates = supported_quartets(p.alphabets, widths[j]) + ([16] if p.quartet_carry and not top else [])
        digit = nearest(quartet + carry, candidates, p.ties)
        carry = digit // 16
        result += digit % 16 * 16**j
    assert carry == 0
    return result


def rounding_table(p: AsmParameters) -> list[int]:
    return [rounded(word, p) for word in range(2 ** magnitude_bits(p))]


# Stored words


def code_table(p: AsmParameters) -> tuple[int, ...]:
    """Value of each code of one quartet."""
    return SHORT_CODES if p.alphabets == (1,) and magnitude_bits(p) == 3 else CODES[p.alphabets]


def emitted_codes(codes: Sequence[int]) -> dict[int, int]:
    """The code that an encoder writes for each value: the lowest."""
    return {value: codes.index(value) for value in codes}


def _encoded(value: int, negative: bool, codes: Sequence[int], count: int) -> int:
    table, base = emitted_codes(codes), len(codes)
    word = sum(table[value // 16**j % 16] * base**j for j in range(count))
    return word + (base**count if negative else 0)


def _decoded(word: int, codes: Sequence[int], widths: Sequence[int]) -> int | None:
    """The number of a coded word with sign; None where a quartet is too large for its place."""
    base, total = len(codes), 0
    for j, bits in enumerate(widths):
        quartet = codes[word // base**j % base]
        if quartet >= 2**bits:
            return None
        total += quartet * 16**j
    sign = word // base ** len(widths)
    assert sign in (0, 1)
    return -total if sign else total


def weight_word_bits(p: AsmParameters) -> int:
    if not p.encode_weights:
        return 1 + magnitude_bits(p)
    return 1 + len(quartet_bits(p)) * bits_to_count(len(code_table(p)))


def encode_weight(weight: int, p: AsmParameters) -> int:
    """The stored word of a signed weight on the grid."""
    assert is_supported(abs(weight), p)
    if p.encode_weights:
        return _encoded(abs(weight), weight < 0, code_table(p), len(quartet_bits(p)))
    return abs(weight) + (2 ** magnitude_bits(p) if weight < 0 else 0)


def decode_weight(word: int, p: AsmParameters) -> int | None:
    """The signed weight of a stored word; None where it is not on the grid."""
    if p.encode_weights:
        return _decoded(word, code_table(p), quartet_bits(p))
    sign, magnitude = divmod(word, 2 ** magnitude_bits(p))
    if not is_supported(magnitude, p):
        return None
    return -magnitude if sign else magnitude


def input_word_bits(p: AsmParameters) -> int:
    magnitude = p.input_bits // 4 * 3 if p.encode_inputs else p.input_bits
    return magnitude + (1 if p.input_signed else 0)


def input_is_supported(magnitude: int, p: AsmParameters) -> bool:
    """An input that arrives as codes has only supported quartets."""
    if not p.encode_inputs:
        return True
    return all(magnitude // 16**j % 16 in CODES[p.alphabets] for j in range(p.input_bits // 4))


def input_magnitudes(p: AsmParameters) -> list[int]:
    return [magnitude for magnitude in range(2**p.input_bits) if input_is_supported(magnitude, p)]


def encode_input(value: int, p: AsmParameters) -> int:
    assert value >= 0 or p.input_signed
    if p.encode_inputs:
        return _encoded(abs(value), value < 0, CODES[p.alphabets], p.input_bits // 4)
    return abs(value) + (2**p.input_bits if value < 0 else 0)


def decode_input(word: int, p: AsmParameters) -> int:
    if p.encode_inputs:
        value = _decoded(word, CODES[p.alphabets], [4] * (p.input_bits // 4))
        assert value is not None
        return value
    sign, magnitude = divmod(word, 2**p.input_bits)
    return -magnitude if sign else magnitude


# Products


def product(weight: int, value: int, p: AsmParameters) -> int:
    """Shifted multiples of the input's magnitude, added quartet by quartet; the sign is that of both."""
    assert is_supported(abs(weight), p)
    total = 0
    for j, quartet in enumerate(split(abs(weight), p)):
        alphabet, shift = control(quartet)
        assert alphabet == 0 or alphabet in p.alphabets
        total += ((alphabet * abs(value)) << shift) << 4 * j
    return -total if (weight < 0) != (value < 0) else total


def encoded_product(weight: int, value: int) -> int:
    """Two coded quartets with sign: 1, 3 or 9 shifted by the sum of both shifts."""
    (a, m), (b, n) = control(abs(weight)), control(abs(value))
    magnitude = a * b << (m + n)
    return -magnitude if (weight < 0) != (value < 0) else magnitude


def dot(weights: Sequence[int], values: Sequence[int], p: AsmParameters) -> int:
    """The accumulator after all terms; no partial sum leaves its width."""
    limit, total = 2 ** (accumulator_bits(p) - 1), 0
    for weight, value in zip(weights, values, strict=True):
        total += product(weight, value, p)
        assert -limit <= total < limit
    return total


def matmul(
    x: Sequence[Sequence[int]], w: Sequence[Sequence[int]], channels: Sequence[AsmParameters]
) -> list[list[int]]:
    """x (positions, length) times w (length, outputs), each output with its own parameters."""
    columns = list(zip(*w, strict=True))
    return [[dot(column, row, p) for column, p in zip(columns, channels, strict=True)] for row in x]


def generator(seed: int) -> Iterator[int]:
    """The stream of 32-bit numbers of the golden vectors."""
    state = seed
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield state
