"""And-inverter graphs: build them, simulate many patterns at once, write them for ABC.

A literal is twice a variable's number, plus 1 for its complement; variable 0 is constant false.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FALSE, TRUE = 0, 1
Words = NDArray[np.uint64]


@dataclass
class Graph:
    """Inputs by name and AND nodes; a node's operands have smaller numbers than the node. Equal nodes are one."""

    inputs: dict[str, int] = field(default_factory=dict)
    nodes: dict[int, tuple[int, int]] = field(default_factory=dict)
    _known: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def variables(self) -> int:
        """Number of variables, the constant included."""
        return 1 + len(self.inputs) + len(self.nodes)

    def input(self, name: str) -> int:
        """The literal of the input called ``name``, which is new or there already."""
        if name not in self.inputs:
            self.inputs[name] = self.variables
        return 2 * self.inputs[name]

    def conjunction(self, a: int, b: int) -> int:
        """``a & b``."""
        a, b = min(a, b), max(a, b)
        if a == FALSE or a == b ^ 1:
            return FALSE
        if a in (TRUE, b):
            return b
        if (a, b) not in self._known:
            variable = self.variables
            self.nodes[variable] = (a, b)
            self._known[a, b] = 2 * variable
        return self._known[a, b]

    def disjunction(self, a: int, b: int) -> int:
        """``a | b``."""
        return self.conjunction(a ^ 1, b ^ 1) ^ 1

    def difference(self, a: int, b: int) -> int:
        """``a ^ b``."""
        return self.conjunction(self.conjunction(a, b ^ 1) ^ 1, self.conjunction(a ^ 1, b) ^ 1) ^ 1

    def choice(self, condition: int, one: int, other: int) -> int:
        """``one`` where ``condition`` is true, else ``other``."""
        return self.disjunction(self.conjunction(condition, one), self.conjunction(condition ^ 1, other))

    def any(self, literals: Sequence[int]) -> int:
        """Whether one of ``literals`` is true, as a balanced tree."""
        found = list(literals) or [FALSE]
        while len(found) > 1:
            pairs = [self.disjunction(*found[place : place + 2]) for place in range(0, len(found) - 1, 2)]
            found = pairs + found[len(found) - len(found) % 2 :]
        return found[0]

    def copy_into(self, other: "Graph", names: Mapping[str, int]) -> Callable[[int], int]:
        """Copy all nodes; inputs in ``names`` become those literals of ``other``. Returns where a literal went."""
        place = [FALSE] * self.variables
        for name, variable in self.inputs.items():
            place[variable] = names[name] if name in names else other.input(name)
        for variable, (a, b) in self.nodes.items():
            place[variable] = other.conjunction(place[a >> 1] ^ a & 1, place[b >> 1] ^ b & 1)
        return lambda literal: place[literal >> 1] ^ literal & 1


class Simulator:
    """Evaluates a graph for 64 patterns a word."""

    def __init__(self, graph: Graph) -> None:
        self._inputs = graph.inputs
        self._levels = _by_level(graph)
        self._variables = graph.variables

    def run(self, inputs: Mapping[str, Words]) -> Callable[[int], Words]:
        """Evaluate for ``inputs`` (equally long words by name); returns the words of any literal."""
        length = len(next(iter(inputs.values()))) if inputs else 1
        values = np.zeros((self._variables, length), np.uint64)
        for name, variable in self._inputs.items():
            values[variable] = inputs[name]
        for nodes, operands, flips in self._levels:
            values[nodes] = (values[operands[0]] ^ flips[0]) & (values[operands[1]] ^ flips[1])
        return lambda literal: ~values[literal >> 1] if literal & 1 else values[literal >> 1]


def write_aiger(graph: Graph, latches: Mapping[str, int], output: int, path: Path) -> tuple[str, ...]:
    """Write ``output`` for ABC; ``latches`` gives the next value of inputs that are registers and start at 0.

    Returns the names of the remaining inputs, in their order in the file.
    """
    free = tuple(name for name in graph.inputs if name not in latches)
    number = {0: 0}
    for variable in (*(graph.inputs[name] for name in (*free, *latches)), *graph.nodes):
        number[variable] = len(number)

    def literal(of: int) -> int:
        return 2 * number[of >> 1] + (of & 1)

    sizes = f"{len(number) - 1} {len(free)} {len(latches)} 1 {len(graph.nodes)}"
    text = [f"aig {sizes}", *(str(literal(value)) for value in latches.values()), str(literal(output)), ""]
    nodes = bytearray()
    for variable, operands in graph.nodes.items():
        small, large = sorted(map(literal, operands))
        nodes += _delta(2 * number[variable] - large) + _delta(large - small)
    path.write_bytes("\n".join(text).encode() + nodes)
    return free


def _delta(value: int) -> bytes:
    """A number in the binary AIGER format: seven bits a byte, low ones first."""
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _by_level(graph: Graph) -> list[tuple[NDArray[np.int64], NDArray[np.int64], Words]]:
    """Nodes whose operands all lie in earlier entries, with their operands' variables and complements as masks."""
    depth = [0] * graph.variables
    levels: dict[int, list[int]] = {}
    for variable, (a, b) in graph.nodes.items():
        depth[variable] = 1 + max(depth[a >> 1], depth[b >> 1])
        levels.setdefault(depth[variable], []).append(variable)
    found = []
    for _, nodes in sorted(levels.items()):
        literals = np.array([graph.nodes[node] for node in nodes], np.int64).T
        flips = np.where(literals & 1, ~np.uint64(0), np.uint64(0))[:, :, None]
        found.append((np.array(nodes, np.int64), literals >> 1, flips))
    return found
