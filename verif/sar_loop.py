"""A twin-range controller with an ideal converter around it: hardware alone answers every word on the DAC."""

import dataclasses

from gen.rtl import CLOCK, RESET, Port, Rtl

_NAME = "bitline_loop"


def in_loop(rtl: Rtl) -> Rtl:
    """``rtl``, Verilog or a netlist of it, with ``count`` and ``idle_cmp`` in place of the input ``cmp``.

    ``count`` is the converter's input. The comparator answers whether it is at least ``dac`` while
    ``comparator_enable`` is 1, and ``idle_cmp`` while it is off.
    """
    bits = next(port.width for port in rtl.ports if port.name == "dac")
    kept = [port for port in rtl.ports if port.name != "cmp"]
    ports = (Port("count", "input", bits, False), Port("idle_cmp", "input", 1, False), *kept)
    declared = [f"{port.direction} [{port.width - 1}:0] \\{port.name} " for port in ports]
    pins = [f".{CLOCK}({CLOCK})", f".{RESET}({RESET})", ".cmp(answer)"]
    pins += [f".\\{port.name} (\\{port.name} )" for port in kept]
    wrapper = f"""
module {_NAME}(input {CLOCK}, input {RESET}, {", ".join(declared)});
  wire answer = comparator_enable ? count >= dac : idle_cmp;
  {rtl.name} controller({", ".join(pins)});
endmodule
"""
    return dataclasses.replace(rtl, name=_NAME, verilog=rtl.verilog + wrapper, ports=ports)
