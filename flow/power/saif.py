"""Activity as SAIF text, pin by pin, for a power tool that reads it."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from gen.rtl import CLOCK
from verif.activity import Recording
from verif.activity_probe import HIGH, LOW

_HEADER = """\
(SAIFILE
(SAIFVERSION "2.0")
(DIRECTION "backward")
(DESIGN "{design}")
(DIVIDER / )
(TIMESCALE 1 ps)
(DURATION {duration})
"""

Counts = tuple[int, int]
"""Cycles at 1, in halves, and transitions."""


def saif_text(recording: Recording, clock_pins: Collection[tuple[str, str]], period_ps: int) -> tuple[str, int]:
    """SAIF text of a run with cycles of ``period_ps``, and how many pins it has.

    There is an instance for every cell with its pins as nets, which is what gate-level simulators write and OpenSTA
    takes; the design's inputs are nets of the top. ``clock_pins`` are pairs of cell kind and pin: these, and the clock,
    rise and fall in every cycle, and are 1 in half of the time.
    """
    probe, cycles = recording.probe, recording.cycles
    activity = recording.activity()
    every: Counts = (cycles, 2 * cycles)

    def counts(kind: str, pin: str, place: int) -> Counts:
        if (kind, pin) in clock_pins:
            return every
        if place in (LOW, HIGH):
            return (2 * cycles * (place == HIGH), 0)
        return 2 * int(activity.high[place]), int(activity.toggles[place])

    top: dict[str, Any] = {}
    ports = [(name, place) for name, places in probe.inputs.items() for name, place in _bits(name, places)]
    nets = [(name, counts("", name, place)) for name, place in ports]
    if probe.rtl.clocked:
        nets.append((CLOCK, every))
    pins = len(nets)
    for cells in probe.cells:
        for path, places in zip(cells.paths, cells.positions.tolist(), strict=True):
            inside = _instance(top, path.split("/"))
            inside[None] = [
                (pin, counts(cells.kind, pin, place)) for pin, place in zip(cells.pins, places, strict=True)
            ]
            pins += len(places)
    duration = cycles * period_ps
    lines = [f"(INSTANCE {_escaped(probe.rtl.name)}", *_net_lines(nets, period_ps, duration)]
    lines += _instance_lines(top, period_ps, duration)
    return _HEADER.format(design=probe.rtl.name, duration=duration) + "\n".join([*lines, ")", ")", ""]), pins


def _bits(name: str, places: tuple[int, ...]) -> Iterator[tuple[str, int]]:
    if len(places) == 1:
        yield name, places[0]
    else:
        yield from ((f"{name}[{bit}]", place) for bit, place in enumerate(places))


def _instance(tree: dict[Any, Any], path: list[str]) -> dict[Any, Any]:
    for name in path:
        tree = tree.setdefault(name, {})
    return tree


def _instance_lines(tree: dict[Any, Any], period_ps: int, duration: int) -> Iterator[str]:
    for name, inside in tree.items():
        if name is not None:
            yield f"(INSTANCE {_escaped(name)}"
            yield from _net_lines(inside.get(None, []), period_ps, duration)
            yield from _instance_lines(inside, period_ps, duration)
            yield ")"


def _net_lines(nets: Iterable[tuple[str, Counts]], period_ps: int, duration: int) -> Iterator[str]:
    entries = list(nets)
    if entries:
        yield "(NET"
        for name, (halves, toggles) in entries:
            high = halves * period_ps // 2
            yield f"({_escaped(name)} (T0 {duration - high}) (T1 {high}) (TX 0) (TC {toggles}) (IG 0))"
        yield ")"


def _escaped(name: str) -> str:
    return re.sub(r"([^A-Za-z0-9_])", r"\\\1", name)
