"""Two benches of the dataflows: a sine on equal rows, and data like those of a network."""

from dataclasses import replace

import numpy as np

from sim_models.arith.checking import IntArray, require_instance, require_integer, require_real
from sim_models.crossbar.cascade import cascade_dot
from sim_models.crossbar.codes import restored
from sim_models.crossbar.hooks import ErrorHooks, GaussianError, NoisyAccumulator, Numbers, ScaledConverter
from sim_models.crossbar.isaac import isaac_dot
from sim_models.crossbar.neural_pim import neural_pim_codes
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, SEPARATE, CrossbarParameters
from sim_models.crossbar.presets import eight_bit
from sim_models.crossbar.sinad import data_sinad_db, sine_sinad_db

SAMPLES, PERIODS = 65536, 1021
UNIPOLAR_BITS = 9
"""Bits of a signed code whose positive half has 8 bits, as the sine bench never goes below 0."""


def sine_inputs(samples: int = SAMPLES, periods: int = PERIODS) -> IntArray:
    """``round(127.5 + 127.5 sin)``, (samples,), of whole ``periods``. Raises ValueError for fewer than 8 samples."""
    require_integer("samples", samples, 8)
    require_integer("periods", periods, 1, (samples - 1) // 2)
    angle = 2 * np.pi * periods / samples * np.arange(samples)
    return np.rint(127.5 + 127.5 * np.sin(angle)).astype(np.int64)


def isaac_sine_db(noise: float, seed: int, samples: int = SAMPLES, periods: int = PERIODS) -> float:
    """SINAD of A: every line by an 8-bit converter over 0..128 counts with ``noise`` (rms, steps of its code)."""
    require_real("noise", noise, 0, 1e6)
    p = replace(eight_bit(ISAAC), conversion_polarity=SEPARATE, adc_bits=8)
    error = GaussianError(sigma=noise, seed=seed)
    hooks = ErrorHooks(converter=ScaledConverter(bits=8, full_scale=p.line_maximum, error=error))
    return _sine_db(isaac_dot(*_sine_operands(samples, periods, p), p, hooks=hooks).values, periods)


def cascade_sine_db(error: float, seed: int, samples: int = SAMPLES, periods: int = PERIODS) -> float:
    """SINAD of B: stored sums of the positive lines with an ``error`` (rms, parts of the largest sum), ideal ADCs."""
    require_real("error", error, 0, 1)
    p = eight_bit(CASCADE)
    noise = GaussianError(sigma=error * p.line_maximum, seed=seed)

    def stored(sums: Numbers) -> Numbers:
        return np.concatenate((noise(sums[:1]), sums[1:]))  # the negative lines are not in use

    return _sine_db(
        cascade_dot(*_sine_operands(samples, periods, p), p, hooks=ErrorHooks(buffer_cell=stored)).values, periods
    )


def neural_pim_sine_db(
    error: float, seed: int, dac_bits: int = 1, samples: int = SAMPLES, periods: int = PERIODS
) -> float:
    """SINAD of C: every step with an ``error`` (rms, parts of full scale), one ideal unipolar 8-bit conversion."""
    require_real("error", error, 0, 1)
    p = replace(eight_bit(NEURAL_PIM), dac_bits=dac_bits, output_bits=UNIPOLAR_BITS)
    step = NoisyAccumulator(parameters=p, error=GaussianError(sigma=error, seed=seed))
    made = neural_pim_codes(*_sine_operands(samples, periods, p), p, hooks=ErrorHooks(accumulator=step))
    return _sine_db(made.values, periods)


def network_sine_db(hooks: ErrorHooks, dac_bits: int, samples: int = SAMPLES, periods: int = PERIODS) -> float:
    """SINAD of C with given parts that have no noise in time: one conversion for each of the 256 inputs.

    ``hooks`` see unipolar codes of 8 bits, 0..255. Raises ValueError for hooks that are no `ErrorHooks`.
    """
    require_instance("hooks", hooks, ErrorHooks)
    p = replace(eight_bit(NEURAL_PIM), dac_bits=dac_bits, output_bits=UNIPOLAR_BITS)
    rows = np.repeat(np.arange(256)[:, np.newaxis], p.rows, axis=1)
    codes = neural_pim_codes(rows, np.full((p.rows, 1), p.weight_range[1]), p, hooks=hooks).values
    return sine_sinad_db(codes[sine_inputs(samples, periods), 0], periods)


def network_data_db(range_fraction: float, seed: int, vectors: int = 300, outputs: int = 200) -> float:
    """SINAD of `network_data` through C, ideal parts and 8-bit codes over ``range_fraction`` of the largest product.

    Weights have 7 bits of magnitude, all that the data fill, so that the largest product is 128 * 255 * 127; with 8 the
    same fraction is twice as wide and the SINAD 6 dB lower. Raises ValueError as `CrossbarParameters` and
    `network_data` do.
    """
    p = replace(eight_bit(NEURAL_PIM), weight_bits=7, range_fraction=range_fraction)
    inputs, weights = network_data(vectors, outputs, seed)
    codes = neural_pim_codes(inputs, weights, p).values
    return data_sinad_db(inputs @ weights, restored(codes, p))


def cascade_data_db(cell_bits: int, seed: int, vectors: int = 500, outputs: int = 16) -> float:
    """SINAD of `network_data` through B with buffer cells of ``cell_bits``, their columns read as real numbers.

    It shows what the cells lose: `cascade_dot` rounds columns to counts, which can repair small errors of them. Raises
    ValueError for bits outside 1..16 and as `network_data` does.
    """
    require_integer("cell_bits", cell_bits, 1, 16)
    p = eight_bit(CASCADE)
    step = p.line_maximum / ((1 << cell_bits) - 1)
    inputs, weights = network_data(vectors, outputs, seed)
    hooks = ErrorHooks(buffer_cell=lambda sums: np.rint(sums / step) * step)
    return data_sinad_db(inputs @ weights, cascade_dot(inputs, weights, p, hooks=hooks).values)


def network_data(vectors: int, outputs: int, seed: int) -> tuple[IntArray, IntArray]:
    """Inputs (vectors, 128) ``min(255, round |N(0, 60)|)`` and weights (128, outputs) ``clip(round N(0, 30), +-127)``.

    Raises ValueError for no vectors or outputs, and a seed below 0.
    """
    for name, value in (("vectors", vectors), ("outputs", outputs)):
        require_integer(name, value, 1)
    require_integer("seed", seed, 0)
    random = np.random.default_rng(seed)
    inputs = np.minimum(255, np.rint(np.abs(random.normal(0, 60, (vectors, 128)))))
    weights = np.clip(np.rint(random.normal(0, 30, (128, outputs))), -127, 127)
    return inputs.astype(np.int64), weights.astype(np.int64)


def _sine_operands(samples: int, periods: int, p: CrossbarParameters) -> tuple[IntArray, IntArray]:
    rows = np.repeat(sine_inputs(samples, periods)[:, np.newaxis], p.rows, axis=1)
    return rows, np.full((p.rows, 1), p.weight_range[1])


def _sine_db(values: Numbers, periods: int) -> float:
    return sine_sinad_db(values[:, 0], periods)
