"""Errors of analog parts: where they enter, what they leave, and how random ones repeat."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sim_models.crossbar import (
    IDEAL,
    CrossbarParameters,
    ErrorHooks,
    GaussianError,
    NoisyAccumulator,
    SarHook,
    ScaledConverter,
    cascade_dot,
    eight_bit,
    ideal_step,
    isaac_dot,
    neural_pim_codes,
    neural_pim_dot,
    read_out,
)
from sim_models.sar import ShiftAddParameters, TrqParameters, product

RNG = np.random.default_rng(6)
X, W = RNG.integers(0, 256, (7, 128)), RNG.integers(-255, 256, (128, 3))


def same(values: np.ndarray) -> np.ndarray:
    return values


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("encoding", ["differential", "offset"])
def test_identities_change_nothing(encoding: str, signed: bool) -> None:
    fields = {"rows": 128, "weight_encoding": encoding, "signed_inputs": signed}
    x, w = X - 128 * signed, W // 2
    for dac in (1, 3):
        a, b, c = (CrossbarParameters(**fields, dac_bits=dac, strategy=s) for s in ("isaac", "cascade", "neural_pim"))
        assert np.array_equal(isaac_dot(x, w, a, hooks=ErrorHooks(converter=same)).values, x @ w)
        hooks = ErrorHooks(converter=same, buffer_cell=same)
        assert np.array_equal(cascade_dot(x, w, b, hooks=hooks).values, x @ w)
        ideal = ErrorHooks(accumulator=lambda held, lines, c=c: ideal_step(held, lines, c))
        made = neural_pim_dot(x, w, c, hooks=ideal).values
        assert np.abs(made - x @ w).max() < 1e-6
        silent = ErrorHooks(accumulator=NoisyAccumulator(parameters=c, error=GaussianError(sigma=0, seed=0)))
        assert np.array_equal(neural_pim_dot(x, w, c, hooks=silent).values, made)


def test_what_an_accumulator_is_given() -> None:
    """Lines over their full scale, within 0..1 also where the sign bits are subtracted."""
    p = CrossbarParameters(rows=2, input_bits=2, weight_bits=2, signed_inputs=True, strategy="neural_pim")
    seen = []

    def step(held: np.ndarray, lines: np.ndarray) -> np.ndarray:
        seen.append(lines[:, :, 0, 0].tolist())
        return ideal_step(held, lines, p)

    made = neural_pim_dot([[-2, -1]], [[3], [1]], p, hooks=ErrorHooks(accumulator=step))
    assert seen == [[[0.5, 0], [0, 0]], [[0, 0], [1.0, 0.5]]]  # the second: polarities exchanged
    assert made.values == pytest.approx(np.array([[-7]]))


@pytest.mark.parametrize(("dac", "factor"), [(1, 1.1547), (4, 1.002)])
def test_errors_of_passes_shrink(dac: int, factor: float) -> None:
    """e sqrt((1 - 2^(-2 P T)) / (1 - 2^(-2 P))) of what is held at the end."""
    p = CrossbarParameters(rows=1, strategy="neural_pim", dac_bits=dac)
    error = GaussianError(sigma=0.01, seed=7)
    hooks = ErrorHooks(accumulator=NoisyAccumulator(parameters=p, error=error))
    made = neural_pim_dot(np.zeros((20000, 1), int), [[0] * 5], p, hooks=hooks).values
    scale = p.step_full_scale / (1 - 2.0**-dac) * 2 ** (dac * (p.cycles - 1))
    assert np.std(made) / scale / 0.01 == pytest.approx(factor, rel=0.01)
    assert factor == pytest.approx(math.sqrt((1 - 4.0**-8) / (1 - 4.0**-dac)), rel=1e-3)


def test_errors_of_cells_add_as_their_places() -> None:
    """e * p_max * sqrt(sum of 4^(t + s)), with one polarity empty but not without error."""
    p = replace(eight_bit("cascade"), rows=1)
    hooks = ErrorHooks(buffer_cell=GaussianError(sigma=0.5, seed=8))
    made = cascade_dot(np.zeros((20000, 1), int), [[0] * 5], p, hooks=hooks).values
    places = sum(4.0 ** (t + s) for t in range(8) for s in range(8))
    assert np.std(made) == pytest.approx(0.5 * math.sqrt(2 * places), rel=0.01)


def test_random_errors_repeat_by_seed() -> None:
    p = eight_bit("isaac")

    def made(seed: object) -> np.ndarray:
        return isaac_dot(X, W, p, hooks=ErrorHooks(converter=GaussianError(sigma=1.0, seed=seed))).values

    assert np.array_equal(made(1), made(1))
    assert not np.array_equal(made(1), made(2))
    assert np.array_equal(made(np.random.default_rng(1)), made(1))
    assert made(1).dtype == np.int64


def test_converter_errors_are_rounded_and_clipped() -> None:
    """A line without current cannot read below 0, and one at the end not above it."""
    p = CrossbarParameters(rows=3, input_bits=1, weight_bits=1, conversion_polarity="separate", adc_bits=2)
    low = isaac_dot([1, 1, 1], [[1]] * 3, p, hooks=ErrorHooks(converter=lambda samples: samples - 0.5))
    assert (low.values.tolist(), low.record.min_code, low.record.saturations) == ([3], 0, 1)  # 2.5 to 3, -0.5 to -1
    high = isaac_dot([1, 1, 1], [[1]] * 3, p, hooks=ErrorHooks(converter=lambda samples: samples + 0.49))
    assert (high.values.tolist(), high.record.saturations) == ([3], 0)
    pair = CrossbarParameters(rows=3, input_bits=1, weight_bits=1, adc_bits=2)
    down = isaac_dot([1, 1, 1], [[-1]] * 3, pair, hooks=ErrorHooks(converter=lambda samples: samples - 1))
    assert (down.values.tolist(), down.record.saturations) == ([-3], 1)


def test_a_converter_of_c_sees_steps_of_its_code() -> None:
    p = CrossbarParameters(rows=4, input_bits=4, weight_bits=3, strategy="neural_pim")
    seen = []
    hooks = ErrorHooks(converter=lambda steps: (seen.append(steps.item()), steps + 0.4)[1])
    made = neural_pim_codes([5, 3, 12, 9], [[3], [-2], [5], [-1]], p, hooks=hooks)
    assert seen == [60 * 127 / 420]  # 18.14
    assert made.values.tolist() == [19]
    assert read_out([5, 3, 12, 9], [[3], [-2], [5], [-1]], p).values.tolist() == [18]


def test_scaled_converter() -> None:
    """Codes of all counts by exact rounding, and products in units of its step."""
    made = ScaledConverter(bits=8, full_scale=128)(np.arange(129))
    assert made.tolist() == [(2 * count * 255 + 128) // 256 for count in range(129)]
    p = replace(eight_bit("isaac"), conversion_polarity="separate")
    hooks = ErrorHooks(converter=ScaledConverter(bits=8, full_scale=128))
    full = isaac_dot([255] * 128, [[255]] * 128, p, hooks=hooks)
    assert full.values.tolist() == [255 * 255 * 255]
    noisy = ScaledConverter(bits=8, full_scale=128, error=GaussianError(sigma=4.0, seed=9))
    codes = noisy(np.full(4000, 128))
    assert codes.max() == 255
    assert np.mean(255 - codes) == pytest.approx(4 * math.sqrt(1 / (2 * math.pi)), rel=0.1)
    with pytest.raises(ValueError) as refused:
        isaac_dot(X, W, eight_bit("isaac"), hooks=hooks)
    assert "samples must be at least 0" in str(refused.value)


def test_converters_of_the_successive_approximation_family() -> None:
    converter = TrqParameters(r1_bits=4, ratio_log2=3)
    p = replace(eight_bit("isaac"), conversion_polarity="separate")
    made = isaac_dot(X, W, p, hooks=ErrorHooks(converter=SarHook(converter=converter)))
    assert np.array_equal(made.values, product(X, W, ShiftAddParameters(), converter).values)
    assert not np.array_equal(made.values, X @ W)
    assert SarHook(converter=converter)(np.array([-77, 77])).sum() == 0


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        ("isaac", "buffer_cell"),
        ("neural_pim", "buffer_cell"),
        ("isaac", "accumulator"),
        ("cascade", "accumulator"),
    ],
)
def test_parts_that_a_strategy_has_not(strategy: str, name: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_out(X, W, eight_bit(strategy), hooks=ErrorHooks(**{name: same}))
    assert str(refused.value) == f"{name} must be None with strategy '{strategy}', which has no such part"


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (lambda values: values[..., :1], "converter must return numbers of shape (1, 8, 7, 3), not int64 of shape"),
        (lambda values: values.astype(str), "converter must return numbers of shape"),
        (lambda values: values * math.nan, "converter must return finite numbers, not nan"),
        (lambda values: values + math.inf, "converter must return finite numbers, not inf"),
        (lambda values: None, "converter must return numbers of shape"),
    ],
)
def test_hooks_that_return_no_numbers(hook: object, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        isaac_dot(X, W, eight_bit("isaac"), hooks=ErrorHooks(converter=hook))
    assert message in str(refused.value)


@pytest.mark.parametrize("limits", [{}, {"adc_bits": 4}], ids=str)
@pytest.mark.parametrize("strategy", ["isaac", "cascade", "neural_pim"])
@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (1e300, "1e+300"),
        (-1e300, "-1e+300"),
        (np.uint64(2**64 - 1), "18446744073709551615"),
        (np.int64(-(2**63)), "-9223372036854775808"),
    ],
)
def test_values_beyond_the_integers_are_refused(made: object, shown: str, strategy: str, limits: dict) -> None:
    p = replace(eight_bit(strategy), **({} if strategy == "neural_pim" else limits))
    parts = {"isaac": ["converter"], "cascade": ["converter", "buffer_cell"]}
    for name in parts.get(strategy, ["converter", "accumulator"]):
        hooks = ErrorHooks(**{name: lambda values, *_: np.full(values.shape, made)})
        with pytest.raises(ValueError) as refused:
            read_out(X, W, p, hooks=hooks)
        assert str(refused.value) == f"{name} must return numbers of at most 2^62 in magnitude, not {shown}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ErrorHooks(converter=3), "converter must be a function or None, not 3"),
        (lambda: GaussianError(sigma=-1.0, seed=0), "sigma must be between 0 and 1000000000000.0, not -1.0"),
        (lambda: GaussianError(sigma=math.nan, seed=0), "sigma must be between 0 and 1000000000000.0, not nan"),
        (lambda: GaussianError(sigma="1", seed=0), "sigma must be a number, not '1'"),
        (lambda: GaussianError(sigma=1.0), "seed must be an integer, not None"),
        (lambda: GaussianError(sigma=1.0, seed=-1), "seed must be at least 0, not -1"),
        (lambda: GaussianError(sigma=1.0, seed=True), "seed must be an integer, not True"),
        (lambda: ScaledConverter(bits=0, full_scale=1), "bits must be between 1 and 16, not 0"),
        (lambda: ScaledConverter(bits=8, full_scale=0), "full_scale must be at least 1, not 0"),
        (lambda: ScaledConverter(bits=8, full_scale=1, error=3), "error must be a GaussianError, not 3"),
        (lambda: isaac_dot(X, W, eight_bit("isaac"), hooks=None), "hooks must be a ErrorHooks, not None"),
        (
            lambda: neural_pim_dot(X, W, eight_bit("neural_pim"), hooks=ErrorHooks(accumulator=same), fraction_bits=3),
            "fraction_bits must be None with an accumulator hook, which holds reals",
        ),
    ],
)
def test_bad_hooks(make: object, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        make()
    assert str(refused.value) == message


def test_ideal_is_the_default() -> None:
    assert ErrorHooks() == IDEAL
