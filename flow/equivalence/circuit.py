"""One module of a design or netlist as a graph, cut at its flip-flops and at the modules inside it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flow.equivalence.graph import FALSE, TRUE, Graph
from gen.rtl import CLOCK

Bit = int | str
_INVERTER, _AND, _FLIP_FLOP = "$_NOT_", "$_AND_", "$_DFF_P_"


class Unsupported(Exception):  # noqa: N818  not an error: the outcome is then undecided, and this says why
    """Something in a circuit that the comparison cannot treat."""


@dataclass(frozen=True, kw_only=True)
class FlipFlop:
    """One register bit: its variable in the graph is the input called ``key``; ``names`` are those of its net."""

    key: str
    names: frozenset[str]
    next: int


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """One module in a graph. ``outputs`` are the bits of its ports and of what it drives in the modules inside it.

    What the modules inside drive are inputs of the graph. ``instances`` gives the module of each instance.
    """

    outputs: Mapping[str, int]
    flip_flops: tuple[FlipFlop, ...]
    instances: Mapping[str, str]


def read_circuit(module: Mapping[str, Any], graph: Graph, side: str, inner: Collection[str]) -> Circuit:
    """Add a module of Yosys's JSON (gates `aigmap` leaves, plain flip-flops, instances of ``inner``) to ``graph``.

    Inputs and pins of instances have the same names on either ``side``; registers and floating nets do not.

    :raises Unsupported: another kind of cell, another clock than ``clk``, or a loop.
    """
    return _Reader(module, graph, side, inner).read()


class _Reader:
    def __init__(self, module: Mapping[str, Any], graph: Graph, side: str, inner: Collection[str]) -> None:
        self._graph, self._side, self._ports = graph, side, module["ports"]
        self._literals: dict[Bit, int] = {"0": FALSE, "1": TRUE}
        self._gates: dict[Bit, Mapping[str, Any]] = {}
        self._registers: dict[str, Mapping[str, Any]] = {}
        self._instances: dict[str, Mapping[str, Any]] = {}
        self._names: dict[Bit, set[str]] = {}
        for name, net in module["netnames"].items():
            for place, bit in enumerate(net["bits"]):
                if not net["hide_name"]:
                    # With its width: a recoded state machine keeps the name of its register, but not the meaning.
                    self._names.setdefault(bit, set()).add(f"{name}[{place}] of {len(net['bits'])}")
        for name, cell in sorted(module["cells"].items()):
            self._sort_in(name, cell, inner)

    def read(self) -> Circuit:
        for name, port in self._ports.items():
            if port["direction"] == "input":
                self._number_bits(name, port["bits"])
        for name, cell in self._instances.items():
            for pin in _pins(cell, "output"):
                self._number_bits(f"{name}/{pin}", cell["connections"][pin])
        for name, cell in self._registers.items():
            self._literals[cell["connections"]["Q"][0]] = self._graph.input(f"{self._side}:{name}")
        flip_flops = tuple(self._flip_flop(name, cell) for name, cell in self._registers.items())
        return Circuit(
            outputs=dict(self._outputs()),
            flip_flops=flip_flops,
            instances={name: cell["type"] for name, cell in self._instances.items()},
        )

    def _sort_in(self, name: str, cell: Mapping[str, Any], inner: Collection[str]) -> None:
        kind = cell["type"]
        if kind in (_AND, _INVERTER):
            output = cell["connections"]["Y"][0]
            if output in self._gates:
                raise Unsupported(f"two gates drive {self._said(output)}")
            self._gates[output] = cell
        elif kind == _FLIP_FLOP:
            self._registers[name] = cell
        elif kind in inner:
            self._instances[name] = cell
        else:
            raise Unsupported(f"a cell {kind} at {self._said(cell['connections'].get('Q', ['nothing'])[0])}")

    def _number_bits(self, name: str, bits: Iterable[Bit]) -> None:
        for place, bit in enumerate(bits):
            self._literals[bit] = self._graph.input(f"{name}[{place}]")

    def _outputs(self) -> Iterator[tuple[str, int]]:
        for name, port in self._ports.items():
            if port["direction"] == "output":
                yield from self._bits(name, port["bits"])
        for name, cell in self._instances.items():
            for pin in _pins(cell, "input"):
                yield from self._bits(f"{name}/{pin}", cell["connections"][pin])

    def _bits(self, name: str, bits: Iterable[Bit]) -> Iterator[tuple[str, int]]:
        for place, bit in enumerate(bits):
            yield f"{name}[{place}]", self._literal(bit)

    def _flip_flop(self, name: str, cell: Mapping[str, Any]) -> FlipFlop:
        pins = cell["connections"]
        if pins["C"] != self._ports.get(CLOCK, {}).get("bits"):
            raise Unsupported(f"the flip-flop of {self._said(pins['Q'][0])} is not clocked by {CLOCK}")
        names = frozenset(self._names.get(pins["Q"][0], ()))
        return FlipFlop(key=f"{self._side}:{name}", names=names, next=self._literal(pins["D"][0]))

    def _literal(self, wanted: Bit) -> int:
        """The literal of a bit; everything it depends on is added first, without recursion: circuits are deep."""
        pending, opened = [wanted], set()
        while pending:
            bit = pending[-1]
            if bit in self._literals:
                pending.pop()
            elif bit not in self._gates:
                # An undefined bit may be anything, so whatever depends on it will not be proved.
                self._literals[bit] = self._graph.input(f"{self._side}:undefined{bit}")
            elif lacking := [each for each in self._operands(bit) if each not in self._literals]:
                if bit in opened:
                    raise Unsupported(f"a loop through {self._said(bit)}")
                opened.add(bit)
                pending += lacking
            else:
                self._literals[bit] = self._gate(bit)
        return self._literals[wanted]

    def _operands(self, bit: Bit) -> list[Bit]:
        pins = self._gates[bit]["connections"]
        return [pins[pin][0] for pin in ("A", "B") if pin in pins]

    def _gate(self, bit: Bit) -> int:
        operands = [self._literals[each] for each in self._operands(bit)]
        return operands[0] ^ 1 if len(operands) == 1 else self._graph.conjunction(*operands)

    def _said(self, bit: Bit) -> str:
        return min(self._names.get(bit, ()), default=f"net {bit}")


def _pins(cell: Mapping[str, Any], direction: str) -> list[str]:
    return sorted(
        pin for pin, way in cell["port_directions"].items() if way == direction and pin in cell["connections"]
    )
