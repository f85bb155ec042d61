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
_ASSERT, _ASSUME = 'parameter \\FLAVOR "assert"', 'parameter \\FLAVOR "assume"'
_EARLIER = "_in_the_cycle_before"
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
        run_yosys([*self._selection(folder, only), *to_graph()], folder)

    def write_step(self, folder: Path) -> None:
        """Put what `verif.formal.holds_by_induction` reads into ``folder``: all properties, from any state, and the
        assumption that all of them were true in the cycle before."""
        text = _CHECK.sub(_assumed_too, self._selected(None))
        run_yosys([*self._commands(folder, text, begin=False), *to_graph()], folder)

    def write_smt(self, folder: Path, only: str | None = None) -> None:
        """Put what `verif.smt.prove_smt` reads into ``folder``."""
        to_text = ("opt -full", "dffunmap", "opt_clean", "write_smt2 -wires proof.smt2")
        run_yosys([*self._selection(folder, only), *to_text], folder)

    def _selection(self, folder: Path, only: str | None) -> list[str]:
        """Commands for all properties, or for ``only`` one property or goal, that begin with reset."""
        if only not in self.goals:
            return self._commands(folder, self._selected(only), begin=self.clocked)
        (folder / "never.v").write_text(_NEVER)
        return [*self._commands(folder, self._selected(only), begin=self.clocked), "techmap -map never.v t:$cover"]

    def _commands(self, folder: Path, text: str, *, begin: bool) -> list[str]:
        (folder / "properties.il").write_text(text)
        (folder / "harness.sv").write_text(self._harness(begin=begin))
        # Registers hold anything at first: what they start with in simulation is not part of the hardware.
        read = ["read_rtlil properties.il", "proc", "setattr -unset init w:*", "read_verilog -sv -formal harness.sv"]
        skip = ["chformal -assert -cover -skip 1"] if begin else []
        earlier = [f"chformal -assume -delay 1 c:*{_EARLIER}"]
        return [*read, f"prep -flatten -top {_HARNESS}", *earlier, *_FLAT, *skip]

    def _selected(self, only: str | None) -> str:
        """The text with the assumptions and, of the rest, all properties or ``only`` what is named."""

        def keep(cell: re.Match[str]) -> str:
            name, flavor = cell[1], cell[2]
            wanted = flavor == "assume" or (flavor == "assert" if only is None else name == only)
            return cell[0] if wanted else ""

        return _CHECK.sub(keep, self.text)

    def _harness(self, *, begin: bool) -> str:
        """A module around the set, which begins with reset if asked to."""
        top = self.text[self.text.index(f"module \\{_TOP}\n") :].split("\nend\n")[0]
        inputs = [(int(width), name) for width, name in _PORT.findall(top) if self._is_input(top, name)]
        ports = ", ".join(f"input [{width - 1}:0] \\{name} " for width, name in inputs)
        pins = ", ".join(f".\\{name} (\\{name} )" for _, name in inputs)
        reset = (
            f"  reg started = 0;\n  always @(posedge {CLOCK}) started <= 1;\n  always @* assume (started || {RESET});\n"
        )
        return f"module {_HARNESS}({ports});\n{reset if begin else ''}  \\{_TOP} set({pins});\nendmodule\n"

    @staticmethod
    def _is_input(top: str, name: str) -> bool:
        return re.search(rf"^  wire width \d+ input \d+ +(?:signed +)?\\{re.escape(name)}$", top, re.M) is not None


def _assumed_too(cell: re.Match[str]) -> str:
    """An assertion as it is, and once more as an assumption that `PropertyDesign` delays by a cycle."""
    if cell[2] != "assert":
        return cell[0]
    named, rest = cell[0].split("\n", 1)
    return f"{cell[0]}\n{named}{_EARLIER}\n{rest.replace(_ASSERT, _ASSUME)}"


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
