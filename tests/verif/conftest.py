"""Tiny designs for the tests of the simulators and provers."""

import pytest

from gen.rtl import Port, Rtl

PRODUCTS = """
module products(input clk, input rst, input [9:0] a, b, input [7:0] u, v, input signed [7:0] c,
                output reg signed [19:0] y, output [9:0] sum);
  reg signed [19:0] first;
  assign sum = a + b;
  always @(posedge clk) begin
    first <= $signed({10'b0, a} * u) - $signed({10'b0, b} * v) + c;
    y <= first;
  end
endmodule
"""

# Registers: `held` is never reset, `count` is.
STATE = """
module state(input clk, input rst, input step, input load, input [15:0] value, output reg [15:0] held,
             output reg [31:0] count, output early);
  assign early = step & count[0];
  always @(posedge clk) begin
    if (load) held <= value;
    if (rst) count <= 0; else count <= count + step;
  end
endmodule
"""

# A buffer of one entry; `offer` and `shown` repeat what the source shows.
BUFFER = """
module buffer(input clk, input rst, input i__valid, input signed [7:0] i__payload, output i__ready,
              output reg o__valid, output reg signed [7:0] o__payload, input o__ready, input hold,
              output offer, output signed [7:0] shown);
  assign offer = i__valid, shown = i__payload, i__ready = (!o__valid | o__ready) & !hold;
  always @(posedge clk) begin
    if (i__ready) begin o__valid <= i__valid; o__payload <= i__payload; end
    else if (o__ready) o__valid <= 0;
    if (rst) o__valid <= 0;
  end
endmodule
"""


def _ports(inputs: dict[str, int], outputs: dict[str, int]) -> tuple[Port, ...]:
    """Ports of the given widths; a negative width means signed."""
    both = [(inputs, "input"), (outputs, "output")]
    return tuple(Port(name, way, abs(width), width < 0) for ports, way in both for name, width in ports.items())


@pytest.fixture(scope="session")
def products() -> Rtl:
    """y = a u - b v + c two cycles later, and sum = (a + b) mod 1024 at once."""
    inputs = {"a": 10, "b": 10, "u": 8, "v": 8, "c": -8}
    return Rtl("products", PRODUCTS, _ports(inputs, {"y": -20, "sum": 10}), clocked=True)


@pytest.fixture(scope="session")
def state() -> Rtl:
    """A counter with reset, and a register without."""
    inputs, outputs = {"step": 1, "load": 1, "value": 16}, {"held": 16, "count": 32, "early": 1}
    return Rtl("state", STATE, _ports(inputs, outputs), clocked=True)


@pytest.fixture(scope="session")
def buffer() -> Rtl:
    """A stream through a buffer of one entry."""
    inputs = {"i__valid": 1, "i__payload": -8, "o__ready": 1, "hold": 1}
    outputs = {"i__ready": 1, "o__valid": 1, "o__payload": -8, "offer": 1, "shown": -8}
    return Rtl("buffer", BUFFER, _ports(inputs, outputs), clocked=True)


@pytest.fixture(scope="session")
def mixer() -> Rtl:
    """Without clock: y = a b + c, signed by unsigned."""
    verilog = "module mixer(input signed [7:0] a, input [7:0] b, input [3:0] c, output signed [16:0] y);\n"
    verilog += "  assign y = a * $signed({1'b0, b}) + $signed({1'b0, c});\nendmodule\n"
    return Rtl("mixer", verilog, _ports({"a": -8, "b": 8, "c": 4}, {"y": -17}), clocked=False)
