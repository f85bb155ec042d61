"""Gate-level simulation without compiling: the cells' truth tables, level by level, all cells of a level at once.

A netlist of 100 000 cells that runs for a thousand cycles is done in seconds, where compiling its C++ takes many
minutes. It works as `verif.activity` does: two states, no delays, one settled value of every net a cycle.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import CLOCK, RESET, Port, Rtl
from verif.activity import Outputs, Recording, measured
from verif.activity_flat import Flat, flattened
from verif.activity_probe import HIGH, LOW, Cells
from verif.binding import RESET_CYCLES
from verif.packing import unpack
from verif.ports import input_words

Bits = NDArray[np.uint8]
Indices = NDArray[np.int64]

_MOST_INPUTS = 8  # bits of a table's index


@dataclass(frozen=True, kw_only=True)
class CellFunction:
    """What a cell computes: for every output pin a truth table over ``inputs``.

    Bit ``k`` of a table is the result when input ``i`` carries bit ``i`` of ``k``. The outputs of a flip-flop have
    that value after each rising edge of the pin ``clock``, which is None for a combinational cell. What the pins
    ``tied`` do does not wait for the clock: they must be tied to 0 or 1.
    """

    inputs: tuple[str, ...]
    outputs: Mapping[str, int]
    clock: str | None = None
    tied: tuple[str, ...] = ()


def record_levels(
    rtl: Rtl,
    netlist: str,
    functions: Mapping[str, CellFunction],
    inputs: Mapping[str, Any],
    *,
    window: slice,
    check: Callable[[Outputs], object],
) -> Recording:
    """What `verif.activity.record` gives, for ``netlist`` with cells that compute ``functions``, by kind.

    ``inputs`` are arrays by cycle and constants. Registers start at 0.

    :raises ValueError: bad inputs or window, a cell without function, a loop through gates, a clock that is gated.
    :raises AssertionError: the outputs are wrong.
    """
    flat = flattened(rtl, netlist)
    words = _Machine(flat, functions, rtl).run(_columns(rtl, inputs))
    check({port.name: _shown(port, words, flat.ports[port.name]) for port in rtl.ports if port.direction == "output"})
    return Recording(probe=flat.probe, words=words[measured(window, len(words))])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Gates:
    """Gates of any kinds: nets of their inputs (gates, pins), where their tables begin, nets of their outputs."""

    inputs: Indices
    tables: Indices
    outputs: Indices

    def chosen(self, which: NDArray[Any]) -> "_Gates":
        return _Gates(inputs=self.inputs[which], tables=self.tables[which], outputs=self.outputs[which])


class _Machine:
    """All nets of a design in one row of bits, of which the last two are the 0 and the 1 that pins are tied to."""

    def __init__(self, flat: Flat, functions: Mapping[str, CellFunction], rtl: Rtl) -> None:
        self._rtl, self._ports, self._nets = rtl, flat.ports, len(flat.probe.nets)
        self._tables: list[int] = []
        gates: list[_Gates] = []
        registers: list[_Gates] = []
        for cells in flat.probe.cells:
            if cells.kind not in functions:
                raise ValueError(f"cell {cells.kind} of the netlist has no function")
            function = functions[cells.kind]
            self._check_pins(cells, function)
            into = registers if function.clock else gates
            into += [self._gates(cells, function, pin) for pin in function.outputs if pin in cells.pins]
        self._registers = _joined(registers)
        self._levels = _levels(_joined(gates), self._nets)
        self._lookup = np.array(self._tables, np.uint8)

    def _check_pins(self, cells: Cells, function: CellFunction) -> None:
        (clock,) = self._ports[CLOCK] if self._rtl.clocked else (None,)
        for place, pin in enumerate(cells.pins):
            nets = cells.positions[:, place]
            if (nets != clock).any() if pin == function.clock else (nets == clock).any():
                raise ValueError(f"pin {pin} of a cell {cells.kind} gates or ignores the clock, which is not simulated")
            if pin in function.tied and (nets >= 0).any():
                raise ValueError(f"pin {pin} of a cell {cells.kind} is not tied: what it does waits for no clock")

    def _gates(self, cells: Cells, function: CellFunction, pin: str) -> _Gates:
        first, size = len(self._tables), 1 << len(function.inputs)
        self._tables += [function.outputs[pin] >> row & 1 for row in range(size)]
        inputs = np.full((len(cells.paths), _MOST_INPUTS), LOW)
        for place, name in enumerate(function.inputs):
            if name in cells.pins:
                inputs[:, place] = cells.positions[:, cells.pins.index(name)]
        return _Gates(
            inputs=inputs,
            tables=np.full(len(inputs), first),
            outputs=cells.positions[:, cells.pins.index(pin)],
        )

    def run(self, columns: tuple[int, dict[str, Bits]]) -> NDArray[np.uint32]:
        """All nets, (cycles, words of 32 bits), driven by the bits (cycles, width) of the input ports."""
        cycles, bits = columns
        names = [name for name in bits if name in self._ports]
        places = np.array([place for name in names for place in self._ports[name]], np.int64)
        driven = np.concatenate([np.zeros((cycles, 0), np.uint8), *(bits[name] for name in names)], axis=1)
        values = np.zeros(self._nets + 2, np.uint8)
        values[HIGH] = 1
        reset = self._ports.get(RESET, ()) if self._rtl.clocked else ()
        for _ in range(RESET_CYCLES if self._rtl.clocked else 0):
            values[list(reset)] = 1
            self._settle(values)
            self._clock(values)
        values[list(reset)] = 0
        shown = np.zeros((cycles, -(-self._nets // 32) * 4), np.uint8)
        for cycle in range(cycles):
            values[places] = driven[cycle]
            self._settle(values)
            packed = np.packbits(values[: self._nets], bitorder="little")
            shown[cycle, : len(packed)] = packed
            self._clock(values)
        return shown.view("<u4")

    def _settle(self, values: Bits) -> None:
        for level in self._levels:
            values[level.outputs] = self._results(level, values)

    def _clock(self, values: Bits) -> None:
        values[self._registers.outputs] = self._results(self._registers, values)

    def _results(self, gates: _Gates, values: Bits) -> Bits:
        return self._lookup[gates.tables + np.packbits(values[gates.inputs], axis=1, bitorder="little")[:, 0]]


def _joined(parts: Sequence[_Gates]) -> _Gates:
    empty = _Gates(
        inputs=np.zeros((0, _MOST_INPUTS), np.int64), tables=np.zeros(0, np.int64), outputs=np.zeros(0, np.int64)
    )
    names = ("inputs", "tables", "outputs")
    return _Gates(**{name: np.concatenate([getattr(part, name) for part in (empty, *parts)]) for name in names})


def _levels(gates: _Gates, nets: int) -> list[_Gates]:
    """Gates in the order in which they can be computed: those of one level need only the levels before."""
    known = np.ones(nets + 2, bool)
    known[gates.outputs] = False
    levels = []
    while len(gates.outputs):
        ready: NDArray[np.bool_] = np.asarray(known[gates.inputs].all(axis=1))
        if not ready.any():
            raise ValueError(f"the netlist has a loop through {len(gates.outputs)} gates")
        levels.append(gates.chosen(ready))
        known[levels[-1].outputs] = True
        gates = gates.chosen(~ready)
    return levels


def _columns(rtl: Rtl, inputs: Mapping[str, Any]) -> tuple[int, dict[str, Bits]]:
    """Number of cycles, and the bits (cycles, width) of every input port that is given."""
    ports = {port.name: port for port in rtl.ports if port.direction == "input"}
    unknown = sorted(set(inputs) - set(ports))
    if unknown:
        raise ValueError(f"{rtl.name} has no input {unknown[0]!r}")
    words = {name: input_words(ports[name], values) for name, values in inputs.items()}
    lengths = {len(values) for name, values in words.items() if values.ndim > (ports[name].width > 64)}
    if len(lengths) != 1:
        raise ValueError(f"arrays by cycle must have one length, not {sorted(lengths) or 'none'}")
    (cycles,) = lengths
    return cycles, {name: _bits(ports[name], values, cycles) for name, values in words.items()}


def _bits(port: Port, words: NDArray[Any], cycles: int) -> Bits:
    by_cycle = words.ndim > (port.width > 64)
    rows = words if by_cycle else words[np.newaxis]
    octets = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)
    bits = np.unpackbits(octets, axis=1, bitorder="little")[:, : port.width]
    return np.broadcast_to(bits, (cycles, port.width))


def _shown(port: Port, words: NDArray[np.uint32], places: tuple[int, ...]) -> NDArray[Any]:
    """Values of an output port by cycle, as `verif.batch.simulate` returns them."""
    at = np.array(places)
    bits = np.where(at < 0, at == HIGH, words[:, at >> 5] >> (at & 31).astype(np.uint32) & 1).astype(np.uint8)
    octets = np.packbits(bits, axis=1, bitorder="little")
    if port.width > 64:
        padded = np.zeros((len(octets), 4 * -(-port.width // 32)), np.uint8)
        padded[:, : octets.shape[1]] = octets
        return padded.view("<u4")
    padded = np.zeros((len(octets), 8), np.uint8)
    padded[:, : octets.shape[1]] = octets
    return unpack(padded.view("<u8")[:, 0], 1, port.width, port.signed)[:, 0]
