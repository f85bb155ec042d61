"""Workload of the near-memory units: right results at full rate, and a wrong one is noticed."""

from typing import Any

import numpy as np
import pytest

from gen.catalog import find
from sim_models.asm.near_memory import NearMemoryParameters
from verif.batch import simulate
from verif.checks import batch_check
from verif.checks_form import layer_cycles_seen
from verif.properties import properties_of
from verif.workloads import workload

FIELDS: dict[str, Any] = {"lanes": 4, "banks": 2, "weight_bits": 4, "input_bits": 4, "rows": 64}


@pytest.mark.parametrize("name", ["asm_near_memory", "asm_exact_near_memory"])
def test_a_row_is_read_in_every_cycle_of_the_window(name: str) -> None:
    design, p = find(name), NearMemoryParameters(**FIELDS)
    rtl, task = design.elaborate(p), workload(design, p)
    outputs = simulate(rtl, task.inputs)
    assert task.cycles * p.lanes == task.operations
    reads = outputs["weight_read_count"]
    assert (np.diff(reads)[task.window] == 1).all()
    assert task.check(outputs) == 16 * 16 * p.lanes
    wrong = dict(outputs)
    wrong["result_out__payload"] = outputs["result_out__payload"] ^ 1
    with pytest.raises(AssertionError, match="values"):
        task.check(wrong)
    assert batch_check(design)(rtl, p, 500, 1) > 500
    assert len(properties_of(design, p)) == 6


def test_layers_without_a_result_or_a_descriptor_are_told_as_wrong() -> None:
    assert layer_cycles_seen(np.array([3, 20]), np.array([9, 29])).tolist() == [6, 9]
    with pytest.raises(AssertionError, match=r"^expected 2 descriptors to be taken, not 1$"):
        layer_cycles_seen(np.array([3]), np.array([9, 29]))


def test_what_gives_no_full_rate_is_refused() -> None:
    design = find("asm_near_memory")
    with pytest.raises(ValueError, match=r"^lanes of a bank must be at most 14 for the workload, not 15$"):
        workload(design, NearMemoryParameters(lanes=15))
    with pytest.raises(ValueError, match=r"^activation_words must be at least 32 for the workload, not 31$"):
        workload(design, NearMemoryParameters(activation_words=31))
