"""Digital stand-ins of everything analog around a tile of strategy C, for simulations and proofs."""

from amaranth.hdl import Array, Const, Module, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from hdl.block import Block
from hdl.crossbar.analog_accumulator import AnalogAccumulator
from hdl.crossbar.converter import RangeCode, RangeConverter
from hdl.crossbar.held_lines import held_lines
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.crossbar.requirements import SAR
from hdl.crossbar.tile_converters import compare, converter_stand_in_ports
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits


class NeuralPimSurroundings(Block):
    """A `BitlineArray`, `SampleHold`, an `AnalogAccumulator` an output, `RangeConverter` or `Comparators` a converter.

    The ports are the analog ones of `NeuralPimTile`, the other way round, and ``w_write``, ``w_row``, ``w_column``,
    ``w_data`` as in `BitlineArray`, ``range_mult`` and ``range_shift`` as in `RangeConverter`. The columns are those of
    the outputs in turn: of each, the positive ones and then the negative ones, lowest slice first.

    Stands for analog parts: its area is not theirs. Raises ValueError for ``parameters`` that are no
    ``NeuralPimParameters``.
    """

    def __init__(self, *, parameters: NeuralPimParameters) -> None:
        require_instance("parameters", parameters, NeuralPimParameters)
        self.parameters = p = parameters
        self._columns = p.outputs * p.slices * p.polarities
        super().__init__(
            {
                "w_write": In(1),
                "w_row": In(index_bits(p.rows)),
                "w_column": In(index_bits(self._columns)),
                "w_data": In(p.cell_bits),
                "range_mult": In(RangeConverter.MULT_BITS),
                "range_shift": In(RangeConverter.SHIFT_BITS),
                "slice": In(data.ArrayLayout(p.dac_bits, p.rows)),
                **{name: In(1) for name in ("bl_strobe", "adc_start", *_CONTROLS)},
                "group": In(range(max(2, p.groups))),
                **converter_stand_in_ports(p),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._convert(m, self._accumulate(m, held_lines(m, self, self.parameters, self._columns)))
        return m

    def _accumulate(self, m: Module, lines: list[Value]) -> list[Value]:
        """The hold of the bank that is converted, of each output."""
        p = self.parameters
        products = []
        for output in range(p.outputs):
            m.submodules[f"accumulator_{output}"] = accumulator = AnalogAccumulator(parameters=p)
            first = output * 2 * p.slices
            positive, negative = (_weighted(lines[start:][: p.slices], p) for start in (first, first + p.slices))
            m.d.comb += accumulator.y_t.eq(positive - negative)
            m.d.comb += [getattr(accumulator, name).eq(getattr(self, name)) for name in _CONTROLS]
            products.append(accumulator.hold)
        return products

    def _convert(self, m: Module, products: list[Value]) -> None:
        p = self.parameters
        chosen: list[Value] = [Array(products[place :: p.converters])[self.group] for place in range(p.converters)]
        if p.converter == SAR:
            compare(m, self, p, [self._in_codes(m, place, value) for place, value in enumerate(chosen)], p.code_bits)
            return
        for place, value in enumerate(chosen):
            converter = RangeConverter(value_bits=len(products[0]), output_bits=p.output_bits)
            m.submodules[f"converter_{place}"] = converter
            m.d.comb += [
                converter.adc_start.eq(self.adc_start),
                converter.value.eq(value),
                converter.range_mult.eq(self.range_mult),
                converter.range_shift.eq(self.range_shift),
                self.code[place].eq(converter.code),
                self.saturated[place].eq(converter.saturated),
            ]

    def _in_codes(self, m: Module, place: int, value: Value) -> Value:
        """What a comparator whose words are codes sees of ``value``."""
        m.submodules[f"range_{place}"] = scale = RangeCode(
            value_bits=len(value), output_bits=self.parameters.output_bits
        )
        m.d.comb += [
            scale.value.eq(value),
            scale.range_mult.eq(self.range_mult),
            scale.range_shift.eq(self.range_shift),
        ]
        return scale.code


_CONTROLS = ("accum", "first", "negate", "fb_strobe", "bank", "read_bank")


def _weighted(lines: list[Value], p: NeuralPimParameters) -> Value:
    """Lines of the slices of a weight at their significances, added."""
    total: Value = Const(0)
    for place, line in enumerate(lines):
        total = total + (line << place * p.cell_bits)
    return total
