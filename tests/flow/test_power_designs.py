"""Energies of catalog designs: both ways to simulate agree, a wrong netlist has none, the cache keeps them."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from flow.libraries import Library, find
from flow.power import Energy, design, design_energy
from flow.power.design import measure
from flow.prices.price import timed
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, hierarchical
from gen.catalog import find as find_design
from gen.floats import FloatParameters
from sim_models.nmpu import NmpuParameters
from verif.workloads import workload

SHARED = Path(__file__).resolve().parents[3] / "shared" / "pdk"
pytestmark = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")

UNIT = NmpuParameters(columns_per_unit=2, input_bits=6, scale_fraction_bits=5, pre_cut_bits=3)
ARRAY = replace(UNIT, units=2)


@pytest.fixture(scope="module")
def library() -> Library:
    return find()


def test_both_simulations_give_the_same_energy(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    array = find_design("nmpu")
    task, rtl = workload(array, ARRAY), array.elaborate(ARRAY)
    mapped, _ = timed(rtl, hierarchical((AREA,))[0], library)
    compiled = measure(rtl, mapped.netlist, mapped.recipe, 2000.0, task, library)
    monkeypatch.setattr(design, "MOST_COMPILED_CELLS", 0)
    by_levels = measure(rtl, mapped.netlist, mapped.recipe, 2000.0, task, library)
    print(compiled)
    for name, value in asdict(compiled).items():
        other = getattr(by_levels, name)
        assert other == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)
    assert compiled.internal_pj > compiled.switching_pj > compiled.leakage_pj > 0


@pytest.mark.slow
def test_energy_of_a_block_is_measured_once(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block, parameters = find_design("float_multiply"), FloatParameters(exponent_bits=4, fraction_bits=3)
    first = design_energy(block, parameters, library)
    assert (first.design, first.library, first.action) == ("float_multiply", "freepdk45", "one product")
    assert first.total_pj == first.internal_pj + first.switching_pj + first.leakage_pj
    assert first.leakage_pj == pytest.approx(first.leakage_uw * first.period_ps * 1e-6, rel=1e-12)
    assert first.cycles_per_operation == 1
    lines = str(first).splitlines()
    assert lines[0].startswith(f"float_multiply on freepdk45, recipe {first.recipe}: {first.total_pj:.4g} pJ")
    assert "glitches not modelled" in lines[-1]

    def refuse(*arguments: object) -> Energy:
        raise AssertionError("measured again")

    monkeypatch.setattr(design, "measure", refuse)
    assert design_energy(block, parameters, library) == first
    with pytest.raises(AssertionError, match="measured again"):
        design_energy(block, replace(parameters, fraction_bits=4), library)


def test_energy_grows_with_the_activity(library: Library) -> None:
    """The same netlist with operands that never change spends nothing but leakage."""
    block, parameters = find_design("float_multiply"), FloatParameters(exponent_bits=4, fraction_bits=3)
    rtl, task = block.elaborate(parameters), workload(block, parameters)
    mapped = synthesize(rtl, AREA, library)
    still = replace(
        task, inputs={name: np.full_like(words, words[0]) for name, words in task.inputs.items()}, check=len
    )
    busy, idle = (measure(rtl, mapped.netlist, "area", 2000.0, each, library) for each in (task, still))
    assert (idle.internal_pj, idle.switching_pj) == (0, 0)
    assert 0.5 < idle.leakage_uw / busy.leakage_uw < 2
    assert busy.switching_pj > 0.01


def test_a_wrong_netlist_has_no_energy(library: Library) -> None:
    unit = find_design("nmpu_unit")
    rtl, task = unit.elaborate(UNIT), workload(unit, UNIT)
    netlist = synthesize(rtl, AREA, library).netlist
    broken = netlist.replace("  NAND2_X1 ", "  NOR2_X1 ")
    with pytest.raises(AssertionError):
        measure(rtl, broken, "broken", 2000.0, task, library)


def test_design_without_workload(library: Library) -> None:
    unknown = SimpleNamespace(name="nmpu_units")
    with pytest.raises(
        ValueError, match=r"^no workload for power: unknown design 'nmpu_units': did you mean 'nmpu_unit'\?"
    ):
        design_energy(unknown, None, library)


@pytest.mark.parametrize("name", ["sky130hd", "ihp-sg13g2", "asap7"])
def test_other_libraries(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not SHARED.is_dir():
        pytest.skip("no liberty files in ../shared/pdk")
    monkeypatch.setenv("BITLINE_LIBERTY", str(SHARED))
    other, unit = find(name), find_design("nmpu_unit")
    rtl, task = unit.elaborate(UNIT), workload(unit, UNIT)
    netlist = synthesize(rtl, AREA, other).netlist
    compiled = measure(rtl, netlist, "area", 2000.0, task, other)
    monkeypatch.setattr(design, "MOST_COMPILED_CELLS", 0)
    by_levels = measure(rtl, netlist, "area", 2000.0, task, other)
    print(compiled)
    assert compiled.total_pj == pytest.approx(by_levels.total_pj, rel=1e-9)
    # Of one library to the next the energy goes with capacitance and the voltage squared.
    scale = other.load_ff * (other.voltage_v or 0) ** 2
    assert 0.03 < compiled.switching_pj / scale < 0.3
