"""The array of the stand-ins that strategies B and C have around them, and what its lines carried last."""

from amaranth.hdl import Module, Value

from hdl.block import Block
from hdl.crossbar.bitline_array import BitlineArray
from hdl.crossbar.sample_hold import SampleHold
from sim_models.arith.widths import unsigned_width
from sim_models.crossbar import CrossbarParameters


def held_lines(m: Module, surroundings: Block, parameters: CrossbarParameters, columns: int) -> list[Value]:
    """Sums of ``columns`` lines at the last ``bl_strobe`` of ``surroundings``, unsigned; its ports are the array's."""
    p = parameters
    m.submodules.array = array = BitlineArray(rows=p.rows, columns=columns, dac_bits=p.dac_bits, cell_bits=p.cell_bits)
    m.submodules.hold = hold = SampleHold(lines=columns, width=unsigned_width(p.line_maximum), signed=False)
    m.d.comb += [
        *(getattr(array, name).eq(getattr(surroundings, name)) for name in ("w_write", "w_row", "w_column", "w_data")),
        array.slice.eq(surroundings.slice),
        hold.d.eq(array.p),
        hold.strobe.eq(surroundings.bl_strobe),
    ]
    return [hold.q[column] for column in range(columns)]
