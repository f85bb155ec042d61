"""Workloads of the floating-point blocks: operands of a normal distribution."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gen.floats import ConversionParameters, FloatParameters
from sim_models.arith import (
    FloatFormat,
    float_add,
    float_fused,
    float_multiply,
    float_to_signed,
    signed_to_float,
    unsigned_to_float,
)
from verif.checks_form import require_equal
from verif.workloads_form import SEED, Integers, Workload

VECTORS = 2000


def float_workload(function: Callable[..., Integers], action: str, names: str) -> Callable[[FloatParameters], Workload]:
    """Operands ``names`` of a standard normal distribution, the results those of ``function``."""

    def make(parameters: FloatParameters) -> Workload:
        random = np.random.default_rng(SEED)
        words = {name: _normal_words(parameters.format, random) for name in names}
        result = function(*words.values(), parameters.format, flush_to_zero=parameters.flush_to_zero)
        return _combinational(action, words, {"result": result})

    return make


def from_unsigned(parameters: ConversionParameters) -> Workload:
    """Magnitudes of a normal distribution."""
    values = np.abs(_normal_integers(parameters.width))
    return _combinational("one conversion", {"value": values}, {"result": unsigned_to_float(values, parameters.format)})


def from_signed(parameters: ConversionParameters) -> Workload:
    """Integers of a normal distribution."""
    values = _normal_integers(parameters.width)
    return _combinational("one conversion", {"value": values}, {"result": signed_to_float(values, parameters.format)})


def to_signed(parameters: ConversionParameters) -> Workload:
    """Floats of such integers."""
    words = signed_to_float(_normal_integers(parameters.width), parameters.format)
    result, invalid = float_to_signed(words, parameters.width, parameters.format)
    return _combinational("one conversion", {"value": words}, {"result": result, "invalid": invalid})


def _normal_words(fmt: FloatFormat, random: np.random.Generator) -> Integers:
    """Floats of a standard normal distribution: integers with so many more places, brought down by the exponent."""
    places = max(1, min(fmt.bias - 3, 12))
    scaled = np.rint(np.clip(random.standard_normal(VECTORS), -7, 7) * 2**places).astype(np.int64)
    words = signed_to_float(scaled, fmt)
    return words - np.where(scaled != 0, places << fmt.fraction_bits, 0)


def _normal_integers(width: int) -> Integers:
    """Two's complement integers of a normal distribution whose range is eight standard deviations."""
    half = 1 << (width - 1)
    values = np.rint(np.random.default_rng(SEED).standard_normal(VECTORS) * half / 4)
    return np.clip(values, -half, half - 1).astype(np.int64)


def _combinational(action: str, inputs: dict[str, Integers], outputs: dict[str, Any]) -> Workload:
    """A vector after the other; the first is where the second comes from."""
    expected = {name: np.asarray(values).astype(np.int64) for name, values in outputs.items()}
    return Workload(
        action=action,
        operations=VECTORS - 1,
        window=slice(1, VECTORS),
        inputs=inputs,
        check=lambda got: require_equal(got, expected, SEED),
    )


multiply = float_workload(float_multiply, "one product", "ab")
add = float_workload(float_add, "one sum", "ab")
fused = float_workload(float_fused, "one multiply-add", "abc")
