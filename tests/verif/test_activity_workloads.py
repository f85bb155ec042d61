"""Workloads: what the designs do in them is right, counted right, and of real data."""

import dataclasses
import re

import numpy as np
import pytest

from gen.catalog import DESIGNS, Design, find
from gen.rtl import Rtl
from sim_models.arith import MultiplyAccumulateParameters, MultiplyParameters
from sim_models.nmpu import LdpuParameters, NmpuParameters
from sim_models.sar import (
    AdcGroupParameters,
    SarParameters,
    ShiftAddParameters,
    TrqControllerParameters,
    TrqDecoderParameters,
)
from verif.batch import simulate
from verif.workloads import Workload, workload

KNOWN = [
    "nmpu_unit", "nmpu", "nmpu_fp16", "nmpu_fp16_lane", "float_multiply", "float_add", "float_fused",
    "unsigned_to_float", "signed_to_float", "float_to_signed", "integer_multiply", "multiply_accumulate",
    "sar_controller", "sar_twin_range", "sar_decoder", "sar_shift_add", "sar_adc_group", "daism_lane",
    "daism_exact_lane", "daism_accumulator", "daism_bank", "daism",
    "asm_multiplier", "asm_mac", "asm_encoded_mac", "asm_neuron", "asm_exact_multiplier", "asm_exact_mac",
    "asm_exact_neuron", "asm_near_memory", "asm_exact_near_memory", "asm_in_memory", "asm_in_memory_single_row",
    "crossbar_isaac", "crossbar_cascade", "crossbar_neural_pim", "crossbar_tile_isaac", "crossbar_tile_cascade",
    "crossbar_tile_neural_pim",
]  # fmt: skip
SMALL = {
    "nmpu_unit": NmpuParameters(columns_per_unit=2, input_bits=8, pipeline_stages=3, signed_input=True),
    "nmpu": NmpuParameters(units=4, columns_per_unit=2, output_bits=6),
    "nmpu_fp16": LdpuParameters(columns=16, lanes=2),
    "nmpu_fp16_lane": LdpuParameters(count_bits=8),
    "integer_multiply": MultiplyParameters(a_format="sign_magnitude", b_format="unsigned", a_width=5, b_width=4),
    "multiply_accumulate": MultiplyAccumulateParameters(a_format="unsigned", b_format="unsigned", accumulator_width=17),
    "sar_controller": SarParameters(bits=5, sample_cycles=2),
    "sar_twin_range": TrqControllerParameters(bits=6, sample_cycles=2, support_base=True, support_skip=True),
    "sar_decoder": TrqDecoderParameters(bits=6, coding="packed", support_after_r1=True),
    "sar_shift_add": ShiftAddParameters(bits=6, cell_bits=2, slices=4, encoding="offset"),
    "sar_adc_group": AdcGroupParameters(columns=16, converters=2, bits=5, rate="variable", slices=4),
}


def made(name: str, small: bool) -> tuple[Design, Rtl, Workload]:
    design = find(name)
    parameters = SMALL[name] if small else design.configuration()()
    return design, design.elaborate(parameters), workload(design, parameters)


LARGE = (
    "nmpu", "daism", "asm_near_memory", "asm_exact_near_memory", "asm_in_memory_single_row", "asm_exact_neuron",
    "crossbar_isaac", "crossbar_tile_isaac", "crossbar_tile_cascade", "crossbar_tile_neural_pim",
)  # fmt: skip
CASES = [pytest.param(name, False, marks=[pytest.mark.slow] * (name in LARGE)) for name in KNOWN]


@pytest.mark.parametrize(("name", "small"), [*CASES, *((name, True) for name in SMALL)])
def test_design_gives_the_results_of_the_golden_model(name: str, small: bool) -> None:
    _, rtl, task = made(name, small)
    outputs = simulate(rtl, task.inputs)
    terms = 32 if name.startswith("daism") else 1  # whole sums are looked at
    assert task.check(outputs) * terms >= task.operations
    assert 1 <= task.window.start < task.window.stop <= len(next(iter(outputs.values())))
    for port in (port for port in rtl.ports if port.direction == "output" and port.width > 1):
        wrong = {name: values.copy() for name, values in outputs.items()}
        cycles = np.arange(task.window.start, task.window.stop)
        valid = re.sub("[a-z]+$", "valid", port.name)  # of result_out__payload it is result_out__valid
        if valid in outputs:
            cycles = cycles[outputs[valid][cycles] == 1]
        middle = len(cycles) // 2
        wrong[port.name][cycles[max(0, middle - 8) : middle + 8]] ^= 1
        if re.search(r"data|payload|result|value|product|accumulator|code", port.name):
            with pytest.raises(AssertionError):
                task.check(wrong)


@pytest.mark.parametrize(("name", "cycles"), [("nmpu_unit", 4), ("nmpu", 4), ("nmpu_fp16_lane", 1), ("float_add", 1)])
def test_operations_fill_the_cycles(name: str, cycles: int) -> None:
    _, rtl, task = made(name, False)
    assert task.cycles == cycles * task.operations
    starts = simulate(rtl, task.inputs).get("out_valid")
    if starts is not None:
        assert starts[task.window].all()


def test_operations_of_the_half_precision_unit() -> None:
    _, rtl, task = made("nmpu_fp16", False)
    done = simulate(rtl, task.inputs, outputs=["done"])["done"]
    assert done[task.window].sum() == task.operations == 2
    assert task.cycles == 2 * 262


def test_both_units_get_the_same_counts() -> None:
    mine, other = made("nmpu", False)[2].inputs, made("nmpu_fp16", False)[2].inputs
    for name in ("count_p", "count_n"):
        assert (mine[name][256] == other[name][768]).all()
        assert (mine[name][-1] != mine[name][256]).any()


def test_floats_are_normally_distributed() -> None:
    words = made("float_multiply", False)[2].inputs["a"]
    values = words.astype(np.uint16).view(np.float16).astype(np.float64)
    assert abs(values.mean()) < 0.1
    assert abs(values.std() - 1) < 0.05
    assert np.isfinite(values).all()


def test_design_without_workload() -> None:
    later = dataclasses.replace(find("nmpu"), name="later")
    with pytest.raises(ValueError, match=r"^no workload for power: unknown design 'later'"):
        workload(later, NmpuParameters())


def test_every_design_has_a_workload() -> None:
    assert [design.name for design in DESIGNS if design.name not in KNOWN] == []


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("nmpu_unit", NmpuParameters(storage="external")),
        ("nmpu", NmpuParameters(partial_sum="accumulate")),
        ("nmpu_fp16", LdpuParameters(capture="serial")),
    ],
)
def test_configuration_without_workload(name: str, parameters) -> None:
    with pytest.raises(ValueError, match=r"must be .* for the workload of"):
        workload(find(name), parameters)
