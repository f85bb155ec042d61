"""Timing constraints as SDC text, from what a manifest says of clock, reset and ports."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

VIRTUAL_CLOCK = "virtual_clock"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$.]*", re.ASCII)


def sdc(
    interface: Mapping[str, Any],
    *,
    period_ps: float,
    input_delay_ps: float = 0.0,
    output_delay_ps: float = 0.0,
    driver: str | None = None,
    load_ff: float | None = None,
) -> str:
    """Constraints of a design, in ns and pF, for OpenSTA, OpenROAD and whatever else reads SDC.

    ``interface`` is the ``timing`` entry of a manifest (`gen.manifest.timing_interface`). A combinational design gets a
    virtual clock. Inputs settle ``input_delay_ps`` after the clock edge, outputs are read ``output_delay_ps`` before
    it; ``driver`` is the library cell that drives every input but the clock, ``load_ff`` the load on every output.
    A tool that takes its units from a library in other ones must be told first: ``set_cmd_units -time ns
    -capacitance pF`` in OpenSTA.

    :raises ValueError: the period is below 1 ps, a delay or load is negative, a delay is no shorter than the period,
        the clock's active edge is not the rising one, or a name could mean something in Tcl.
    """
    _check(period_ps, input_delay_ps=input_delay_ps, output_delay_ps=output_delay_ps)
    if load_ff is not None and load_ff < 0:
        raise ValueError(f"load must be at least 0, not {load_ff:g}")
    clock = interface["clock"]
    name = _quoted(clock["port"]) if clock else VIRTUAL_CLOCK
    inputs = input_ports(interface)
    outputs = _ports(interface["outputs"])
    lines = ["set_units -time ns -capacitance pF", _create_clock(clock, name, period_ps)]
    if inputs:
        lines.append(f"set_input_delay {_scaled(input_delay_ps)} -clock {name} {inputs}")
        lines += [f"set_driving_cell -lib_cell {_quoted(driver)} {inputs}"] if driver else []
    if outputs:
        lines.append(f"set_output_delay {_scaled(output_delay_ps)} -clock {name} {outputs}")
        lines += [f"set_load {_scaled(load_ff)} {outputs}"] if load_ff is not None else []
    return "\n".join([*lines, ""])


def input_ports(interface: Mapping[str, Any]) -> str:
    """The Tcl expression for every input but the clock, the reset first; empty for a design without inputs.

    :raises ValueError: a name could mean something in Tcl.
    """
    reset = [interface["reset"]["port"]] if interface["reset"] else []
    return _ports([*reset, *interface["inputs"]])


def _check(period_ps: float, **delays_ps: float) -> None:
    if not 1 <= period_ps < float("inf"):
        raise ValueError(f"period must be at least 1 ps, not {period_ps:g}")
    for name, delay in delays_ps.items():
        if not 0 <= delay < period_ps:
            said = name.removesuffix("_ps").replace("_", " ")
            raise ValueError(f"{said} must be between 0 and the period of {period_ps:g} ps, not {delay:g}")


def _create_clock(clock: Mapping[str, str] | None, name: str, period_ps: float) -> str:
    if clock is None:
        return f"create_clock -name {name} -period {_scaled(period_ps)}"
    if clock["edge"] != "rising":
        raise ValueError(f"edge must be rising, not {clock['edge']}")
    return f"create_clock -name {name} -period {_scaled(period_ps)} [get_ports {name}]"


def _scaled(value: float) -> str:
    """ps as ns, fF as pF."""
    return f"{value / 1e3:.9g}"


def _ports(names: Sequence[str]) -> str:
    return f"[get_ports {{{' '.join(_checked(name) for name in names)}}}]" if names else ""


def _quoted(name: str) -> str:
    return f"{{{_checked(name)}}}"


def _checked(name: str) -> str:
    """The name, unless Tcl or the patterns of ``get_ports`` could read it as anything but itself."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"a name in constraints must be letters, digits, _, $ and dots, not {name!r}")
    return name
