"""A tile of strategy A with everything analog around it: in Verilog of its own, or with `hdl`'s stand-ins."""

from gen.rtl import CLOCK, RESET, Port, Rtl, elaborate
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_surroundings import IsaacSurroundings
from hdl.crossbar.tile_converters import TileParameters
from sim_models.arith.widths import index_bits
from verif.crossbar_loop import joined

_NAME = "crossbar_isaac_surroundings"


def in_loop(rtl: Rtl, parameters: IsaacParameters) -> Rtl:
    """``rtl``, an `hdl.crossbar.IsaacTile` for ``parameters`` or its netlist, with ideal surroundings.

    ``w_write`` puts ``w_data`` into the cell ``w_row``, ``w_column``. The columns are those of the outputs in turn: of
    each, the positive ones and then the negative ones where weights are differential, lowest slice first.
    """
    p = parameters
    analog = {"slice", "hold", "select", "adc_start", "code", "saturated", "sample", "dac", "comparator_enable", "cmp"}
    flipped = {"input": "output", "output": "input"}
    ports = [Port(each.name, flipped[each.direction], each.width, False) for each in rtl.ports if each.name in analog]
    cells = {"w_write": 1, "w_row": index_bits(p.rows), "w_column": index_bits(_columns(p)), "w_data": p.cell_bits}
    ports += [Port(name, "input", width, False) for name, width in cells.items()]
    around = Rtl(_NAME, _verilog(p, ports), tuple(ports), True)
    return joined(rtl, around, "crossbar_isaac_loop")


def in_stand_ins(rtl: Rtl, parameters: IsaacParameters) -> Rtl:
    """As `in_loop`, with the stand-ins that can be synthesised; a large array takes minutes to build."""
    around = elaborate(IsaacSurroundings(parameters=parameters), _NAME)
    return joined(rtl, around, "crossbar_isaac_stand_ins")


def _columns(p: IsaacParameters) -> int:
    return p.outputs * p.slices * p.polarities


def _verilog(p: IsaacParameters, ports: list[Port]) -> str:
    declared = ", ".join(f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports)
    convert = _ideal if p.converter == "ideal" else _searching
    first = [sum(p.shares[:number]) * p.lines_per_output for number in range(p.converters)]
    converters = "".join(_line(p, number, each) + convert(p, number) for number, each in enumerate(first))
    return f"""
module {_NAME}(input {CLOCK}, input {RESET}, {declared});
  reg [{p.cell_bits - 1}:0] cells [0:{p.rows * _columns(p) - 1}];
  reg signed [63:0] held [0:{p.lines}];
  reg signed [63:0] total, driven;
  integer line, row;
  always @(posedge clk) if (w_write) cells[w_row * {_columns(p)} + w_column] <= w_data;
  always @(posedge clk) if (hold) begin
    for (line = 0; line < {p.lines}; line = line + 1) begin
      total = 0;
      for (row = 0; row < {p.rows}; row = row + 1) begin
        driven = slice[row * {p.dac_bits} +: {p.dac_bits}];
        total = total + driven * {_cell(p)};
      end
      held[line] <= total;
    end
    total = 0;
    for (row = 0; row < {p.rows}; row = row + 1) total = total + slice[row * {p.dac_bits} +: {p.dac_bits}];
    held[{p.lines}] <= total;  // the unit column
  end
{converters}endmodule
"""


def _cell(p: IsaacParameters) -> str:
    """The cell in row ``row`` of line ``line``, or the difference of the two of a pair."""
    start = f"row * {_columns(p)} +"
    if p.lines == _columns(p):
        return f"$signed({{1'b0, cells[{start} line]}})"
    above = f"{start} line / {p.slices} * {2 * p.slices} + line % {p.slices}"
    return f"($signed({{1'b0, cells[{above}]}}) - $signed({{1'b0, cells[{above} + {p.slices}]}}))"


def _line(p: IsaacParameters, number: int, first: int) -> str:
    """What the multiplexer of a converter connects; only the first has the unit column."""
    place = f"held[{first} + select - {int(p.has_unit_column)}]"
    unit = f"select == 0 ? held[{p.lines}] : " if p.has_unit_column else ""
    return f"  wire signed [63:0] value_{number} = {unit}{place};\n"


def _ideal(p: IsaacParameters, number: int) -> str:
    high = (1 << p.converter_bits) - 1
    low = -high if p.signed_samples else 0
    value, bits = f"value_{number}", p.code_bits
    return f"""  reg [{bits - 1}:0] code_{number};
  reg saturated_{number};
  always @(posedge clk) if (adc_start[{number}]) begin
    code_{number} <= {value} > {high} ? {high} : {value} < {low} ? {low} : {value};
    saturated_{number} <= {value} > {high} || {value} < {low};
  end
  assign code[{number * bits} +: {bits}] = code_{number};
  assign saturated[{number}] = saturated_{number};
"""


def _searching(p: IsaacParameters, number: int) -> str:
    """Capacitors and comparators."""
    text = ""
    for at in registers(p, number):
        text += compared(p, at) + f"  always @(posedge clk) if (sample[{at}]) sampled_{at} <= value_{number};\n"
    return text


def registers(parameters: TileParameters, number: int) -> range:
    """Those of a converter, among those of all."""
    count = parameters.code_bits + 2
    return range(number * count, (number + 1) * count)


def compared(parameters: TileParameters, at: int) -> str:
    """The comparator of register ``at``, which answers wrongly while it is off, and what it has sampled."""
    bits = parameters.code_bits
    lowest = 1 << bits - 1 if parameters.signed_samples else 0
    reached = f"sampled_{at} + {lowest} >= $signed({{1'b0, dac[{at * bits} +: {bits}]}})"
    return f"  reg signed [63:0] sampled_{at};\n  assign cmp[{at}] = ({reached}) == comparator_enable[{at}];\n"
