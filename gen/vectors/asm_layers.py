"""Layers for the near-memory unit: random operands of given shapes, and what they must give."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_models.asm import supported_inputs, supported_values
from sim_models.asm.near_memory import NearMemoryParameters, Requantization, fits, layer_sums
from sim_models.asm.requantize import SCALE_BITS, maximum_shift, offset_bits
from sim_models.daism.accelerator import LayerShape, matrix_shape

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerWork:
    """A layer with its data.

    ``inputs``: values (images, channels, height, width); ``weights``: signed (outputs, channels, kernel height, kernel
    width), of ``alphabets`` if those are fewer than the unit's, one set or one per output.
    """

    shape: LayerShape
    inputs: Integers
    weights: Integers
    requantization: Requantization
    alphabets: tuple[int, ...] | tuple[tuple[int, ...], ...] | None = None

    def results(self, parameters: NearMemoryParameters) -> Integers:
        """The golden results, (positions, outputs): inputs of the next layer, or affine sums."""
        sums = layer_sums(self.inputs, self.weights, self.shape, self._golden(parameters))
        return self.requantization.results(sums, parameters)

    def _golden(self, p: NearMemoryParameters) -> NearMemoryParameters | list[NearMemoryParameters]:
        if self.alphabets is None:
            return p
        one = isinstance(self.alphabets[0], int)
        sets = (self.alphabets,) * self.shape.outputs if one else self.alphabets
        return [_with_set(p, each) for each in sets]


def _with_set(p: NearMemoryParameters, alphabets: Any) -> NearMemoryParameters:
    return replace(p, alphabets=alphabets)


def random_layer(
    shape: LayerShape,
    parameters: NearMemoryParameters,
    seed: int,
    *,
    rounded: bool = True,
    alphabets: tuple[int, ...] | tuple[tuple[int, ...], ...] | None = None,
) -> LayerWork:
    """``shape`` with random operands, a fifth of them zero, and a requantization that uses the range of results."""
    p, random = parameters, np.random.default_rng(seed)
    inputs = _signed(random, supported_inputs(p), (shape.images, shape.channels, *shape.size), p.input_signed)
    size = (shape.channels, *shape.kernel)
    one = alphabets is None or isinstance(alphabets[0], int)
    sets: Any = [alphabets or p.alphabets] * shape.outputs if one else alphabets
    weights = np.stack([_signed(random, supported_values(_with_set(p, each)), size, True) for each in sets])
    work = LayerWork(shape=shape, inputs=inputs, weights=weights, requantization=Requantization(), alphabets=alphabets)
    sums = layer_sums(inputs, weights, shape, p)
    return replace(work, requantization=_requantization(random, sums, p, rounded))


def _signed(random: np.random.Generator, magnitudes: Integers, shape: tuple[int, ...], signed: bool) -> Integers:
    drawn = random.choice(magnitudes, shape) * (random.random(shape) < 0.8)
    return drawn * random.choice((-1, 1), shape) if signed else drawn


def _requantization(
    random: np.random.Generator, sums: Integers, p: NearMemoryParameters, rounded: bool
) -> Requantization:
    """Shifts that bring most results within the range of inputs, some beyond; offsets of the size of the sums."""
    outputs = sums.shape[1]
    scale = random.integers(1, 1 << SCALE_BITS, outputs)
    spread = np.abs(sums).max(axis=0) * scale + 1
    shift = np.log2(spread).astype(np.int64) + 1 - p.input_bits + random.integers(-1, 3, outputs)
    limit = 1 << offset_bits(p) - 1
    offset = random.integers(-spread, spread, outputs)
    return Requantization(
        scale=scale,
        offset=np.clip(offset, -limit, limit - 1),
        shift=np.clip(shift, 0, maximum_shift(p)),
        relu=bool(random.random() < 0.5),
        rounded=rounded,
    )


def random_layers(shapes: Sequence[LayerShape], parameters: NearMemoryParameters, seed: int) -> list[LayerWork]:
    """A `random_layer` of each shape, every third one not rounded, and one with other sets where the unit's allow it.

    One whose weights are there already has those of the layer before, and its words of requantization.
    """
    works: list[LayerWork] = []
    for place, shape in enumerate(shapes):
        sets = None if place % 4 else smaller_sets(parameters, shape.outputs)
        work = random_layer(shape, parameters, seed + place, rounded=place % 3 < 2, alphabets=sets)
        works.append(_again(works[-1], work) if shape.loaded else work)
    return works


def _again(before: LayerWork, work: LayerWork) -> LayerWork:
    after = replace(before.requantization, relu=work.requantization.relu)
    return replace(work, weights=before.weights, requantization=after, alphabets=before.alphabets)


def smaller_sets(p: NearMemoryParameters, outputs: int) -> tuple[tuple[int, ...], ...] | None:
    """Sets of each output, within the unit's: {1}, {1,3}, .., over and over.

    None for a unit of {1}, and for encoded inputs, which the smaller sets do not support.
    """
    within = [p.alphabets[:count] for count in range(1, len(p.alphabets) + 1)]
    if len(within) == 1 or p.encode_inputs:
        return None
    return tuple(within[place % len(within)] for place in range(outputs))


def bench_shapes(parameters: NearMemoryParameters) -> list[LayerShape]:
    """Matrix products and convolutions with stride and padding, of one and of more blocks, and weights that stay.

    Raises ValueError if the buffers are too small for most of them.
    """
    p = parameters
    lanes = p.lanes
    window = LayerShape(images=1, channels=2, outputs=lanes, height=4, width=5)
    shapes = [
        matrix_shape(1, 1, 1),
        matrix_shape(1, 12, lanes + 1),
        matrix_shape(5, 7, lanes),
        matrix_shape(3, 2, 2 * lanes + 1),
        replace(window, kernel_height=3, kernel_width=2, padding=1),
        replace(window, images=2, channels=1, outputs=lanes + 2, kernel_height=2, kernel_width=3, stride=2),
        replace(window, outputs=1, kernel_height=3, kernel_width=3, stride=3, padding=2),
    ]
    shapes += [replace(shapes[2], images=4, loaded=True), matrix_shape(1, min(p.rows, p.reduction_length, 40), 1)]
    order = [0, 1, 2, 7, 3, 4, 5, 6, 8]
    found = [shapes[place] for place in order if fits(shapes[place], p)]
    if len(found) < 5 or not fits(shapes[2], p):
        raise ValueError(f"rows must be more than {p.rows} for the layers of a bench, or activation_words")
    return found
