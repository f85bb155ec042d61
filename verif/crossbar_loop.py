"""A tile with its analog surroundings: two modules joined by the names of their ports."""

from gen.rtl import CLOCK, RESET, Port, Rtl


def joined(tile: Rtl, surroundings: Rtl, name: str) -> Rtl:
    """``tile``, Verilog or a netlist of it, and ``surroundings`` in one module ``name``.

    An output of either drives the input of the same name of the other, and stays visible. All other ports are those of
    the whole, in which both have their clock. The two share no module's name.

    :raises ValueError: both have an output, or both an input, of one name.
    """
    kinds = {port.name: port for port in tile.ports}
    for port in surroundings.ports:
        if port.name in kinds and kinds[port.name].direction == port.direction:
            raise ValueError(f"{port.name} must be an output of one module and an input of the other, not the same")
    outputs = [port for each in (tile, surroundings) for port in each.ports if port.direction == "output"]
    driven = {port.name for port in outputs}
    inputs = [port for each in (tile, surroundings) for port in each.ports if port.direction == "input"]
    ports = (*(port for port in inputs if port.name not in driven), *outputs)
    text = f"\nmodule {name}(input {CLOCK}, input {RESET}, {', '.join(_declared(port) for port in ports)});\n"
    text += "".join(
        f"  \\{each.name} {part}({_pins(each)});\n" for each, part in ((tile, "tile"), (surroundings, "around"))
    )
    return Rtl(name, f"{tile.verilog}\n{surroundings.verilog}\n{text}endmodule\n", ports, True)


def _declared(port: Port) -> str:
    return f"{port.direction} [{port.width - 1}:0] \\{port.name} "


def _pins(rtl: Rtl) -> str:
    clocks = [f".{CLOCK}({CLOCK})", f".{RESET}({RESET})"] if rtl.clocked else []
    return ", ".join([*clocks, *(f".\\{port.name} (\\{port.name} )" for port in rtl.ports)])
