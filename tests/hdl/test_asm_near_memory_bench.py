"""The emitted bench of the near-memory units passes in both simulators, and fails on a wrong expectation."""

from typing import Any

import pytest

from gen.catalog.asm import ASM
from verif.benches import run_design_bench

SEED = 1
UNIT, EXACT = (
    next(design for design in ASM if design.name == name) for name in ("asm_near_memory", "asm_exact_near_memory")
)
CODED: dict[str, Any] = {
    "lanes": 6,
    "banks": 2,
    "weight_bits": 4,
    "input_bits": 4,
    "encode_weights": True,
    "encode_inputs": True,
    "input_signed": True,
}


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_bench_passes(simulator: str) -> None:
    assert run_design_bench(UNIT, UNIT.configuration()(), simulator=simulator, seed=SEED).tests == 5


@pytest.mark.slow
@pytest.mark.parametrize("design", [UNIT, EXACT], ids=lambda design: design.name)
def test_bench_passes_on_another_configuration(design: Any) -> None:
    assert run_design_bench(design, design.configuration()(**CODED), seed=SEED).tests == 5


@pytest.mark.parametrize("wrong", ["result_out", "counts"])
def test_a_wrong_expectation_is_reported(wrong: str) -> None:
    parameters = UNIT.configuration()(**CODED)
    vectors = UNIT.bench_vectors(parameters)
    layer = vectors["layers"][1]
    if wrong == "counts":
        layer["counts"]["weight_read_count"] += 1
    else:
        layer["result_out"][0] = f"{int(layer['result_out'][0], 16) ^ 1:x}"
    with pytest.raises(AssertionError, match=r"weight_read_count|result 0 of"):
        run_design_bench(UNIT, parameters, seed=SEED, vectors=vectors)
