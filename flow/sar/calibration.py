"""Calibrate the converters of the digits network: per-layer search, then a greedy choice under an accuracy limit.

Histograms come from some images of the training half, the accuracy limit is checked on its other images, and the test
half is looked at once, at the end. The network itself was trained on the whole training half, so that a drop on
held-out images is an optimistic figure; the one on the test half is not.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.digits.data import Digits
from flow.digits.data import load as load_digits
from flow.digits.network import branch_sums
from flow.sar.arrays import Activations, Integers, LayerArrays
from flow.sar.converters import convert_layer
from flow.sar.evaluation import Configurations, Evaluation, layer_inputs, map_network
from flow.sar.greedy import Ladder, Ladders, Rung, State, reduce, relax
from flow.sar.result import LayerResult, NetworkCalibration, Request, Score
from flow.sar.statistics import LayerStatistics, layer_statistics, slice_weights
from sim_models.sar import (
    Converter,
    best_clipped,
    calibrate,
    csnr_db,
    equal_operations,
)

STEPS = (0.0, 1e-3, 3e-3, 1e-2, 3e-2)
"""Limits of the error of a layer, from one rung of its ladder to the next."""

Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layer:
    """A layer, its vectors on the calibration images, what they count, and what a squared error weighs by slice."""

    arrays: LayerArrays
    inputs: Activations
    statistics: LayerStatistics
    weights: Integers

    @property
    def weighted(self) -> Integers:
        """The histogram with each slice at its weight: (2^bits,)."""
        return (self.statistics.by_slice * self.weights[..., np.newaxis]).sum(axis=(0, 1))


def calibrate_network(request: Request, step: Step) -> NetworkCalibration:
    """Calibrate; ``step`` is called with the name of each step as it begins."""
    step("reading digits, counting bit lines")
    digits, arrays = load_digits(), map_network(request.arrays)
    chosen, others = split(digits, request.images)
    layers = _count(arrays, digits.train_images[chosen], request)
    seen = Evaluation(arrays, digits.train_images[chosen], digits.train_labels[chosen])
    held_out = Evaluation(arrays, digits.train_images[others], digits.train_labels[others])
    states = _choose(layers, seen, held_out, request, step)
    step("classifying the test half")
    test = Evaluation(arrays, digits.test_images, digits.test_labels)
    rate = _rate(test, *states["twin_range"])
    return NetworkCalibration(
        request=request,
        layers=_layer_results(layers, states, request.bits),
        images={"calibration": len(chosen), "held_out": held_out.images, "test": test.images},
        exact_correct={"held_out": held_out.exact_correct, "test": test.exact_correct},
        held_out={name: _score(held_out, *state) for name, state in states.items()},
        test={name: _score(test, *state) for name, state in states.items()},
        rate=rate,
    )


def split(digits: Digits, images: int) -> tuple[Integers, Integers]:
    """Places in the training half of the ``images`` for histograms, evenly spread, and of the held-out others."""
    chosen = np.linspace(0, len(digits.train_images) - 1, images).astype(np.int64)
    return chosen, np.setdiff1d(np.arange(len(digits.train_images)), chosen)


def _count(arrays: Sequence[LayerArrays], images: NDArray[np.uint8], request: Request) -> list[_Layer]:
    found = []
    for each, inputs in zip(arrays, layer_inputs(tuple(each.layer for each in arrays), images), strict=True):
        weights = slice_weights(each)
        found.append(
            _Layer(
                arrays=each,
                inputs=inputs,
                statistics=layer_statistics(each, inputs, request.bits),
                weights=weights if request.slice_aware else np.ones_like(weights),
            )
        )
    return found


def _choose(
    layers: Sequence[_Layer], seen: Evaluation, held_out: Evaluation, request: Request, step: Step
) -> dict[str, tuple[Ladders, State]]:
    """Where each of the networks that `NetworkCalibration` names stands on its ladders."""
    allowed = held_out.exact_correct - request.max_drop / 100 * held_out.images

    def within_limit(configurations: Configurations) -> bool:
        return held_out.run(configurations).correct >= allowed

    conversions = [each.statistics.conversions for each in layers]
    step("choosing twin ranges")
    twin_range = Ladders([_ladder(each, request.bits) for each in layers], conversions, seen)
    state = relax(twin_range, within_limit)
    step("choosing clipped converters")
    clipped = Ladders([_clipped_ladder(each, request.bits) for each in layers], conversions, seen)
    return {
        "lossless": (twin_range, (0,) * len(layers)),
        "twin_range": (twin_range, state.state),
        "clipped": (clipped, reduce(clipped, twin_range.operations(state.state)).state),
        "clipped_limit": (clipped, relax(clipped, within_limit).state),
    }


def _ladder(layer: _Layer, bits: int) -> Ladder:
    """Configurations of fewer and fewer comparisons, each the best for one of `STEPS`."""
    rungs: list[Rung] = []
    for limit in STEPS:
        found = calibrate(layer.statistics.by_slice, bits=bits, max_nmse=limit, weights=layer.weights)
        if not rungs or found.operations < rungs[-1].operations:
            rungs.append(Rung(configuration=found.parameters, operations=found.operations, nmse=found.nmse, step=limit))
    return tuple(rungs)


def _clipped_ladder(layer: _Layer, bits: int) -> Ladder:
    """From the fewest bits that lose no count seen, down to one."""
    rungs: list[Rung] = []
    for kept in range(1, bits + 1):
        found, error = best_clipped(layer.weighted, bits, kept)
        rungs.insert(0, Rung(configuration=found, operations=kept, nmse=error, step=kept))
        if error == 0:
            break
    return tuple(rungs)


def _layer_results(
    layers: Sequence[_Layer], states: Mapping[str, tuple[Ladders, State]], bits: int
) -> tuple[LayerResult, ...]:
    rungs = [
        ladders.rungs(state) for ladders, state in (states[name] for name in ("lossless", "twin_range", "clipped"))
    ]
    return tuple(
        LayerResult(
            arrays=layer.arrays,
            statistics=layer.statistics,
            lossless=lossless,
            chosen=chosen,
            clipped=clipped,
            csnr=_csnr(layer, chosen.configuration),
            clipped_csnr=_csnr(layer, clipped.configuration),
            equal=equal_operations(layer.weighted, bits, chosen.operations),
            bits_needed=max(1, layer.statistics.largest.bit_length()),
        )
        for layer, lossless, chosen, clipped in zip(layers, *rungs, strict=True)
    )


def _csnr(layer: _Layer, configuration: Converter) -> float:
    """Of the layer's dot products, in dB."""
    positive, negative = branch_sums(layer.arrays.layer, layer.inputs)
    converted = convert_layer(layer.arrays, layer.inputs, configuration)
    return csnr_db(positive - negative, converted.positive - converted.negative)


def _rate(evaluation: Evaluation, ladders: Ladders, state: State) -> float:
    """Conversions per second of a run that nothing is known of yet."""
    start = time.perf_counter()
    tally = evaluation.run(ladders.configurations(state)).tally
    return tally.conversions / (time.perf_counter() - start)


def _score(evaluation: Evaluation, ladders: Ladders, state: State) -> Score:
    outcome = evaluation.run(ladders.configurations(state))
    return Score(correct=outcome.correct, tally=outcome.tally, loss=outcome.loss)
