"""Which faults Yosys can put into a design, and a seeded choice of them that covers modules, cells, wires and lines."""

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gen.rtl import CLOCK, Rtl
from verif.yosys import run_yosys

_TOP = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ALL = 1_000_000_000
CLOCK_PINS = frozenset(("CLK", "RD_CLK", "WR_CLK", CLOCK))
_KINDS = {"procdff": "register", "procmux": "multiplexer", "ternary": "multiplexer"}
_EFFECTS = {
    "const0": "stuck at 0",
    "const1": "stuck at 1",
    "inv": "inverted",
    "cnot0": "inverted while bit {control} is 0",
    "cnot1": "inverted while bit {control} is 1",
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One bit of one port of a word-level cell or of an instance, and what happens to it.

    ``effect`` says that in words, ``cell`` names what has the port, ``wire`` is the bit at it (empty if it has no name
    of its own), ``line`` the number of the statement in the design's Verilog and ``statement`` its text (0 and empty
    where Yosys knows none). ``options`` is the fault as Yosys's `mutate` takes it.
    """

    module: str
    cell: str
    port: str
    bit: int
    wire: str
    effect: str
    line: int
    statement: str
    options: str

    def __str__(self) -> str:
        place = f", line {self.line}: {self.statement}" if self.line else ""
        wire = f" ({self.wire})" if self.wire else ""
        return f"{self.module}: {self.port}[{self.bit}]{wire} of {self.cell} {self.effect}{place}"


def preparation(rtl: Rtl) -> tuple[str, ...]:
    """Yosys commands that turn ``design.v`` into the word-level cells which have the faults; hierarchy is kept.

    :raises ValueError: the design's name is no plain identifier.
    """
    if not _TOP.fullmatch(rtl.name):
        raise ValueError(f"the design's name must be a plain identifier, not {rtl.name!r}")
    return ("read_verilog design.v", f"prep -top {rtl.name}")


def choose_faults(rtl: Rtl, count: int, seed: int) -> tuple[Fault, ...]:
    """``count`` different faults of ``rtl``; the same for the same seed, and those of a smaller count come first.

    Yosys draws them so that they spread over modules, cells, wires and source lines. Clock pins are left alone: a
    fault there has no meaning in a simulation and a proof by cycles.

    :raises ValueError: the design does not have that many.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(rtl.verilog)
        # The second list is longer than needed, as some of it is on clock pins, and in the order in which Yosys drew.
        lists = (f"mutate -list {_ALL} -o all", f"mutate -list {2 * max(1, count)} -seed {seed} -o drawn")
        run_yosys([*preparation(rtl), *lists], folder)
        drawn, everything = (_without_clocks(folder / file) for file in ("drawn", "all"))
    available = len(everything)
    if not 1 <= count <= available:
        raise ValueError(f"mutants must be between 1 and {available}, not {count}")
    lines = rtl.verilog.splitlines()
    ordered = dict.fromkeys([*drawn, *everything])
    return tuple(_fault(options, lines) for options in list(ordered)[:count])


def _without_clocks(file: Path) -> list[str]:
    options = [line.removeprefix("mutate ") for line in file.read_text().splitlines()]
    return [each for each in options if re.search(r"-port (\S+)", each)[1] not in CLOCK_PINS]  # type: ignore[index]


def _fault(options: str, lines: list[str]) -> Fault:
    words = options.split()
    fields = dict(zip(words[::2], words[1::2], strict=True))  # of the sources the last stays, which is the cell's
    number = re.match(r"design\.v:(\d+)", fields.get("-src", ""))
    line = int(number[1]) if number else 0
    return Fault(
        module=fields["-module"],
        cell=_cell(fields["-cell"]),
        port=fields["-port"],
        bit=int(fields["-portbit"]),
        wire=f"{fields['-wire']}[{fields['-wirebit']}]" if "-wire" in fields else "",
        effect=_EFFECTS[fields["-mode"]].format(control=fields.get("-ctrlbit")),
        line=line,
        statement=lines[line - 1].strip() if line else "",
        options=options,
    )


def _cell(name: str) -> str:
    """An instance by its name, a cell by its kind."""
    automatic = re.match(r"\$([a-z_]+)\$", name)
    return _KINDS.get(automatic[1], automatic[1]) if automatic else name
