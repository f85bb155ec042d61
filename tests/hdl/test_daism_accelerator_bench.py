"""The emitted bench of the accelerator passes in both simulators, and fails on a wrong expectation."""

from typing import Any

import pytest

from gen.catalog.daism import DAISM
from verif.benches import run_design_bench

SEED = 1
DESIGN = next(design for design in DAISM if design.name == "daism")
OTHERS: list[dict[str, Any]] = [
    {"banks": 3, "variant": "hla", "hla_mode": "b", "accumulate_latency": 3, "interleave": 2, "columns": 16},
    {"banks": 1, "operand_kind": "integer", "accumulator": "int", "variant": "fla", "rows": 16, "columns": 16},
]


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_bench_passes(simulator: str) -> None:
    assert run_design_bench(DESIGN, DESIGN.configuration()(), simulator=simulator, seed=SEED).tests == 5


@pytest.mark.parametrize("fields", [pytest.param(OTHERS[0], marks=pytest.mark.slow), OTHERS[1]], ids=str)
def test_bench_passes_on_other_configurations(fields: dict[str, Any]) -> None:
    assert run_design_bench(DESIGN, DESIGN.configuration()(**fields), seed=SEED).tests == 5


@pytest.mark.parametrize("wrong", ["result_out", "counts"])
def test_a_wrong_expectation_is_reported(wrong: str) -> None:
    parameters = DESIGN.configuration()(columns=16)
    vectors = DESIGN.bench_vectors(parameters)
    layer = vectors["layers"][1]
    if wrong == "counts":
        layer["counts"]["wordline_count"] += 1
    else:
        layer["result_out"][0] = f"{int(layer['result_out'][0], 16) ^ 1:x}"
    with pytest.raises(AssertionError, match=r"wordline_count|result 0: inputs .*, expected .*, got .*"):
        run_design_bench(DESIGN, parameters, seed=SEED, vectors=vectors)
