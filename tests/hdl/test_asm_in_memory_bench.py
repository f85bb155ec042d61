"""The emitted bench of the in-memory unit passes in both simulators, and fails on a wrong expectation."""

from typing import Any

import pytest

from gen.catalog.asm import ASM
from verif.benches import run_design_bench

SEED = 1
TESTS = 6
DESIGNS = {design.name: design for design in ASM}
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("asm_in_memory_single_row", {}),
    ("asm_in_memory", {"sign_inside": True, "banks": 2, "zero_skip": False, "columns": 40, "rows": 20}),
    ("asm_in_memory", {"weight_bits": 8, "encode_weights": False, "reduction_length": 8, "transfer_words": 1}),
]


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_bench_passes(simulator: str) -> None:
    design = DESIGNS["asm_in_memory"]
    assert run_design_bench(design, design.configuration()(), simulator=simulator, seed=SEED).tests == TESTS


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fields"), OTHERS, ids=str)
def test_bench_passes_on_other_configurations(name: str, fields: dict[str, Any]) -> None:
    design = DESIGNS[name]
    assert run_design_bench(design, design.configuration()(**fields), seed=SEED).tests == TESTS


@pytest.mark.parametrize("wrong", ["result_out", "counts", "refused"])
def test_a_wrong_expectation_is_reported(wrong: str) -> None:
    design = DESIGNS["asm_in_memory"]
    parameters = design.configuration()(sign_inside=True, columns=30, rows=12, reduction_length=16)
    vectors = design.bench_vectors(parameters)
    product = vectors["products"][1] if wrong != "refused" else vectors["refused"][0]
    if wrong == "counts":
        product["counts"]["read_count"] += 1
    else:
        product["result_out"][0] = f"{int(product['result_out'][0], 16) ^ 1:x}"
    with pytest.raises(AssertionError, match=r"read_count|result 0 .*, expected .*, got .*"):
        run_design_bench(design, parameters, seed=SEED, vectors=vectors)


def test_designs_differ_in_the_rows_of_an_input() -> None:
    kept, single = (DESIGNS[name].configuration()() for name in ("asm_in_memory", "asm_in_memory_single_row"))
    assert (kept.rows_per_input, single.rows_per_input) == (2, 1)
    assert DESIGNS["asm_in_memory"].cycles(kept) == 2
