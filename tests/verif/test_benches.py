"""Every generated design passes the bench that goes with it, on Verilator and on Icarus, and the bench can fail."""

import shutil
from typing import Any

import pytest

from gen.catalog import DESIGNS, find
from verif.benches import run_design_bench

SEED = 1
SMALLER: dict[str, dict[str, Any]] = {
    "crossbar_tile_cascade": {"rows": 8, "slots_per_cycle": 32},
    "crossbar_tile_isaac": {"rows": 16, "outputs": 4, "slots_per_cycle": 40},
    "crossbar_tile_neural_pim": {"rows": 16, "slots_per_cycle": 16},
    "nmpu": {"units": 8},
    "nmpu_fp16": {"columns": 32},
    "sar_adc_group": {"columns": 16},
}
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("nmpu_unit", {"columns_per_unit": 1, "pipeline_stages": 1}),
    ("nmpu_unit", {"columns_per_unit": 8, "pipeline_stages": 3, "storage": "external"}),
    ("nmpu_unit", {"signed_input": True, "final_rounding": "half_even"}),
    ("nmpu_unit", {"partial_sum": "accumulate", "variant": "branch_round"}),
    ("nmpu", {"units": 3, "partial_sum": "accumulate"}),
    ("nmpu", {"units": 2, "columns_per_unit": 1, "storage": "external", "pipeline_stages": 3}),
    ("nmpu_fp16", {"columns": 32, "lanes": 4, "service_model": "F2", "capture": "serial"}),
    ("nmpu_fp16", {"columns": 16, "service_model": "F3"}),
    ("float_add", {"exponent_bits": 8, "fraction_bits": 7}),
    ("float_multiply", {"exponent_bits": 8, "fraction_bits": 23, "flush_to_zero": True}),
    ("float_to_signed", {"exponent_bits": 8, "fraction_bits": 7, "width": 8}),
]


def simulator(name: str) -> str:
    if name == "icarus" and shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not installed")
    return name


# Every bench runs in one simulator, but for those that another design has with the same ports; some in both.
BOTH = ("nmpu_unit", "nmpu", "nmpu_fp16", "sar_adc_group", "sar_twin_range", "daism_bank", "asm_mac", "asm_near_memory")
TWINS = ("asm_exact_near_memory", "asm_exact_neuron", "asm_in_memory_single_row")


def is_slow(design: str, simulator: str) -> bool:
    return design in TWINS or (simulator == "icarus" and design not in BOTH)


RUNS = [
    pytest.param(design, name, marks=[pytest.mark.slow] * is_slow(design.name, name))
    for design in DESIGNS
    for name in ("verilator", "icarus")
]


@pytest.mark.parametrize(("design", "name"), RUNS, ids=lambda each: getattr(each, "name", each))
def test_published_configuration(design: Any, name: str) -> None:
    parameters = design.configuration()(**SMALLER.get(design.name, {}))
    assert run_design_bench(design, parameters, simulator=simulator(name), seed=SEED).tests >= 1


@pytest.mark.parametrize(("name", "fields"), OTHERS, ids=str)
def test_other_configurations(name: str, fields: dict[str, Any]) -> None:
    design = find(name)
    which = simulator("icarus") if shutil.which("iverilog") else "verilator"
    assert run_design_bench(design, design.configuration()(**fields), simulator=which, seed=SEED).tests >= 1


@pytest.mark.parametrize("name", ["nmpu_unit", "nmpu", "nmpu_fp16", "nmpu_fp16_lane"])
def test_a_wrong_expectation_is_reported_with_index_inputs_and_seed(name: str) -> None:
    design = find(name)
    parameters = design.configuration()(**SMALLER.get(name, {}))
    vectors = design.bench_vectors(parameters)
    results = vectors["outputs"]["out_data"] if "outputs" in vectors else _last_results(vectors)
    results[-1] ^= 1
    with pytest.raises(AssertionError, match=r"result \d+: inputs .*, expected .*, got .* \(seed \d+\)"):
        run_design_bench(design, parameters, seed=SEED, vectors=vectors)


def _last_results(vectors: dict[str, Any]) -> list[int]:
    layer = vectors["layers"][-1]
    return layer["groups"][-1]["data"] if "groups" in layer else layer["data"]
