"""Registers around a design, so that neither the number of its ports nor the pins limit what is placed."""

from collections.abc import Iterator

from flow.fpga.devices import Device
from gen.rtl import CLOCK, RESET, Port, Rtl

LAUNCH, CAPTURE = "launch", "capture"


def with_port_registers(rtl: Rtl, device: Device) -> str:
    """Verilog of the module ``NAME_io``: the design, a register before every input and after every output.

    The input registers are one shift register on a clock of its own (``launch``), the output registers are on another
    (``capture``) and drive nothing. So every path of the design is between two registers, and the clocks at its ends
    say whether it begins at an input and ends at an output. Clock and reset come from pins.
    """
    pins = [f".{port.name}(port_{index})" for index, port in enumerate(rtl.ports)]
    pins += [f".{name}({name})" for name in (CLOCK, RESET) if rtl.clocked]
    return "\n".join(
        [
            f"module {rtl.name}_io(input {CLOCK}, input {RESET}, input {LAUNCH}, input {CAPTURE}, input feed);",
            *(f"  wire [{port.width - 1}:0] port_{index};" for index, port in enumerate(rtl.ports)),
            *_registers(rtl.ports, device),
            f"  {rtl.name} design ({', '.join(pins)});",
            "endmodule",
            "",
        ]
    )


def register_count(rtl: Rtl) -> int:
    """How many registers `with_port_registers` adds."""
    return sum(port.width for port in rtl.ports)


def _registers(ports: tuple[Port, ...], device: Device) -> Iterator[str]:
    before = "feed"
    for index, port in enumerate(ports):
        for bit in range(port.width):
            net, name = f"port_{index}[{bit}]", f"register_{index}_{bit}"
            if port.direction == "input":
                yield "  " + device.register.format(name=name, clock=LAUNCH, data=before, output=net)
                before = net
            else:
                yield "  (* keep *) " + device.register.format(name=name, clock=CAPTURE, data=net, output="")
