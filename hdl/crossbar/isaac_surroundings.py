"""Digital stand-ins of everything analog around a tile of strategy A, for simulations and proofs."""

from typing import Any

from amaranth.hdl import Module, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from hdl.block import Block
from hdl.crossbar.bitline_array import BitlineArray
from hdl.crossbar.converter import SaturatingConverter
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.requirements import IDEAL
from hdl.crossbar.sample_hold import SampleHold
from hdl.crossbar.scan_mux import ScanMux
from hdl.crossbar.tile_converters import compare, converter_stand_in_ports
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits, unsigned_width


class IsaacSurroundings(Block):
    """A `BitlineArray`, and of each converter `SampleHold`, a `ScanMux` and the converter, ideal, or its comparators.

    The ports are the analog ones of `IsaacTile`, the other way round, and ``w_write``, ``w_row``, ``w_column``,
    ``w_data`` as in `BitlineArray`. The columns are those of the outputs in turn: of each, the positive ones and then
    the negative ones where weights are differential, lowest slice first.

    Stands for analog parts: its area is not theirs. Raises ValueError for ``parameters`` that are no
    ``IsaacParameters``.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        self._columns = p.outputs * p.slices * p.polarities
        self._sample_bits = unsigned_width(max(p.line_maximum, p.unit_maximum)) + p.signed_samples
        ports: dict[str, Any] = {
            "w_write": In(1),
            "w_row": In(index_bits(p.rows)),
            "w_column": In(index_bits(self._columns)),
            "w_data": In(p.cell_bits),
            "slice": In(data.ArrayLayout(p.dac_bits, p.rows)),
            "hold": In(1),
            "select": In(range(max(2, p.scan_positions))),
        }
        if p.converter == IDEAL:
            ports["adc_start"] = In(data.ArrayLayout(1, p.converters))
        super().__init__(ports | converter_stand_in_ports(p))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lines, unit = self._lines(m)
        p = self.parameters
        values = [self._held(m, number, lines, unit) for number in range(p.converters)]
        if p.converter == IDEAL:
            for number, value in enumerate(values):
                self._convert(m, number, value)
        else:
            compare(m, self, p, values, self._sample_bits)
        return m

    def _lines(self, m: Module) -> tuple[list[Value], list[Value]]:
        """What is sampled of every line, output by output, and of the unit column, if there is one."""
        p = self.parameters
        m.submodules.array = array = BitlineArray(
            rows=p.rows,
            columns=self._columns,
            dac_bits=p.dac_bits,
            cell_bits=p.cell_bits,
            unit_column=p.has_unit_column,
        )
        names = ("w_write", "w_row", "w_column", "w_data", "slice")
        m.d.comb += [getattr(array, name).eq(getattr(self, name)) for name in names]
        sums = [Value.cast(each) for each in array.p]
        lines, unit = sums[: self._columns], sums[self._columns :]
        if p.lines == self._columns:
            return lines, unit
        above = [each for place, each in enumerate(lines) if place // p.slices % 2 == 0]
        below = [each for place, each in enumerate(lines) if place // p.slices % 2 == 1]
        return [plus - minus for plus, minus in zip(above, below, strict=True)], unit

    def _held(self, m: Module, number: int, lines: list[Value], unit: list[Value]) -> Value:
        """The line that converter ``number`` is connected to."""
        p = self.parameters
        first, share = sum(p.shares[:number]) * p.lines_per_output, p.shares[number] * p.lines_per_output
        # The position of the unit column is there for all converters, and used by the first one.
        positions = [*unit, *lines[first : first + share]]
        size = {"lines": len(positions), "width": self._sample_bits}
        m.submodules[f"hold_{number}"] = hold = SampleHold(**size, signed=p.signed_samples)
        m.submodules[f"multiplexer_{number}"] = multiplexer = ScanMux(**size, signed=p.signed_samples)
        m.d.comb += [hold.d[place].eq(value) for place, value in enumerate(positions)]
        m.d.comb += [
            hold.strobe.eq(self.hold),
            multiplexer.lines.eq(hold.q),
            multiplexer.select.eq(self.select),
        ]
        return multiplexer.value

    def _convert(self, m: Module, number: int, value: Value) -> None:
        p = self.parameters
        m.submodules[f"converter_{number}"] = converter = SaturatingConverter(
            value_bits=self._sample_bits, bits=p.converter_bits, signed_values=p.signed_samples
        )
        m.d.comb += [
            converter.adc_start.eq(self.adc_start[number]),
            converter.value.eq(value),
            self.code[number].eq(converter.code),
            self.saturated[number].eq(converter.saturated),
        ]
