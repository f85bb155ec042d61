"""Timing as a few lines of text."""

from collections.abc import Iterator

from flow.timing.comparison import LIMIT, Comparison, compare
from flow.timing.results import SignOff, TimedPath

_SHOWN = 3


def timing_lines(abc_ps: float, timing: SignOff | None, by_component: SignOff | None = None) -> list[str]:
    """What ABC and OpenSTA say of one netlist; ``timing`` is None where OpenSTA is not installed.

    The slowest paths are those of ``by_component``, a sign-off of the same design with its hierarchy kept, where it is
    given: a flattened netlist tells little of the components that its paths run through.
    """
    if timing is None:
        return [f"delay    {abc_ps:,.0f} ps by ABC (no clock-to-output, no setup)"]
    lines = [_both(compare(abc_ps, timing), timing.tool), *_periods(timing), *_holds(timing)]
    listed = by_component or timing
    lines.append(f"slowest paths{', hierarchy kept' if by_component else ''} (clock-to-output and setup in them)")
    return lines + [f"  {path.delay_ps:8,.0f} ps  {_ends(path)}{_through(path)}" for path in listed.paths]


def _both(found: Comparison, tool: str) -> str:
    text = f"delay    {found.abc_ps:,.0f} ps by ABC, {found.sta_ps:,.0f} ps by {tool} (no clock-to-output, no setup)"
    apart = f"; {abs(found.difference):.1%} apart"
    return text + apart + (f", FLAGGED: more than {LIMIT:.0%}" if found.flagged else "")


def _periods(timing: SignOff) -> Iterator[str]:
    if timing.period_ps is not None:
        yield f"period   {timing.period_ps:,.0f} ps at least, between registers ({1e6 / timing.period_ps:,.0f} MHz)"
    if timing.period_ps != timing.longest_ps:
        yield f"longest  {timing.longest_ps:,.0f} ps from {timing.start} to {timing.end}"
    if timing.setup_slack_ps is not None:
        violated = " VIOLATED" if timing.setup_slack_ps < 0 else ""
        yield f"setup    {timing.setup_slack_ps:+,.1f} ps{violated} at a period of {timing.stated_ps:,.0f} ps"


def _holds(timing: SignOff) -> Iterator[str]:
    if timing.hold is not None:
        violated = " VIOLATED" if timing.hold.slack_ps < 0 else ""
        yield f"hold     {timing.hold.slack_ps:+,.1f} ps{violated} between registers, {_ends(timing.hold)}"
    if timing.input_hold is not None:
        late = timing.input_hold.slack_ps
        must = f"; must change {-late:,.1f} ps later" if late < 0 else ""
        yield f"hold     {late:+,.1f} ps from inputs, {_ends(timing.input_hold)}{must}"


def _ends(path: TimedPath) -> str:
    return f"{path.start} -> {path.end}"


def _through(path: TimedPath) -> str:
    spent = sorted(path.components.items(), key=lambda part: -part[1])[:_SHOWN]
    if not spent:
        return ""
    return "  through " + ", ".join(f"{name} ({ps:,.0f} ps)" if ps else name for name, ps in spent)
