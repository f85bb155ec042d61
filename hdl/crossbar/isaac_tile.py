"""A tile of strategy A: input register, controller, converters' logic, shift-and-add, output registers."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.input_slicer import InputSlicer
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_readout import COUNT_BITS, SATURATION_BITS, IsaacReadout
from hdl.crossbar.output_registers import product_layout
from hdl.crossbar.tile_converters import codes_of, converter_formats, converter_ports
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance


class IsaacTile(Block):
    """Vectors in, products out; the array, the sample-and-hold circuits and all that is analog in converters are ports.

    * ``vectors``: stream of ``rows`` inputs (two's complement with signed_inputs). A vector starts while it is offered,
      and is taken at the end of its first array cycle.
    * Array: ``slice`` drives the rows (dac_bits each, unsigned; a sign bit comes as a bit). ``drive``: the DACs are on,
      else ``slice`` is 0; ``step``, in the last slot of a driven array cycle: they take another slice, or none, from
      the next clock cycle on. ``hold``: the sample-and-hold circuits follow the lines, differences of pairs of lines
      where these are converted.
    * Converters: ``select`` and ``adc_start`` as in `IsaacReadout`: what the multiplexers connect, and that it is
      sampled. With converter 'ideal', ``code`` and ``saturated`` of each converter, in the next clock cycle. With
      'sar', ``sample``, ``dac``, ``comparator_enable`` and ``cmp`` of all registers of each converter, as in
      `InterleavedSar`; then codes at the ends of the range count as saturated, if the range is that of ``adc_bits``.
    * ``products``, ``done``, ``adc_count``, ``sat_count``, and with flip_encoding ``flip_write``, ``flip_line``,
      ``flip_flag``, ``flip_ignored`` as in `IsaacReadout`.

    Products have all bits of their sums, ``sum_bits``; the output registers reported for ISAAC have 16 and round: that
    is left to what takes them. No start is ever ignored, for a vector waits until it is taken: ``start_ignored`` of the
    `IsaacReadout` stays 0, and is no port here.

    ``cycles`` + 6 array cycles from the offer of a vector to the last of its products; a vector in ``cycles`` array
    cycles, but in 2 where that is 1: the next one is seen only when the one before was taken.

    Raises ValueError for ``parameters`` that are no ``IsaacParameters``. Source: ISAAC (ISCA 2016), as reported.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        word = IntegerFormat(kind="signed" if p.signed_inputs else "unsigned", width=p.input_bits)
        self.formats = {
            "vectors__payload": word,
            "products__payload.value": IntegerFormat(kind="signed", width=p.sum_bits),
        } | converter_formats(p)
        ports: dict[str, Any] = {
            "vectors": In(stream.Signature(data.ArrayLayout(p.input_bits, p.rows))),
            "slice": Out(data.ArrayLayout(p.dac_bits, p.rows)),
            **{name: Out(1) for name in ("drive", "step", "hold")},
            "select": Out(range(max(2, p.scan_positions))),
            "adc_start": Out(data.ArrayLayout(1, p.converters)),
            "products": Out(stream.Signature(product_layout(p))),
            "done": Out(1),
            "adc_count": Out(COUNT_BITS),
            "sat_count": Out(SATURATION_BITS),
        }
        if p.flip_encoding:
            line = In(range(max(2, p.lines)))
            ports |= {"flip_write": In(1), "flip_line": line, "flip_flag": In(1), "flip_ignored": Out(1)}
        super().__init__(ports | converter_ports(p))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.slicer = slicer = InputSlicer(parameters=self.parameters)
        m.submodules.readout = readout = IsaacReadout(parameters=self.parameters)
        m.d.comb += [
            readout.start.eq(self.vectors.valid & ~readout.busy & ~readout.load),
            self.vectors.ready.eq(readout.load),
            slicer.x.eq(self.vectors.payload),
            slicer.load.eq(readout.load),
            slicer.step.eq(readout.step),
            slicer.drive.eq(readout.drive),
            readout.index.eq(slicer.index),
            self.slice.eq(slicer.slice),
        ]
        self._connect_outputs(m, readout)
        codes, saturated = codes_of(m, self, self.parameters, readout.adc_next.as_value())
        m.d.comb += [readout.code.as_value().eq(codes), readout.saturated.as_value().eq(saturated)]
        return m

    def _connect_outputs(self, m: Module, readout: IsaacReadout) -> None:
        outputs = ["drive", "step", "hold", "select", "adc_start", "done", "adc_count", "sat_count"]
        if self.parameters.flip_encoding:
            outputs.append("flip_ignored")
            m.d.comb += [
                getattr(readout, name).eq(getattr(self, name)) for name in ("flip_write", "flip_line", "flip_flag")
            ]
        m.d.comb += [getattr(self, name).eq(getattr(readout, name)) for name in outputs]
        m.d.comb += [
            self.products.payload.eq(readout.products.payload),
            self.products.valid.eq(readout.products.valid),
            readout.products.ready.eq(self.products.ready),
        ]
