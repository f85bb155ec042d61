"""Bit-sliced crossbars one cell, one line and one conversion at a time, in Python's integers and fractions.

Slow and plain on purpose: every function follows a definition word by word, and reads nothing of the golden models but
the fields of their parameters.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from sim_models.crossbar import CrossbarParameters

Vector = Sequence[int]
Cells = list[tuple[list[int], ...]]  # of each row, slices of both polarities
Part = Callable[[int | Fraction], int | Fraction]  # what an analog part makes of a value


def unchanged(value: int | Fraction) -> int | Fraction:
    return value


def ceiling(number: int, divisor: int) -> int:
    return next(count for count in itertools.count(number // divisor) if count * divisor >= number)


def unsigned_bits(maximum: int) -> int:
    """Bits that tell 0 .. ``maximum`` apart."""
    return next(bits for bits in itertools.count() if 2**bits > maximum)


def nearest(value: Fraction | int) -> int:
    """The nearest integer; of two, the one further from 0."""
    size = abs(Fraction(value))
    whole = int(size)
    whole += size - whole >= Fraction(1, 2)
    return whole if value >= 0 else -whole


def cut(value: int, bits: int, step: int, signed: bool = False) -> list[int]:
    """Slices of ``step`` bits, the lowest first; the last takes the rest, with its sign."""
    found = []
    for low in range(0, bits, step):
        if low + step >= bits and signed:
            found.append(value)
        value, slice_ = divmod(value, 2**step)
        if len(found) <= low // step:
            found.append(slice_)
    return found


def input_slices(x: int, p: CrossbarParameters) -> list[int]:
    return cut(x, p.input_bits, p.dac_bits, p.signed_inputs)


def stored(w: int, p: CrossbarParameters) -> tuple[list[int], ...]:
    """Cells of a weight in the positive columns and in the negative ones."""
    if p.weight_encoding == "offset":
        return cut(w + 2 ** (p.weight_bits - 1), p.weight_bits, p.cell_bits), []
    return tuple(cut(max(number, 0), p.weight_bits, p.cell_bits) for number in (w, -w))


def cycles(p: CrossbarParameters) -> int:
    return len(range(0, p.input_bits, p.dac_bits))


def slices(p: CrossbarParameters) -> int:
    return len(range(0, p.weight_bits, p.cell_bits))


def significance(t: int, s: int, p: CrossbarParameters) -> int:
    return p.dac_bits * t + p.cell_bits * s


def columns(p: CrossbarParameters) -> list[int]:
    """Distinct significances, ascending."""
    return sorted({significance(t, s, p) for t in range(cycles(p)) for s in range(slices(p))})


def line_maximum(p: CrossbarParameters) -> int:
    """Largest sum of a bit line: every row driven in full onto a full cell."""
    return sum((2**p.dac_bits - 1) * (2**p.cell_bits - 1) for _ in range(p.rows))


def unit_maximum(p: CrossbarParameters) -> int:
    """Largest sum of the unit column."""
    return p.rows * (2**p.dac_bits - 1)


def dot(x: Vector, w: Vector) -> int:
    return sum(a * b for a, b in zip(x, w, strict=True))


class Lines(NamedTuple):
    """What the positive and the negative bit line of a slice give in a cycle, and the sign that they count with."""

    plus: int
    minus: int
    sign: int


def driven(x: int, p: CrossbarParameters) -> list[tuple[int, int]]:
    """What an input drives its row with in each cycle, and the sign: sign bits are driven as bits and subtracted."""
    found = [(slice_, 1) for slice_ in input_slices(x, p)]
    if p.signed_inputs and p.dac_bits == 1:
        found[-1] = (-found[-1][0], -1)
    return found


def lines(x: Vector, w: Vector, p: CrossbarParameters, cells: Cells | None = None) -> dict[tuple[int, int], Lines]:
    """The bit lines of one output by cycle and slice, over the cells of ``w`` or others."""
    rows = [driven(value, p) for value in x]
    cells = cells or [stored(value, p) for value in w]
    found = {}
    for t, s in itertools.product(range(cycles(p)), range(slices(p))):
        plus = sum(row[t][0] * plus[s] for row, (plus, _) in zip(rows, cells, strict=True))
        minus = sum(row[t][0] * minus[s] for row, (_, minus) in zip(rows, cells, strict=True) if minus)
        found[t, s] = Lines(plus, minus, rows[0][t][1])
    return found


def unit_sums(x: Vector, p: CrossbarParameters) -> list[int]:
    """What the unit column gives in each cycle."""
    return [sum(slice_ for slice_, _ in cycle) for cycle in zip(*(driven(value, p) for value in x), strict=True)]


def bias(x: Vector, p: CrossbarParameters) -> int:
    """What the offset of the stored weights adds."""
    return 0 if p.weight_encoding == "differential" else 2 ** (p.weight_bits - 1) * sum(x)


def flipped(w: Vector, p: CrossbarParameters) -> list[list[bool]]:
    """Of each polarity, whether the column of each slice holds more than half of what it can."""
    columns = zip(*(stored(value, p) for value in w), strict=True)
    half = p.rows * (2**p.cell_bits - 1)
    return [[2 * sum(column) > half for column in zip(*polarity, strict=True)] for polarity in columns]


def turned(w: Vector, flags: Sequence[Sequence[bool]], p: CrossbarParameters) -> Cells:
    """Cells of ``w``, complements where the flag of the column is set."""
    top = 2**p.cell_bits - 1
    return [
        tuple(
            [top - cell if flag else cell for cell, flag in zip(polarity, marks, strict=False)]
            for polarity, marks in zip(stored(value, p), flags, strict=True)
        )
        for value in w
    ]


class Reads(NamedTuple):
    """A value, and every sample that a converter saw on the way to it with the code it gave."""

    value: int | Fraction
    samples: list[tuple[int | Fraction, int | Fraction]]

    @property
    def saturations(self) -> int:
        return sum(nearest(sample) != code for sample, code in self.samples)

    @property
    def codes(self) -> list[int | Fraction]:
        return [code for _, code in self.samples]


def limited(sample: int | Fraction, bits: int | None, signed: bool) -> int:
    """Code of a saturating converter; its sign, where it has one, is not among the bits."""
    code = nearest(sample)
    if bits is None:
        return code
    top = 2**bits - 1
    return max(-top if signed else 0, min(top, code))


def isaac(x: Vector, w: Vector, p: CrossbarParameters, part: Part = unchanged) -> Reads:
    """Every sum of every cycle converted, shifted and added; then the offset taken off."""
    top, samples, total = 2**p.cell_bits - 1, [], 0
    flags = flipped(w, p) if p.flip_encoding else [[False] * slices(p)] * 2
    signed_slices = p.signed_inputs and p.dac_bits > 1

    def converted(sample: int, signed: bool) -> int:
        code = limited(part(sample), p.adc_bits, signed)
        samples.append((part(sample), code))
        return code

    units = unit_sums(x, p)
    for (t, s), (plus, minus, sign) in lines(x, w, p, turned(w, flags, p)).items():
        if p.weight_encoding == "differential" and p.conversion_polarity == "difference":
            digit = converted(plus - minus, True)
        else:
            polarities = [plus] if p.weight_encoding == "offset" else [plus, minus]
            codes = [converted(sample, signed_slices) for sample in polarities]
            read = [top * units[t] - code if mark[s] else code for code, mark in zip(codes, flags, strict=False)]
            digit = read[0] - (read[1] if len(read) == 2 else 0)
        total += sign * 2 ** significance(t, s, p) * digit
    return Reads(total - bias(x, p), samples)


def cell(count: int, p: CrossbarParameters) -> Fraction:
    """What a buffer cell keeps of a line."""
    if p.bitline_bits is not None:
        top = 2**p.bitline_bits - 1
        count = max(-top, min(top, count))
    if p.buffer_cell_bits is None:
        return Fraction(count)
    levels, maximum = 2**p.buffer_cell_bits - 1, line_maximum(p)
    return Fraction(nearest(Fraction(count * levels, maximum)) * maximum, levels)


def line_saturations(x: Vector, w: Vector, p: CrossbarParameters) -> int:
    """Sums that a bit line could not reach."""
    top = 2**p.bitline_bits - 1
    return sum(abs(count) > top for line in lines(x, w, p).values() for count in (line.plus, line.minus))


def column_sums(x: Vector, w: Vector, p: CrossbarParameters, part: Part = unchanged) -> dict[int, Fraction]:
    """Sums of the buffer's columns by significance."""
    found: dict[int, Fraction] = defaultdict(Fraction)
    for (t, s), (plus, minus, sign) in lines(x, w, p).items():
        negative = part(cell(minus, p)) if p.weight_encoding == "differential" else 0
        found[significance(t, s, p)] += sign * (part(cell(plus, p)) - negative)
    return dict(found)


def cascade(
    x: Vector, w: Vector, p: CrossbarParameters, part: Part = unchanged, buffer_part: Part = unchanged
) -> Reads:
    """Equal significances added in the buffer; low columns folded into the lowest converted one.

    Every column is rounded to a count; only errors of the cells reach a converter that nothing limits as they are.
    """
    sums, samples, total = column_sums(x, w, p, buffer_part), [], 0
    low, kept = columns(p)[: p.carry_columns], columns(p)[p.carry_columns :]
    carry = sum((sums[k] * Fraction(2**k, 2 ** kept[0]) for k in low), Fraction(0))
    limited_converter = p.adc_bits is not None or p.carry_columns > 0 or part is not unchanged
    rounds = limited_converter or buffer_part is unchanged
    signed = p.weight_encoding == "differential" or p.signed_inputs  # sign bits are subtracted before conversion
    for k in kept:
        sample = part(sums[k] + (carry if k == kept[0] else 0))
        code = limited(sample, p.adc_bits, signed) if rounds else sample
        samples.append((sample, code))
        total += 2**k * code
    return Reads(total - bias(x, p), samples)


def column_maximum(k: int, p: CrossbarParameters) -> Fraction:
    """Largest sum of one polarity of a column: of every partial sum that is stored there."""
    line = cell(line_maximum(p), p)
    return sum(line for t in range(cycles(p)) for s in range(slices(p)) if significance(t, s, p) == k)


def sample_maximum(p: CrossbarParameters) -> Fraction:
    """Largest sample of one polarity that a converter of the buffer sees, the carry included."""
    kept = columns(p)[p.carry_columns :]
    carry = sum(column_maximum(k, p) * Fraction(2**k, 2 ** kept[0]) for k in columns(p)[: p.carry_columns])
    return max(column_maximum(k, p) + (carry if k == kept[0] else 0) for k in kept)


def steps(x: Vector, w: Vector, p: CrossbarParameters) -> list[int]:
    """What the slices of a weight add up to in each cycle, the offset not taken off."""
    found = [0] * cycles(p)
    for (t, s), (plus, minus, sign) in lines(x, w, p).items():
        found[t] += sign * 2 ** (p.cell_bits * s) * (plus - minus)
    return found


def held(x: Vector, w: Vector, p: CrossbarParameters) -> list[Fraction]:
    """The value that the analog accumulator holds after each cycle."""
    value, found = Fraction(0), []
    for y in steps(x, w, p):
        value = value / 2**p.dac_bits + y
        found.append(value)
    return found


def y_max(p: CrossbarParameters) -> int:
    return p.rows * (2**p.input_bits - 1) * (2**p.weight_bits - 1)


def y_fs(p: CrossbarParameters) -> int:
    """Of the fraction times the whole range as a double has it."""
    return int(p.range_fraction * y_max(p))


def ideal_code(y: int, full_scale: int, output_bits: int) -> int:
    top = 2 ** (output_bits - 1) - 1
    return max(-top, min(top, nearest(Fraction(y * top, full_scale))))


def range_encoding(full_scale: int, output_bits: int) -> tuple[int, int]:
    """Multiplier of at most 16 bits and its shift: the largest shift that leaves one."""
    ratio = Fraction(2 ** (output_bits - 1) - 1, full_scale)
    shifts = itertools.takewhile(lambda shift: nearest(ratio * 2**shift) < 2**16, itertools.count())
    shift = max(shifts)
    return nearest(ratio * 2**shift), shift


def fixed_code(y: int, multiplier: int, shift: int, output_bits: int) -> int:
    top = 2 ** (output_bits - 1) - 1
    return max(-top, min(top, nearest(Fraction(y * multiplier, 2**shift))))


def neural_pim(x: Vector, w: Vector, p: CrossbarParameters) -> int:
    """Code of what the accumulator holds at the end, the offset taken off, by the converter's multiplier."""
    y = held(x, w, p)[-1] * 2 ** (p.dac_bits * (cycles(p) - 1)) - bias(x, p)
    assert y.denominator == 1
    return fixed_code(int(y), *range_encoding(y_fs(p), p.output_bits), p.output_bits)
