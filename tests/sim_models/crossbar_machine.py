"""Crossbars run array cycle by array cycle, to count what the formulas of cycles and conversions promise."""

from typing import NamedTuple

from sim_models.crossbar import CrossbarParameters
from tests.sim_models.crossbar_oracle import cycles, significance, slices


class Run(NamedTuple):
    """Array cycles from the first to the last, and samples converted for one output."""

    cycles: int
    conversions: int


def isaac(p: CrossbarParameters) -> Run:
    """Read; drive a slice a cycle, and scan its lines in the next; shift and add, hold, activate, write."""
    lines = slices(p) * (2 if p.conversion_polarity == "separate" else 1)
    waiting, held, cycle, conversions = list(range(cycles(p))), False, 1, 0
    while waiting or held:
        cycle += 1
        conversions += lines * held
        held = bool(waiting)
        waiting = waiting[1:]
    for _stage in ("shift and add", "output register", "activation", "write"):
        cycle += 1
    return Run(cycle, conversions)


def cascade(p: CrossbarParameters) -> Run:
    """Read; drive a slice a cycle, and store its lines in the next; then convert the columns of all outputs."""
    buffer: dict[int, list[tuple[int, int]]] = {}
    waiting, held, cycle = list(range(cycles(p))), None, 1
    while waiting or held is not None:
        cycle += 1
        if held is not None:
            for s in range(slices(p)):
                buffer.setdefault(significance(held, s, p), []).append((held, s))
        held = waiting.pop(0) if waiting else None
    kept = sorted(buffer)[p.carry_columns :]
    queue = [(output, k) for output in range(p.outputs) for k in kept]
    while queue:
        cycle += 1
        queue = queue[p.converters * p.slots_per_cycle :]
    return Run(cycle + p.cascade_tail_cycles, len(kept))


def neural_pim(p: CrossbarParameters) -> Run:
    """Read; drive a slice a cycle, and accumulate it in the next; then convert all outputs, hold, activate, write."""
    waiting, held, cycle = list(range(cycles(p))), False, 1
    while waiting or held:
        cycle += 1
        held = bool(waiting)
        waiting = waiting[1:]
    queue = list(range(p.outputs))
    while queue:
        cycle += 1
        queue = queue[p.converters * p.slots_per_cycle :]
    for _stage in ("output register", "activation", "write"):
        cycle += 1
    return Run(cycle, 1)


def interval(p: CrossbarParameters, vectors: int = 40) -> int:
    """Cycles between the last two of many vectors through the buffer of ``cascade``, each as early as it can be.

    A bank is written from one cycle after its vector starts, read, and cleared; one bank is read at a time.
    """
    samples = p.outputs * cascade(p).conversions
    reading = len(range(0, samples, p.converters * p.slots_per_cycle))
    banks = 2 if p.double_buffer else 1
    starts, cleared, reader = [0], [], 0
    for vector in range(vectors):
        full = starts[vector] + cycles(p) + 1
        reader = max(reader, full) + reading + p.clear_cycles
        cleared.append(reader)
        last_user = vector + 1 - banks
        earliest = cleared[last_user] - (1 if p.double_buffer else 0) if last_user >= 0 else 0
        starts.append(max(starts[vector] + cycles(p), earliest))
    return starts[-1] - starts[-2]


RUNS = {"isaac": isaac, "cascade": cascade, "neural_pim": neural_pim}
