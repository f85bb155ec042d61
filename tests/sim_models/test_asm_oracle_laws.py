"""What holds for any set, width and rounding: hypothesis draws parameters, words and matrices."""

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_models.asm import AsmParameters, decode, encode, matmul, product, round_weights, supported_values
from sim_models.asm.coding import decode_inputs, encode_inputs, round_inputs
from sim_models.asm.control import is_supported
from tests.sim_models.asm_oracle import SETS

MODES = [("word", False), ("quartet", False), ("quartet", True)]
QUICK = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def parameters(draw: st.DrawFn, coded: bool = False) -> AsmParameters:
    mode, carry = draw(st.sampled_from(MODES))
    return AsmParameters(
        alphabets=draw(st.sampled_from([(1,), (1, 3)] if coded else SETS)),
        weight_bits=draw(st.sampled_from([4, 8, 12])),
        input_bits=draw(st.sampled_from([4, 8, 12] if coded else [2, 5, 8, 16])),
        sign_inside=draw(st.booleans()),
        rounding=mode,
        quartet_carry=carry,
        ties=draw(st.sampled_from(["down", "up"])),
        input_signed=draw(st.booleans()),
        encode_weights=coded,
        encode_inputs=coded,
    )


def words(p: AsmParameters) -> np.ndarray:
    return np.arange(2**p.magnitude_bits)


def some_weights(p: AsmParameters, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.choice(supported_values(p), shape) * rng.choice([-1, 1], shape)


def some_inputs(p: AsmParameters, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    magnitudes = rng.integers(0, 2**p.input_bits, shape)
    signed = magnitudes * rng.choice([-1, 1], shape) if p.input_signed else magnitudes
    return round_inputs(signed, p) if p.encode_inputs else signed


PARAMETERS = st.one_of(parameters(), parameters(coded=True))
SEEDS = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@QUICK
@given(PARAMETERS)
def test_rounding_leads_to_the_grid_and_stays_there(p: AsmParameters) -> None:
    rounded = round_weights(words(p), p)
    assert is_supported(rounded, p).all()
    np.testing.assert_array_equal(round_weights(rounded, p), rounded)
    np.testing.assert_array_equal(round_weights(supported_values(p), p), supported_values(p))


@QUICK
@given(PARAMETERS)
def test_no_word_of_the_grid_is_closer_than_the_rounded_one(p: AsmParameters) -> None:
    """Whole words only; quartet by quartet is never better."""
    whole = dataclasses.replace(p, rounding="word", quartet_carry=False)
    grid, every = supported_values(p), words(p)
    after = np.searchsorted(grid, every).clip(max=len(grid) - 1)
    best = np.minimum(abs(grid[after] - every), abs(every - grid[(after - 1).clip(min=0)]))
    np.testing.assert_array_equal(abs(round_weights(every, whole) - every), best)
    assert (abs(round_weights(every, p) - every) >= best).all()


@QUICK
@given(PARAMETERS)
def test_ties_differ_only_where_two_words_are_equally_close(p: AsmParameters) -> None:
    whole = {"rounding": "word", "quartet_carry": False}
    every = words(p)
    down = round_weights(every, dataclasses.replace(p, ties="down", **whole))
    up = round_weights(every, dataclasses.replace(p, ties="up", **whole))
    assert (down <= up).all()
    np.testing.assert_array_equal(every - down, np.where(down == up, every - down, up - every))


@QUICK
@given(PARAMETERS)
def test_rounding_of_words_keeps_the_order(p: AsmParameters) -> None:
    whole = dataclasses.replace(p, rounding="word", quartet_carry=False)
    assert (np.diff(round_weights(words(p), whole)) >= 0).all()


@QUICK
@given(PARAMETERS, st.sampled_from(SETS))
def test_more_alphabets_never_make_a_word_worse(p: AsmParameters, others: tuple[int, ...]) -> None:
    small = dataclasses.replace(p, rounding="word", quartet_carry=False, encode_weights=False, encode_inputs=False)
    large = dataclasses.replace(small, alphabets=tuple(set(p.alphabets) | set(others)))
    every = words(p)
    assert np.isin(supported_values(small), supported_values(large)).all()
    assert (abs(round_weights(every, large) - every) <= abs(round_weights(every, small) - every)).all()


@QUICK
@given(PARAMETERS, SEEDS)
def test_decoding_undoes_encoding(p: AsmParameters, rng: np.random.Generator) -> None:
    weights, inputs = some_weights(p, rng, (50,)), some_inputs(p, rng, (50,))
    coded = encode(weights, p)
    assert coded.min() >= 0
    assert coded.max() < 2**p.weight_word_bits
    np.testing.assert_array_equal(decode(coded, p), weights)
    coded = encode_inputs(inputs, p)
    assert coded.min() >= 0
    assert coded.max() < 2**p.input_word_bits
    np.testing.assert_array_equal(decode_inputs(coded, p), inputs)


@QUICK
@given(PARAMETERS, SEEDS)
def test_encoding_again_gives_the_word_that_an_encoder_emits(p: AsmParameters, rng: np.random.Generator) -> None:
    emitted = encode(some_weights(p, rng, (50,)), p)
    np.testing.assert_array_equal(encode(decode(emitted, p), p), emitted)
    assert len(np.unique(encode(supported_values(p), p))) == len(supported_values(p))


@QUICK
@given(parameters(), SEEDS)
def test_products_are_linear_in_the_input(p: AsmParameters, rng: np.random.Generator) -> None:
    weights = some_weights(p, rng, (40,))
    half = rng.integers(0, 2 ** (p.input_bits - 1), (2, 40))
    a, b = half * rng.choice([-1, 1], (2, 40)) if p.input_signed else half
    np.testing.assert_array_equal(product(weights, a + b, p), product(weights, a, p) + product(weights, b, p))
    np.testing.assert_array_equal(product(weights, 2 * a, p), 2 * product(weights, a, p))
    np.testing.assert_array_equal(product(-weights, a, p), -product(weights, a, p))
    assert (abs(product(weights, a, p)) < 2**p.product_bits).all()


@QUICK
@given(PARAMETERS, SEEDS, st.integers(1, 20), st.integers(1, 5), st.integers(1, 4))
def test_the_order_of_terms_does_not_matter(
    p: AsmParameters, rng: np.random.Generator, length: int, outputs: int, positions: int
) -> None:
    x, w = some_inputs(p, rng, (positions, length)), some_weights(p, rng, (length, outputs))
    order = rng.permutation(length)
    y = matmul(x, w, p)
    np.testing.assert_array_equal(matmul(x[:, order], w[order], p), y)
    channels = rng.permutation(outputs)
    np.testing.assert_array_equal(matmul(x, w[:, channels], p), y[:, channels])
    np.testing.assert_array_equal(matmul(x, -w, p), -y)


@QUICK
@given(PARAMETERS, SEEDS, st.integers(1, 20), st.integers(1, 20))
def test_a_reduction_can_be_cut_in_two(p: AsmParameters, rng: np.random.Generator, first: int, second: int) -> None:
    x, w = some_inputs(p, rng, (3, first + second)), some_weights(p, rng, (first + second, 2))
    parts = matmul(x[:, :first], w[:first], p) + matmul(x[:, first:], w[first:], p)
    np.testing.assert_array_equal(matmul(x, w, p), parts)
    terms = product(w, x[:, :, None], p)
    np.testing.assert_array_equal(terms.sum(axis=1), parts)


@QUICK
@given(PARAMETERS, SEEDS)
def test_neither_memory_nor_code_changes_a_result(p: AsmParameters, rng: np.random.Generator) -> None:
    x, w = some_inputs(p, rng, (2, 10)), some_weights(p, rng, (10, 3))
    plain = dataclasses.replace(p, encode_weights=False, encode_inputs=False)
    expected = matmul(x, w, plain)
    np.testing.assert_array_equal(matmul(x, w, p), expected)
    in_memory = dataclasses.replace(p, alphabets=p.alphabets, placement="near_memory", lanes=1, banks=2)
    np.testing.assert_array_equal(matmul(x, w, in_memory), expected)
    np.testing.assert_array_equal(expected, x @ w)
