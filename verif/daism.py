"""Schedules for a bank of the in-SRAM multiplier: what is done, in which cycle it is taken, and the ports by cycle."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gen.vectors.daism_work import Action, Drive, Integers, Load, Preset, payload_fields
from sim_models.daism import DaismParameters
from verif.packing import pack


@dataclass(kw_only=True)
class Timing:
    """The first cycle in which each of a row of actions can be taken; none overtakes another."""

    parameters: DaismParameters
    now: int = 0
    free: int = 0
    slot_taken: dict[int, int] = field(default_factory=dict)
    stores: set[int] = field(default_factory=set)

    @property
    def latency(self) -> int:
        """From the transfer of a driver operand to the cycle in which its sum is there."""
        return 2 + self.parameters.accesses + self.parameters.accumulate_latency

    def place(self, action: Action) -> int:
        """The cycle of ``action``, after all that were placed before."""
        cycle = self._preset(action.slot) if isinstance(action, Preset) else self._array(action)
        self.now = cycle + 1
        return cycle

    def _array(self, action: Load | Drive) -> int:
        p, cycle = self.parameters, max(self.now, self.free)
        if isinstance(action, Load):
            self.free = cycle + p.rows_per_group
            return cycle
        cycle = max(cycle, self.slot_taken.get(action.slot, cycle - p.accumulate_latency) + p.accumulate_latency)
        self.free = cycle + p.accesses
        self.slot_taken[action.slot] = cycle
        self.stores.add(cycle + self.latency - 1)
        return cycle

    def _preset(self, slot: int) -> int:
        cycle = max(self.now, self.slot_taken.get(slot, self.now - self.latency) + self.latency)
        while cycle in self.stores:
            cycle += 1
        return cycle


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """Actions, the cycle in which each is taken and the first in which it is offered; ``length`` cycles in all.

    After the last action all sums settle and then show one slot a cycle, from ``settled`` on.
    """

    parameters: DaismParameters
    actions: tuple[Action, ...]
    cycles: Integers
    offered: Integers
    settled: int

    @property
    def length(self) -> int:
        """Cycles of the run."""
        return self.settled + self.parameters.interleave

    def of(self, kind: type[Any]) -> tuple[list[Any], Integers, Integers]:
        """The actions of one kind, when they are taken, and when they are first offered."""
        places = [place for place, action in enumerate(self.actions) if isinstance(action, kind)]
        return [self.actions[place] for place in places], self.cycles[places], self.offered[places]


def schedule(actions: Sequence[Action], parameters: DaismParameters) -> Schedule:
    """``actions`` at full rate, one after the other."""
    timing = Timing(parameters=parameters)
    cycles = np.array([timing.place(action) for action in actions], np.int64)
    early = np.array([action.early for action in actions], np.int64)
    before = np.concatenate([[-1], cycles[:-1]])
    settled = int(cycles[-1]) + timing.latency + parameters.rows_per_group + 1
    offered = np.maximum(before + 1, cycles - early)
    return Schedule(parameters=parameters, actions=tuple(actions), cycles=cycles, offered=offered, settled=settled)


def bank_inputs(plan: Schedule) -> dict[str, NDArray[Any]]:
    """Inputs of `hdl.daism.DaismBank` by cycle. A stream that offers nothing shows ones; each offers something."""
    ports: dict[str, NDArray[Any]] = {"shown_slot": _shown_slots(plan)}
    for name, kind in (("load", Load), ("drive", Drive), ("preset", Preset)):
        actions, taken, offered = plan.of(kind)
        payloads = [_bits(name, action, plan.parameters) for action in actions]
        words = np.ones((plan.length, len(payloads[0])), np.int64)
        valid = np.zeros(plan.length, np.int64)
        for payload, begin, end in zip(payloads, offered, taken, strict=True):
            words[begin : end + 1], valid[begin : end + 1] = payload, 1
        ports |= {f"{name}__valid": valid, f"{name}__payload": pack(words, 1)}
    return ports


def _shown_slots(plan: Schedule) -> Integers:
    """In each cycle the slot that is finished there, and at the end all of them."""
    shown = np.zeros(plan.length, np.int64)
    drives, taken, _ = plan.of(Drive)
    shown[taken + Timing(parameters=plan.parameters).latency] = [drive.slot for drive in drives]
    shown[plan.settled :] = np.arange(plan.parameters.interleave)
    return shown


def _bits(name: str, action: Action, p: DaismParameters) -> Integers:
    """The payload of an action, lowest bit first."""
    words = [(np.atleast_1d(getattr(action, part)), bits) for part, bits in payload_fields(name, p)]
    return np.concatenate([_spread(values, bits) for values, bits in words])


def _spread(values: ArrayLike, bits: int) -> Integers:
    """The bits of each value, lowest first, one value after the other."""
    return (np.asarray(values, np.int64)[:, np.newaxis] >> np.arange(bits) & 1).ravel()
