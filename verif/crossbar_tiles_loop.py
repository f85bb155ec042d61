"""A tile of strategy B or C with everything analog around it: in Verilog of its own, or with `hdl`'s stand-ins."""

from gen.rtl import CLOCK, RESET, Port, Rtl, elaborate
from hdl.crossbar import CascadeParameters, CascadeSurroundings, NeuralPimParameters, NeuralPimSurroundings
from hdl.crossbar.converter import RangeCode
from hdl.crossbar.requirements import SAR
from sim_models.arith.checking import require_integer
from sim_models.arith.widths import index_bits
from verif.crossbar_isaac_loop import compared, registers
from verif.crossbar_loop import joined

Tiled = CascadeParameters | NeuralPimParameters

_NAME = "crossbar_surroundings"
_DIGITAL = ("vectors__", "products__", "adc_count", "sat_count", "stall_count", "sum_saturated")


def in_loop(rtl: Rtl, parameters: Tiled, arrays: int = 1) -> Rtl:
    """``rtl``, a tile of strategy B or C for ``parameters`` or its netlist, with ideal surroundings of any size.

    ``w_write`` puts ``w_data`` into the cell ``w_row``, ``w_column``. The columns are those of the outputs in turn: of
    each, the positive ones and then the negative ones where weights are differential, lowest slice first. ``arrays``
    take turns, one a vector, beginning with the first one after a reset: those of the row blocks of a layer. ``w_row``
    counts the rows of all of them, one array after the other. Raises ValueError for no arrays.
    """
    require_integer("arrays", arrays, 1)
    p = parameters
    flipped = {"input": "output", "output": "input"}
    ports = [
        Port(each.name, flipped[each.direction], each.width, False)
        for each in rtl.ports
        if not each.name.startswith(_DIGITAL) and each.name not in (CLOCK, RESET)
    ]
    given = {
        "w_write": 1,
        "w_row": index_bits(arrays * p.rows),
        "w_column": index_bits(_columns(p)),
        "w_data": p.cell_bits,
    }
    if isinstance(p, NeuralPimParameters):
        given |= {"range_mult": RangeCode.MULT_BITS, "range_shift": RangeCode.SHIFT_BITS}
    ports += [Port(name, "input", width, False) for name, width in given.items()]
    return joined(rtl, Rtl(_NAME, _verilog(p, ports, arrays), tuple(ports), True), "crossbar_loop")


def in_stand_ins(rtl: Rtl, parameters: Tiled) -> Rtl:
    """As `in_loop`, with the stand-ins that can be synthesised; a large array takes minutes to build."""
    around: CascadeSurroundings | NeuralPimSurroundings
    if isinstance(parameters, NeuralPimParameters):
        around = NeuralPimSurroundings(parameters=parameters)
    else:
        around = CascadeSurroundings(parameters=parameters)
    return joined(rtl, elaborate(around, _NAME), "crossbar_stand_ins")


def _columns(p: Tiled) -> int:
    return p.outputs * p.slices * p.polarities


def _verilog(p: Tiled, ports: list[Port], arrays: int) -> str:
    declared = ", ".join(f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports)
    held = _accumulators(p) if isinstance(p, NeuralPimParameters) else _buffers(p)
    return f"""
module {_NAME}(input {CLOCK}, input {RESET}, {declared});
  reg [{p.cell_bits - 1}:0] cells [0:{arrays * p.rows * _columns(p) - 1}];
  reg signed [63:0] lines [0:{_columns(p) - 1}];  // as held
  reg signed [63:0] total, driven;
  integer line, row, each, s, t, array, slices;
  always @(posedge clk) if (w_write) cells[w_row * {_columns(p)} + w_column] <= w_data;
  always @(posedge clk) if ({RESET}) slices <= 0; else if (bl_strobe) begin
    slices <= slices == {arrays * p.cycles - 1} ? 0 : slices + 1;
    array = slices / {p.cycles} * {p.rows * _columns(p)};
    for (line = 0; line < {_columns(p)}; line = line + 1) begin
      total = 0;
      for (row = 0; row < {p.rows}; row = row + 1) begin
        driven = slice[row * {p.dac_bits} +: {p.dac_bits}];
        total = total + driven * $signed({{1'b0, cells[array + row * {_columns(p)} + line]}});
      end
      lines[line] <= total;
    end
  end
{held}{"".join(_converter(p, number) for number in range(p.converters))}endmodule
"""


def _accumulators(p: NeuralPimParameters) -> str:
    """Of each output: the sum of its slices is added to a hold of two, from what is fed back, shifted."""
    return f"""  reg signed [63:0] held [0:{2 * p.outputs - 1}];
  reg signed [63:0] fed_back [0:{p.outputs - 1}];
  reg signed [63:0] added;
  always @(posedge clk) for (each = 0; each < {p.outputs}; each = each + 1) begin
    if (accum) begin
      added = 0;
      for (s = 0; s < {p.slices}; s = s + 1)
        added = added + ((lines[each * {2 * p.slices} + s] - lines[each * {2 * p.slices} + {p.slices} + s])
          <<< s * {p.cell_bits});
      added = (negate ? -added : added) <<< {p.dac_bits * (p.cycles - 1)};
      held[bank * {p.outputs} + each] <= added + (first ? 0 : fed_back[each] >>> {p.dac_bits});
    end
    if (fb_strobe) fed_back[each] <= held[bank * {p.outputs} + each];
  end
"""


def _buffers(p: CascadeParameters) -> str:
    """Of each output: cells of two banks, a line of a slice less its negative one; levels, of cells that have few.

    A cell that was not cleared keeps what it holds, so that a bank that is not shows.
    """
    cell = (
        f"buffered[bank * {p.outputs * p.cycles * p.slices} + each * {p.cycles * p.slices} + offset * {p.slices} + s]"
    )
    stored = [f"stored({_line(p, polarity)})" for polarity in range(p.polarities)]
    count = p.cycles * p.slices
    return f"""  reg signed [63:0] buffered [0:{2 * p.outputs * count - 1}];
  reg signed [63:0] written;
  function signed [63:0] stored(input signed [63:0] line);
    begin
      stored = line > {p.line_bound} ? {p.line_bound} : line;{_as_level(p)}
    end
  endfunction
  always @(posedge clk) begin
    if (clear != 0) for (t = 0; t < {2 * p.outputs * count}; t = t + 1)
      if (clear[t / {p.outputs * count}]) buffered[t] <= 0;
    if (write) for (each = 0; each < {p.outputs}; each = each + 1) for (s = 0; s < {p.slices}; s = s + 1) begin
      written = {" - ".join(stored)};
      if ({cell} == 0) {cell} <= swap ? -written : written;
    end
  end
  integer places [0:{len(p.places) - 1}];
  initial begin
{"".join(f"    places[{number}] = {place};{chr(10)}" for number, place in enumerate(p.places))}  end
"""


def _line(p: CascadeParameters, polarity: int) -> str:
    return f"lines[each * {p.slices * p.polarities} + {polarity * p.slices} + s]"


def _levels(p: CascadeParameters) -> int:
    return (1 << p.buffer_cell_bits) - 1 if p.buffer_cell_bits is not None else 1


def _as_level(p: CascadeParameters) -> str:
    if p.buffer_cell_bits is None:
        return ""
    return f"\n      stored = (2 * stored * {_levels(p)} + {p.line_maximum}) / {2 * p.line_maximum};"


def _converter(p: Tiled, number: int) -> str:
    """What a converter of the output ``group`` samples, rounded; and its code, or what it is compared with."""
    value = _product(p, number) if isinstance(p, NeuralPimParameters) else _column(p, number)
    condition, results, declared = "adc_start", _coded(p, number), _code(p, number)
    if p.converter == SAR:
        own = registers(p, number)
        condition, results = f"|sample[{own[0]} +: {len(own)}]", _sampled(p, number)
        declared = "".join(compared(p, at) for at in own)
    return f"""{declared}  reg signed [127:0] size_{number}, value_{number};
  integer t_{number}, s_{number}, place_{number};
  always @(posedge clk) if ({condition}) begin
{value}{results}  end
"""


def _product(p: NeuralPimParameters, number: int) -> str:
    output = f"group * {p.converters} + {number}"
    size, value = f"size_{number}", f"value_{number}"
    return f"""    {value} = held[read_bank * {p.outputs} + {output}];
    {size} = ({value} < 0 ? -{value} : {value}) * $signed({{1'b0, range_mult}});
    {size} = ({size} + (128'sd1 <<< (range_shift - 1))) >>> range_shift;
    {value} = {value} < 0 ? -{size} : {size};
"""


def _column(p: CascadeParameters, number: int) -> str:
    """The cells of its significance, and for the lowest column those below it; ties are rounded away from 0."""
    count, most = p.cycles * p.slices, p.line_maximum if p.buffer_cell_bits is not None else 1
    cell = f"buffered[read_bank * {p.outputs * count} + (group * {p.converters} + {number}) * {count}"
    size, value, place = f"size_{number}", f"value_{number}", f"place_{number}"
    return f"""    {value} = 0;
    for (t_{number} = 0; t_{number} < {p.cycles}; t_{number} = t_{number} + 1)
      for (s_{number} = 0; s_{number} < {p.slices}; s_{number} = s_{number} + 1) begin
        {place} = t_{number} * {p.dac_bits} + s_{number} * {p.cell_bits};
        if (column == 0 ? {place} <= places[0] : {place} == places[column])
          {value} = {value} + (128'({cell} + t_{number} * {p.slices} + s_{number}]) <<< (column == 0 ? {place} : 0));
      end
    {size} = 2 * {most} * ({value} < 0 ? -{value} : {value});
    {size} = ({size} + (128'sd{_levels(p)} <<< (column == 0 ? places[0] : 0)))
      / (128'sd{2 * _levels(p)} <<< (column == 0 ? places[0] : 0));
    {value} = {value} < 0 ? -{size} : {size};
"""


def _sampled(p: Tiled, number: int) -> str:
    return "".join(f"    if (sample[{at}]) sampled_{at} <= value_{number};\n" for at in registers(p, number))


def _code(p: Tiled, number: int) -> str:
    bits = p.code_bits
    return f"""  reg [{bits - 1}:0] code_{number};
  reg saturated_{number};
  assign code[{number * bits} +: {bits}] = code_{number};
  assign saturated[{number}] = saturated_{number};
"""


def _coded(p: Tiled, number: int) -> str:
    high = (1 << p.code_bits - p.signed_samples) - 1
    low, value = -high if p.signed_samples else 0, f"value_{number}"
    return f"""    code_{number} <= {value} > {high} ? {high} : {value} < {low} ? {low} : {value};
    saturated_{number} <= {value} > {high} || {value} < {low};
"""
