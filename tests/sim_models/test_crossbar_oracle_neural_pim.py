"""The analog accumulator and the converter after it: values held, codes, range encoding, saturation."""

import dataclasses
import random
from fractions import Fraction

import numpy as np
import pytest

from sim_models.crossbar import (
    CrossbarParameters,
    ErrorHooks,
    accumulator_bits,
    accumulator_steps,
    fixed_codes,
    ideal_codes,
    ideal_step,
    matvec,
    neural_pim_codes,
    neural_pim_dot,
    range_registers,
    restored,
)
from tests.sim_models import crossbar_oracle as oracle
from tests.sim_models.crossbar_cases import OPERANDS, matrix, vectors, widths

FRACTIONS = (1.0, 0.5, 0.1, 1 / 3, 0.015625)


def legal_ranges(p: CrossbarParameters) -> list[float]:
    return [fraction for fraction in FRACTIONS if Fraction(fraction) * oracle.y_max(p) >= 2 ** (p.output_bits - 1)]


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_codes_of_every_width(fields: dict[str, object]) -> None:
    chance = random.Random(9)
    for shape in chance.sample(list(widths(8)), 60):
        rows, bits = chance.randint(1, 9), chance.choice([2, 4, 8, 11, 16])
        largest = rows * (2 ** shape["input_bits"] - 1) * (2 ** shape["weight_bits"] - 1)
        bits = min(bits, largest.bit_length())
        if bits < 2:
            continue
        p = CrossbarParameters(rows=rows, output_bits=bits, strategy="neural_pim", **shape, **fields)
        p = dataclasses.replace(p, range_fraction=chance.choice(legal_ranges(p) or [1.0]))
        x, w = vectors(p, 3, chance), matrix(p, 3, chance)
        columns = list(zip(*w, strict=True))
        expected = [[oracle.neural_pim(vector, column, p) for column in columns] for vector in x]
        assert matvec(np.array(x), np.array(w), p).tolist() == expected, p


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_what_is_held_is_the_product_and_its_scaled_form_a_whole_number(fields: dict[str, object]) -> None:
    """Of the oracle: no bit is lost when the accumulator is halved, so a register of integers is exact."""
    chance = random.Random(10)
    for shape in chance.sample(list(widths(8)), 60):
        p = CrossbarParameters(rows=5, output_bits=2, strategy="neural_pim", **shape, **fields)
        scale = 2 ** (p.dac_bits * (oracle.cycles(p) - 1))
        for x in vectors(p, 2, chance):
            for w in zip(*matrix(p, 2, chance), strict=True):
                held = oracle.held(x, w, p)
                assert all((value * scale).denominator == 1 for value in held)
                assert all(value * scale % 2**p.dac_bits == 0 for value in held[:-1])
                assert held[-1] * scale - oracle.bias(x, p) == oracle.dot(x, w)


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_the_register_holds_what_the_accumulator_does(fields: dict[str, object]) -> None:
    chance = random.Random(11)
    for shape in chance.sample(list(widths(8)), 25):
        p = CrossbarParameters(rows=5, strategy="neural_pim", **shape, **fields)
        x, w = vectors(p, 1, chance), matrix(p, 1, chance)
        exact = p.dac_bits * (p.cycles - 1)
        for vector in x:
            for column in zip(*w, strict=True):
                sums, held = oracle.steps(vector, column, p), oracle.held(vector, column, p)
                assert accumulator_steps(np.array(sums), p).tolist() == [value * 2**exact for value in held]
        dots = [[oracle.dot(vector, column) for column in zip(*w, strict=True)] for vector in x]
        assert neural_pim_dot(np.array(x), np.array(w), p).values.tolist() == dots


def truncated(sums: list[int], places: int, p: CrossbarParameters) -> list[int]:
    """A register with ``places`` places, that forgets what is below them."""
    held, found = 0, []
    for y in sums:
        held = held // 2**p.dac_bits + y * 2**places
        found.append(held)
    return found


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_a_register_with_fewer_places_forgets_them(fields: dict[str, object]) -> None:
    chance, lossy = random.Random(12), 0
    for shape in chance.sample(list(widths(6)), 25):
        p = CrossbarParameters(rows=3, strategy="neural_pim", **shape, **fields)
        x, w = vectors(p, 2, chance), matrix(p, 2, chance)
        exact = p.dac_bits * (p.cycles - 1)
        for places in {0, exact // 2, exact}:
            found = neural_pim_dot(np.array(x), np.array(w), p, fraction_bits=places).values.tolist()
            for vector, row in zip(x, found, strict=True):
                for column, value in zip(zip(*w, strict=True), row, strict=True):
                    last = truncated(oracle.steps(vector, column, p), places, p)[-1]
                    assert value == last * 2 ** (exact - places) - oracle.bias(vector, p)
                    error = oracle.dot(vector, column) - value
                    assert 0 <= error < 2 ** (exact - places + 1)
                    assert error == 0 or places < exact
                    lossy += error != 0
    assert lossy > 0


def reached(p: CrossbarParameters) -> list[int]:
    """Scaled values of the register when every row is driven in full, onto the largest weights of one sign."""
    full = [
        p.rows * (2**p.weight_bits - 1) * value for value in oracle.cut(2**p.input_bits - 1, p.input_bits, p.dac_bits)
    ]
    held, found = Fraction(0), []
    for y in full:
        held = held / 2**p.dac_bits + y
        found.append(held * 2 ** (p.dac_bits * (oracle.cycles(p) - 1)))
    return found


def test_widths_of_the_register_are_attained() -> None:
    for dac_bits in (1, 2, 4):
        p = CrossbarParameters(strategy="neural_pim", dac_bits=dac_bits)
        assert accumulator_bits(p) == 24
    for shape in widths(8):
        for rows in (1, 2, 3, 127, 128):
            p = CrossbarParameters(rows=rows, strategy="neural_pim", **shape)
            largest = max(reached(p))
            assert largest.denominator == 1
            assert accumulator_bits(p) == 1 + oracle.unsigned_bits(int(largest)), p
            if p.input_bits % p.dac_bits == 0:
                assert accumulator_bits(p) == 1 + oracle.unsigned_bits(oracle.y_max(p))


def test_the_widest_register_of_operands() -> None:
    """Both ends of what operands reach, each alone in its column, against the width."""
    for shape in ({"input_bits": 3, "dac_bits": 2}, {"input_bits": 4, "dac_bits": 3}, {"input_bits": 5, "dac_bits": 2}):
        for fields in OPERANDS:
            p = CrossbarParameters(rows=2, weight_bits=3, strategy="neural_pim", **shape, **fields)
            width = accumulator_bits(p)
            for x in vectors(p, 30, random.Random(3)):
                for w in zip(*matrix(p, 30, random.Random(4)), strict=True):
                    steps = accumulator_steps(np.array(oracle.steps(x, w, p)), p)
                    assert -(2 ** (width - 1)) <= steps.min() <= steps.max() < 2 ** (width - 1)


def with_range(full_scale: int, output_bits: int) -> CrossbarParameters:
    """Parameters with a range of exactly ``full_scale``, by the fraction that it is of the whole."""
    p = CrossbarParameters(output_bits=output_bits, input_bits=16, weight_bits=16, strategy="neural_pim")
    p = dataclasses.replace(p, range_fraction=(full_scale + 0.5) / oracle.y_max(p))
    assert p.code_full_scale == full_scale
    return p


@pytest.mark.parametrize("output_bits", [2, 3, 8, 12, 16])
def test_codes_fixed_and_ideal_of_any_range(output_bits: int) -> None:
    chance, largest, differ = random.Random(output_bits), 2 ** (output_bits - 1) - 1, 0
    for _ in range(40):
        p = with_range(chance.randint(largest, largest * 2 ** chance.randint(1, 20)), output_bits)
        scale = p.code_full_scale
        registers = range_registers(p)
        assert (registers.range_mult, registers.range_shift) == oracle.range_encoding(scale, output_bits)
        assert 0 < registers.range_mult < 2**16
        assert 0 < registers.range_shift < 2**6
        y = [0, 1, scale // 2, scale - 1, scale, scale + 1, 2 * scale, oracle.y_max(p)]
        y += [scale * (2 * code + 1) // (2 * largest) for code in range(min(largest, 20))]
        y += [chance.randint(0, scale) for _ in range(20)]
        y += [-value for value in y]
        fixed, ideal = fixed_codes(np.array(y), p).tolist(), ideal_codes(np.array(y), p).tolist()
        assert fixed == [
            oracle.fixed_code(value, *oracle.range_encoding(scale, output_bits), output_bits) for value in y
        ]
        assert ideal == [oracle.ideal_code(value, scale, output_bits) for value in y]
        assert max(abs(a - b) for a, b in zip(fixed, ideal, strict=True)) <= 1
        differ += fixed != ideal
        back = restored(np.array(ideal), p).tolist()
        assert back == pytest.approx([float(Fraction(code * scale, largest)) for code in ideal], rel=1e-14)
    assert differ > 0 or output_bits < 12


def test_saturations_are_counted() -> None:
    p = CrossbarParameters(rows=6, input_bits=4, weight_bits=4, strategy="neural_pim", range_fraction=0.15)
    chance = random.Random(13)
    x, w = vectors(p, 20, chance), matrix(p, 20, chance)
    found = neural_pim_codes(np.array(x), np.array(w), p)
    pairs = [(vector, column) for vector in x for column in zip(*w, strict=True)]
    codes = [oracle.neural_pim(vector, column, p) for vector, column in pairs]
    multiplier, shift = oracle.range_encoding(oracle.y_fs(p), 8)
    outside = sum(
        oracle.nearest(Fraction(oracle.dot(*pair) * multiplier, 2**shift)) not in range(-127, 128) for pair in pairs
    )
    assert 0 < outside < len(pairs)
    record = found.record
    assert found.values.flatten().tolist() == codes
    assert (record.conversions, record.saturations) == (len(pairs), outside)
    assert (record.min_code, record.max_code) == (min(codes), max(codes)) == (-127, 127)


@pytest.mark.parametrize("fields", OPERANDS, ids=str)
def test_the_ideal_step_in_reals_and_an_error_in_it(fields: dict[str, object]) -> None:
    """U of the normalised circuit, with 2^-12 added in every step."""
    chance = random.Random(14)
    for shape in chance.sample(list(widths(6)), 20):
        p = CrossbarParameters(rows=5, strategy="neural_pim", **shape, **fields)
        x, w = vectors(p, 1, chance), matrix(p, 1, chance)
        keep = Fraction(1, 2**p.dac_bits)
        scale = Fraction(p.rows * (2**p.dac_bits - 1) * (2**p.weight_bits - 1))
        for error in (0, Fraction(1, 2**12)):
            hook = ErrorHooks(
                accumulator=lambda held, lines, p=p, error=error: ideal_step(held, lines, p) + float(error)
            )
            found = neural_pim_dot(np.array(x), np.array(w), p, hooks=hook).values
            for place in np.ndindex(found.shape):
                vector, column = x[place[0]], [row[place[1]] for row in w]
                u = Fraction(0)
                for y in oracle.steps(vector, column, p):
                    u = keep * u + (1 - keep) * y / scale + error
                expected = u / (1 - keep) * scale * 2 ** (p.dac_bits * (p.cycles - 1)) - oracle.bias(vector, p)
                assert found[place] == pytest.approx(float(expected), rel=1e-12, abs=1e-9 * oracle.y_max(p))


def test_a_converter_hook_sees_steps_of_the_code() -> None:
    p = CrossbarParameters(rows=4, input_bits=4, weight_bits=3, strategy="neural_pim")
    hook = ErrorHooks(converter=lambda steps: steps + 3 + 2**-10)
    chance = random.Random(15)
    x, w = vectors(p, 5, chance), matrix(p, 5, chance)
    found = neural_pim_codes(np.array(x), np.array(w), p, hooks=hook).values.tolist()
    for vector, row in zip(x, found, strict=True):
        for column, code in zip(zip(*w, strict=True), row, strict=True):
            steps = Fraction(127 * oracle.dot(vector, column), 420) + 3 + Fraction(1, 2**10)  # no tie
            assert code == max(-127, min(127, oracle.nearest(steps)))
