"""Timing from nextpnr's report: the longest path between each pair of clocks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flow.fpga.harness import CAPTURE, LAUNCH
from gen.rtl import CLOCK

# nextpnr names a clock after its net, with the buffers that it goes through before or behind.
_CLOCK_NET = re.compile(rf"^(?:posedge )?(?:\$glbnet\$)?({CLOCK}|{LAUNCH}|{CAPTURE})(?:\$.*)?$")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Longest paths in ns, None where there is no such path.

    ``register_ns`` is between the design's own registers, with clock-to-output and setup of both; ``input_ns`` from an
    input to a register, with that one's setup; ``output_ns`` from a register to an output, with that one's
    clock-to-output; ``through_ns`` from an input to an output. Wires from and to the port registers count.
    """

    register_ns: float | None
    input_ns: float | None
    output_ns: float | None
    through_ns: float | None


def read_timing(report: Mapping[str, Any]) -> Timing:
    """Timing of a design with port registers.

    :raises RuntimeError: a path has a clock, or parts of a kind, that is not known.
    """
    paths = {(_clock(path["from"]), _clock(path["to"])): path["path"] for path in report["critical_paths"]}
    return Timing(
        register_ns=_length(paths.get((CLOCK, CLOCK))),
        input_ns=_length(paths.get((LAUNCH, CLOCK)), "clk-to-q"),
        output_ns=_length(paths.get((CLOCK, CAPTURE)), "setup"),
        through_ns=_length(paths.get((LAUNCH, CAPTURE)), "clk-to-q", "setup"),
    )


def _clock(event: str) -> str:
    """The port that a clock event comes from; empty for the pins, which no clock times."""
    if event == "<async>":
        return ""
    found = _CLOCK_NET.match(event)
    if found is None:
        raise RuntimeError(f"nextpnr's report has a clock that is not known: {event}")
    return found[1]


def _length(path: Sequence[Mapping[str, Any]] | None, *without: str) -> float | None:
    if path is None:
        return None
    if strange := {part["type"] for part in path} - {"clk-to-q", "source", "logic", "routing", "setup"}:
        raise RuntimeError(f"nextpnr's report has path parts of unknown kind: {', '.join(sorted(strange))}")
    return round(sum(part["delay"] for part in path if part["type"] not in without), 3)
