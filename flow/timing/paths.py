"""The script that asks OpenSTA for timing paths, and the paths it answers with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Versions disagree on what the number of paths is called. A register is known by the nets that it drives, or through an
# inverter, where the library's flip-flops have no other output than an inverted one. Of all but the first paths only
# the ends are told.
SCRIPT = """\
{liberty}
set_cmd_units -time ns -capacitance pF
read_verilog netlist.v
link_design {top}
read_sdc constraints.sdc
proc net_at {{pin}} {{
  if {{[catch {{get_property [get_nets -of_objects $pin] full_name}} name]}} {{ return [get_property $pin full_name] }}
  return $name
}}
proc pins_of {{cell directed}} {{
  set found {{}}
  foreach pin [get_pins -of_objects $cell] {{
    if {{[get_property $pin direction] eq $directed}} {{ lappend found $pin }}
  }}
  return $found
}}
proc register {{tag pin}} {{
  if {{![string match */* [get_property $pin full_name]]}} {{ return }}
  set driven {{}}
  foreach output [pins_of [get_cells -of_objects $pin] output] {{
    if {{![catch {{get_property [get_nets -of_objects $output] full_name}}]}} {{ lappend driven $output }}
  }}
  foreach output $driven {{ puts "$tag\\t[net_at $output]" }}
  foreach output $driven {{
    foreach reader [get_pins -of_objects [get_nets -of_objects $output]] {{
      if {{[catch {{get_cells -of_objects $reader}} cell]}} {{ continue }}
      set after [pins_of $cell output]
      if {{[llength [pins_of $cell input]] == 1 && [llength $after] == 1}} {{ puts "$tag\\t[net_at $after]" }}
    }}
  }}
}}
proc find_paths {{delay count args}} {{
  if {{[catch {{find_timing_paths -path_delay $delay -group_path_count $count {{*}}$args}} found]}} {{
    set found [find_timing_paths -path_delay $delay -group_count $count {{*}}$args]
  }}
  return $found
}}
proc show {{kind found}} {{
  set told 0
  foreach path $found {{
    puts "PATH\\t$kind\\t[get_property $path slack]"
    set points [get_property $path points]
    if {{[incr told] <= {named}}} {{
      register START [get_property $path startpoint]
      register END [get_property $path endpoint]
    }} else {{
      set points [list [lindex $points 0] [lindex $points end]]
    }}
    foreach point $points {{
      set pin [get_property $point pin]
      puts "POINT\\t[get_property $point arrival]\\t[get_property $pin full_name]\\t[net_at $pin]"
    }}
  }}
}}
set data_inputs {{}}
foreach port [all_inputs] {{
  if {{[get_property $port full_name] ne "{clock}"}} {{ lappend data_inputs $port }}
}}
show setup [find_paths max {count}]
set clock_pins [all_registers -clock_pins]
if {{[llength $clock_pins]}} {{
  set data_pins [all_registers -data_pins]
  show register [find_paths max 1 -from $clock_pins -to $data_pins]
  show hold [find_paths min 1 -from $clock_pins -to $data_pins]
  if {{[llength $data_inputs]}} {{ show input_hold [find_paths min 1 -from $data_inputs -to $data_pins] }}
}}
puts DONE
"""

_UNNAMED = re.compile(r"_\d+_(\[\d+\])?")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One pin on a path: signal arrival in ps, and the net at the pin."""

    arrival_ps: float
    pin: str
    net: str


@dataclass(frozen=True, kw_only=True)
class FoundPath:
    """A path as OpenSTA has it. ``start_nets`` and ``end_nets`` are what the registers at its ends drive, directly
    and then through inverters and buffers; none for a port.
    """

    slack_ps: float
    points: tuple[Point, ...]
    start_nets: tuple[str, ...]
    end_nets: tuple[str, ...]

    @property
    def from_input(self) -> bool:
        """Whether it starts at an input, not at a register."""
        return "/" not in self.points[0].pin

    @property
    def to_output(self) -> bool:
        """Whether it ends at an output, not at a register."""
        return "/" not in self.points[-1].pin

    @property
    def launch_ps(self) -> float:
        """When the signal leaves the input or the register at the start."""
        return self.points[0].arrival_ps

    @property
    def arrival_ps(self) -> float:
        """When it arrives at the end."""
        return self.points[-1].arrival_ps

    @property
    def start(self) -> str:
        """The port, or the register by a net it drives; by its pin and the net there where none has a name."""
        return _name(self.start_nets, self.points[0])

    @property
    def end(self) -> str:
        """The port or register, named likewise."""
        return _name(self.end_nets, self.points[-1])

    @property
    def components(self) -> dict[str, float]:
        """Dotted paths of the components passed, in order, each with the ps spent in gates known to lie in it.

        A gate's name tells where it lies while the hierarchy is kept. Flattening leaves that to the names of nets at
        registers and of the few between that keep one: the time between them is nobody's.
        """
        spent = dict.fromkeys(map(_scope, self.start_nets), 0.0)
        before = self.launch_ps if self.from_input else 0.0
        for point in self.points:
            gate = _scope(point.pin.rpartition("/")[0])
            spent[gate] = spent.get(gate, 0.0) + point.arrival_ps - before
            spent.setdefault(_scope(point.net), 0.0)
            before = point.arrival_ps
        for net in self.end_nets:
            spent.setdefault(_scope(net), 0.0)
        spent.pop("", None)
        return spent


def read_paths(output: str) -> dict[str, list[FoundPath]]:
    """The paths of each kind in OpenSTA's ``output``, worst first."""
    found: dict[str, list[FoundPath]] = {}
    for block in re.split(r"^PATH\t", output, flags=re.M)[1:]:
        head, *lines = block.replace("\\", "").splitlines()
        kind, slack = head.split("\t")
        words: dict[str, list[list[str]]] = {"START": [], "END": [], "POINT": []}
        for line in lines:
            tag, *rest = line.split("\t")
            words.get(tag, []).append(rest)
        path = FoundPath(
            slack_ps=float(slack) * 1e3,
            points=tuple(Point(arrival_ps=float(time) * 1e3, pin=pin, net=net) for time, pin, net in words["POINT"]),
            start_nets=tuple(net for (net,) in words["START"]),
            end_nets=tuple(net for (net,) in words["END"]),
        )
        found.setdefault(kind, []).append(path)
    return found


def _name(nets: Sequence[str], point: Point) -> str:
    if "/" not in point.pin:
        return point.pin
    named = [_dotted(net) for net in nets if _has_name(net)]
    return named[0] if named else point.pin + (f" ({_dotted(point.net)})" if _has_name(point.net) else "")


def _has_name(net: str) -> bool:
    return not _UNNAMED.fullmatch(net.rpartition("/")[2])


def _dotted(name: str) -> str:
    return name.replace("/", ".")


def _scope(name: str) -> str:
    """The dotted path of what a cell or net lies in; empty for the top."""
    return _dotted(name).rpartition(".")[0]
