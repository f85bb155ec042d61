"""The energy account of a recorded run: every transition of every cell, priced by the library's tables.

OpenSTA 2.0.17 has a power command of its own, which cannot be used: it takes no activity for pins inside the design and
guesses it from that of the inputs, as if all signals were independent; it adds the energies of a rise and a fall for
every transition; and it gives every state of a cell the same share of the leakage. The tests show each.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.libraries.truth import truth_table
from flow.power.cells import CellPower, Transfer
from flow.power.conditions import Conditions
from flow.power.tables import Reals
from verif.activity import Recording
from verif.activity_probe import Cells

Codes = NDArray[np.int64]
Events = tuple[NDArray[np.intp], NDArray[np.intp]]

# Pin values that are held at once.
_CHUNK = 1 << 24
_EDGES = (0, 1)  # fall, rise


@dataclass(frozen=True, kw_only=True)
class Account:
    """Energy of a whole run in fJ by where it goes, and the mean leakage in nW."""

    internal_fj: float
    switching_fj: float
    leakage_nw: float

    def __add__(self, other: "Account") -> "Account":
        return Account(
            internal_fj=self.internal_fj + other.internal_fj,
            switching_fj=self.switching_fj + other.switching_fj,
            leakage_nw=self.leakage_nw + other.leakage_nw,
        )


NOTHING = Account(internal_fj=0.0, switching_fj=0.0, leakage_nw=0.0)


def account(recording: Recording, power: Mapping[str, CellPower], conditions: Conditions, voltage_v: float) -> Account:
    """Energy of all cells in the recorded cycles.

    A transition of an output costs half of its load times the voltage squared, and what the tables give for the input
    that caused it: the mean, where several inputs changed in that cycle. Every clock pin rises and falls once a cycle.

    :raises RuntimeError: OpenSTA has not told of a pin.
    :raises ValueError: a condition in the liberty file cannot be read.
    """
    total = NOTHING
    for cells in recording.probe.cells:
        step = max(1, _CHUNK // ((recording.cycles + 1) * len(cells.pins)))
        for first in range(0, len(cells.paths), step):
            part = Cells(
                kind=cells.kind,
                pins=cells.pins,
                paths=cells.paths[first : first + step],
                positions=cells.positions[first : first + step],
            )
            total += _Kind(part, power[cells.kind], recording).account(conditions, voltage_v)
    return total


class _Kind:
    """Cells of one kind: ``codes`` (cycles + 1, cells) holds the value of pin ``i`` in bit ``i``."""

    def __init__(self, cells: Cells, power: CellPower, recording: Recording) -> None:
        self.cells, self.power = cells, power
        self.pins = tuple(dict.fromkeys((*power.inputs, *power.outputs)))
        values = recording.values(cells.positions)
        self.codes: Codes = np.zeros(values.shape[:2], np.int64)
        self._found: dict[str, Reals] = {}
        for place, pin in enumerate(cells.pins):
            self.codes |= values[..., place].astype(np.int64) << self.pins.index(pin)

    def account(self, conditions: Conditions, voltage_v: float) -> Account:
        now = self.codes[1:]
        states = np.bincount(now.ravel(), minlength=1 << len(self.pins)) / len(now)
        internal = switching = 0.0
        for pin in self.cells.pins:
            if pin in self.power.outputs:
                loads = conditions.loads_ff(self.cells, pin)
                when, which = np.nonzero(self._bit(pin, self.codes[1:]) != self._bit(pin, self.codes[:-1]))
                edges = self._bit(pin, now[when, which])
                switching += 0.5 * voltage_v**2 * float(loads[which, edges].sum())
                internal += self._caused(pin, (when, which), edges, loads, conditions)
            else:
                internal += self._own(pin, conditions)
        return Account(internal_fj=internal, switching_fj=switching, leakage_nw=float(states @ self._leakage()))

    def _slews(self, pin: str, conditions: Conditions) -> Reals:
        if pin not in self._found:
            self._found[pin] = conditions.slews_ps(self.cells, pin)
        return self._found[pin]

    def _bit(self, pin: str, codes: Codes) -> Codes:
        return codes >> self.pins.index(pin) & 1

    def _caused(self, pin: str, events: Events, edges: Codes, loads: Reals, conditions: Conditions) -> float:
        """Energy of the transitions of an output pin, given as cycles and cells."""
        transfers = [transfer for transfer in self.power.transfers if transfer.pin == pin and transfer.related]
        if not transfers or not len(edges):
            return 0.0
        cycle, cell = events
        before, after = self.codes[:-1][cycle, cell], self.codes[1:][cycle, cell]
        changed = np.array([self._changed(transfer, before, after) for transfer in transfers])
        holds = changed & [self._holds(transfer, before, after) for transfer in transfers]
        share = np.where(holds.any(axis=0), holds, np.where(changed.any(axis=0), changed, True)).astype(np.float64)
        share /= share.sum(axis=0)
        total = 0.0
        for transfer, shares in zip(transfers, share, strict=True):
            slews = self._slews(str(transfer.related), conditions)
            source = self._edge(transfer, after)
            for edge, table in zip(_EDGES, (transfer.fall, transfer.rise), strict=True):
                chosen = (edges == edge) & (shares > 0)
                if table is not None and chosen.any():
                    at = cell[chosen]
                    energy = table.at(slews[at, source[chosen]], loads[at, edge])
                    total += float(energy @ shares[chosen])
        return total

    def _changed(self, transfer: Transfer, before: Codes, after: Codes) -> NDArray[np.bool_]:
        """Whether the input that a transfer is about changed; the clock always has."""
        related = str(transfer.related)
        if related == self.power.clock:
            return np.ones(len(after), bool)
        return self._bit(related, before) != self._bit(related, after)

    def _holds(self, transfer: Transfer, before: Codes, after: Codes) -> NDArray[np.bool_]:
        """Whether the condition holds: for what the clock does, in the state before its edge."""
        table = self._condition(transfer.when)
        return (table[before] if transfer.related == self.power.clock else table[after]) > 0

    def _edge(self, transfer: Transfer, after: Codes) -> Codes:
        """Whether the input rose. Which edge of an ideal clock it was makes no difference: neither takes time."""
        return self._bit(str(transfer.related), after)

    def _own(self, pin: str, conditions: Conditions) -> float:
        """Energy of the transitions of an input pin, whatever the outputs do."""
        transfers = [transfer for transfer in self.power.transfers if transfer.pin == pin and not transfer.related]
        if not transfers:
            return 0.0
        now, slews = self.codes[1:], self._slews(pin, conditions)
        changed = self._bit(pin, now) != self._bit(pin, self.codes[:-1])
        risen = self._bit(pin, now) == 1
        total = 0.0
        for transfer in transfers:
            holds = self._condition(transfer.when)[now]
            for edge, table in zip(_EDGES, (transfer.fall, transfer.rise), strict=True):
                if table is None:
                    continue
                happens = holds if pin == self.power.clock else holds * (changed & (risen == edge))
                total += float(table.at(slews[:, edge], np.zeros(len(slews))) @ happens.sum(axis=0))
        return total

    def _condition(self, when: str | None) -> Reals:
        """Truth of a condition by state; half true where only one half of the clock cycle fulfils it."""
        states = 1 << len(self.pins)
        if when is None:
            return np.ones(states)
        table = truth_table(when, self.pins)
        truth = np.array([table >> state & 1 for state in range(states)], np.float64)
        if self.power.clock is None:
            return truth
        other = np.arange(states) ^ 1 << self.pins.index(self.power.clock)
        return (truth + truth[other]) / 2

    def _leakage(self) -> Reals:
        """Leakage by state."""
        rest = np.ones(1 << len(self.pins))
        total = np.zeros(1 << len(self.pins))
        for when, nanowatts in self.power.leakage_nw:
            holds = np.minimum(self._condition(when), rest)
            total += holds * nanowatts
            rest -= holds
        return total + rest * self.power.other_leakage_nw
