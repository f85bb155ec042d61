"""Converters that give codes from a stream, a transfer whenever some are due, in whatever traffic."""

import numpy as np
from numpy.typing import NDArray

from gen.rtl import CLOCK, RESET, Port, Rtl
from hdl.crossbar.tile_converters import TileParameters
from verif.packing import pack

Integers = NDArray[np.int64]
_NAME = "crossbar_feeder"


def feeder(parameters: TileParameters, strobe_bits: int) -> Rtl:
    """Surroundings for `verif.crossbar_loop.joined`: ``code`` and ``saturated`` of all converters are the payload of
    ``codes``, which moves ``converter_delay`` clock cycles after one with any bit of ``adc_start``.
    """
    p = parameters
    widths = {"code": p.converters * p.code_bits, "saturated": p.converters}
    ports = (
        Port("codes__payload", "input", sum(widths.values()), False),
        Port("codes__valid", "input", 1, False),
        Port("codes__ready", "output", 1, False),
        Port("adc_start", "input", strobe_bits, False),
        *(Port(name, "output", width, False) for name, width in widths.items()),
    )
    declared = ", ".join(f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports)
    text = f"""
module {_NAME}(input {CLOCK}, input {RESET}, {declared});
  reg [{p.converter_delay - 1}:0] asked;
  always @(posedge clk) asked <= rst ? 0 : {{asked, |adc_start}};
  assign codes__ready = asked[{p.converter_delay - 1}];
  assign {{saturated, code}} = codes__payload;
endmodule
"""
    return Rtl(_NAME, text, ports, True)


def fed(codes: Integers, saturated: Integers, parameters: TileParameters) -> NDArray[np.generic]:
    """Payloads of ``codes`` (transfers, converters), with flags of the same shape."""
    p = parameters
    bits = (codes[..., np.newaxis] >> np.arange(p.code_bits) & 1).reshape(len(codes), -1)
    return pack(np.concatenate([bits, saturated], axis=1), 1)
