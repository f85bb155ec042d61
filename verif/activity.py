"""Switching activity at gate level: every net of a mapped netlist, cycle by cycle, as real stimuli drive it.

Verilator's simulation is cycle-based and without delays: a net has one settled value in every cycle, so glitches do
not exist in it. The nets are read through an output added to the netlist, at the moment when outputs are read: settled,
just before the rising edge. Verilator's own SAIF writer is not used: it gives totals by net, where leakage and energy
depend on what the pins of a cell do together; it leaves out names that begin with an underscore, as most of a
netlist's do; and its code takes several times as long to compile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from verif.activity_probe import HIGH, PORT, Probe, probed
from verif.batch import Arrays, simulate
from verif.replay import gate_level

Outputs = Mapping[str, NDArray[Any]]
# Bits that are unpacked at once.
_CHUNK = 1 << 26


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """What the nets did: ``toggles`` between consecutive cycles and cycles spent ``high``, per net of ``nets``."""

    nets: tuple[str, ...]
    toggles: NDArray[np.int64]
    high: NDArray[np.int64]
    cycles: int

    @property
    def toggles_per_cycle(self) -> NDArray[np.float64]:
        """Transitions a cycle, 0 to 1."""
        return self.toggles / self.cycles

    @property
    def duty(self) -> NDArray[np.float64]:
        """Share of the cycles in which the net is 1."""
        return self.high / self.cycles


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """All nets of ``probe`` in ``cycles`` consecutive cycles, and in the one before them, which row 0 of ``words`` is.

    ``words`` has shape (cycles + 1, words of 32 bits), the first net in the lowest bit.
    """

    probe: Probe
    words: NDArray[np.uint32]

    @property
    def cycles(self) -> int:
        """How many cycles are measured."""
        return len(self.words) - 1

    def values(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Values of the nets at ``positions``, (cycles + 1, *positions.shape)."""
        tied = positions < 0
        at = np.where(tied, 0, positions)
        found = ((self.words[:, at >> 5] >> (at & 31).astype(np.uint32)) & 1).astype(np.uint8)
        return np.where(tied, (positions == HIGH).astype(np.uint8), found)

    def activity(self) -> Activity:
        """The activity of every net."""
        nets = self.probe.nets
        return Activity(
            nets=nets,
            toggles=_ones(self.words[1:] ^ self.words[:-1], len(nets)),
            high=_ones(self.words[1:], len(nets)),
            cycles=self.cycles,
        )


def record(
    rtl: Rtl,
    netlist: str,
    cells: str,
    inputs: Arrays,
    *,
    window: slice,
    check: Callable[[Outputs], object],
    seed: int = 0,
) -> Recording:
    """Simulate ``netlist``, mapped from ``rtl`` to the models ``cells``, and keep its nets in the cycles of ``window``.

    ``check`` gets all outputs by cycle (of all vectors, for a design without clock) and raises AssertionError where
    they are wrong. ``window`` must leave out cycle 0, whose predecessor lies in the reset.

    :raises ValueError: a bad window; a netlist that is not structural or lacks the design.
    :raises AssertionError: the outputs are wrong.
    :raises ToolMissing: Verilator or the C++ compiler is missing.
    """
    probe = probed(gate_level(rtl, netlist, ""), netlist, cells)
    outputs = simulate(probe.rtl, inputs, seed=seed)
    check({name: values for name, values in outputs.items() if name != PORT})
    shown = outputs[PORT]
    return Recording(probe=probe, words=_words(shown[measured(window, len(shown))]))


def measured(window: slice, cycles: int) -> slice:
    """The cycles of ``window``, and the one before.

    :raises ValueError: there is none before, or none at all.
    """
    first, end, _ = window.indices(cycles)
    if not 1 <= first < end:
        raise ValueError(f"window must hold at least one cycle after cycle 0, not {window.start} to {window.stop}")
    return slice(first - 1, end)


def _words(shown: NDArray[Any]) -> NDArray[np.uint32]:
    if shown.ndim == 1:
        return np.ascontiguousarray(shown).astype("<u8").view("<u4").reshape(len(shown), 2)
    return np.ascontiguousarray(shown)


def _ones(words: NDArray[np.uint32], bits: int) -> NDArray[np.int64]:
    """How many rows have each bit set."""
    total = np.zeros(32 * words.shape[1], np.int64)
    rows = max(1, _CHUNK // len(total))
    for first in range(0, len(words), rows):
        part = np.ascontiguousarray(words[first : first + rows], "<u4").view(np.uint8)
        total += np.unpackbits(part, axis=1, bitorder="little").sum(axis=0, dtype=np.int64)
    return total[:bits]
