"""SDC text, from what a manifest says."""

import json
import shutil
from importlib import import_module

import pytest

from flow.libraries import Library, find
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, buffered
from flow.timing import sdc, sign_off
from gen.catalog import find as find_design
from gen.emit import render
from gen.manifest import MANIFEST

CLOCKED = {
    "clock": {"port": "clk", "edge": "rising"},
    "reset": {"port": "rst", "active": "high", "synchronous": True},
    "inputs": ["d", "word$1"],
    "outputs": ["y"],
}
COMBINATIONAL = {"clock": None, "reset": None, "inputs": ["a"], "outputs": ["y", "z"]}


def test_clocked_design() -> None:
    text = sdc(CLOCKED, period_ps=1250, input_delay_ps=300, output_delay_ps=250.5, driver="BUF_X1", load_ff=6.8)
    assert text.splitlines() == [
        "set_units -time ns -capacitance pF",
        "create_clock -name {clk} -period 1.25 [get_ports {clk}]",
        "set_input_delay 0.3 -clock {clk} [get_ports {rst d word$1}]",
        "set_driving_cell -lib_cell {BUF_X1} [get_ports {rst d word$1}]",
        "set_output_delay 0.2505 -clock {clk} [get_ports {y}]",
        "set_load 0.0068 [get_ports {y}]",
    ]


def test_combinational_design_has_a_virtual_clock() -> None:
    assert sdc(COMBINATIONAL, period_ps=2000).splitlines() == [
        "set_units -time ns -capacitance pF",
        "create_clock -name virtual_clock -period 2",
        "set_input_delay 0 -clock virtual_clock [get_ports {a}]",
        "set_output_delay 0 -clock virtual_clock [get_ports {y z}]",
    ]


def test_design_without_ports_has_a_clock_alone() -> None:
    text = sdc({**COMBINATIONAL, "inputs": [], "outputs": []}, period_ps=1, driver="BUF_X1", load_ff=1)
    assert text.splitlines()[1:] == ["create_clock -name virtual_clock -period 0.001"]


@pytest.mark.parametrize("name", ["a b", "a}", "[exit]", "$x", "a;b", "*", "a\n", "", "a\\", "ä"])
def test_names_that_tcl_could_read_otherwise_are_refused(name: str) -> None:
    for interface in ({**COMBINATIONAL, "inputs": [name]}, {**CLOCKED, "clock": {"port": name, "edge": "rising"}}):
        with pytest.raises(ValueError) as caught:
            sdc(interface, period_ps=100)
        assert str(caught.value) == f"a name in constraints must be letters, digits, _, $ and dots, not {name!r}"
    if name:
        with pytest.raises(ValueError, match="a name in constraints"):
            sdc(COMBINATIONAL, period_ps=100, driver=name)


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"period_ps": 0.5}, "period must be at least 1 ps, not 0.5"),
        ({"period_ps": float("nan")}, "period must be at least 1 ps, not nan"),
        ({"period_ps": float("inf")}, "period must be at least 1 ps, not inf"),
        ({"period_ps": 9, "input_delay_ps": -1}, "input delay must be between 0 and the period of 9 ps, not -1"),
        ({"period_ps": 9, "output_delay_ps": 9}, "output delay must be between 0 and the period of 9 ps, not 9"),
        ({"period_ps": 9, "load_ff": -2.0}, "load must be at least 0, not -2"),
    ],
)
def test_numbers_out_of_range_are_refused(conditions: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        sdc(CLOCKED, **conditions)
    assert str(caught.value) == said


def test_falling_edge_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^edge must be rising, not falling$"):
        sdc({**CLOCKED, "clock": {"port": "clk", "edge": "falling"}}, period_ps=100)


@pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")
@pytest.mark.parametrize("name", ["nmpu_unit", "unsigned_to_float"])
def test_netlist_is_constrained_as_the_manifest_says(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path))
    library, design = find(), find_design(name)
    seen = {}

    def catch(files: dict[str, str], _: Library) -> str:
        seen.update(files)
        return "DONE\n"

    monkeypatch.setattr(import_module("flow.timing.sign_off"), "run_sta", catch)
    mapped = synthesize(design.elaborate(design.configuration()()), buffered(AREA), library)
    assert sign_off(mapped, library, period_ps=4000, input_delay_ps=10, output_delay_ps=20) is None
    assert seen["constraints.sdc"] == sdc(
        json.loads(render(design, design.configuration()())[MANIFEST])["timing"],
        period_ps=4000,
        input_delay_ps=10,
        output_delay_ps=20,
        driver=library.driver,
        load_ff=library.load_ff,
    )
