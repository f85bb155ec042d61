"""The emitted benches of the in-SRAM multiplier pass on other configurations, and fail on a wrong expectation."""

from typing import Any

import pytest

from gen.catalog.daism import DAISM
from verif.benches import run_design_bench

SEED = 1
DESIGNS = {design.name: design for design in DAISM}
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("daism_bank", {"variant": "hla", "hla_mode": "b", "accumulate_latency": 3, "interleave": 2, "columns": 20}),
    ("daism_bank", {"operand_kind": "integer", "accumulator": "int", "variant": "fla", "rows": 8, "interleave": 1}),
    ("daism_lane", {"variant": "hla", "hla_mode": "c", "accumulator": "bf16"}),
    ("daism_exact_lane", {"product_rounding": "rne", "accumulate_latency": 4}),
    ("daism_accumulator", {"operand_kind": "integer", "accumulator": "int", "interleave": 3}),
]


@pytest.mark.parametrize(("name", "fields"), OTHERS, ids=str)
def test_bench_passes(name: str, fields: dict[str, Any]) -> None:
    design = DESIGNS[name]
    assert run_design_bench(design, design.configuration()(**fields), seed=SEED).tests >= 2


def test_catalog_states_the_latency_of_the_hardware() -> None:
    for name, design in DESIGNS.items():
        p = design.configuration()(accumulate_latency=3, variant="hla", hla_mode="b")
        assert (
            design.cycles(p)
            == {"daism": 12, "daism_bank": 7, "daism_lane": 5, "daism_exact_lane": 4, "daism_accumulator": 3}[name]
        )


@pytest.mark.parametrize("name", ["daism_bank", "daism_lane"])
def test_a_wrong_expectation_is_reported(name: str) -> None:
    design = DESIGNS[name]
    parameters = design.configuration()(columns=16)
    vectors = design.bench_vectors(parameters)
    sums = vectors["sums"] if "sums" in vectors else next(a for a in vectors["steady"] if a.get("last"))["sums"]
    sums[0] ^= 1
    with pytest.raises(AssertionError, match=r"result \d+: inputs .*, expected .*, got .* \(seed \d+\)"):
        run_design_bench(design, parameters, seed=SEED, vectors=vectors)
