"""Print RTLIL as Verilog with Yosys, the same bytes every time."""

import os
import tempfile
from pathlib import Path

# `proc` first, so that `opt_dff` can fold enables and synchronous resets into the flip-flops it finds; initial values
# and contents are dropped because gates cannot hold them: what must start at a known value is reset.
_PASSES = (
    "proc",
    "setattr -unset init w:*",
    "delete t:$meminit_v2",
    "opt_expr -keepdc",
    "opt_clean",
    "opt_dff -keepdc",
    "techmap -map +/pmux2mux.v",
    "opt_expr -mux_undef",
    "opt_merge",
    "opt_clean",
)


def print_verilog(rtlil: str) -> str:
    """Verilog text of the RTLIL text of a design.

    Yosys orders what it prints by the order in which it first met a name, so a second design in the same process could
    come out in another order; and it ends its process on an error. So each design is printed by a fork in which Yosys
    is loaded but was never used.
    """
    from pyosys import libyosys  # late: loading it takes longer than parsing a command line

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.il").write_text(rtlil)
        child = os.fork()
        if child == 0:
            _print_and_exit(libyosys, folder)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            messages = (folder / "messages").read_text(errors="replace").split("\n")
            reasons = [line for line in messages if line.startswith("ERROR")] or ["no message"]
            raise RuntimeError(f"Yosys cannot print the design: {reasons[0]}")
        # The first comment names the machine that compiled Yosys.
        return (folder / "design.v").read_text().split("*/\n", 1)[1].lstrip("\n")


def _print_and_exit(libyosys: object, folder: Path) -> None:
    """In the child: write ``design.v``, or the error to ``messages``; never returns."""
    status = 1
    try:
        messages = os.open(folder / "messages", os.O_WRONLY | os.O_CREAT)
        os.dup2(messages, 1)
        os.dup2(messages, 2)
        design = libyosys.Design()  # type: ignore[attr-defined]
        for command in (f"read_rtlil {folder}/design.il", *_PASSES, f"write_verilog -noattr {folder}/design.v"):
            libyosys.Pass.call(design, f"tee -q {command}")  # type: ignore[attr-defined]
        status = 0
    finally:
        os._exit(status)
