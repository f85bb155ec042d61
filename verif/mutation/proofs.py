"""Prove that a fault never shows at the outputs of a design."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gen.rtl import CLOCK, RESET, Port, Rtl
from verif.formal import Proof, prove_equal
from verif.mutation.apply import with_fault
from verif.mutation.faults import CLOCK_PINS, Fault, preparation
from verif.sequential import prove_same
from verif.yosys import run_yosys

_BLOCK = "block"


def prove_harmless(rtl: Rtl, fault: Fault, *, seconds: int = 60) -> Proof:
    """Prove that ``rtl`` with ``fault`` gives the outputs of ``rtl`` for all inputs, in all cycles from registers at 0.

    The block with the fault is tried by itself first: are its outputs, and what it tells its sub-blocks, the same
    whatever these answer? That is quick, and enough. If they are not, the whole design decides.

    :raises TimeoutError: undecided, with ``seconds`` for each method.
    """
    block = _block(rtl, fault.module, (), _BLOCK)
    if block is not None:
        faulty = _block(rtl, fault.module, (f"mutate {fault.options}",), _statement(block))
        with suppress(TimeoutError):
            if faulty is not None and _compare(block, faulty.verilog, seconds).proved:
                return Proof(True, ())
    return _compare(rtl, with_fault(rtl, fault, _statement(rtl)), seconds)


def _statement(rtl: Rtl) -> str:
    """The name that the prover of ``rtl`` asks for."""
    return "statement" if rtl.clocked else "reference"


def _compare(rtl: Rtl, statement: str, seconds: int) -> Proof:
    return (prove_same if rtl.clocked else prove_equal)(rtl, statement, seconds=seconds)


def _block(rtl: Rtl, module: str, changes: Sequence[str], name: str) -> Rtl | None:
    """One module of the design, called ``name``: the ports of its sub-blocks are ports of its own.

    None for one with registers but without reset, which cannot be compared.
    """
    opened = (f"select {module}/c:*", "expose -evert", "select -clear", f"rename {module} {name}", f"select {name}")
    written = ("write_verilog -noattr -selected block.v", "write_json -selected block.json")
    with TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        (folder / "design.v").write_text(rtl.verilog)
        run_yosys([*preparation(rtl), *changes, *opened, *written], folder)
        described = json.loads((folder / "block.json").read_text())["modules"][name]
        verilog = (folder / "block.v").read_text()
    clocked = any(not CLOCK_PINS.isdisjoint(cell["connections"]) for cell in described["cells"].values())
    if clocked and not {CLOCK, RESET} <= described["ports"].keys():
        return None
    return Rtl(name, verilog, tuple(_ports(described["ports"], clocked)), clocked)


def _ports(described: Mapping[str, Any], clocked: bool) -> Iterator[Port]:
    for name, port in described.items():
        # Where the clock drives registers it is no data, neither here nor at the sub-blocks.
        if not clocked or (name not in (CLOCK, RESET) and not name.endswith(f".{CLOCK}")):
            yield Port(name, port["direction"], len(port["bits"]), bool(port.get("signed")))
