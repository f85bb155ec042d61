"""Sign-off timing of a mapped netlist by OpenSTA, where it is installed."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from flow.libraries import Library
from flow.results import read_entry, write_entry
from flow.synthesis import Synthesis
from gen.cache import content_key
from gen.rtl import CLOCK
from gen.tools import find_tool

TIMEOUT_S = 600.0

# Paths are measured as what they leave of a period far longer than any of them.
_PERIOD_NS = 1000.0

_SCRIPT = """\
{liberty}
set_cmd_units -time ns -capacitance fF
read_verilog netlist.v
link_design {top}
{clock}
set data_inputs {{}}
foreach port [all_inputs] {{
  if {{[get_property $port full_name] ne "{clock_port}"}} {{ lappend data_inputs $port }}
}}
if {{[llength $data_inputs]}} {{
  set_input_delay 0 -clock clock $data_inputs
  set_driving_cell -lib_cell {driver} $data_inputs
}}
if {{[llength [all_outputs]]}} {{
  set_output_delay 0 -clock clock [all_outputs]
  set_load {load} [all_outputs]
}}
proc show {{kind paths}} {{
  foreach path $paths {{
    set from [get_property [get_property $path startpoint] full_name]
    set to [get_property [get_property $path endpoint] full_name]
    puts "PATH $kind [get_property $path slack] $from $to"
  }}
}}
show any [find_timing_paths -path_delay max]
if {{[llength [all_registers -clock_pins]]}} {{
  show register [find_timing_paths -path_delay max -from [all_registers -clock_pins] -to [all_registers -data_pins]]
}}
puts DONE
"""


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """Timing by OpenSTA. Pre-layout, no wires, one corner; ideal clock.

    ``longest_ps`` is the longest path of any kind from ``start`` to ``end``: clock-to-output of the flip-flop it starts
    at and setup of the one it ends at are in it. ``period_ps`` is the shortest clock period that the paths between
    flip-flops allow, None where there are none.
    """

    longest_ps: float
    start: str
    end: str
    period_ps: float | None
    tool: str


def sign_off(mapped: Synthesis, library: Library) -> SignOff | None:
    """Timing of ``mapped``, the result of a synthesis to ``library``; None for a design without paths.

    :raises ToolMissing: OpenSTA is not installed; `sta_version` tells beforehand.
    :raises RuntimeError: OpenSTA fails.
    """
    program = find_tool("sta", disables="sign-off timing", install="apt-get install opensta")
    files = {"netlist.v": _unsigned(mapped.netlist), "run.tcl": _script(mapped, library)}
    tool = f"OpenSTA {sta_version()}"
    key = content_key(files, library.content_hash, tool)
    entry = read_entry("timing", key)
    if entry is not None:
        return SignOff(**entry[0]) if entry[0] else None
    result = _read(_run(program, files, library), tool)
    write_entry("timing", key, asdict(result) if result else None)
    return result


def sta_version() -> str | None:
    """Version of the OpenSTA on the PATH; None without one."""
    program = shutil.which("sta")
    if program is None:
        return None
    said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False).stdout.split()
    return said[0] if said else "of unknown version"


def _unsigned(netlist: str) -> str:
    """Old versions do not know ``signed``, which means nothing between library cells."""
    return re.sub(r"^(\s*(?:input|output|wire)) signed\b", r"\1", netlist, flags=re.M)


def _script(mapped: Synthesis, library: Library) -> str:
    clocked = re.search(rf"^\s*input {CLOCK};", mapped.netlist, re.M)
    port = f"[get_ports {CLOCK}]" if clocked else ""
    return _SCRIPT.format(
        liberty="\n".join(f"read_liberty library_{index}.lib" for index in range(len(library.paths))),
        top=mapped.top,
        clock=f"create_clock -name clock -period {_PERIOD_NS} {port}",
        clock_port=CLOCK if clocked else "",
        driver=library.driver,
        load=library.load_ff,
    )


def _run(program: Path, files: dict[str, str], library: Library) -> str:
    with tempfile.TemporaryDirectory(prefix="bitline-") as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text)
        for index, path in enumerate(library.paths):
            (folder / f"library_{index}.lib").symlink_to(path)
        command = [str(program), "-no_splash", "-no_init", "-exit", "run.tcl"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"OpenSTA gave no result after {TIMEOUT_S:g} s") from None
    output = done.stdout + done.stderr
    if "\nDONE" not in f"\n{output}":
        errors = [line for line in output.splitlines() if "Error" in line] or ["it stopped early"]
        raise RuntimeError(f"OpenSTA fails: {errors[0]}")
    return output


def _read(output: str, tool: str) -> SignOff | None:
    paths = {
        kind: (round((_PERIOD_NS - float(slack)) * 1e3, 1), start, end)
        for kind, slack, start, end in re.findall(r"^PATH (\w+) (\S+) (\S+) (\S+)$", output, re.M)
    }
    if "any" not in paths:
        return None
    longest, start, end = paths["any"]
    period = paths["register"][0] if "register" in paths else None
    return SignOff(longest_ps=longest, start=start, end=end, period_ps=period, tool=tool)
