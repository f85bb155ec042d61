"""Property sets as files that provers read: one graph or SMT text for all properties, for one, or for one goal."""

import re
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil  # type: ignore[attr-defined]

from gen.rtl import CLOCK, RESET
from hdl.property_set import PropertySet
from verif.formal import to_graph
from verif.yosys import run_yosys

_CHECK = re.compile(
    r'^  cell \$check .*?parameter \\FORMAT "([^"]*)".*?parameter \\FLAVOR "(\w+)".*?^  end$', re.M | re.S
)
_PORT = re.compile(r"^  wire width (\d+) (?:input|output) \d+ +(?:signed +)?\\(\S+)$", re.M)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TOP, _HARNESS = "properties", "bitline_proof"
# A goal is reached where the claim that it never is fails.
_NEVER = "module \\$cover (input A, EN); \\$assert claim(.A(~A), .EN(EN)); endmodule\n"
_FLAT = ("memory_map", "opt -full", "async2sync", "chformal -lower", "delete t:$print")


@dataclass(frozen=True, kw_only=True)
class PropertyDesign:
    """A property set as RTLIL text; ``properties`` and ``goals`` are named, ``clocked`` says whether it has a clock."""

    text: str
    properties: tuple[str, ...]
    goals: tuple[str, ...]
    clocked: bool

    def write_graph(self, folder: Path, only: str | None = None) -> None:
        """Put what `verif.formal.decide` reads into ``folder``: all properties, or ``only`` one property or goal."""
        run_yosys([*self._commands(folder, only), *to_graph()], folder)

    def write_smt(self, folder: Path, only: str | None = None) -> None:
        """Put what `verif.smt.prove_smt` reads into ``folder``."""
        commands = [*self._commands(folder, only), "opt -full", "dffunmap", "opt_clean", "write_smt2 -wires proof.smt2"]
        run_yosys(commands, folder)

    def _commands(self, folder: Path, only: str | None) -> list[str]:
        goal = only in self.goals
        (folder / "properties.il").write_text(self._selected(only))
        (folder / "harness.sv").write_text(self._harness())
        (folder / "never.v").write_text(_NEVER)
        # Registers hold anything at first: what they start with in simulation is not part of the hardware.
        read = ["read_rtlil properties.il", "proc", "setattr -unset init w:*", "read_verilog -sv -formal harness.sv"]
        begin = ["chformal -assert -cover -skip 1"] if self.clocked else []
        turn = ["techmap -map never.v t:$cover"] if goal else ["chformal -cover -remove"]
        return [*read, f"prep -flatten -top {_HARNESS}", *_FLAT, *begin, *turn]

    def _selected(self, only: str | None) -> str:
        """The text with the assumptions and, of the rest, all properties or ``only`` what is named."""

        def keep(cell: re.Match[str]) -> str:
            name, flavor = cell[1], cell[2]
            wanted = flavor == "assume" or (flavor == "assert" if only is None else name == only)
            return cell[0] if wanted else ""

        return _CHECK.sub(keep, self.text)

    def _harness(self) -> str:
        """A module around the set that begins with reset."""
        top = self.text[self.text.index(f"module \\{_TOP}\n") :].split("\nend\n")[0]
        inputs = [(int(width), name) for width, name in _PORT.findall(top) if self._is_input(top, name)]
        ports = ", ".join(f"input [{width - 1}:0] \\{name} " for width, name in inputs)
        pins = ", ".join(f".\\{name} (\\{name} )" for _, name in inputs)
        begin = (
            f"  reg started = 0;\n  always @(posedge {CLOCK}) started <= 1;\n  always @* assume (started || {RESET});\n"
        )
        return f"module {_HARNESS}({ports});\n{begin if self.clocked else ''}  \\{_TOP} set({pins});\nendmodule\n"

    @staticmethod
    def _is_input(top: str, name: str) -> bool:
        return re.search(rf"^  wire width \d+ input \d+ +(?:signed +)?\\{re.escape(name)}$", top, re.M) is not None


def elaborate_properties(properties: PropertySet) -> PropertyDesign:
    """The RTLIL text of a property set and what it states.

    :raises ValueError: a name is used twice or is none; or there is no property, or no goal: a set must say what it
        makes possible.
    """
    text = rtlil.convert(properties, name=_TOP, emit_src=False)
    stated = [(name, flavor) for name, flavor in _CHECK.findall(text)]
    named = [name for name, flavor in stated if flavor != "assume"]
    if misnamed := sorted(name for name in named if not _NAME.fullmatch(name)):
        raise ValueError(f"a property's name must be lower-case letters, digits and underscores, not {misnamed[0]!r}")
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise ValueError(f"names of properties must differ, and there are two of {', '.join(twice)}")
    claims, goals = (tuple(name for name, kind in stated if kind == flavor) for flavor in ("assert", "cover"))
    if not claims or not goals:
        raise ValueError(f"{type(properties).__name__} must state at least one property and one goal")
    clocked = re.search(rf"^  wire width 1 input \d+ +\\{CLOCK}$", text, re.M) is not None
    return PropertyDesign(text=text, properties=claims, goals=goals, clocked=clocked)
