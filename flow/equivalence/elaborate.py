"""Design and netlist as gates, module by module, with Yosys."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flow.synthesis.yosys_job import IDENTIFIER
from verif.yosys import run_yosys

Modules = Mapping[str, Mapping[str, Any]]

PRODUCT = "bitline_product"
# Every product becomes an instance of one module for each kind of product: its gates are then checked by themselves.
_ISOLATE = f"""
(* techmap_celltype = "$mul" *)
module isolate #(parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1)
  (input [A_WIDTH-1:0] A, input [B_WIDTH-1:0] B, output [Y_WIDTH-1:0] Y);
  {PRODUCT} #(.A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED), .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH))
    product(.A(A), .B(B), .Y(Y));
endmodule
"""
_PRODUCT = f"""
(* {PRODUCT} *)
module {PRODUCT} #(parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1)
  (input [A_WIDTH-1:0] A, input [B_WIDTH-1:0] B, output [Y_WIDTH-1:0] Y);
  \\$mul #(.A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED), .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH))
    product(.A(A), .B(B), .Y(Y));
endmodule
"""
# No state machine is recoded and no flip-flop turned into one with enable or reset: registers keep their meaning.
_OPTIMISE = "opt -nodffe -nosdff"
_WORDS = ("proc", "flatten -noscopeinfo", "opt_expr", "opt_clean", _OPTIMISE, "wreduce", "peepopt", "opt_clean")
_GATES = ("alumacc", _OPTIMISE, "memory -nomap", "opt_clean", "memory_map", _OPTIMISE, "techmap", _OPTIMISE)
_PLAIN = ("dffunmap", "simplemap", "aigmap", "opt_clean")


def design_modules(verilog: str, top: str, kept: Collection[str], *, booth: bool) -> tuple[Modules, Modules]:
    """The modules ``kept`` of a design, all others dissolved in them; and the modules that its products became.

    ``booth``: products are built as Yosys's ``booth`` builds them, else in its plain way.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(verilog)
        (folder / "isolate.v").write_text(_ISOLATE)
        (folder / "product.v").write_text(_PRODUCT)
        read = ("read_verilog design.v", f"hierarchy -top {_checked(top)}", *_keep(kept))
        isolate = ("read_verilog -icells product.v", "techmap -map isolate.v t:$mul", f"hierarchy -top {top}")
        parts = ("write_json parts.json", f"setattr -mod -unset keep_hierarchy A:{PRODUCT}")
        whole = ("flatten -noscopeinfo", _OPTIMISE, *_PLAIN, "write_json design.json")
        products = (f"setattr -mod -set keep_hierarchy 1 A:{PRODUCT}", *["booth"] * booth)
        run_yosys([*read, *_WORDS, *isolate, *products, *_GATES, *_PLAIN, *parts, *whole], folder)
        found = {each: module for each, module in _modules(folder / "parts.json").items() if PRODUCT in each}
        return _modules(folder / "design.json"), found


def netlist_modules(netlist: str, cells: str, top: str, kept: Collection[str]) -> Modules:
    """The modules of a netlist; ``cells`` are the models of its cells, as `verif.replay.cell_models` returns them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "netlist.v").write_text(netlist)
        (folder / "cells.v").write_text(cells)
        read = ("read_verilog netlist.v", f"hierarchy -top {_checked(top)}", *_keep(kept))
        replace = ("techmap -autoproc -map cells.v", f"hierarchy -check -top {top}")
        plain = ("proc", _OPTIMISE, "techmap", _OPTIMISE, *_PLAIN, "write_json netlist.json")
        run_yosys([*read, *replace, *plain], folder)
        return _modules(folder / "netlist.json")


def _keep(names: Collection[str]) -> list[str]:
    return [f"setattr -mod -set keep_hierarchy 1 {_checked(name)}" for name in sorted(names)]


def _checked(name: str) -> str:
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"a module's name must be a plain identifier, not {name!r}")
    return name


def _modules(path: Path) -> Modules:
    modules: Modules = json.loads(path.read_text())["modules"]
    return modules
