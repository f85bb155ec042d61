"""Neural-PIM's digital part: input registers, controller, adders of codes, output registers."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.conversion_tally import ConversionTally, count_conversions
from hdl.crossbar.cross_array_adder import CrossArrayAdder
from hdl.crossbar.input_slicer import InputSlicer
from hdl.crossbar.neural_pim_controller import NeuralPimController
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.crossbar.result_hold import ResultHold
from hdl.crossbar.tile_converters import codes_of, converter_formats, converter_ports
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.crossbar.layers import CROSS_ARRAY_BITS

_STROBES = ("drive", "step", "bl_strobe", "accum", "first", "negate", "fb_strobe", "bank", "adc_start", "read_bank")


def block_layout(parameters: NeuralPimParameters) -> data.StructLayout:
    """A vector for the rows, ``x``, which is the ``first`` or ``last`` row block of a result, or both."""
    return data.StructLayout({"x": data.ArrayLayout(parameters.input_bits, parameters.rows), "first": 1, "last": 1})


class NeuralPimTile(Block):
    """All that is digital between vectors and results; array, NNS+A, all holds and what is analog in converters: ports.

    ``vectors``: stream of `block_layout`, inputs unsigned or two's complement; taken as its first array cycle ends.
    ``products``: stream of results, a sum of codes an output from the first block to the last, two's complement of 16
    bits that saturate; offered in the last slot of its last array cycle.

    Array: ``slice`` drives the rows. ``drive``: the DACs are on, else ``slice`` is 0; ``step``, in the last slot of a
    driven array cycle: they take another slice, or none, from the next clock cycle on. ``bl_strobe``, ``accum``,
    ``first``, ``negate``, ``fb_strobe``, ``bank``: as in `NeuralPimController`. Converters: ``adc_start`` converts the
    hold of ``read_bank`` of output ``group`` * converters + c in converter c. With converter 'port', the NNADC,
    ``code`` is there in the next clock cycle, two's complement of output_bits, and ``saturated``, 1 where it was beyond
    the range. With 'sar', ``sample``, ``dac``, ``comparator_enable`` and ``cmp`` of all registers of each converter, as
    in `InterleavedSar`: words are codes of the calibrated range, and those at its ends count as saturated. That range
    is no business of the tile: ``range_mult`` and ``range_shift`` belong to the converters, and are ports of
    `NeuralPimSurroundings`.

    No start is ever ignored, for a vector waits until it is taken: ``start_ignored`` of the controller stays 0, and is
    no port here.

    ``adc_count`` (32 bits) and ``sat_count`` (16 bits): conversions and saturated ones since reset; they stop at their
    largest value. ``sum_saturated``: a sum of codes did not fit since reset.

    Raises ValueError for ``parameters`` that are no ``NeuralPimParameters``. Source: Neural-PIM (arXiv
    2201.12861); schedule and digital part are this project's reconstruction.
    """

    def __init__(self, *, parameters: NeuralPimParameters) -> None:
        require_instance("parameters", parameters, NeuralPimParameters)
        self.parameters = p = parameters
        number = IntegerFormat(kind="signed", width=CROSS_ARRAY_BITS)
        self.formats = {
            "vectors__payload.x": IntegerFormat(kind="signed" if p.signed_inputs else "unsigned", width=p.input_bits),
            "products__payload": number,
        } | converter_formats(p)
        super().__init__(
            {
                "vectors": In(stream.Signature(block_layout(p))),
                "products": Out(stream.Signature(data.ArrayLayout(CROSS_ARRAY_BITS, p.outputs))),
                "slice": Out(data.ArrayLayout(p.dac_bits, p.rows)),
                **{name: Out(1) for name in _STROBES},
                "group": Out(range(max(2, p.groups))),
                **converter_ports(p),
                "adc_count": Out(ConversionTally.COUNT_BITS),
                "sat_count": Out(ConversionTally.SATURATED_BITS),
                "sum_saturated": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.controller = controller = NeuralPimController(parameters=self.parameters)
        self._connect_inputs(m, controller)
        upcoming = controller.adc_next.replicate(self.parameters.converters)
        codes, saturated = codes_of(m, self, self.parameters, upcoming)
        self._connect_array(m, controller, saturated)
        sums, beyond = self._add(m, controller, codes)
        self._connect_results(m, controller, sums)
        m.d.sync += self.sum_saturated.eq(self.sum_saturated | beyond)
        return m

    def _connect_inputs(self, m: Module, controller: NeuralPimController) -> None:
        m.submodules.slicer = slicer = InputSlicer(parameters=self.parameters)
        given = self.vectors.payload
        m.d.comb += [
            controller.start.eq(self.vectors.valid & ~controller.busy),
            controller.first_block.eq(given.first),
            controller.last_block.eq(given.last),
            self.vectors.ready.eq(controller.load),
            slicer.x.eq(given.x),
            self.slice.eq(slicer.slice),
        ]
        m.d.comb += [getattr(slicer, name).eq(getattr(controller, name)) for name in ("load", "step", "drive")]

    def _connect_array(self, m: Module, controller: NeuralPimController, saturated: Value) -> None:
        m.d.comb += [getattr(self, name).eq(getattr(controller, name)) for name in (*_STROBES, "group")]
        count_conversions(m, self, controller, saturated)

    def _add(self, m: Module, controller: NeuralPimController, codes: Value) -> tuple[list[Signal], Value]:
        """An adder a converter: the sums in the order of the outputs, and whether one did not fit."""
        p = self.parameters
        adders = [CrossArrayAdder(code_bits=p.output_bits, groups=p.groups) for _ in range(p.converters)]
        for place, adder in enumerate(adders):
            m.submodules[f"adder_{place}"] = adder
            m.d.comb += [
                adder.valid.eq(controller.code_valid),
                adder.first.eq(controller.code_first),
                adder.code.eq(codes.word_select(place, p.code_bits)),
            ]
        sums = [adder.sums[group] for group in range(p.groups) for adder in adders]
        return sums, Cat(adder.saturated for adder in adders).any()

    def _connect_results(self, m: Module, controller: NeuralPimController, sums: list[Signal]) -> None:
        p = self.parameters
        m.submodules.results = results = ResultHold(words=p.outputs, width=CROSS_ARRAY_BITS, stages=p.result_stages)
        m.d.comb += [
            results.d.as_value().eq(Cat(sums)),
            results.load.eq(controller.hold_results),
            results.move.eq(controller.move_results),
            self.products.payload.eq(results.q),
            self.products.valid.eq(controller.write),
            controller.taken.eq(self.products.ready),
        ]
