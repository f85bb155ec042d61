"""The count back ends of the digits network against their definitions, and how far they agree under analog noise."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flow.digits import backends, data, mapping, network
from flow.digits.mapping import Counts, LayerRun, MappedLayer, MappedNetwork
from sim_models.nmpu import AimcColumnParameters, LdpuParameters, NmpuParameters

Runs = dict[str, tuple[LayerRun, ...]]


@pytest.fixture(scope="module")
def digits() -> data.Digits:
    return data.load()


@pytest.fixture(scope="module")
def mapped(digits: data.Digits) -> MappedNetwork:
    return mapping.map_network(network.load(), digits.train_images, AimcColumnParameters(seed=0))


@pytest.fixture(scope="module")
def runs(digits: data.Digits, mapped: MappedNetwork) -> Runs:
    kinds = (backends.real, backends.fp16, backends.nmpu)
    return {kind.__name__: mapping.run_mapped(mapped, digits.test_images, kind) for kind in kinds}


def test_back_ends_meet_the_same_noise_and_another_reading_meets_another(
    digits: data.Digits, mapped: MappedNetwork, runs: Runs
) -> None:
    for name in ("fp16", "nmpu"):
        assert (runs[name][0].counts_positive == runs["real"][0].counts_positive).all()
        assert (runs[name][0].counts_negative == runs["real"][0].counts_negative).all()
    again = mapping.run_mapped(mapped, digits.test_images, backends.nmpu)
    assert all((a.activations == b.activations).all() for a, b in zip(again, runs["nmpu"], strict=True))
    other = mapping.run_mapped(mapped, digits.test_images, backends.nmpu, reading=2)
    assert (other[0].counts_positive != again[0].counts_positive).mean() > 0.5


def test_an_outside_back_end_drives_the_network(digits: data.Digits, mapped: MappedNetwork, runs: Runs) -> None:
    seen: list[tuple[str, tuple[int, ...]]] = []

    def outside(layer: MappedLayer, positive: Counts, negative: Counts) -> NDArray[np.int8]:
        seen.append((layer.layer.geometry.name, positive.shape))
        return backends.nmpu(layer, positive, negative)

    result = mapping.run_mapped(mapped, digits.test_images, outside)
    assert seen == [("conv1", (57536, 16)), ("conv2", (14384, 32)), ("conv3", (3596, 64)), ("logits", (899, 10))]
    assert all((a.activations == b.activations).all() for a, b in zip(result, runs["nmpu"], strict=True))


def by_definition(layer: MappedLayer, positive: Counts, negative: Counts) -> list[list[int]]:
    """The fixed-point formula in Python integers, the words with the default formats rounded by Python."""
    scales = layer.scales
    shift = max(s for s in range(4) if max(*scales.scale_positive, *scales.scale_negative) * 2**s <= 255 / 128)
    words = [
        [round(float(value) * 2**exponent) for value in values]
        for values, exponent in (
            (scales.scale_positive, 7 + shift),
            (scales.scale_negative, 7 + shift),
            (scales.offset, 1),
        )
    ]
    fraction, lowest = 2 + shift, 0 if layer.relu else -128
    return [
        [
            min(
                127,
                max(
                    lowest, ((p * sp >> 5) - (n * sn >> 5) + (off << (fraction - 1)) + 2 ** (fraction - 1)) >> fraction
                ),
            )
            for p, n, sp, sn, off in zip(*counts, *words, strict=True)
        ]
        for counts in zip(positive.tolist(), negative.tolist(), strict=True)
    ]


def by_numpy_halves(layer: MappedLayer, positive: Counts, negative: Counts) -> NDArray[np.int64]:
    """Every step rounded by numpy's half precision."""
    half, scales = np.float16, layer.scales
    scaled = positive.astype(half) * scales.scale_positive.astype(half)
    corrected = scaled - negative.astype(half) * scales.scale_negative.astype(half) + scales.offset.astype(half)
    return np.clip(np.rint(corrected.astype(np.float64)), 0 if layer.relu else -128, 127).astype(np.int64)


@pytest.mark.parametrize("reference", [by_definition, by_numpy_halves])
def test_digital_back_ends_equal_their_definition_on_the_counts_of_every_layer(
    reference: Callable[[MappedLayer, Counts, Counts], Any], runs: Runs
) -> None:
    name = "nmpu" if reference is by_definition else "fp16"
    for run in runs[name]:
        some = slice(0, None, max(1, len(run.counts_positive) // 400))
        activations = run.activations.reshape(run.counts_positive.shape)[some]
        expected = reference(run.mapped, run.counts_positive[some], run.counts_negative[some])
        assert activations.tolist() == np.asarray(expected).tolist()


def test_number_formats_can_be_exchanged(runs: Runs) -> None:
    run = runs["real"][2]
    counts = run.mapped, run.counts_positive, run.counts_negative
    reference = backends.real(*counts).astype(int)

    def error(parameters: NmpuParameters) -> float:
        return float(np.abs(partial(backends.nmpu, parameters=parameters)(*counts) - reference).mean())

    coarse, default, fine = (NmpuParameters(scale_fraction_bits=bits, pre_cut_bits=0) for bits in (5, 7, 9))
    assert error(coarse) > 2 * error(default) > 2 * error(fine) > 0
    fused = backends.fp16(*counts, LdpuParameters(arithmetic="fused"))
    assert np.abs(fused - reference).max() == 1


@pytest.mark.parametrize(("name", "correct", "as_real"), [("real", 877, 899), ("fp16", 877, 898), ("nmpu", 878, 898)])
def test_correct_images_under_analog_noise(
    name: str, correct: int, as_real: int, digits: data.Digits, runs: Runs
) -> None:
    predicted = network.predicted_digits(runs[name][-1].activations)
    reference = network.predicted_digits(runs["real"][-1].activations)
    assert int((predicted == digits.test_labels).sum()) == correct
    assert int((predicted == reference).sum()) == as_real


def test_digital_back_ends_stay_within_one_step_on_the_same_counts(runs: Runs) -> None:
    for run in runs["real"]:
        reference = run.activations.reshape(run.counts_positive.shape).astype(int)
        for backend in (backends.fp16, backends.nmpu):
            error = backend(run.mapped, run.counts_positive, run.counts_negative) - reference
            assert np.abs(error).max() == 1
            assert np.abs(error).mean() < 0.25


def test_more_than_8_output_bits_are_refused(runs: Runs) -> None:
    run = runs["real"][3]
    with pytest.raises(ValueError, match="output_bits must be at most 8 for int8 activations, not 9"):
        backends.nmpu(run.mapped, run.counts_positive, run.counts_negative, NmpuParameters(output_bits=9))
