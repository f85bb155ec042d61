"""The test half of the digits in every variant, and the gains that put a layer's mean error right.

A variant's sums are about a gain below 1 times the exact ones. The gain of a layer is measured on training images: the
least-squares scalar between its sums and exact ones of the same operands, biases left out, the layers before it already
corrected. To correct it, the bias is multiplied by the gain before it becomes the initial value of the sums, and the
sums by 1 / gain afterwards; both are float32 multiplications outside the array. In hardware the second one is part of
a layer's output scale. Folding gains into scales is bitline's, not the paper's.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from flow.daism.arithmetic import REFERENCE, VARIANTS, Arithmetic, arithmetic
from flow.daism.network import (
    Floats,
    Layer,
    Network,
    correct_digits,
    image_words,
    layer_sums,
    load,
    logits,
    run,
    run_layer,
)
from flow.daism.sources import code
from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from flow.results import read_entry, write_entry
from gen.cache import content_key
from sim_models.arith.checking import IntArray, require_choice, require_integer
from sim_models.daism import accumulator_values, output_gain, signal_error, to_words
from sim_models.daism.parameters import KEPT_COLUMNS

CALIBRATION_IMAGES = 256
_CACHE = "daism_accuracy"


@dataclass(frozen=True, kw_only=True)
class AccuracyRow:
    """One arithmetic on the test images. ``arithmetic`` is a name, of a ``variant`` and its ``columns``.

    ``correct``, ``corrected``: images, of ``images``, with the right digit, without and with the gains corrected.
    ``error``, ``corrected_error``: root mean square distance of the logits from those of `REFERENCE`, over that of
    those. ``snr_db``: of the uncorrected logits after their best gain, infinite ones None. ``gains``: of the layers.
    """

    arithmetic: str
    variant: str
    columns: str
    correct: int
    corrected: int
    error: float
    corrected_error: float
    snr_db: float | None
    gains: tuple[float, ...]
    images: int


def measured_gains(network: Network, pixels: ArrayLike, chosen: Arithmetic) -> tuple[float, ...]:
    """Gain of each layer on ``pixels`` (images, 8, 8) of 0..16.

    Raises ValueError for other pixels, and for a layer with a gain of 0 or less, which nothing can correct.
    """
    inputs = image_words(pixels, chosen)
    gains: list[float] = []
    for layer in network:
        gains.append(_layer_gain(layer, inputs, chosen))
        inputs = to_words(run_layer(layer, inputs, chosen, gains[-1]).values, chosen.parameters)
    return tuple(gains)


def _layer_gain(layer: Layer, inputs: IntArray, chosen: Arithmetic) -> float:
    bare = replace(layer, bias=np.zeros_like(layer.bias))
    found, exact = (accumulator_values(layer_sums(bare, inputs, each)).reshape(-1, 1) for each in (chosen, REFERENCE))
    gain = float(output_gain(found, exact)[0])
    if gain <= 0:
        raise ValueError(f"the gain of {layer.shape.name} must be above 0, not {gain:g}")
    return gain


def accuracy_table(
    variants: Sequence[str] = VARIANTS,
    columns: Sequence[str] = KEPT_COLUMNS,
    *,
    network: Network | None = None,
    images: int | None = None,
) -> tuple[AccuracyRow, ...]:
    """`REFERENCE` and then every variant with every choice of columns, each kept in the cache by what it depends on.

    ``network`` None: the trained weights. ``images``: the first of the test half, all 899 if None. Raises ValueError
    for unknown variants and columns and a number of images that there are not.
    """
    for variant in variants:
        require_choice("variant", variant, VARIANTS)
    for kept in columns:
        require_choice("columns", kept, KEPT_COLUMNS)
    digits = load_digits()
    count = len(digits.test_labels) if images is None else images
    require_integer("images", count, 1, len(digits.test_labels))
    tested = replace(digits, test_images=digits.test_images[:count], test_labels=digits.test_labels[:count])
    layers = load() if network is None else network
    chosen = [REFERENCE, *(arithmetic(variant, kept) for variant in variants for kept in columns)]
    rows: list[AccuracyRow] = []
    reference: Floats | None = None
    for each in chosen:
        key = _key(layers, count, each)
        row = _cached_row(key)
        if row is None:
            reference = logits(run(layers, tested.test_images, REFERENCE)) if reference is None else reference
            row = _measured_row(layers, tested, each, reference)
            write_entry(_CACHE, key, asdict(row))
        rows.append(row)
    return tuple(rows)


def _key(network: Network, images: int, chosen: Arithmetic) -> str:
    weights = [array.tobytes() for layer in network for array in (layer.weights, layer.bias)]
    return content_key(asdict(chosen), images, *weights, *code(Path(__file__)))


def _cached_row(key: str) -> AccuracyRow | None:
    entry = read_entry(_CACHE, key)
    return None if entry is None else AccuracyRow(**{**entry[0], "gains": tuple(entry[0]["gains"])})


def _measured_row(network: Network, digits: Digits, chosen: Arithmetic, reference: Floats) -> AccuracyRow:
    gains = measured_gains(network, digits.train_images[:CALIBRATION_IMAGES], chosen)
    plain, corrected = (logits(run(network, digits.test_images, chosen, each)) for each in (None, gains))
    snr = signal_error(plain, reference).snr_db
    return AccuracyRow(
        arithmetic=chosen.name,
        variant=chosen.variant,
        columns=chosen.parameters.kept_columns,
        correct=correct_digits(plain, digits.test_labels),
        corrected=correct_digits(corrected, digits.test_labels),
        error=_distance(plain, reference),
        corrected_error=_distance(corrected, reference),
        snr_db=snr if np.isfinite(snr) else None,
        gains=gains,
        images=len(digits.test_labels),
    )


def _distance(scores: Floats, reference: Floats) -> float:
    exact = reference.astype(np.float64)
    return float(np.sqrt(((scores - exact) ** 2).mean() / (exact**2).mean()))
