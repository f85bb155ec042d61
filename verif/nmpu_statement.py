"""What an NMPU unit does, as a short behavioural Verilog statement to prove the generated hardware against."""

from sim_models.nmpu import NmpuParameters


def unit_statement(parameters: NmpuParameters, name: str) -> str:
    """Module ``name`` with the ports of `hdl.nmpu.NmpuUnit`, two pipeline stages, one rounding, own parameter words.

    The arithmetic is the definition, written at full width: products cut, offset aligned, half added, shifted,
    rectified, clamped. Nothing of how the hardware computes it is used.
    """
    p = parameters
    if (p.variant, p.final_rounding, p.pipeline_stages) != ("single_round", "half_up", 2) or p.columns_per_unit == 1:
        raise ValueError("the statement covers single_round, half_up, two pipeline stages and at least two columns")
    if p.signed_input or p.accumulates or p.storage != "flop":
        raise ValueError("the statement covers unsigned counts, no partial sums and storage='flop'")
    columns, bits = p.columns_per_unit, p.column_bits
    aligned = p.scale_fraction_bits - p.pre_cut_bits
    return f"""
module {name}(input clk, rst, start, relu, cfg_write, input [{p.shift_bits - 1}:0] shift,
  input [{columns * p.input_bits - 1}:0] count_p, count_n, input [{bits - 1}:0] cfg_column,
  input [{p.configuration_bits - 1}:0] cfg_data, output ready, output reg overrun, out_valid,
  output reg [{bits - 1}:0] out_column, output reg signed [{p.output_bits - 1}:0] out_data, output reg out_clipped,
  output done);
  // Column counter: a group occupies one cycle a column, and a start outside a group's first cycle is refused.
  reg [{bits - 1}:0] column;
  assign ready = column == 0;
  wire accepted = start & ready;
  wire issued = accepted | ~ready;
  reg [{p.shift_bits - 1}:0] layer_shift;
  reg layer_relu;
  always @(posedge clk) begin
    column <= rst ? 0 : issued ? column + 1 : column;
    overrun <= ~rst & (overrun | start & ~ready);
    if (accepted) begin layer_shift <= shift; layer_relu <= relu; end
  end
  // Parameter words {{offset, scale_negative, scale_positive}}, and the column's products without the bits cut off.
  reg [{p.configuration_bits - 1}:0] words [0:{columns - 1}];
  wire [{p.configuration_bits - 1}:0] word = words[column];
  wire [{p.input_bits - 1}:0] p_count = count_p >> column * {p.input_bits};
  wire [{p.input_bits - 1}:0] n_count = count_n >> column * {p.input_bits};
  wire [{p.product_bits - 1}:0] p_product = p_count * word[{p.scale_bits - 1}:0];
  wire [{p.product_bits - 1}:0] n_product = n_count * word[{2 * p.scale_bits - 1}:{p.scale_bits}];
  reg [{p.product_bits - 1}:0] p_cut, n_cut;
  reg signed [{p.offset_bits - 1}:0] offset;
  reg valid;
  reg [{bits - 1}:0] tag;
  always @(posedge clk) begin
    if (cfg_write) words[cfg_column] <= cfg_data;
    p_cut <= p_product >> {p.pre_cut_bits};
    n_cut <= n_product >> {p.pre_cut_bits};
    offset <= word[{p.configuration_bits - 1}:{2 * p.scale_bits}];
    valid <= ~rst & issued;
    tag <= column;
  end
  // Sum, rounded half up; fraction is the number of bits below one output step.
  wire [5:0] legal = layer_shift < {p.shift_min} | layer_shift > {p.shift_max} ? {p.shift_max} : layer_shift;
  wire [5:0] fraction = {aligned} + legal;
  wire signed [47:0] wide_offset = offset;
  wire signed [47:0] sum = $signed({{1'b0, p_cut}}) - $signed({{1'b0, n_cut}})
    + (wide_offset <<< (fraction - {p.offset_fraction_bits}));
  wire signed [47:0] rounded = (sum + (48'sd1 <<< (fraction - 1))) >>> fraction;
  wire signed [47:0] rectified = layer_relu & rounded < 0 ? 48'sd0 : rounded;
  wire high = rectified > {p.output_format.maximum}, low = rectified < {p.output_format.minimum};
  assign done = out_valid & out_column == {columns - 1};
  always @(posedge clk) begin
    out_data <= high ? {p.output_format.maximum} : low ? {p.output_format.minimum} : rectified;
    out_clipped <= high | low;
    out_valid <= ~rst & valid;
    out_column <= tag;
  end
endmodule
"""
