"""Sign-off timing of a mapped netlist by OpenSTA: setup, hold, and the slowest paths by component."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flow.libraries import Library
from flow.results import read_entry, write_entry
from flow.synthesis import Synthesis
from flow.timing import constraints, opensta, paths, results
from flow.timing.constraints import sdc
from flow.timing.opensta import find_sta, run_sta, sta_version
from flow.timing.paths import SCRIPT, FoundPath, read_paths
from flow.timing.results import SignOff, TimedPath, from_json
from gen.cache import content_key
from gen.manifest import timing_interface
from gen.rtl import CLOCK, RESET

TOP_PATHS = 5

# Endpoints whose slowest paths are looked at for the longest logic, which need not be in the path of least slack.
_ENDPOINTS = 100


def sign_off(
    mapped: Synthesis,
    library: Library,
    *,
    period_ps: float | None = None,
    input_delay_ps: float = 0.0,
    output_delay_ps: float = 0.0,
) -> SignOff | None:
    """Timing of ``mapped``, the result of a synthesis to ``library``; None for a design without paths.

    ``period_ps`` is a clock period to meet; inputs settle ``input_delay_ps`` after the clock edge and outputs are read
    ``output_delay_ps`` before it. The constraints are `flow.timing.constraints.sdc` of the netlist's ports.

    :raises ValueError: the period or a delay is out of range.
    :raises ToolMissing: OpenSTA is not installed; `sta_version` tells beforehand.
    :raises RuntimeError: OpenSTA fails.
    """
    find_sta()
    conditions = _Conditions(
        # Slack counts from the period in single precision: the shorter that is, the finer.
        period_ps=2 * mapped.delay_ps + 1000 + input_delay_ps + output_delay_ps if period_ps is None else period_ps,
        stated=period_ps is not None,
        input_delay_ps=input_delay_ps,
        output_delay_ps=output_delay_ps,
    )
    files, tool = _files(mapped, library, conditions), f"OpenSTA {sta_version()}"
    key = content_key(files, library.content_hash, tool, asdict(conditions), *_code())
    entry = read_entry("timing", key)
    if entry is not None:
        return from_json(entry[0]) if entry[0] else None
    found = read_paths(run_sta(files, library))
    result = _signed_off(found, conditions, tool) if "setup" in found else None
    write_entry("timing", key, asdict(result) if result else None)
    return result


@dataclass(frozen=True, kw_only=True)
class _Conditions:
    """The constraints in numbers: ``stated`` tells a period that was asked for from one that is only long enough."""

    period_ps: float
    stated: bool
    input_delay_ps: float
    output_delay_ps: float

    def before(self, path: FoundPath) -> float:
        """Delay outside the design before the path."""
        return self.input_delay_ps if path.from_input else 0.0

    def own_ps(self, path: FoundPath) -> float:
        """What the path itself takes of the period."""
        after = self.output_delay_ps if path.to_output else 0.0
        return self.period_ps - path.slack_ps - self.before(path) - after


def _files(mapped: Synthesis, library: Library, conditions: _Conditions) -> dict[str, str]:
    constrained = sdc(
        _interface(mapped),
        period_ps=conditions.period_ps,
        input_delay_ps=conditions.input_delay_ps,
        output_delay_ps=conditions.output_delay_ps,
        driver=library.driver,
        load_ff=library.load_ff,
    )
    script = SCRIPT.format(
        liberty="\n".join(f"read_liberty library_{index}.lib" for index in range(len(library.paths))),
        top=mapped.top,
        clock=CLOCK,
        count=_ENDPOINTS,
        named=TOP_PATHS,
    )
    return {"netlist.v": _unsigned(mapped.netlist), "constraints.sdc": constrained, "run.tcl": script}


def _code() -> list[bytes]:
    modules = (constraints.__file__, opensta.__file__, paths.__file__, results.__file__, __file__)
    return [Path(module or "").read_bytes() for module in modules]


def _interface(mapped: Synthesis) -> dict[str, Any]:
    """What the manifest says for timing, read off the netlist's ports."""
    body = re.search(rf"^module \\?{mapped.top} ?\(.*?^endmodule", mapped.netlist, re.M | re.S)
    ports = re.findall(
        r"^\s*(input|output) (?:signed )?(?:\[\d+:\d+\] )?\\?([^\s;]+) ?;", body[0] if body else "", re.M
    )
    directions = {name: direction for direction, name in ports}
    interface = timing_interface(directions, clocked=CLOCK in directions)
    return interface if RESET in directions else {**interface, "reset": None}


def _unsigned(netlist: str) -> str:
    """Old versions do not know ``signed``, which means nothing between library cells."""
    return re.sub(r"^(\s*(?:input|output|wire)) signed\b", r"\1", netlist, flags=re.M)


def _signed_off(found: dict[str, list[FoundPath]], conditions: _Conditions, tool: str) -> SignOff:
    setup = found["setup"]
    longest = max(setup, key=conditions.own_ps)
    period = [round(conditions.own_ps(path), 1) for path in found.get("register", [])]
    hold, input_hold = ([_held(path, conditions) for path in found.get(kind, [])] for kind in ("hold", "input_hold"))
    return SignOff(
        longest_ps=round(conditions.own_ps(longest), 1),
        start=longest.start,
        end=longest.end,
        logic_ps=round(_longest_logic(found, conditions), 1),
        period_ps=period[0] if period else None,
        paths=tuple(_timed(path, conditions.own_ps(path)) for path in setup[:TOP_PATHS]),
        stated_ps=conditions.period_ps if conditions.stated else None,
        setup_slack_ps=round(setup[0].slack_ps, 1) if conditions.stated else None,
        hold=hold[0] if hold else None,
        input_hold=input_hold[0] if input_hold else None,
        tool=tool,
    )


def _longest_logic(found: dict[str, list[FoundPath]], conditions: _Conditions) -> float:
    """The longest path without clock-to-output, of which what the load adds stays in, as ABC has it for its drivers."""
    launches = [path.launch_ps for kind in found.values() for path in kind if not path.from_input]
    unloaded = min(launches, default=0.0)
    return max(
        path.arrival_ps - (conditions.input_delay_ps if path.from_input else unloaded) for path in found["setup"]
    )


def _held(path: FoundPath, conditions: _Conditions) -> TimedPath:
    return _timed(path, path.arrival_ps - conditions.before(path))


def _timed(path: FoundPath, delay_ps: float) -> TimedPath:
    return TimedPath(
        start=path.start,
        end=path.end,
        delay_ps=round(delay_ps, 1),
        slack_ps=round(path.slack_ps, 1),
        components={name: round(spent, 1) for name, spent in path.components.items()},
    )
