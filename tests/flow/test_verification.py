"""The witnesses behind ``bitline verify`` pass on what is right, fail on what is wrong, and say when they cannot."""

import re
from dataclasses import replace

import pytest

from flow.libraries import find as find_library
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA
from flow.verification import verify
from gen.catalog import find
from sim_models.nmpu import NmpuParameters
from verif.checks import batch_check
from verif.replay import cell_models, gate_level

SEED = 11


def test_every_witness_passes_on_the_unit() -> None:
    begun: list[str] = []
    findings = verify(find("nmpu_unit"), NmpuParameters(), SEED, begun.append)
    assert begun == [each.witness for each in findings]
    assert {each.witness for each in findings if each.passed is False} == set()
    assert {"cocotb on verilator", "batch simulation", "formal proof", "mapped netlist"} <= {
        each.witness for each in findings if each.passed
    }


def test_a_witness_that_has_nothing_to_say_tells_why() -> None:
    findings = verify(find("unsigned_to_float"), find("unsigned_to_float").configuration()(), SEED, lambda step: None)
    proof = next(each for each in findings if each.witness == "formal proof")
    assert (proof.passed, proof.detail) == (None, "no behavioural statement for this design")


def test_one_wrong_gate_of_the_netlist_is_caught() -> None:
    design, parameters, library = find("nmpu_unit"), NmpuParameters(), find_library()
    rtl = design.elaborate(parameters)
    cells = cell_models(*library.paths)
    netlist = synthesize(rtl, AREA, library).netlist
    assert batch_check(design)(gate_level(rtl, netlist, cells), parameters, 4000, SEED) > 0
    broken = re.sub(r"\bNAND2_X1\b", "NOR2_X1", netlist, count=1)
    assert broken != netlist
    with pytest.raises(AssertionError):
        batch_check(design)(gate_level(rtl, broken, cells), parameters, 4000, SEED)


@pytest.mark.parametrize("name", ["nmpu_fp16_lane", "float_add", "float_multiply"])
def test_netlist_of_the_baseline_keeps_every_result(name: str) -> None:
    design, library = find(name), find_library()
    parameters = design.configuration()()
    rtl = design.elaborate(parameters)
    gates = gate_level(rtl, synthesize(rtl, AREA, library).netlist, cell_models(*library.paths))
    assert batch_check(design)(gates, parameters, 20_000, SEED) >= 20_000


def test_a_design_that_is_not_the_model_is_caught() -> None:
    design, parameters = find("nmpu_unit"), NmpuParameters()
    other = replace(design.elaborate(NmpuParameters(final_rounding="half_even")), name="nmpu_unit")
    with pytest.raises(AssertionError, match=r"results differ, first .* expected .*, got .* \(seed 11\)"):
        batch_check(design)(other, parameters, 40_000, SEED)
