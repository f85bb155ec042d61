"""Area in textbook gates: a count without a cell library, to be set beside circuits of other sources."""

import json
import re
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from flow.results import read_entry, write_entry
from flow.synthesis.recipes import AREA, DENSE, Recipe
from flow.synthesis.yosys_job import IDENTIFIER
from gen.cache import content_key
from gen.rtl import Rtl
from verif.yosys import run_yosys

FLIP_FLOP_GE = 6.0
TRANSISTORS_PER_GE = 4
_RECIPES: tuple[Recipe | None, ...] = (None, AREA, DENSE)  # None: Yosys's own script for simple gates
_GATES = "cmos4"  # inverters, NAND, NOR and inverting and-or gates of at most four inputs


def textbook_ge(rtl: Rtl) -> float:
    """Gate equivalents of ``rtl``: transistors of its static CMOS gates over 4, and 6 for each flip-flop.

    A flip-flop counts the same with an enable or a synchronous reset as without, so the count is lower than what a
    library without such cells needs. It is the smallest of three ABC scripts; a result comes from the cache where it is
    there. Raises ValueError for a name that is no plain identifier and for Verilog that Yosys refuses.
    """
    if not IDENTIFIER.fullmatch(rtl.name):
        raise ValueError(f"the design's name must be a plain identifier, not {rtl.name!r}")
    return min(_counted(rtl, "" if recipe is None else recipe.script) for recipe in _RECIPES)


def _counted(rtl: Rtl, script: str) -> float:
    key = content_key("textbook", rtl.verilog, rtl.name, script, _GATES, metadata.version("pyosys"))
    entry = read_entry("textbook", key)
    if entry is None:
        transistors, flip_flops = _measured(rtl, script)
        write_entry("textbook", key, {"transistors": transistors, "flip_flops": flip_flops})
    else:
        transistors, flip_flops = entry[0]["transistors"], entry[0]["flip_flops"]
    return transistors / TRANSISTORS_PER_GE + FLIP_FLOP_GE * flip_flops


def _measured(rtl: Rtl, script: str) -> tuple[int, int]:
    """Transistors of the gates, and the number of flip-flops."""
    with TemporaryDirectory(prefix="bitline-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(rtl.verilog)
        (folder / "mapping.abc").write_text(script + "\n")
        run_yosys(_commands(rtl.name, script), folder)
        registers, gates = (json.loads((folder / f"{what}.json").read_text()) for what in ("all", "gates"))
    cells = registers["design"].get("num_cells_by_type", {})
    flip_flops = sum(count for kind, count in cells.items() if re.fullmatch(r"\$_\w*DFF\w*_", kind))
    return _transistors(gates["design"]), flip_flops


def _commands(top: str, script: str) -> list[str]:
    return [
        "read_verilog design.v",
        f"synth -top {top} -flatten",
        f"abc -g {_GATES}{' -script mapping.abc' if script else ''}",
        "opt_clean -purge",
        "tee -q -o all.json stat -json",
        "delete t:$_*DFF*",
        "tee -q -o gates.json stat -json -tech cmos",
    ]


def _transistors(gates: dict[str, object]) -> int:
    """Yosys's estimate, which ends in ``+`` where it does not know a gate."""
    estimate = str(gates["estimated_num_transistors"])
    if not estimate.isdigit():
        raise RuntimeError(f"Yosys cannot estimate the transistors of every gate: {estimate}")
    return int(estimate)
