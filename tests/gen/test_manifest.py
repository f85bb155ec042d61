"""What the manifest says of clock, reset and ports, against the Verilog beside it."""

import json
import re

import pytest

from gen.catalog import DESIGNS, Design
from gen.emit import render
from gen.manifest import MANIFEST, timing_interface


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_timing_names_clock_reset_and_every_port(design: Design) -> None:
    files = render(design, design.configuration()())
    timing, verilog = json.loads(files[MANIFEST])["timing"], files[f"{design.name}.v"]
    top = re.search(rf"^module {design.name}\(.*?^endmodule", verilog, re.M | re.S)[0]
    ports = {name: kind for kind, name in re.findall(r"^  (input|output) .*?(\w+);$", top, re.M)}
    clocking = {"clk", "rst"} & ports.keys()
    if clocking:
        assert timing["clock"] == {"port": "clk", "edge": "rising"}
        assert timing["reset"] == {"port": "rst", "active": "high", "synchronous": True}
        assert len(clocking) == 2
        assert set(re.findall(r"always @\((.*)\)", verilog)) <= {"posedge clk", "*"}
    else:
        assert (timing["clock"], timing["reset"]) == (None, None)
        assert "posedge" not in verilog
    assert set(timing["inputs"]) == {name for name, kind in ports.items() if kind == "input"} - clocking
    assert set(timing["outputs"]) == {name for name, kind in ports.items() if kind == "output"}


def test_only_a_clocked_design_has_clock_and_reset() -> None:
    ports = {"rst": "input", "clk": "input", "y": "output"}
    assert timing_interface(ports, clocked=True)["inputs"] == []
    combinational = timing_interface(ports, clocked=False)
    assert combinational == {"clock": None, "reset": None, "inputs": ["rst", "clk"], "outputs": ["y"]}
