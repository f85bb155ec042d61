"""Workloads of tiles with either kind of converter: what is compared is right, and what is wrong is noticed."""

from typing import Any

import pytest

from gen.catalog import find
from verif.batch import simulate
from verif.workloads import workload

SMALL: dict[str, Any] = {"rows": 8, "input_bits": 4, "slots_per_cycle": 40}
DIFFERENCE: dict[str, Any] = {"weight_encoding": "differential", "flip_encoding": False}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("crossbar_tile_isaac", {"outputs": 3, "converters": 2, "weight_bits": 4}),
    ("crossbar_tile_isaac", {"outputs": 3, "weight_bits": 4, "adc_bits": 2, "converter": "ideal", **DIFFERENCE}),
    ("crossbar_tile_isaac", {"outputs": 3, "weight_bits": 4, "adc_bits": 2, **DIFFERENCE}),
    ("crossbar_tile_isaac", {"outputs": 3, "weight_bits": 4, "dac_bits": 4, "signed_inputs": False}),
    ("crossbar_tile_cascade", {"weight_bits": 3, "carry_columns": 2}),
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
