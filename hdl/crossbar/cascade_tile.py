"""CASCADE's digital part: input registers, controller, adders of columns, output registers."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.cascade_controller import STALL_BITS, CascadeController
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.column_lane import ColumnLane
from hdl.crossbar.conversion_tally import ConversionTally, count_conversions
from hdl.crossbar.input_slicer import InputSlicer
from hdl.crossbar.input_sum import InputSum
from hdl.crossbar.result_hold import ResultHold
from hdl.crossbar.tile_converters import codes_of, converter_formats, converter_ports
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance


class CascadeTile(Block):
    """All that is digital between vectors and products; array, holds, buffer cells and converters are ports.

    ``vectors``: stream of rows words of input_bits, unsigned or two's complement; taken as the first array cycle ends.
    ``products``: stream of products, one an output, two's complement; offered in the last slot of its last array cycle.

    Array: ``slice`` drives the rows. ``drive``: the DACs are on, else ``slice`` is 0; ``step``, in the last slot of a
    driven array cycle: they take another slice, or none, from the next clock cycle on. ``bl_strobe``: the lines are
    held. Buffer cells: ``write``, ``offset``, ``swap``, ``bank``, ``clear`` as in `CascadeController`. Converters:
    ``adc_start`` converts column ``column`` of those that are converted, 0 being the lowest, of ``read_bank`` of output
    ``group`` * converters + c in converter c. The lowest column has what is carried into it. With converter 'ideal',
    ``code`` is there in the next clock cycle, rounded, two's complement where it can be negative, and ``saturated``, 1
    where it was beyond the range. With 'sar', ``sample``, ``dac``, ``comparator_enable`` and ``cmp`` of all registers
    of each converter, as in `InterleavedSar`: ``cmp`` compares the column rounded, so its words are half a step below
    the codes that they stand for; then codes at the ends of the range count as saturated, if the range is that of
    ``adc_bits``.

    No start is ever ignored, for a vector waits until it is taken: ``start_ignored`` of the controller stays 0, and is
    no port here.

    ``adc_count`` (32 bits) and ``sat_count`` (16 bits): conversions and saturated ones since reset; ``stall_count`` (16
    bits): array cycles that vectors waited for a bank. They stop at their largest value.

    Raises ValueError for ``parameters`` that are no ``CascadeParameters``. Source: CASCADE (MICRO 2019); schedule,
    formats and digital part are this project's reconstruction.
    """

    def __init__(self, *, parameters: CascadeParameters) -> None:
        require_instance("parameters", parameters, CascadeParameters)
        self.parameters = p = parameters
        self.formats = {
            "vectors__payload": IntegerFormat(kind="signed" if p.signed_inputs else "unsigned", width=p.input_bits),
            "products__payload": IntegerFormat(kind="signed", width=p.product_bits),
        } | converter_formats(p)
        strobes = ("drive", "step", "bl_strobe", "write", "swap", "bank", "adc_start", "read_bank")
        super().__init__(
            {
                "vectors": In(stream.Signature(data.ArrayLayout(p.input_bits, p.rows))),
                "products": Out(stream.Signature(data.ArrayLayout(p.product_bits, p.outputs))),
                "slice": Out(data.ArrayLayout(p.dac_bits, p.rows)),
                **{name: Out(1) for name in strobes},
                "offset": Out(range(max(2, p.cycles))),
                "clear": Out(2),
                "column": Out(range(max(2, len(p.places)))),
                "group": Out(range(max(2, p.groups))),
                **converter_ports(p),
                "adc_count": Out(ConversionTally.COUNT_BITS),
                "sat_count": Out(ConversionTally.SATURATED_BITS),
                "stall_count": Out(STALL_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.controller = controller = CascadeController(parameters=self.parameters)
        m.submodules.slicer = slicer = InputSlicer(parameters=self.parameters)
        m.d.comb += [
            controller.start.eq(self.vectors.valid & ~controller.busy),
            self.vectors.ready.eq(controller.load),
            slicer.x.eq(self.vectors.payload),
            self.slice.eq(slicer.slice),
        ]
        m.d.comb += [getattr(slicer, name).eq(getattr(controller, name)) for name in ("load", "step", "drive")]
        upcoming = controller.adc_next.replicate(self.parameters.converters)
        codes, saturated = codes_of(m, self, self.parameters, upcoming)
        self._connect_array(m, controller, saturated)
        self._connect_results(m, controller, self._add(m, controller, codes))
        return m

    def _connect_array(self, m: Module, controller: CascadeController, saturated: Value) -> None:
        names: tuple[str, ...] = ("drive", "step", "bl_strobe", "write", "swap", "bank", "offset", "clear")
        names += ("adc_start", "read_bank", "column", "group", "stall_count")
        m.d.comb += [getattr(self, name).eq(getattr(controller, name)) for name in names]
        count_conversions(m, self, controller, saturated)

    def _add(self, m: Module, controller: CascadeController, codes: Value) -> list[Signal]:
        """A lane a converter: the products in the order of the outputs."""
        p = self.parameters
        lanes = [ColumnLane(parameters=p, groups=p.groups) for _ in range(p.converters)]
        for place, lane in enumerate(lanes):
            m.submodules[f"lane_{place}"] = lane
            m.d.comb += [
                lane.valid.eq(controller.code_valid),
                lane.first.eq(controller.code_first),
                lane.column.eq(controller.code_column),
                lane.code.eq(codes.word_select(place, p.code_bits)),
            ]
        if p.has_offset:
            m.submodules.sum_of_inputs = inputs = InputSum(parameters=p)
            m.d.comb += [inputs.add.eq(controller.step), inputs.bank.eq(controller.driven_bank)]
            m.d.comb += [
                getattr(inputs, name).eq(getattr(controller, name)) for name in ("negative", "index", "read_bank")
            ]
            m.d.comb += [inputs.slice.eq(self.slice), *(lane.input_sum.eq(inputs.total) for lane in lanes)]
        return [lane.sums[group] for group in range(p.groups) for lane in lanes]

    def _connect_results(self, m: Module, controller: CascadeController, products: list[Signal]) -> None:
        p = self.parameters
        results = ResultHold(words=p.outputs, width=p.product_bits, stages=p.result_stages)
        m.submodules.results = results
        m.d.comb += [
            results.d.as_value().eq(Cat(products)),
            results.load.eq(controller.hold_results),
            results.move.eq(controller.move_results),
            self.products.payload.eq(results.q),
            self.products.valid.eq(controller.offer),
            controller.taken.eq(self.products.ready),
        ]
