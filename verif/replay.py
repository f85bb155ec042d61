"""Gate level: a mapped netlist as something `verif.batch.simulate` runs, on the same vectors as the design."""

import dataclasses
import re
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from gen.cache import cache_folder, content_key, publish
from gen.rtl import Rtl
from verif.yosys import run_yosys

# Cells without a function, as clock gates and fillers, get none. The liberty's inverted output of a flip-flop is read
# as a second flip-flop; merged, the two agree from power-up on.
_READ = "read_liberty -ignore_miss_func -ignore_miss_dir -ignore_miss_data_latch"
_WRITE = ("proc", "opt_merge", "clean -purge", "write_verilog -noattr cells.v")


def gate_level(rtl: Rtl, netlist: str, cells: str) -> Rtl:
    """The netlist of ``rtl``, mapped to ``cells`` (as `cell_models` returns them), with the ports of ``rtl``.

    :raises ValueError: ``netlist`` holds no module of the design's name.
    """
    if not re.search(rf"^\s*module\s+\\?{re.escape(rtl.name)}\b", netlist, re.M):
        raise ValueError(f"the netlist has no module {rtl.name}")
    return dataclasses.replace(rtl, verilog=netlist + cells)


def cell_models(*liberties: Path) -> str:
    """Verilog of every cell of a library, as Yosys reads its function in the liberty files (plain or gzip).

    :raises ValueError: a file is absent or no liberty.
    """
    for liberty in liberties:
        if not liberty.is_file():
            raise ValueError(f"there is no liberty file {liberty}")
    key = content_key(*(liberty.read_bytes() for liberty in liberties), metadata.version("pyosys"), _READ, _WRITE)
    target = cache_folder("cells") / f"{key}.v"
    if not target.exists():
        with publish(target) as temporary:
            temporary.write_text(_read_cells(liberties))
    return target.read_text()


def _read_cells(liberties: tuple[Path, ...]) -> str:
    with TemporaryDirectory() as folder:
        commands = []
        for serial, liberty in enumerate(liberties):
            # Yosys gets a name of ours: it would take spaces and semicolons in a path for syntax.
            name = f"cells{serial}.lib" + (".gz" if liberty.suffix == ".gz" else "")
            Path(folder, name).symlink_to(liberty.resolve())
            commands.append(f"{_READ} {name}")
        run_yosys([*commands, *_WRITE], Path(folder))
        # The first comment names the machine that compiled Yosys.
        return Path(folder, "cells.v").read_text().split("*/\n", 1)[1]
