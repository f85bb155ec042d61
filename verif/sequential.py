"""Sequential equivalence: a clocked design behaves as a clocked statement, for all inputs in all cycles."""

from pathlib import Path
from tempfile import TemporaryDirectory

from gen.rtl import CLOCK, RESET, Port, Rtl
from verif.formal import Proof, decide, to_graph
from verif.yosys import run_yosys

_TOP = "bitline_proof"
# Registers that hold the same value in design and statement, found by induction, are merged first; little is left.
_ENGINES = (("scorr", "dprove"), ("bmc3 -F 20 -T {seconds}",))


def prove_same(rtl: Rtl, statement: str, *, seconds: int = 60) -> Proof:
    """Prove that ``rtl`` and a clocked Verilog module ``statement`` give equal outputs for all inputs, in all cycles.

    ``statement`` is a module of that name with the ports of ``rtl``, clock and reset included. Both start with all
    registers 0, and reset may come at any time. Raises ValueError where Yosys refuses the Verilog, TimeoutError
    where it stays undecided.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(rtl.verilog)
        (folder / "proof.sv").write_text(f"{statement}\n{_comparison(rtl)}")
        read = ("read_verilog design.v", "read_verilog -sv -formal proof.sv", f"prep -flatten -top {_TOP}")
        run_yosys([*read, *to_graph(before_writing=("setundef -undriven -init -zero",))], folder)
        return decide(folder, [tuple(step.format(seconds=seconds) for step in engine) for engine in _ENGINES], seconds)


def _comparison(rtl: Rtl) -> str:
    """A module that feeds both alike and asserts that all outputs are equal."""
    inputs = [port for port in rtl.ports if port.direction == "input"]
    outputs = [port for port in rtl.ports if port.direction == "output"]
    declared = [f"input [{port.width - 1}:0] \\{port.name} " for port in inputs] + [f"input {CLOCK}", f"input {RESET}"]
    shared = [f".\\{port.name} (\\{port.name} )" for port in inputs] + [f".{CLOCK}({CLOCK})", f".{RESET}({RESET})"]
    wires = [f"wire [{port.width - 1}:0] got{index}, expected{index};" for index, port in enumerate(outputs)]
    sides = [
        f"\\{module} {name}_side({', '.join(shared + _results(outputs, name))});"
        for module, name in ((rtl.name, "got"), ("statement", "expected"))
    ]
    equal = " && ".join(f"got{index} == expected{index}" for index in range(len(outputs)))
    body = "\n".join((*wires, *sides, f"always @* assert ({equal});"))
    return f"module {_TOP}({', '.join(declared)});\n{body}\nendmodule\n"


def _results(outputs: list[Port], side: str) -> list[str]:
    return [f".\\{port.name} ({side}{index})" for index, port in enumerate(outputs)]
