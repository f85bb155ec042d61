"""Replay at gate level: the mapped netlist gives what the design gives, and a broken netlist is noticed."""

import gzip
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from gen.rtl import Rtl
from verif.batch import Sink, Source, simulate
from verif.replay import cell_models, gate_level
from verif.yosys import run_yosys

SHARED = Path(__file__).parents[2].parent / "shared" / "pdk"


def _freepdk45() -> Path:
    spec = util.find_spec("adks")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "freepdk-45nm" / "view-tiny" / "stdcells.lib"


@pytest.fixture(scope="module")
def cells() -> str:
    return cell_models(_freepdk45())


def _map(rtl: Rtl, folder: Path) -> str:
    (folder / "cells.lib").symlink_to(_freepdk45())
    (folder / "design.v").write_text(rtl.verilog)
    mapping = ["dfflibmap -liberty cells.lib", "abc -liberty cells.lib", "opt_clean -purge"]
    run_yosys(["read_verilog design.v", f"synth -flatten -top {rtl.name}", *mapping, "write_verilog net.v"], folder)
    return (folder / "net.v").read_text()


@pytest.fixture(scope="module")
def netlist(products: Rtl, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _map(products, tmp_path_factory.mktemp("map"))


def _inputs() -> dict[str, np.ndarray]:
    random = np.random.default_rng(11)
    ranges = {"a": (0, 1024), "b": (0, 1024), "u": (0, 256), "v": (0, 256), "c": (-128, 128)}
    return {name: random.integers(*limits, 20_000) for name, limits in ranges.items()}


def test_mapped_products_equal_the_design(products: Rtl, netlist: str, cells: str) -> None:
    assert netlist.count("DFF_X1") > 20
    assert "always" not in netlist
    inputs = _inputs()
    result = simulate(gate_level(products, netlist, cells), inputs)
    assert (result["y"][2:] == (inputs["a"] * inputs["u"] - inputs["b"] * inputs["v"] + inputs["c"])[:-2]).all()
    assert (result["sum"] == (inputs["a"] + inputs["b"]) % 1024).all()


@pytest.mark.parametrize(("right", "wrong"), [("XOR2_X1", "XNOR2_X1"), ("  AOI21_X1", "  OAI21_X1")])
def test_one_wrong_gate_is_noticed(products: Rtl, netlist: str, cells: str, right: str, wrong: str) -> None:
    place = netlist.index(right + " ")
    broken = netlist[:place] + wrong + netlist[place + len(right) :]
    if wrong == "XNOR2_X1":  # whose output has another name
        end = broken.index(";", place)
        broken = broken[:place] + broken[place:end].replace(".Z(", ".ZN(") + broken[end:]
    inputs = _inputs()
    good, bad = (simulate(gate_level(products, text, cells), inputs) for text in (netlist, broken))
    assert any((good[name] != bad[name]).any() for name in good)


def test_streams_and_reset_at_gate_level(buffer: Rtl, cells: str, tmp_path: Path) -> None:
    mapped = gate_level(buffer, _map(buffer, tmp_path), cells)
    arrays = {
        "i": Source(payloads=np.arange(-100, 100), valid=[1, 1, 0]),
        "o": Sink(ready=[1, 0, 1, 1]),
        "rst": np.arange(500) == 77,
    }
    expected, found = (simulate(rtl, arrays) for rtl in (buffer, mapped))
    assert expected.keys() == found.keys()
    assert all((expected[name] == found[name]).all() for name in expected)


def test_flip_flop_outputs_agree_from_power_up_on(cells: str) -> None:
    model = cells.split("module DFF_X1(")[1].split("endmodule")[0]
    assert model.count("always @(posedge CK)") == 1
    assert "assign QN = ~Q;" in model


def test_errors(products: Rtl, cells: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^the netlist has no module products$"):
        gate_level(products, "module other(); endmodule", cells)
    with pytest.raises(ValueError, match=r"^there is no liberty file .*none\.lib$"):
        cell_models(tmp_path / "none.lib")
    (tmp_path / "broken.lib").write_text("this is no liberty")
    with pytest.raises(ValueError, match=r"^Yosys: "):
        cell_models(tmp_path / "broken.lib")
    unknown = "module products(input clk); NO_SUCH_CELL x(.A(clk)); endmodule\n"
    with pytest.raises(ValueError, match=r"^Verilator cannot build"):
        simulate(gate_level(products, unknown, cells), {"a": 1}, cycles=1)


def test_paths_with_syntax_and_gzip(tmp_path: Path, cells: str) -> None:
    folder = tmp_path / "a; b 'c'"
    folder.mkdir()
    with gzip.open(folder / "cells.lib.gz", "wb") as packed:
        packed.write(_freepdk45().read_bytes())
    assert cell_models(folder / "cells.lib.gz") == cells


@pytest.mark.parametrize(
    ("library", "cell"), [("sky130hd", "nand2_1"), ("ihp-sg13g2", "nand2_1"), ("asap7", "NAND2x1")]
)
def test_other_libraries(library: str, cell: str) -> None:
    liberties = sorted((SHARED / library).glob("*.lib.gz"))
    if not liberties:
        pytest.skip(f"{library} is not here")
    text = cell_models(*liberties)
    assert cell in text
    assert "posedge" in text
