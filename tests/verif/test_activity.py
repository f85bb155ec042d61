"""Activity of mapped netlists against what numpy counts in stimuli and results."""

from importlib import util
from pathlib import Path

import numpy as np
import pytest

from gen.rtl import Port, Rtl
from verif.activity import Recording, record
from verif.activity_flat import flattened
from verif.activity_levels import CellFunction, record_levels
from verif.activity_netlist import cell_kinds, read_netlist
from verif.batch import simulate
from verif.replay import cell_models
from verif.yosys import run_yosys

CYCLES = 700
WINDOW = slice(5, CYCLES)


def freepdk45() -> Path:
    spec = util.find_spec("adks")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "freepdk-45nm" / "view-tiny" / "stdcells.lib"


@pytest.fixture(scope="module")
def cells() -> str:
    return cell_models(freepdk45())


@pytest.fixture(scope="module")
def netlist(products: Rtl, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("map")
    (folder / "cells.lib").symlink_to(freepdk45())
    (folder / "design.v").write_text(products.verilog)
    mapping = ["dfflibmap -liberty cells.lib", "abc -liberty cells.lib", "opt_clean -purge"]
    write = "write_verilog -noattr -noexpr -nohex -simple-lhs net.v"
    run_yosys([f"read_verilog design.v; synth -flatten -top {products.name}", *mapping, write], folder)
    return (folder / "net.v").read_text()


@pytest.fixture(scope="module")
def inputs() -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    ranges = {"a": (0, 1024), "b": (0, 64), "u": (0, 256), "v": (0, 256), "c": (-128, 128)}
    return {name: random.integers(*limits, CYCLES) for name, limits in ranges.items()}


@pytest.fixture(scope="module")
def recording(products: Rtl, netlist: str, cells: str, inputs: dict[str, np.ndarray]) -> Recording:
    expected = simulate(products, inputs)

    def check(outputs) -> None:
        assert outputs.keys() == {"y", "sum"}
        assert all((outputs[name][4:] == expected[name][4:]).all() for name in outputs)

    return record(products, netlist, cells, inputs, window=WINDOW, check=check)


def bits(values: np.ndarray, width: int) -> np.ndarray:
    return (values[:, None] >> np.arange(width)) & 1


def counted(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Toggles and cycles at 1 of each bit in the window."""
    shown = bits(values, width)[WINDOW.start - 1 : WINDOW.stop]
    return (shown[1:] != shown[:-1]).sum(axis=0), shown[1:].sum(axis=0)


def test_inputs_toggle_as_the_stimuli_do(recording: Recording, inputs: dict[str, np.ndarray]) -> None:
    activity = recording.activity()
    assert activity.cycles == recording.cycles == CYCLES - 5
    for name, width in {"a": 10, "b": 10, "u": 8, "v": 8, "c": 8}.items():
        places = list(recording.probe.inputs[name])
        toggles, high = counted(inputs[name], width)
        assert (activity.toggles[places] == toggles).all()
        assert (activity.high[places] == high).all()
    assert not activity.toggles[list(recording.probe.inputs["b"][6:])].any()
    assert activity.duty.max() <= 1
    assert activity.toggles_per_cycle.max() <= 1


def test_nets_of_the_results_toggle_as_the_golden_results_do(
    recording: Recording, inputs: dict[str, np.ndarray]
) -> None:
    a, b, u, v, c = (inputs[name] for name in "abuvc")
    product = np.roll(a * u - b * v + c, 2)
    activity = recording.activity()
    place = {net.replace("\\", "").replace(" ", ""): index for index, net in enumerate(activity.nets)}
    for name, values, width in (("y", product, 20), ("sum", (a + b) % 1024, 10)):
        toggles, high = counted(values, width)
        # Bits that repeat the sign share a net, which has one name.
        named = [bit for bit in range(width) if f"{name}[{bit}]" in place]
        at = [place[f"{name}[{bit}]"] for bit in named]
        assert (activity.toggles[at] == toggles[named]).all()
        assert (activity.high[at] == high[named]).all()
        assert toggles.min() > 50
        assert len(named) >= width - 3


def functions() -> dict[str, CellFunction]:
    """The cells' functions, written down here: 2-input gates by name, and the flip-flop."""
    return {
        "INV_X1": CellFunction(inputs=("A",), outputs={"ZN": 0b01}),
        "NAND2_X1": CellFunction(inputs=("A1", "A2"), outputs={"ZN": 0b0111}),
        "DFF_X1": CellFunction(inputs=("D", "CK"), outputs={"Q": 0b1010, "QN": 0b0101}, clock="CK"),
    }


HIERARCHY = r"""
module half(clk, rst, d, \q$x );
  input clk, rst, d;
  output \q$x ;
  wire \n.1 , m;
  NAND2_X1 \gate.a (.A1(d), .A2(1'h1), .ZN(\n.1 ));
  DFF_X1 r (.CK(clk), .D(\n.1 ), .Q(\q$x ), .QN(m));
endmodule
module top(clk, rst, x, wide, y, z);
  input clk, rst;
  input [1:0] x;
  input [69:0] wide;
  output [1:0] y;
  output [69:0] z;
  assign z = { wide[68:0], wide[69] };
  half first (.clk(clk), .rst(rst), .d(x[0]), .\q$x (y[0]));
  half second (.clk(clk), .rst(rst), .d(y[0]), .\q$x (y[1]));
  INV_X1 u (.A(x[1]));
endmodule
"""
TOP = Rtl(
    "top",
    HIERARCHY,
    (
        Port("x", "input", 2, False),
        Port("wide", "input", 70, False),
        Port("y", "output", 2, False),
        Port("z", "output", 70, False),
    ),
    clocked=True,
)


@pytest.mark.parametrize("compiled", [True, False])
def test_hierarchy_with_odd_names_ties_and_wide_ports(compiled: bool, cells: str) -> None:
    random = np.random.default_rng(1)
    x = random.integers(0, 4, 50)
    wide = random.integers(0, 1 << 32, (50, 3), dtype=np.uint32) & np.array([0xFFFFFFFF, 0xFFFFFFFF, 0x3F], np.uint32)
    inputs = {"x": x, "wide": wide}
    delayed = np.roll(1 - (x & 1), 1)

    def check(outputs) -> None:
        assert (outputs["y"][2:] == (delayed | np.roll(1 - delayed, 1) << 1)[2:]).all()
        got = np.unpackbits(outputs["z"].view(np.uint8), axis=1, bitorder="little")[:, :70]
        assert (got == np.roll(np.unpackbits(wide.view(np.uint8), axis=1, bitorder="little")[:, :70], 1, axis=1)).all()

    if compiled:
        found = record(TOP, HIERARCHY, cells, inputs, window=slice(3, None), check=check)
    else:
        found = record_levels(TOP, HIERARCHY, functions(), inputs, window=slice(3, None), check=check)
    kinds = {cell.kind: cell for cell in found.probe.cells}
    assert kinds["DFF_X1"].paths == ("first/r", "second/r")
    assert kinds["NAND2_X1"].paths == ("first/gate.a", "second/gate.a")
    gates = kinds["NAND2_X1"]
    values = found.values(gates.positions)
    assert (values[..., gates.pins.index("A2")] == 1).all()
    assert (values[:, 0, gates.pins.index("A1")] == (x & 1)[2:]).all()
    assert (values[:, 0, gates.pins.index("ZN")] == 1 - (x & 1)[2:]).all()
    flops = kinds["DFF_X1"]
    q, qn = (found.values(flops.positions)[..., flops.pins.index(pin)] for pin in ("Q", "QN"))
    assert (q[:, 0] == delayed[2:]).all()
    assert (q + qn == 1).all()
    activity = found.activity()
    last = wide[2:, 2] >> 5 & 1
    assert activity.toggles[found.probe.inputs["wide"][69]] == (last[1:] != last[:-1]).sum() > 10


def test_cells_are_counted_through_the_hierarchy() -> None:
    assert cell_kinds(read_netlist(HIERARCHY), "top") == {"NAND2_X1": 2, "DFF_X1": 2, "INV_X1": 1}
    assert flattened(TOP, HIERARCHY).ports["y"] != ()


def test_a_wrong_netlist_gives_no_activity(products: Rtl, netlist: str, cells: str, inputs) -> None:
    expected = simulate(products, inputs)
    place = netlist.index("  XNOR2_X1 ")
    broken = netlist[:place] + "  NAND2_X1 " + netlist[place + 11 :].replace(".A(", ".A1(", 1).replace(".B(", ".A2(", 1)

    def check(outputs) -> None:
        assert all((outputs[name][4:] == expected[name][4:]).all() for name in outputs)

    with pytest.raises(AssertionError):
        record(products, broken, cells, inputs, window=WINDOW, check=check)


@pytest.mark.parametrize("window", [slice(0, 10), slice(10, 10), slice(50, 60)])
def test_bad_window(window: slice) -> None:
    with pytest.raises(ValueError, match=r"^window must hold at least one cycle after cycle 0, not \d+ to \d+$"):
        record_levels(TOP, HIERARCHY, functions(), {"x": [0] * 20}, window=window, check=lambda got: None)


def test_errors(cells: str) -> None:
    with pytest.raises(ValueError, match=r"^module top of the netlist has a statement that is no instance: 'always"):
        read_netlist("module top(a); input a; always @(posedge a) b <= 1; endmodule")
    with pytest.raises(ValueError, match=r"^the netlist has no module top$"):
        record(TOP, "module other(); endmodule", cells, {"x": [0] * 9}, window=slice(1, 9), check=lambda got: None)

    def levels(text: str, inputs=None, **change: CellFunction) -> None:
        given = {"x": [0] * 9} if inputs is None else inputs
        record_levels(TOP, text, functions() | change, given, window=slice(1, 9), check=lambda got: None)

    with pytest.raises(ValueError, match=r"^cell DFF_X2 of the netlist has no function$"):
        levels(HIERARCHY.replace("DFF_X1", "DFF_X2"))
    with pytest.raises(ValueError, match=r"^the netlist has a loop through 2 gates$"):
        levels(HIERARCHY.replace(".D(\\n.1 )", ".D(d)").replace(".A1(d)", ".A1(\\n.1 )"))
    with pytest.raises(
        ValueError, match=r"^pin CK of a cell DFF_X1 gates or ignores the clock, which is not simulated$"
    ):
        levels(HIERARCHY.replace(".CK(clk)", ".CK(d)"))
    with pytest.raises(ValueError, match=r"^pin A of a cell INV_X1 gates or ignores the clock"):
        levels(HIERARCHY.replace(".A(x[1])", ".A(clk)"))
    cleared = CellFunction(inputs=("D", "CK"), outputs={"Q": 0b1010}, clock="CK", tied=("D",))
    with pytest.raises(ValueError, match=r"^pin D of a cell DFF_X1 is not tied: what it does waits for no clock$"):
        levels(HIERARCHY, DFF_X1=cleared)
    with pytest.raises(ValueError, match=r"^top has no input 'q'$"):
        levels(HIERARCHY, {"q": [0]})
    with pytest.raises(ValueError, match=r"^arrays by cycle must have one length, not none$"):
        levels(HIERARCHY, {"x": 0})
