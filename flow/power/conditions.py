"""Under which conditions cells switch, by OpenSTA: transition time at every input pin, load at every output pin."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.libraries import Library
from flow.timing.constraints import sdc
from flow.timing.opensta import run_sta
from gen.manifest import timing_interface
from gen.rtl import RESET, Rtl
from verif.activity import Recording
from verif.activity_probe import Cells

# These commands are those of OpenSTA 2.0.17; newer versions, which read SAIF, have them under other names.
_PINS = """\
sta::find_timing
foreach pin [get_pins -hierarchical *] {
  if {![sta::Pin_is_leaf $pin]} { continue }
  set name [get_property $pin full_name]
  if {[get_property $pin direction] eq "input"} {
    set vertex [lindex [sta::Pin_vertices $pin] 0]
    puts "PIN $name [sta::Vertex_slew $vertex fall max] [sta::Vertex_slew $vertex rise max]"
  } else {
    set corner [sta::cmd_corner]
    puts "PIN $name [sta::Pin_pin_capacitance $pin fall $corner max] [sta::Pin_pin_capacitance $pin rise $corner max]"
  }
}
"""
_PICO, _FEMTO = 1e12, 1e15


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A mapped netlist as OpenSTA is to see it: ``constants`` are the scalar inputs that keep one value, and which."""

    rtl: Rtl
    netlist: str
    period_ps: float
    constants: Mapping[str, int]


def setup(mapped: Mapped, library: Library, commands: str) -> dict[str, str]:
    """The files for `flow.timing.opensta.run_sta` that load ``mapped`` and then do ``commands``."""
    rtl = mapped.rtl
    directions = {port.name: port.direction for port in rtl.ports}
    constraints = sdc(
        timing_interface(directions, clocked=rtl.clocked),
        period_ps=mapped.period_ps,
        driver=library.driver,
        load_ff=library.load_ff,
    )
    script = [
        *(f"read_liberty library_{index}.lib" for index in range(len(library.paths))),
        "set_cmd_units -time ns -capacitance pF",
        "read_verilog netlist.v",
        f"link_design {rtl.name}",
        "read_sdc constraints.sdc",
        *(f"set_case_analysis {value} [get_ports {name}]" for name, value in mapped.constants.items()),
        commands,
        "puts DONE",
    ]
    # Old versions do not know ``signed``, which means nothing between library cells.
    netlist = re.sub(r"^(\s*(?:input|output|wire)) signed\b", r"\1", mapped.netlist, flags=re.M)
    return {"netlist.v": netlist, "constraints.sdc": constraints, "run.tcl": "\n".join([*script, ""])}


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditions:
    """For every pin, by path, what it sees when it falls and when it rises: slew in s (inputs), load in F (outputs)."""

    pins: Mapping[str, tuple[float, float]]

    def slews_ps(self, cells: Cells, pin: str) -> NDArray[np.float64]:
        """Transition times at an input pin, (cells, 2): falling, rising."""
        return self._of(cells, pin) * _PICO

    def loads_ff(self, cells: Cells, pin: str) -> NDArray[np.float64]:
        """Loads of an output pin, (cells, 2): falling, rising."""
        return self._of(cells, pin) * _FEMTO

    def _of(self, cells: Cells, pin: str) -> NDArray[np.float64]:
        try:
            return np.array([self.pins[f"{path}/{pin}"] for path in cells.paths])
        except KeyError as error:
            raise RuntimeError(f"OpenSTA says nothing of pin {error.args[0]}") from None


def find_conditions(mapped: Mapped, library: Library) -> Conditions:
    """The conditions in ``mapped``; the clock is ideal, its edges take no time.

    :raises ToolMissing: OpenSTA is not installed.
    :raises RuntimeError: it fails.
    """
    output = run_sta(setup(mapped, library, _PINS), library)
    found = re.findall(r"^PIN (\S+) (\S+) (\S+)$", output, re.M)
    return Conditions(pins={name.replace("\\", ""): (float(fall), float(rise)) for name, fall, rise in found})


def constant_inputs(recording: Recording) -> dict[str, int]:
    """The scalar inputs that keep one value during a run, and the reset, which is 0.

    Timing without them is that of the run: else a reset that drives thousands of cells from one pin, and never moves,
    would slow down all transitions behind it.
    """
    activity = recording.activity()
    constants = {RESET: 0} if recording.probe.rtl.clocked else {}
    for name, places in recording.probe.inputs.items():
        if len(places) == 1 and not activity.toggles[places[0]]:
            constants[name] = int(activity.high[places[0]] > 0)
    return constants
