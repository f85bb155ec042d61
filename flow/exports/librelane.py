"""Export a design as a LibreLane project: Verilog, ``config.json`` and constraints, to harden with OpenROAD."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow.libraries import find
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, buffered, hierarchical
from flow.timing.constraints import input_ports, sdc
from gen.catalog import Design
from gen.emit import render, replace_folder
from gen.manifest import MANIFEST, manifest, refuse_foreign

CONFIG = "config.json"

# What each of an input's source and an output's reader takes of the period, as LibreLane itself assumes.
IO_SHARE = 0.2

# The default period over the longest path on FreePDK45: 4 for LibreLane's older processes (measured: 3.5 to 4.0 on
# sky130hd), 1.5 for wires, clock-to-output and setup, and the 0.6 of a period that outside delays leave of it.
PERIOD_PER_DELAY = 4 * 1.5 / (1 - 2 * IO_SHARE)

CORE_UTILIZATION_PERCENT = 40

# What depends on the process comes from its PDK, by way of LibreLane; other readers of the file pass over it.
_PROCESS = """\
if {{[info exists ::env(SYNTH_DRIVING_CELL)]}} {{
  lassign [split $::env(SYNTH_DRIVING_CELL) /] driver output
  {driving}
}}
if {{[info exists ::env(OUTPUT_CAP_LOAD)]}} {{ set_load [expr {{$::env(OUTPUT_CAP_LOAD) / 1e3}}] [all_outputs] }}
if {{[info exists ::env(CLOCK_UNCERTAINTY_CONSTRAINT)]}} {{
  set_clock_uncertainty $::env(CLOCK_UNCERTAINTY_CONSTRAINT) [all_clocks]
}}
if {{[info exists ::env(TIME_DERATING_CONSTRAINT)]}} {{
  set_timing_derate -early [expr {{1 - $::env(TIME_DERATING_CONSTRAINT) / 1e2}}]
  set_timing_derate -late [expr {{1 + $::env(TIME_DERATING_CONSTRAINT) / 1e2}}]
}}
if {{[info exists ::env(MAX_FANOUT_CONSTRAINT)]}} {{ set_max_fanout $::env(MAX_FANOUT_CONSTRAINT) [current_design] }}
if {{[info exists ::env(MAX_TRANSITION_CONSTRAINT)]}} {{
  set_max_transition $::env(MAX_TRANSITION_CONSTRAINT) [current_design]
}}
"""

# A virtual clock must have none.
_CLOCK_TRANSITION = """\
if {[info exists ::env(CLOCK_TRANSITION_CONSTRAINT)]} {
  set_clock_transition $::env(CLOCK_TRANSITION_CONSTRAINT) [all_clocks]
}
"""


def write_librelane(design: Design, parameters: Any, folder: Path, *, period_ps: float | None = None) -> list[Path]:
    """Write a LibreLane project of ``design`` into ``folder`` all at once; returns the files' paths.

    ``period_ps`` is the clock period to meet, of a virtual clock for a combinational design. By default it is
    `PERIOD_PER_DELAY` times the longest path that ABC finds on FreePDK45 with the hierarchy kept, rounded up to 0.1 ns.
    An earlier folder of bitline's is replaced. Run it with ``librelane --pdk PDK config.json``.

    :raises ValueError: the period is below 1 ps, or ``folder`` was not written by bitline, holds anything it did not
        write, or cannot be written to; nothing is touched then.
    :raises SynthesisError: no period is given and the design cannot be mapped.
    """
    refuse_foreign(folder)
    files = render_librelane(design, parameters, period_ps=period_ps)
    replace_folder(folder, files)
    return [folder / name for name in files]


def render_librelane(design: Design, parameters: Any, *, period_ps: float | None = None) -> dict[str, str]:
    """The text of every file of the project by name; raises what `write_librelane` raises of design and period."""
    generated = render(design, parameters)
    described = json.loads(generated[MANIFEST])
    period_ps = _default_period_ps(design, parameters) if period_ps is None else period_ps
    files = {
        f"{design.name}.v": generated[f"{design.name}.v"],
        f"{design.name}.sdc": _constraints(described["timing"], period_ps),
        CONFIG: json.dumps(_config(design.name, described["timing"], period_ps), indent=2) + "\n",
    }
    return {**files, MANIFEST: manifest(design, parameters, described["ports"], files)}


def _default_period_ps(design: Design, parameters: Any) -> float:
    (recipe,) = hierarchical((buffered(AREA),))
    delay_ps = synthesize(design.elaborate(parameters), recipe, find()).delay_ps
    return max(100.0, 100.0 * math.ceil(PERIOD_PER_DELAY * delay_ps / 100))


def _constraints(interface: Mapping[str, Any], period_ps: float) -> str:
    outside_ps = IO_SHARE * period_ps
    text = sdc(interface, period_ps=period_ps, input_delay_ps=outside_ps, output_delay_ps=outside_ps)
    inputs = input_ports(interface)
    driving = f"set_driving_cell -lib_cell $driver -pin $output {inputs}" if inputs else ""
    return text + _PROCESS.format(driving=driving) + (_CLOCK_TRANSITION if interface["clock"] else "")


def _config(name: str, interface: Mapping[str, Any], period_ps: float) -> dict[str, Any]:
    return {
        "meta": {"version": 2, "flow": "Classic"},
        "DESIGN_NAME": name,
        "VERILOG_FILES": [f"dir::{name}.v"],
        "CLOCK_PORT": interface["clock"]["port"] if interface["clock"] else None,
        "CLOCK_PERIOD": period_ps / 1e3,
        "PNR_SDC_FILE": f"dir::{name}.sdc",
        "SIGNOFF_SDC_FILE": f"dir::{name}.sdc",
        "FP_SIZING": "relative",
        "FP_CORE_UTIL": CORE_UTILIZATION_PERCENT,
    }
