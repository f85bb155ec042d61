"""Workloads of tiles with either kind of converter: what is compared is right, and what is wrong is noticed."""

from typing import Any

import pytest

from gen.catalog import find
from verif.batch import simulate
from verif.workloads import workload

SMALL: dict[str, Any] = {"rows": 8, "input_bits": 4, "slots_per_cycle": 40}
STALLS: dict[str, Any] = {
    "bitline_bits": None,
    "carry_columns": 0,
    "clear_cycles": 2,
    "allow_stalls": True,
    "converter": "ideal",
    "slots_per_cycle": 4,
}
DIFFERENCE: dict[str, Any] = {"weight_encoding": "differential", "flip_encoding": False}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("crossbar_tile_isaac", {"outputs": 3, "converters": 2, "weight_bits": 4}),
    ("crossbar_tile_isaac", {"outputs": 3, "weight_bits": 4, "adc_bits": 2, "converter": "ideal", **DIFFERENCE}),
    ("crossbar_tile_isaac", {"outputs": 3, "weight_bits": 4, "adc_bits": 2, **DIFFERENCE}),
    ("crossbar_tile_isaac", {"outputs": 3, "weight_bits": 4, "dac_bits": 4, "signed_inputs": False}),
    ("crossbar_tile_cascade", {"weight_bits": 3, "carry_columns": 2}),
    ("crossbar_tile_cascade", {"weight_bits": 3, **STALLS}),
    ("crossbar_tile_neural_pim", {"weight_bits": 3, "converter": "sar"}),
]


@pytest.mark.parametrize(("name", "fields"), CASES, ids=str)
def test_converters_answer_by_the_clock(name: str, fields: dict[str, Any]) -> None:
    design = find(name)
    parameters = design.configuration()(**SMALL | fields)
    task = workload(design, parameters)
    outputs = simulate(design.elaborate(parameters), task.inputs)
    assert task.action == "one array-vector product"
    assert task.check(outputs)
    taken = outputs["vectors__ready"][task.window].sum()
    assert taken == task.operations == 2
    for port in ("products__payload", "slice", "adc_start"):
        wrong = {each: values.copy() for each, values in outputs.items()}
        wrong[port][task.window] ^= 1
        with pytest.raises(AssertionError):
            task.check(wrong)


@pytest.mark.parametrize("fields", [STALLS, STALLS | {"double_buffer": False, "allow_stalls": False}], ids=str)
def test_a_controller_starts_as_many_vectors_as_it_ends(fields: dict[str, Any]) -> None:
    design = find("crossbar_cascade")
    parameters = design.configuration()(**SMALL | {"weight_bits": 3} | fields)
    task = workload(design, parameters)
    outputs = simulate(design.elaborate(parameters), task.inputs)
    assert task.check(outputs)
    assert [int(outputs[name][task.window].sum()) for name in ("load", "done")] == [2, 2]
    assert task.operations == 2
    assert outputs["start_ignored"].max() == 0
    waited = outputs["stall_count"][task.window.stop - 1] - outputs["stall_count"][task.window.start]
    assert waited == (2 if parameters.double_buffer else 0)  # read and cleared in 3 + 2 array cycles, filled in 4
    for port in ("start_ignored", "stall_count", "write"):
        wrong = outputs | {port: outputs[port] ^ 1}
        with pytest.raises(AssertionError):
            task.check(wrong)
