"""Digital stand-ins of everything analog around a tile of strategy B, for simulations and proofs."""

from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from hdl.block import Block
from hdl.crossbar.buffer_array import BufferArray
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.converter import SaturatingConverter
from hdl.crossbar.held_lines import held_lines
from hdl.crossbar.requirements import SAR
from hdl.crossbar.tile_converters import compare, converter_stand_in_ports
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits


class CascadeSurroundings(Block):
    """A `BitlineArray`, `SampleHold`, a `BufferArray` an output, a `SaturatingConverter` or `Comparators` a converter.

    The ports are the analog ones of `CascadeTile`, the other way round, and ``w_write``, ``w_row``, ``w_column``,
    ``w_data`` as in `BitlineArray`. The columns are those of the outputs in turn: of each, the positive ones and then
    the negative ones where weights are differential, lowest slice first.

    Stands for analog parts: its area is not theirs. Raises ValueError for ``parameters`` that are no
    ``CascadeParameters``, and for buffer_cell_bits, which `BufferArray` does not have.
    """

    def __init__(self, *, parameters: CascadeParameters) -> None:
        require_instance("parameters", parameters, CascadeParameters)
        self.parameters = p = parameters
        self._columns = p.outputs * p.slices * p.polarities
        super().__init__(
            {
                "w_write": In(1),
                "w_row": In(index_bits(p.rows)),
                "w_column": In(index_bits(self._columns)),
                "w_data": In(p.cell_bits),
                "slice": In(data.ArrayLayout(p.dac_bits, p.rows)),
                **{name: In(1) for name in ("bl_strobe", "write", "swap", "bank", "adc_start", "read_bank")},
                "offset": In(range(max(2, p.cycles))),
                "clear": In(2),
                "column": In(range(max(2, len(p.places)))),
                "group": In(range(max(2, p.groups))),
                **converter_stand_in_ports(p),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._convert(m, self._buffered(m, self._lines(m)))
        return m

    def _lines(self, m: Module) -> list[Value]:
        """What the lines carried at the last strobe, as much of it as they can."""
        p = self.parameters
        lines = held_lines(m, self, p, self._columns)
        if p.line_bound == p.line_maximum:
            return lines
        return [Mux(line > p.line_bound, p.line_bound, line) for line in lines]

    def _buffered(self, m: Module, lines: list[Value]) -> list[Value]:
        """The column that is read, of each output."""
        p = self.parameters
        columns: list[Value] = []
        for output in range(p.outputs):
            m.submodules[f"buffer_{output}"] = buffer = BufferArray(parameters=p)
            own = lines[output * p.slices * p.polarities :]
            for place in range(p.slices):
                sampled = Signal(p.line_shape, name=f"sum_{output}_{place}")
                negative = own[place + p.slices] if p.polarities == 2 else 0
                m.d.comb += [sampled.eq(own[place] - negative), buffer.d[place].eq(Mux(self.swap, -sampled, sampled))]
            controls = ("write", "offset", "bank", "clear", "read_bank")
            m.d.comb += [getattr(buffer, name).eq(getattr(self, name)) for name in controls]
            m.d.comb += buffer.read_column.eq(self.column)
            columns.append(buffer.column)
        return columns

    def _convert(self, m: Module, columns: list[Value]) -> None:
        p = self.parameters
        values: list[Value] = []
        for place in range(p.converters):
            chosen = Signal(p.column_shape, name=f"column_{place}")
            m.d.comb += chosen.eq(Array(columns[place :: p.converters])[self.group])
            values.append(chosen if p.signed_samples else chosen[:-1])
        if p.converter == SAR:
            compare(m, self, p, values, len(values[0]))
            return
        for place, value in enumerate(values):
            converter = SaturatingConverter(
                value_bits=len(value), bits=p.code_bits - p.signed_samples, signed_values=p.signed_samples
            )
            m.submodules[f"converter_{place}"] = converter
            m.d.comb += [
                converter.adc_start.eq(self.adc_start),
                converter.value.eq(value),
                self.code[place].eq(converter.code),
                self.saturated[place].eq(converter.saturated),
            ]
