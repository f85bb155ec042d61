"""The witnesses behind ``bitline verify`` pass on what is right, fail on what is wrong, and say when they cannot."""

import re
from dataclasses import replace

import pytest

from flow import verification
from flow.libraries import find as find_library
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA
from flow.verification import verify, verify_formal
from gen.catalog import find
from sim_models.nmpu import NmpuParameters
from verif.checks import batch_check
from verif.properties import ENGINES
from verif.replay import cell_models, gate_level

SEED = 11


def test_every_witness_passes_on_the_unit() -> None:
    begun: list[str] = []
    findings = verify(find("nmpu_unit"), NmpuParameters(), SEED, begun.append)
    assert begun == [each.witness for each in findings]
    assert {each.witness for each in findings if each.passed is False} == set()
    called = {each.witness for each in findings if each.passed}
    assert {"cocotb on verilator", "batch simulation", "formal proof"} <= called
    assert {"vectors on netlist", "netlist equivalence"} <= called


@pytest.mark.slow
def test_formal_run_calls_every_engine_for_every_property() -> None:
    findings = verify_formal(find("nmpu_unit"), NmpuParameters(), lambda step: None)
    assert findings[0].witness == "formal proof"
    assert all(each.passed is not False for each in findings)
    by_engine = {
        engine: [each.witness for each in findings if each.detail.startswith(engine)] for engine in ENGINES.values()
    }
    abc = by_engine[ENGINES["abc"]]
    assert "NmpuSequencer: done_in_time" in abc
    assert all(each.passed for each in findings if each.witness in abc and each.detail.startswith(ENGINES["abc"]))
    smt = ENGINES["smt"]
    missing = [each for each in findings if each.witness == f"properties, {smt}"]
    assert by_engine[smt] == abc or (missing and missing[0].passed is None)


def test_a_wrong_netlist_is_told_by_equivalence(monkeypatch: pytest.MonkeyPatch) -> None:
    design, parameters = find("unsigned_to_float"), find("unsigned_to_float").configuration()()
    right = verification._mapped(design, design.elaborate(parameters), find_library())
    broken = replace(right, netlist=re.sub(r"\bNAND2_X1\b", "NOR2_X1", right.netlist, count=1))
    assert broken.netlist != right.netlist
    monkeypatch.setattr(verification, "_mapped", lambda *arguments: broken)
    found = {each.witness: each for each in verify(design, parameters, SEED, lambda step: None)}
    assert found["netlist equivalence"].passed is False
    assert found["vectors on netlist"].passed is False


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
