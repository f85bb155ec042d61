"""A group of converters with its surroundings: hold banks, multiplexers, DACs and comparators, in Verilog."""

from gen.rtl import Port, Rtl
from sim_models.arith.widths import index_bits
from sim_models.sar.group import STATUS_PENDING, AdcGroupParameters, register_map

LOOP = "sar_group_loop"


def in_loop(rtl: Rtl, parameters: AdcGroupParameters) -> Rtl:
    """``rtl``, an `hdl.sar.AdcGroup` for ``parameters`` or its netlist, with ideal surroundings.

    * ``planes``: stream of what the array's columns hold, ``columns`` counts, column 0 low. ``results`` as the group's.
    * ``writes``: stream of address (low) and data for the bus. After a commit the next one waits until it is in effect.
    * ``probe``: in such a cycle ``probe_address``, ``probe_write`` and ``probe_data`` are on the bus; ``read_data`` is
      what it shows. While nothing is written the address is that of the status.
    * ``noise``: what comparators answer that are off. ``answers``: what each of them answers. ``sampling``: the first
      converter samples. ``effective``: in the cycle before a plane began, with the configuration committed last.
    * ``illegal``: from then on, after a hold strobe that must not be: both banks at once, or a bank that a converter
      samples from or has under conversion. A multiplexer must have been still for a cycle, or what is sampled is wrong;
      so is a comparison whose DAC is off.
    """
    inputs = {"probe": 1, "probe_address": _address_bits(parameters), "probe_write": 1, "probe_data": 32, "noise": 1}
    ports = [Port(name, "input", width, False) for name, width in inputs.items()]
    outputs = {"answers": parameters.converters, "sampling": 1, "effective": 1, "illegal": 1, "read_data": 32}
    ports += [Port(name, "output", width, False) for name, width in outputs.items()]
    ports += _stream("planes", "input", parameters.columns * parameters.bits)
    ports += _stream("writes", "input", _address_bits(parameters) + 32)
    ports += [port for port in rtl.ports if port.name.startswith("results__")]
    text = _verilog(rtl, parameters, tuple(ports))
    return Rtl(LOOP, f"{rtl.verilog}\n{text}", tuple(ports), True)


def _stream(name: str, direction: str, width: int) -> list[Port]:
    back = "output" if direction == "input" else "input"
    return [
        Port(f"{name}__payload", direction, width, False),
        Port(f"{name}__valid", direction, 1, False),
        Port(f"{name}__ready", back, 1, False),
    ]


def _address_bits(parameters: AdcGroupParameters) -> int:
    return (len(register_map(parameters)) - 1).bit_length()


def _verilog(rtl: Rtl, p: AdcGroupParameters, ports: tuple[Port, ...]) -> str:
    declared = ", ".join(f"{port.direction} [{port.width - 1}:0] \\{port.name} " for port in ports)
    places = register_map(p)
    address, columns = _address_bits(p), p.columns_per_adc
    column_bits = index_bits(columns)
    converters = "\n".join(_converter(p, place, column_bits) for place in range(p.converters))
    return f"""
module {LOOP}(input clk, input rst, {declared});
  wire [1:0] track;
  wire [{p.converters - 1}:0] select, sample, dac_enable, comparator_enable, cmp, wrong;
  wire [{p.converters * column_bits - 1}:0] column;
  wire [{p.converters * p.bits - 1}:0] dac;
  wire commit = writes__payload[{address - 1}:0] == {places["control"][0]} && writes__payload[{address}];
  reg settled, bad;
  assign writes__ready = settled && !probe;
  wire write = writes__valid && writes__ready;
  wire [{address - 1}:0] cfg_address = probe ? probe_address : write ? writes__payload[{address - 1}:0] :
                                       {places["status"][0]};
  wire [31:0] cfg_write_data = probe ? probe_data : writes__payload[{address + 31}:{address}];
  assign effective = !settled && !probe && !read_data[{STATUS_PENDING}];
  always @(posedge clk) settled <= rst || effective || (settled && !(write && commit));
  reg [{p.columns * p.bits - 1}:0] bank_0, bank_1;
  always @(posedge clk) begin
    if (track[0]) bank_0 <= planes__payload;
    if (track[1]) bank_1 <= planes__payload;
    bad <= !rst && illegal;
  end
  assign illegal = bad || track == 3 || wrong != 0 || (planes__ready && !planes__valid);
  assign sampling = sample[0];
  assign answers = cmp;
{converters}
  \\{rtl.name} group(.clk(clk), .rst(rst), .plane_valid(planes__valid), .plane_ready(planes__ready),
    .hold_track(track), .hold_select(select), .column(column), .sample(sample), .dac(dac), .dac_enable(dac_enable),
    .comparator_enable(comparator_enable), .cmp(cmp), .results__valid(results__valid), .results__ready(results__ready),
    .results__payload(results__payload), .cfg_address(cfg_address), .cfg_write(probe ? probe_write : write),
    .cfg_write_data(cfg_write_data), .cfg_read_data(read_data));
endmodule
"""


def _converter(p: AdcGroupParameters, place: int, column_bits: int) -> str:
    """Multiplexer, sampling capacitor, DAC and comparator of converter number ``place``."""
    bits, high = p.bits, column_bits - 1
    return f"""  wire [{high}:0] column_{place} = column[{place * column_bits} +: {column_bits}];
  reg [{high}:0] column_before_{place};
  reg bank_{place}_before, bank_of_{place};
  reg [{bits - 1}:0] held_{place};
  wire [{bits - 1}:0] shown_{place} =
    (select[{place}] ? bank_1 : bank_0) >> ({place * p.columns_per_adc * bits} + column_{place} * {bits});
  wire still_{place} = column_before_{place} == column_{place} && bank_{place}_before == select[{place}];
  always @(posedge clk) begin
    column_before_{place} <= column_{place};
    bank_{place}_before <= select[{place}];
    if (sample[{place}]) held_{place} <= still_{place} ? shown_{place} : ~shown_{place};
    if (sample[{place}]) bank_of_{place} <= select[{place}];
  end
  wire above_{place} = held_{place} >= dac[{place * bits} +: {bits}];
  assign cmp[{place}] = comparator_enable[{place}] ? above_{place} == dac_enable[{place}] : noise;
  assign wrong[{place}] = sample[{place}] ? track[select[{place}]] : dac_enable[{place}] && track[bank_of_{place}];
"""
