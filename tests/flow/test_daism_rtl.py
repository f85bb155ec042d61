"""The digits through the Verilog of the accelerator: every layer bit for bit, what differs is noticed, the cache."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from flow.daism import rtl as digits_rtl
from flow.daism.arithmetic import Arithmetic
from flow.daism.hardware import layers_for_hardware
from flow.daism.inference import accuracy_table
from flow.daism.network import load
from flow.daism.rtl import ACCELERATOR, SimulatedDigits, compared, simulate_images, simulated_digits, text_lines
from flow.digits.data import load as load_digits
from gen.catalog import find
from gen.rtl import Rtl
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape, layer_places, layer_slicing
from verif.daism_network import NetworkLayer, run_layers

# Passes, both slicings, sums across banks, weights that stay and others that are loaded for each piece.
SMALL = AcceleratorParameters(rows=576, columns=64, banks=3, activation_words=2048, sum_words=512)
SUMS = 16 * 64 + 32 * 16 + 64 * 4 + 10
"""Of one image."""


@pytest.fixture(scope="module")
def rtl() -> Rtl:
    return find("daism").elaborate(SMALL)


def simulated(rtl: Rtl, parameters: AcceleratorParameters, images: int) -> SimulatedDigits:
    digits = load_digits()
    return simulate_images(rtl, parameters, load(), digits.test_images[:images], digits.test_labels[:images])


def test_every_layer_is_the_golden_models_bit_for_bit_in_the_cycles_of_the_formula(rtl: Rtl) -> None:
    found = simulated(rtl, SMALL, 80)  # more than go through a layer at once
    assert found.identical
    assert [layer.name for layer in found.layers] == ["conv1", "conv2", "conv3", "logits"]
    assert sum(layer.sums for layer in found.layers) == 80 * SUMS
    assert sum(layer.products for layer in found.layers) == 80 * 118_272
    assert found.correct == found.golden_correct >= 72
    for layer in found.layers:
        assert layer.differences == 0
        assert layer.cycles == layer.expected_cycles > layer.accesses // SMALL.banks
        assert (layer.accesses + layer.skipped) * SMALL.lanes >= layer.products
        assert layer.pieces >= 2
    lines = text_lines(found)
    assert lines[0].endswith("3 banks of 576 x 64, pc3 truncated, 24 lanes")
    assert f"80 images: {found.correct} correct by the Verilog, {found.correct} by the golden" in "\n".join(lines)
    assert lines[-1].endswith("identical: yes")


def test_the_small_accelerator_runs_layers_of_both_slicings_and_of_several_passes() -> None:
    shapes = [LayerShape(images=1, channels=c, outputs=o) for c, o in ((9, 16), (144, 32), (128, 64), (256, 10))]
    assert {layer_slicing(shape, SMALL) for shape in shapes} == {"index", "channel"}
    assert {layer_places(shape, SMALL) > SMALL.groups for shape in shapes} == {True, False}


def test_hardware_of_another_rounding_is_found_out(rtl: Rtl) -> None:
    found = simulated(rtl, replace(SMALL, accumulator_rounding="rne"), 3)
    shares = [layer.differences / layer.sums for layer in found.layers]
    assert min(shares) > 0
    assert shares[-1] > 0.25
    assert not found.identical
    assert text_lines(found)[-1].endswith("identical: no")


def test_one_wrong_bit_is_one_difference(rtl: Rtl) -> None:
    images = load_digits().test_images[:2]
    layer = layers_for_hardware(load(), images, Arithmetic(parameters=SMALL))[0]
    weights = layer.weights.astype(np.int64)
    run = run_layers(rtl, SMALL, [NetworkLayer(weights=weights, bias=layer.bias, padding=1)], layer.inputs)[0]
    assert compared(layer, run, SMALL).differences == 0
    sums = layer.sums.copy()
    sums[1, 3, 2, 5] ^= 1
    assert compared(replace(layer, sums=sums), run, SMALL).differences == 1
    counted = replace(run, counters=replace(run.counters, skipped=run.counters.skipped + 1))
    assert (compared(layer, run, SMALL).counters_agree, compared(layer, counted, SMALL).counters_agree) == (True, False)


def test_a_result_is_kept_until_something_else_is_asked_for(
    rtl: Rtl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = simulated(rtl, SMALL, 2)
    made: list[int] = []

    def measured(*arguments: object) -> SimulatedDigits:
        made.append(len(made))
        return found

    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(digits_rtl, "simulate_images", measured)
    monkeypatch.setattr(digits_rtl, "find", lambda name: SimpleNamespace(elaborate=lambda parameters: rtl))
    assert simulated_digits(SMALL, images=2) == simulated_digits(SMALL, images=2) == found
    assert len(made) == 1
    simulated_digits(SMALL, images=3)
    assert len(made) == 2


def test_what_cannot_run_is_refused(rtl: Rtl) -> None:
    with pytest.raises(ValueError, match="images must be between 1 and 899, not 0"):
        simulated_digits(SMALL, images=0)
    with pytest.raises(ValueError, match="accumulator must be"):
        simulated(rtl, replace(SMALL, accumulator="bf16"), 1)


@pytest.mark.slow
def test_all_images_run_on_an_accelerator_of_a_published_size() -> None:
    digits = load_digits()
    rtl = find("daism").elaborate(ACCELERATOR)
    found = simulate_images(rtl, ACCELERATOR, load(), digits.test_images, digits.test_labels)
    assert (found.images, found.lanes, found.identical) == (899, 512, True)
    assert sum(layer.sums for layer in found.layers) == 899 * SUMS
    # The table is of more lanes and as many banks, whose order of summation is the same here.
    assert found.correct == accuracy_table(("pc3",), ("truncated",))[-1].correct
