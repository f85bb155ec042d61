"""The digits through the Verilog of the units: every layer bit for bit, what differs is noticed, the cache."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from flow.asm import rtl as digits_rtl
from flow.asm.exported import ExportedNetwork
from flow.asm.hardware import IN_MEMORY, NEAR_MEMORY, SINGLE_ROW, UNITS, UnitParameters, run_network, unit_parameters
from flow.asm.inference import infer, input_words, layer_rows
from flow.asm.rtl import RUNS, SimulatedNetwork, compared, simulate_images, simulated_digits, text_lines
from flow.asm.storage import NAMES, load
from flow.digits.data import load as load_digits
from gen.catalog import find
from gen.rtl import Rtl
from sim_models.asm import supported_values

# Small ones: layers in pieces near memory, of outputs and of images; reductions in several passes in memory.
SMALL = {
    NEAR_MEMORY: {"lanes": 8, "columns": 64, "rows": 512, "activation_words": 2048, "position_limit": 128},
    IN_MEMORY: {"rows": 64, "columns": 128},
    SINGLE_ROW: {"rows": 64, "columns": 128},
}
WORDS = 16 * 64 + 32 * 16 + 64 * 4 + 10
"""Results of the convolutional network for one image."""
PICKED = ((NEAR_MEMORY, "cnn.8.1-3"), (NEAR_MEMORY, "cnn.4.1+1-3-5-7"), (IN_MEMORY, "cnn.4.1-3"))


@cache
def small(unit: str, name: str) -> tuple[ExportedNetwork, UnitParameters, Rtl]:
    network = load(name)
    p = replace(unit_parameters(unit, network), **SMALL[unit])  # type: ignore[arg-type]  # fields of both kinds
    return network, p, find(unit).elaborate(p)


def simulated(unit: str, name: str, images: int) -> SimulatedNetwork:
    network, p, rtl = small(unit, name)
    digits = load_digits()
    return simulate_images(unit, rtl, p, network, digits.test_images[:images], digits.test_labels[:images])


@pytest.mark.parametrize(("unit", "name"), PICKED)
def test_every_layer_is_the_golden_models_bit_for_bit_in_the_cycles_of_the_formula(
    unit: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digits_rtl, "_AT_ONCE", 3)  # more images than go through the layers at once
    found = simulated(unit, name, 7)
    assert found.identical
    assert [layer.name for layer in found.layers] == ["conv1", "conv2", "conv3", "logits"]
    assert sum(layer.words for layer in found.layers) == 7 * WORDS
    assert found.correct == found.golden_correct == 7
    for layer in found.layers:
        assert layer.differences == 0
        assert layer.cycles == layer.expected_cycles > layer.words // found.lanes
        assert layer.pieces >= 3
    lines = text_lines([found])
    cycles = str(sum(layer.cycles for layer in found.layers))
    assert lines[2].split() == [unit, name, str(found.lanes), str(7 * WORDS), "0", cycles, cycles, "7", "7"]
    assert lines[-1].endswith("identical: yes")


def test_cycles_near_memory_by_hand() -> None:
    """The perceptron's layers fit: 64 rows for each block of 8 outputs, then 64 cycles a block and image."""
    found = simulated(NEAR_MEMORY, "mlp.4.1", 5)
    assert found.identical
    for layer, blocks in zip(found.layers, (8, 2), strict=True):
        # 80 transfers of four inputs come meanwhile; 4 lanes of a bank drain; 6 for control
        assert layer.cycles == max(64 * blocks, 80) + 5 * 64 * blocks + 4 + 6


def test_cycles_in_memory_by_hand() -> None:
    """Each non-zero quartet of a weight takes a READ and an addition for every group of positions; no more than three
    cycles an input to load it, four an output to clear and drain its sum, and transfers of eight zeros beside that."""
    found = simulated(IN_MEMORY, "cnn.4.1-3", 2)
    network, p, _ = small(IN_MEMORY, "cnn.4.1-3")
    for layer, run in zip(network.layers, found.layers, strict=True):
        groups = -(-2 * layer.shape.output_edge**2 // p.positions_together)
        at_least = 2 * groups * int(np.count_nonzero(layer.weights))
        passes = -(-layer.length // p.inputs_per_pass)
        others = groups * (5 * layer.length + 4 * passes * layer.shape.outputs + layer.weights.size // 8 + 1) + 2
        assert at_least < run.cycles <= at_least + others


@pytest.mark.parametrize("place", [0, 2, 3])
@pytest.mark.parametrize(("unit", "name"), PICKED[1:])
def test_a_changed_weight_is_found_out(unit: str, name: str, place: int) -> None:
    network, p, rtl = small(unit, name)
    images = load_digits().test_images[:2]
    changed = network.layers[place].weights.copy()
    driven = layer_rows(network.layers[place], infer(network, images)[place].inputs).any(axis=0)
    row, column = np.argwhere((changed == 0) & driven[:, None])[0]
    changed[row, column] = supported_values(network.layers[place].parameters[0])[-1]
    layers = list(network.layers)
    layers[place] = replace(layers[place], weights=changed)
    other = infer(ExportedNetwork(name="other", layers=tuple(layers), input_gain=network.input_gain), images)
    made = run_network(rtl, p, network, input_words(network, images))
    differences = [compared("layer", *each, p).differences for each in zip(made, other, strict=True)]
    assert not any(differences[:place])
    assert differences[place] > 0
    assert made[place].cycles == made[place].expected_cycles


def test_one_wrong_bit_and_one_cycle_are_differences() -> None:
    network, p, rtl = small(*PICKED[0])
    images = load_digits().test_images[:2]
    made = run_network(rtl, p, network, input_words(network, images))
    golden = infer(network, images)[1]
    assert compared("conv2", made[1], golden, p).differences == 0
    outputs = golden.outputs.copy()
    outputs[1, 3, 2, 1] ^= 1
    assert compared("conv2", made[1], replace(golden, outputs=outputs), p).differences == 1
    right = SimulatedNetwork(
        unit=NEAR_MEMORY, network="cnn", lanes=8, images=2, correct=2, golden_correct=2, seconds=1.0,
        layers=(compared("conv2", made[1], golden, p),),
    )  # fmt: skip
    assert right.identical
    (layer,) = right.layers
    for wrong in (replace(layer, cycles=layer.cycles + 1), replace(layer, differences=1)):
        assert not replace(right, layers=(wrong,)).identical
        assert text_lines([right, replace(right, layers=(wrong,))])[-1].endswith("identical: no")
    assert not replace(right, correct=1).identical


def test_a_result_is_kept_until_something_else_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = simulated(*PICKED[0], 2)
    made: list[str] = []

    def measured(unit: str, rtl: Rtl, p: object, network: ExportedNetwork, *images: object) -> SimulatedNetwork:
        made.append(network.name)
        return found

    rtl = small(*PICKED[0])[2]
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    monkeypatch.setattr(digits_rtl, "simulate_images", measured)
    monkeypatch.setattr(digits_rtl, "find", lambda name: SimpleNamespace(elaborate=lambda parameters: rtl))
    said: list[str] = []
    runs = [(NEAR_MEMORY, "mlp.4.1"), (NEAR_MEMORY, "mlp.4.1-3")]
    for _ in range(2):
        assert simulated_digits(runs, images=2, step=said.append) == (found, found)
    assert made == ["mlp.4.1", "mlp.4.1-3"]
    assert said[1] == "mlp.4.1-3 on asm_near_memory, 2 images"
    simulated_digits(runs[:1], images=3)
    assert len(made) == 3


def test_reported_runs_have_both_widths_and_all_units() -> None:
    assert {unit for unit, _ in RUNS} == set(UNITS)
    assert {name for _, name in RUNS} <= set(NAMES)
    for unit in (NEAR_MEMORY, IN_MEMORY):
        assert {(unit, f"cnn.{bits}.{sets}") for bits in (4, 8) for sets in ("1", "1-3")} <= set(RUNS)


def test_what_cannot_run_is_refused() -> None:
    for images in (0, 900):
        with pytest.raises(ValueError, match=f"^images must be between 1 and 899, not {images}$"):
            simulated_digits(images=images)
    with pytest.raises(ValueError, match=r"^unit must be one of 'asm_near_memory', .*, not 'asm_mac'$"):
        simulated_digits([("asm_mac", "mlp.4.1")], images=1)
    with pytest.raises(ValueError, match=r"^name must be one of 'mlp\.4\.1', "):
        simulated_digits([(NEAR_MEMORY, "mlp.5.1")], images=1)
    with pytest.raises(ValueError, match=r"^alphabets must be \(1,\) or \(1, 3\) with placement 'in_memory'"):
        simulated_digits([(IN_MEMORY, "mlp.4.1+1-3-5-7")], images=1)


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "name"), RUNS)
def test_all_images_run_on_every_unit(unit: str, name: str) -> None:
    network, digits = load(name), load_digits()
    p = unit_parameters(unit, network)
    rtl = find(unit).elaborate(p)
    found = simulate_images(unit, rtl, p, network, digits.test_images, digits.test_labels)
    assert found.identical
    assert (found.images, sum(layer.words for layer in found.layers)) == (899, 899 * WORDS)
    assert found.correct > 870
