"""Describe a component's ports for the manifest: widths, fields, lanes and number formats."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, wiring

from sim_models.arith import FloatFormat, Format, IntegerFormat

Number = Format | FloatFormat | IntegerFormat


def describe_ports(component: wiring.Component) -> list[dict[str, Any]]:
    """One entry per Verilog port, nested for structs (bit offsets) and arrays (lanes, lane 0 in the low bits).

    Number formats come from the component's ``formats``, a mapping from the dotted path of a port or field to its
    format; what is not in it is a plain bit vector.
    """
    formats: Mapping[str, Number] = getattr(component, "formats", {})
    ports = []
    for path, member, _ in component.signature.flatten(component):
        name = "__".join(map(str, path))
        shape = member.shape
        if Shape.cast(shape).width:
            direction = "input" if member.flow is wiring.In else "output"
            ports.append({"name": name, "direction": direction, **_describe(name, shape, formats)})
    return ports


def _describe(path: str, shape: Any, formats: Mapping[str, Number]) -> dict[str, Any]:
    described: dict[str, Any] = {"width": Shape.cast(shape).width}
    if isinstance(shape, data.StructLayout):
        described["fields"] = [
            {"name": str(name), "offset": field.offset, **_describe(f"{path}.{name}", field.shape, formats)}
            for name, field in shape
            if field.width
        ]
    elif isinstance(shape, data.ArrayLayout):
        described["lanes"] = shape.length
        described["lane"] = _describe(path, shape.elem_shape, formats)
    elif path in formats:
        described["format"] = _format(formats[path])
    else:
        described["format"] = "bits"
    return described


def _format(number: Number) -> dict[str, Any]:
    if isinstance(number, IntegerFormat) and number.kind == "sign_magnitude":
        return {"kind": "sign and magnitude", "magnitude_bits": number.magnitude_bits}
    if isinstance(number, FloatFormat):
        return {"kind": "IEEE float", "exponent_bits": number.exponent_bits, "fraction_bits": number.fraction_bits}
    kind = "two's complement" if number.signed else "unsigned"
    return {"kind": kind, "integer_bits": number.integer_bits, "fraction_bits": number.fraction_bits}
