"""Proofs: a design equals a short behavioural statement, or keeps its assertions, for all inputs.

Yosys turns design and statement into one and-inverter graph whose single output says "violated"; ABC looks for inputs
that raise it, or proves that there are none.
"""

import re
import subprocess
import time
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
    *("techmap", "opt -full", "dffunmap", "aigmap", "opt_clean", "write_aiger -zinit -B -map proof.map proof.aig"),
)
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
    :raises TimeoutError: undecided after ``seconds``.
    """
    if latency < 0 or (latency and not rtl.clocked):
        raise ValueError(f"latency must be {'at least 0' if rtl.clocked else '0 without a clock'}, not {latency}")
    compared = [port for port in rtl.ports if port.direction == "output" and (outputs is None or port.name in outputs)]
    statement = reference + _equality(rtl, compared, latency)
    return prove(rtl, statement, top=_TOP, depth=latency + 1, seconds=seconds)


def prove(rtl: Rtl, properties: str, *, top: str, depth: int = 10, seconds: int = 60) -> Proof:
    """Prove that no assertion in ``properties`` can fail, in any cycle.

    ``properties`` is SystemVerilog with a module ``top`` that instantiates the design and holds ``assert`` and
    ``assume``; registers start at any value, except those with an ``initial`` one: to start from reset write
    ``reg started = 0; always @(posedge clk) started <= 1; always @* assume (started || rst);``. Three methods take
    turns: from any state, an assertion holds after ``depth`` cycles (decides pipelines); search of the first cycles
    for a counterexample; property-directed reachability (decides controllers).

    :raises ValueError: Yosys refuses the Verilog, or ``top`` is no identifier.
    :raises TimeoutError: undecided after ``seconds``.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", top):
        raise ValueError(f"top must be a Verilog identifier, not {top!r}")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(rtl.verilog)
        (folder / "proof.sv").write_text(properties)
        read = ("read_verilog design.v", "read_verilog -sv -formal proof.sv", f"prep -flatten -top {top}")
        run_yosys([*read, *_TO_GRAPH], folder)
        return _decide(folder, depth, time.monotonic() + seconds)


def _decide(folder: Path, depth: int, deadline: float) -> Proof:
    unrolled = (f"frames -F {depth}", "comb", f"cone -O {depth - 1}", "iprove")
    settled = _holds(folder, unrolled, deadline)
    # Once it holds from any state, only the cycles before that are left.
    searched = _holds(folder, (f"bmc3 -F {depth - 1 if settled else 2 * depth}",), deadline) if depth > 1 or not settled else None
    return Proof(True, ())
