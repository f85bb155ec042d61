"""Turn an Amaranth component into Verilog text and a description of its ports."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth.back import rtlil  # type: ignore[attr-defined]
from amaranth.hdl import ClockSignal, Instance, ResetSignal, Shape
from amaranth.lib import wiring

from gen.print_verilog import print_verilog
from gen.rename import rename_wires
from gen.reserved import RESERVED
from hdl.block import Block
from hdl.memory import MemoryShape

CLOCK, RESET = "clk", "rst"

# Amaranth has 16 bits for the number of a bit: of a signal, of all inputs of a module, of all outputs of an instance.
# Two numbers of inputs are constants, and two may be clock and reset.
_INPUT_BITS, _OUTPUT_BITS = (1 << 16) - 4, 1 << 16


@dataclass(frozen=True)
class Port:
    """A top-level port: ``direction`` is ``input`` or ``output``; ``signed`` means two's complement."""

    name: str
    direction: str
    width: int
    signed: bool


@dataclass(frozen=True)
class Rtl:
    """Verilog of one design.

    ``ports`` leaves out clock and reset, which exist when ``clocked`` is true. ``memories`` maps the modules that are
    memories and nothing else to their shapes, as pairs.
    """

    name: str
    verilog: str
    ports: tuple[Port, ...]
    clocked: bool
    memories: tuple[tuple[str, MemoryShape], ...] = ()


def elaborate(component: wiring.Component, name: str) -> Rtl:
    """Elaborate ``component`` as module ``name``: one Verilog module per distinct block, hierarchy kept.

    Streams are flattened to ``NAME__valid``, ``NAME__ready``, ``NAME__payload``; a clocked design has ``clk`` (rising
    edge) and ``rst`` (synchronous, active high). Raises ValueError for a name that Verilog keeps for itself, for an
    output port of more than 65536 bits, and where input ports, of ``component`` or a block in it, have more than 65532
    bits together, or output ports of such a block more than 65536.
    """
    for port, flow, shape in _flat_ports(component):
        if flow is wiring.Out and shape.width > _OUTPUT_BITS:
            raise ValueError(f"output port {port} of {name} must have at most {_OUTPUT_BITS} bits, not {shape.width}")
    blocks = _Blocks()
    top = blocks.emit(component, name)
    ports = tuple(
        Port(port, "input" if flow is wiring.In else "output", shape.width, shape.signed)
        for port, flow, shape in _flat_ports(component)
        if shape.width
    )
    if reserved := sorted(RESERVED & {name, *(port.name for port in ports)}):
        raise ValueError(f"names of a design and its ports must be no words of Verilog, not {', '.join(reserved)}")
    verilog = print_verilog("".join(blocks.modules.values()))
    return Rtl(name, verilog, ports, _clocked(top), tuple(sorted(blocks.memories.items())))


class _Blocks:
    """The platform that emits every distinct block once, as a module named after its class."""

    def __init__(self) -> None:
        self.modules: dict[str, str] = {}
        self.memories: dict[str, MemoryShape] = {}
        self._names: dict[Any, str] = {}
        self._outputs: dict[str, set[str]] = {}
        self._emitting: wiring.Component | None = None

    def emit(self, component: wiring.Component, name: str) -> str:
        """Add the module called ``name`` for ``component``; returns its RTLIL text."""
        _require_bits(f"input ports of {name}", component, wiring.In, _INPUT_BITS)
        outer, self._emitting = self._emitting, component
        self.modules[name] = ""  # keeps the name, and the place before its children
        if isinstance(component, Block) and component.memory is not None:
            self.memories[name] = component.memory
        text = rtlil.convert(component, name=name, platform=self, emit_src=False)
        self._emitting = outer
        self.modules[name] = rename_wires(text, self._outputs)
        self._outputs[name] = {port for port, flow, _ in _flat_ports(component) if flow is wiring.Out}
        return text

    def instantiate(self, block: Block) -> Instance | None:
        if block is self._emitting:
            return None
        if block.identity not in self._names:
            name = _snake_case(type(block).__name__)
            taken = [each for each in self.modules if re.fullmatch(rf"{name}(_\d+)?", each)]
            self._names[block.identity] = f"{name}_{len(taken) + 1}" if taken else name
            _require_bits(f"output ports of {self._names[block.identity]}", block, wiring.Out, _OUTPUT_BITS)
            self.emit(block, self._names[block.identity])
        return _instance(self._names[block.identity], block, _clocked(self.modules[self._names[block.identity]]))


def _instance(name: str, block: Block, clocked: bool) -> Instance:
    pins = {}
    for (port, flow, shape), (_, _, value) in zip(_flat_ports(block), block.signature.flatten(block), strict=True):
        if shape.width:
            pins[f"{'i' if flow is wiring.In else 'o'}_{port}"] = value
    if clocked:
        pins |= {f"i_{CLOCK}": ClockSignal(), f"i_{RESET}": ResetSignal()}
    return Instance(name, **pins)


def _flat_ports(component: wiring.Component) -> Iterator[tuple[str, Any, Shape]]:
    for path, member, _ in component.signature.flatten(component):
        yield "__".join(map(str, path)), member.flow, Shape.cast(member.shape)


def _require_bits(what: str, component: wiring.Component, direction: Any, most: int) -> None:
    """Raise ValueError if ports of ``component`` in ``direction`` have more than ``most`` bits together."""
    bits = sum(shape.width for _, flow, shape in _flat_ports(component) if flow is direction)
    if bits > most:
        raise ValueError(f"{what} must have at most {most} bits together, not {bits}")


def _clocked(text: str) -> bool:
    return re.search(rf"^  wire [^\n]*input \d+ +\\{CLOCK}$", text, re.M) is not None


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
