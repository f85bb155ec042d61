"""Proofs: a design equals a short behavioural statement, or keeps its assertions, for all inputs.

Yosys turns design and statement into one and-inverter graph whose single output says "violated"; ABC looks for inputs
that raise it, or proves that there are none.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gen.rtl import CLOCK, RESET, Port, Rtl
from verif.yosys import run_abc, run_yosys

_TOP = "bitline_proof"
# Word-level sharing comes first: a product that both sides compute of the same operands becomes one.
_TO_GRAPH = (
    *("memory_map", "wreduce", "opt -full", "wreduce", "opt -full", "async2sync", "chformal -lower"),
    *("techmap", "opt -full", "dffunmap", "aigmap", "opt_clean"),
)
_WRITE = "write_aiger -zinit -B -map proof.map proof.aig"
_PROVED, _VIOLATED, _UNDECIDED = 1, 0, -1
_READ = ("read_aiger proof.aig", "fold", "strash")


@dataclass(frozen=True)
class Proof:
    """Outcome of a proof: ``counterexample`` holds the input values of each cycle; it is empty when proved."""

    proved: bool
    counterexample: tuple[Mapping[str, int], ...]


def prove_equal(
    rtl: Rtl, reference: str, *, latency: int = 0, outputs: Sequence[str] | None = None, seconds: int = 60
) -> Proof:
    """Prove that outputs of ``rtl`` (all, or ``outputs``) equal those of a reference for all inputs.

    ``reference`` is Verilog with a combinational module ``reference`` that has the input ports of ``rtl`` and the
    compared outputs. A clocked ``rtl`` gives the result of a cycle's inputs ``latency`` cycles later; it is compared
    where there was no reset in between. Write products with the operands and widths of the design: equal ones are
    shared, whereas proving that two structures multiply alike takes long.

    :raises ValueError: Yosys refuses the Verilog, or ``latency`` does not fit the design.
    :raises TimeoutError: undecided, with ``seconds`` for each method.
    """
    if latency < 0 or (latency and not rtl.clocked):
        raise ValueError(f"latency must be {'at least 0' if rtl.clocked else '0 without a clock'}, not {latency}")
    compared = [port for port in rtl.ports if port.direction == "output" and (outputs is None or port.name in outputs)]
    statement = reference + _equality(rtl, compared, latency)
    return prove(rtl, statement, top=_TOP, depth=latency + 1, seconds=seconds)


def prove(rtl: Rtl, properties: str, *, top: str, depth: int = 10, seconds: int = 60) -> Proof:
    """Prove that no assertion in ``properties`` can fail, in any cycle.

    ``properties`` is SystemVerilog with a module ``top`` that instantiates the design and holds ``assert`` and
    ``assume``; registers start at any value, except those with an initial one: to start from reset write
    ``reg started = 0; always @(posedge clk) started <= 1; always @* assume (started || rst);``. Three methods take
    turns: that it holds ``depth`` cycles after any state (decides pipelines), search of the first cycles (finds
    counterexamples), property-directed reachability (decides controllers).

    :raises ValueError: Yosys refuses the Verilog, or ``top`` is no identifier.
    :raises TimeoutError: undecided, with ``seconds`` for each method.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", top):
        raise ValueError(f"top must be a Verilog identifier, not {top!r}")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(rtl.verilog)
        (folder / "proof.sv").write_text(properties)
        read = ("read_verilog design.v", "read_verilog -sv -formal proof.sv", f"prep -flatten -top {top}")
        run_yosys([*read, *to_graph()], folder)
        return _decide(folder, depth, seconds)


def to_graph(*, before_writing: Sequence[str] = ()) -> tuple[str, ...]:
    """Yosys commands that turn the flat design into the graph that `decide` reads."""
    return (*_TO_GRAPH, *before_writing, _WRITE)


def _decide(folder: Path, depth: int, seconds: int) -> Proof:
    if _is_combinational(folder):
        engines = [("iprove",)]
    else:
        # Once it holds from any state after `depth` cycles, only the cycles before that are left to search.
        pipeline = (f"frames -F {depth}", "comb", f"cone -O {depth - 1}", "iprove")
        settled = _status(_solve(folder, pipeline, seconds)) == _PROVED
        if settled and searched(folder, depth - 1, seconds):
            return Proof(True, ())
        engines = [(f"bmc3 -F {2 * depth} -T {seconds}",), (f"pdr -T {seconds}",)]
    return decide(folder, engines, seconds)


def decide(folder: Path, engines: Sequence[Sequence[str]], seconds: int) -> Proof:
    """The answer of the first of ``engines`` (each some ABC commands) that has one; TimeoutError where none has."""
    for engine in engines:
        status = _status(_solve(folder, engine, seconds))
        if status == _VIOLATED:
            return Proof(False, _counterexample(folder))
        if status == _PROVED:
            return Proof(True, ())
    raise TimeoutError(f"the proof is undecided after {seconds} s for each method")


def holds_by_induction(folder: Path, cycles: int, seconds: int) -> bool:
    """Whether the properties of an induction step hold in a cycle once they did in as many ``cycles`` before it.

    The step allows any state and assumes in each cycle that the properties were true in the one before. That they are
    true in the first ``cycles`` is left to `searched`.
    """
    properties = int((folder / "proof.aig").read_bytes().split(b"\n", 1)[0].split()[6])
    last = f"cone -O {cycles * properties} -R {properties}"
    return _status(_solve(folder, (f"frames -F {cycles + 1}", "comb", last, "orpos", "iprove"), seconds)) == _PROVED


def _is_combinational(folder: Path) -> bool:
    """Whether the graph has neither registers nor assumptions, which become a register."""
    header = (folder / "proof.aig").read_bytes().split(b"\n", 1)[0].split()
    latches, assumptions = int(header[3]), int(header[7])
    return not latches and not assumptions


def searched(folder: Path, cycles: int, seconds: int) -> bool:
    """Whether all of the first ``cycles`` cycles were searched without finding a violation."""
    if not cycles:
        return True
    found = re.search(r"No output asserted in (\d+) frames", _solve(folder, (f"bmc3 -F {cycles}",), seconds))
    return found is not None and int(found[1]) >= cycles


def _solve(folder: Path, engine: Sequence[str], seconds: int) -> str:
    try:
        return run_abc([*_READ, *engine, "print_status", "write_cex -a proof.cex"], folder, seconds)
    except subprocess.TimeoutExpired:
        return ""


def _status(log: str) -> int:
    found = re.search(r"^Status = (-?\d)", log, re.M)
    return int(found[1]) if found else _UNDECIDED


def _counterexample(folder: Path) -> tuple[Mapping[str, int], ...]:
    """Input values by cycle: the witness has one line of state, then one line of input bits per cycle."""
    names = re.findall(r"^input (\d+) (\d+) (\S+)$", (folder / "proof.map").read_text(), re.M)
    cycles = []
    for bits in (folder / "proof.cex").read_text().splitlines()[1:]:
        if not bits.startswith("#"):
            values: dict[str, int] = {}
            for place, bit, name in names:
                if name != CLOCK:
                    values[name] = values.get(name, 0) | int(bits[int(place)]) << int(bit)
            cycles.append(values)
    return tuple(cycles)


def _equality(rtl: Rtl, compared: Sequence[Port], latency: int) -> str:
    """A module that feeds design and reference alike and asserts that the ``compared`` outputs are equal."""
    inputs = [port for port in rtl.ports if port.direction == "input"]
    declared = [f"input {_range(port)} \\{port.name} " for port in inputs]
    past = [f"past{latency}[{high}:{low}]" for high, low in _slices(inputs)]
    design = [f".\\{port.name} (\\{port.name} )" for port in inputs]
    statement = [f".\\{port.name} ({value})" for port, value in zip(inputs, past, strict=True)]
    wires, equal = [], []
    for serial, port in enumerate(compared):
        wires.append(f"wire {_range(port)} got{serial}, expected{serial};")
        design.append(f".\\{port.name} (got{serial})")
        statement.append(f".\\{port.name} (expected{serial})")
        equal.append(f"got{serial} == expected{serial}")
    if rtl.clocked:
        declared += [f"input {CLOCK}", f"input {RESET}"]
        design += [f".{CLOCK}({CLOCK})", f".{RESET}({RESET})"]
    return "\n".join(
        [
            "",
            f"module {_TOP}({', '.join(declared)});",
            *wires,
            *_history(inputs, latency),
            f"\\{rtl.name} design({', '.join(design)});",
            f"reference statement({', '.join(statement)});",
            f"always @* if (settled) assert ({' && '.join(equal)});",
            "endmodule",
            "",
        ]
    )


def _history(inputs: Sequence[Port], latency: int) -> list[str]:
    """Registers that hold the inputs of ``latency`` cycles ago, and ``settled``: there was no reset since."""
    everything = ", ".join(f"\\{port.name} " for port in reversed(inputs))
    bits = sum(port.width for port in inputs)
    lines = [f"wire [{bits - 1}:0] past0 = {{{everything}}};"]
    if not latency:
        return [*lines, "wire settled = 1;"]
    lines += [f"reg [{latency}:0] age = 0;", f"wire settled = age >= {latency};"]
    lines += [f"always @(posedge {CLOCK}) age <= {RESET} ? 0 : settled ? age : age + 1;"]
    for age in range(1, latency + 1):
        lines += [f"reg [{bits - 1}:0] past{age};", f"always @(posedge {CLOCK}) past{age} <= past{age - 1};"]
    return lines


def _slices(ports: Sequence[Port]) -> list[tuple[int, int]]:
    """Highest and lowest bit of each port in the concatenation of all, the first lowest."""
    slices, low = [], 0
    for port in ports:
        slices.append((low + port.width - 1, low))
        low += port.width
    return slices


def _range(port: Port) -> str:
    return f"[{port.width - 1}:0]"
