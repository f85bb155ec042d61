"""Workloads of the integer blocks: operands of a normal distribution."""

import numpy as np

from sim_models.arith import (
    IntegerFormat,
    MultiplyAccumulateParameters,
    MultiplyParameters,
    integer_multiply,
    multiply_accumulate,
)
from verif.checks_form import require_equal
from verif.workloads_form import SEED, Integers, Workload

VECTORS = 2000
_LONGEST_SUM = 64  # terms of a dot product
_WIDEST = 62  # above, words are no longer int64


def multiply(parameters: MultiplyParameters) -> Workload:
    """One product after another; the first is where the second comes from."""
    _require_narrow("a_width + b_width", parameters.a_width + parameters.b_width)
    a, b = _operands(parameters)
    products = integer_multiply(a, b, parameters)
    return Workload(
        action="one product",
        operations=VECTORS - 1,
        window=slice(1, VECTORS),
        inputs={"a": a, "b": b},
        check=lambda got: require_equal(got, {"product": products}, SEED),
    )


def accumulate(parameters: MultiplyAccumulateParameters) -> Workload:
    """Dot products of 64 terms, back to back."""
    _require_narrow("accumulator_width", parameters.accumulator_width)
    a, b = _operands(parameters)
    first = (np.arange(VECTORS) % _LONGEST_SUM == 0).astype(np.int64)
    enable = np.ones(VECTORS, np.int64)
    sums = multiply_accumulate(a, b, first, enable, parameters)
    return Workload(
        action="one multiply-accumulate",
        operations=VECTORS - 1,
        window=slice(1, VECTORS),
        inputs={"a": a, "b": b, "first": first, "enable": enable},
        # The accumulator shows a sum in the cycle after its last term.
        check=lambda got: require_equal({"accumulator": got["accumulator"][1:]}, {"accumulator": sums[:-1]}, SEED),
    )


def _operands(parameters: MultiplyParameters) -> tuple[Integers, Integers]:
    random = np.random.default_rng(SEED)
    return _normal_words(parameters.a, random), _normal_words(parameters.b, random)


def _normal_words(form: IntegerFormat, random: np.random.Generator) -> Integers:
    """Words whose range is eight standard deviations; magnitudes of such numbers where there is no sign."""
    limit = 1 << (form.width - (form.kind != "unsigned"))
    numbers = np.clip(np.rint(random.normal(0, limit / 4, VECTORS)), 1 - limit, limit - 1).astype(np.int64)
    if form.signed:
        return numbers
    signs = (numbers < 0) & (form.kind == "sign_magnitude")
    return np.abs(numbers) | signs.astype(np.int64) << form.magnitude_bits


def _require_narrow(name: str, width: int) -> None:
    if width > _WIDEST:
        raise ValueError(f"{name} must be at most {_WIDEST} for a workload, not {width}")
