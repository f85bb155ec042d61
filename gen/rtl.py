"""Turn an Amaranth component into Verilog text and a description of its ports."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Shape
from amaranth.lib import wiring

from gen.hierarchy import tidy

CLOCK, RESET = "clk", "rst"

# `proc` first, so that `opt_dff` can fold enables and synchronous resets into the flip-flops it finds; initial values
# are dropped because gates cannot hold them: what must start at a known value is reset.
_PASSES = (
    "proc",
    "setattr -unset init w:*",
    "opt_expr -keepdc",
    "opt_clean",
    "opt_dff -keepdc",
    "opt_clean",
)


@dataclass(frozen=True)
class Port:
    """A top-level port: ``direction`` is ``input`` or ``output``; ``signed`` means two's complement."""

    name: str
    direction: str
    width: int
    signed: bool


@dataclass(frozen=True)
class Rtl:
    """Verilog of one design. ``ports`` leaves out clock and reset, which exist when ``clocked`` is true."""

    name: str
    verilog: str
    ports: tuple[Port, ...]
    clocked: bool


def elaborate(component: wiring.Component, name: str) -> Rtl:
    """Elaborate ``component`` as module ``name``: one Verilog module per distinct block, hierarchy kept.

    Streams are flattened to ``NAME__valid``, ``NAME__ready``, ``NAME__payload``; a clocked design has ``clk`` (rising
    edge) and ``rst`` (synchronous, active high).
    """
    text = tidy(rtlil.convert(component, name=name, emit_src=False))
    verilog = _print_verilog(text)
    clocked = f"  input {CLOCK};" in verilog
    return Rtl(name, verilog, _ports(component), clocked)


def _ports(component: wiring.Component) -> tuple[Port, ...]:
    ports = []
    for path, member, value in component.signature.flatten(component):
        shape = Shape.cast(member.shape)
        direction = "input" if member.flow is wiring.In else "output"
        if shape.width:
            ports.append(Port("__".join(map(str, path)), direction, shape.width, shape.signed))
    return tuple(ports)


def _print_verilog(text: str) -> str:
    # Imported late: loading Yosys costs more than parsing a command line.
    from pyosys import libyosys

    design = libyosys.Design()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "design.il"), Path(folder, "design.v")
        source.write_text(text)
        for command in (f"read_rtlil {source}", *_PASSES, f"write_verilog -noattr {target}"):
            libyosys.Pass.call(design, f"tee -q {command}")
        verilog = target.read_text()
    # The first comment names the machine that compiled Yosys.
    return verilog.split("*/\n", 1)[1].lstrip("\n")
