"""What a timing analysis found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TimedPath:
    """One path. ``start`` and ``end`` are ports, or registers by the name of what they hold.

    ``delay_ps`` is the path's own: clock-to-output of the register it starts at is in it, and setup of the one it ends
    at (not in a hold check); delays outside the design are not. ``slack_ps`` is what it leaves of the period, or has
    over the hold time. ``components`` are the dotted paths of the components it runs through, in order, each with the
    ps spent in gates known to lie in it. In a netlist that kept its hierarchy that is the whole path; a flattened one
    tells only by the names of registers and of the few nets that keep theirs, with no times. Empty for a path that
    runs through the top alone.
    """

    start: str
    end: str
    delay_ps: float
    slack_ps: float
    components: Mapping[str, float]

    @property
    def component(self) -> str | None:
        """The component that most of the time is spent in; None where the netlist does not tell."""
        slowest = max(self.components, key=lambda name: self.components[name], default=None)
        return slowest if slowest is not None and self.components[slowest] else None


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """Timing by OpenSTA. Pre-layout, no wires, one corner; ideal clock.

    ``longest_ps`` is the longest path of any kind from ``start`` to ``end``, clock-to-output and setup in it;
    ``logic_ps`` the longest without them, from an input or a register's output on: ABC's quantity. ``period_ps`` is
    the shortest clock period that the paths between registers allow, None where there are none. ``paths`` are those of
    least slack, each to another end. ``setup_slack_ps`` is the least slack of all at the period ``stated_ps``; both
    are None where none was stated. ``hold`` is the path between registers of least hold slack, ``input_hold`` that
    from an input: a negative slack is how much later than stated the input must change.
    """

    longest_ps: float
    start: str
    end: str
    logic_ps: float
    period_ps: float | None
    paths: tuple[TimedPath, ...]
    stated_ps: float | None
    setup_slack_ps: float | None
    hold: TimedPath | None
    input_hold: TimedPath | None
    tool: str


def from_json(fields: Mapping[str, Any]) -> SignOff:
    """The `SignOff` whose ``dataclasses.asdict`` went through JSON."""
    hold, input_hold = (TimedPath(**fields[name]) if fields[name] else None for name in ("hold", "input_hold"))
    found = tuple(TimedPath(**path) for path in fields["paths"])
    return SignOff(**{**fields, "paths": found, "hold": hold, "input_hold": input_hold})
