"""NNADC in digital logic: a trained converter of one or two stages, one product a clock cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.constant_table import ConstantTable
from hdl.crossbar.conversion_sequence import ConversionSequence
from hdl.crossbar.vtc_lookup import VtcLookup
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.crossbar.fixed_adc import FixedAdc


class NeuralConverter(Block):
    """Converts ``value`` as ``network`` says, bit for bit `sim_models.crossbar.fixed_adc.FixedAdc.codes`.

    * ``start``: ``value``, two's complement of ``network.input_width`` bits, is converted; ignored while ``busy``.
    * ``code``: two's complement of ``network.bits`` bits. It is there with ``done``, 1 for the clock cycle after the
      last product, ``network.cycles`` + 1 after the start, and until the next start, which may come with ``done``.

    One multiplier and the adder behind it do all the work: gain of the input; of each stage a product a neuron, then a
    product a neuron and bit; between stages the gain of the residue and a step a neuron. Coefficients are constants.
    A comparison is the sign of a level, as inverters have digital buffers: synthesis leaves of the table what decides.
    ``code`` is not reset. Raises ValueError for a ``network`` that is no ``FixedAdc``.

    Stands for an analog part: its area and energy are not those of the network. Source: bitline's own structure of the
    network that Neural-PIM (IEEE TC 2022) names; pipelined stages are published (arXiv 1911.12815).
    """

    def __init__(self, *, network: FixedAdc) -> None:
        require_instance("network", network, FixedAdc)
        self.network = network
        self.formats = {
            "value": IntegerFormat(kind="signed", width=network.input_width),
            "code": IntegerFormat(kind="signed", width=network.bits),
        }
        super().__init__(
            {
                "start": In(1),
                "value": In(signed(network.input_width)),
                "busy": Out(1),
                "done": Out(1),
                "code": Out(signed(network.bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n = self.network
        m.submodules.work = work = ConversionSequence(bits=tuple(stage.bits for stage in n.stages))
        m.d.comb += [work.start.eq(self.start), self.busy.eq(work.busy), self.done.eq(work.done)]
        total = Signal(signed(n.mac_width))
        seen = Signal(signed(n.value_width), reset_less=True)
        part = Signal(signed(max(stage.output_bound for stage in n.stages).bit_length() + 1), reset_less=True)
        passed = Signal(max(stage.hidden for stage in n.stages), reset_less=True)
        flag = passed.bit_select(work.neuron, 1)
        with m.If(self.start & ~self.busy):
            m.d.sync += seen.eq(self.value)
        with m.Elif(work.gain | work.residue | work.deduct):
            m.d.sync += seen.eq(total)
        passes = self._passes(m, work, total)
        with m.If(work.compare):
            m.d.sync += flag.eq(passes)
        with m.If(work.encode):
            m.d.sync += part.eq(total)
        m.d.comb += total.eq(self._product(m, work, seen, flag) + self._addend(m, work, seen, part))
        self._code(m, work, total)
        return m

    def _product(self, m: Module, work: ConversionSequence, seen: Value, flag: Value) -> Value:
        """The multiplier. Residue steps take ``unit`` off, levels of an encoder are 1 and -1."""
        n = self.network
        codes = self._table(m, "input_codes", [stage.input_codes for stage in n.stages], work.neuron, work.stage)
        rows = [row for stage in n.stages for row in self._padded(stage.output_codes, 1 << len(work.bit))]
        outputs = self._table(m, "output_codes", rows, work.neuron, Cat(work.bit, work.stage))
        multiplicand = Signal(signed(n.value_width))
        coefficient = Signal(signed(max(len(codes), len(outputs), n.gain.bit_length() + 1, n.stages[0].bits + 2)))
        m.d.comb += [multiplicand.eq(seen), coefficient.eq(codes)]
        with m.If(work.gain):
            m.d.comb += coefficient.eq(n.gain)
        with m.If(work.encode):
            m.d.comb += [multiplicand.eq(Mux(flag, -1, 1)), coefficient.eq(outputs)]
        with m.If(work.residue):
            m.d.comb += coefficient.eq(1 << n.stages[0].bits)
        with m.If(work.deduct):
            m.d.comb += [multiplicand.eq(Mux(flag, n.unit, 0)), coefficient.eq(-1)]
        return multiplicand * coefficient

    def _addend(self, m: Module, work: ConversionSequence, seen: Value, part: Value) -> Value:
        """What the product is added to."""
        n = self.network
        biases = self._table(m, "biases", [stage.biases for stage in n.stages], work.neuron, work.stage)
        rows = [stage.output_biases for stage in n.stages]
        first = self._table(m, "output_biases", rows, work.bit, work.stage)
        addend = Signal(signed(n.mac_width))
        with m.If(work.gain):
            m.d.comb += addend.eq(n.offset)
        with m.If(work.compare):
            m.d.comb += addend.eq(biases)
        with m.If(work.encode):
            m.d.comb += addend.eq(Mux(work.neuron == 0, first, part))
        with m.If(work.deduct):
            m.d.comb += addend.eq(seen)
        return addend

    def _passes(self, m: Module, work: ConversionSequence, total: Value) -> Value:
        """Whether the inverter of the neuron is below mid rail."""
        below = []
        for place, stage in enumerate(self.network.stages):
            m.submodules[f"vtc_{place}"] = vtc = VtcLookup(vtc=stage.vtc, width=self.network.mac_width)
            m.d.comb += vtc.total.eq(total)
            below.append(vtc.level < 0)
        return Mux(work.stage, below[-1], below[0])

    def _code(self, m: Module, work: ConversionSequence, total: Value) -> None:
        """Gray bits as their sums are complete, binary code from them, and the end codes alike."""
        grays = []
        for place, stage in enumerate(self.network.stages):
            gray = Signal(stage.bits, name=f"gray_{place}", reset_less=True)
            with m.If(work.encode & (work.stage == place)):
                m.d.sync += gray.bit_select(work.bit, 1).eq(total >= 0)  # the sum of the last neuron stays
            grays.append(gray)
        binary = Cat(gray[bit:].xor() for gray in reversed(grays) for bit in range(len(gray)))
        word = Signal(self.network.bits)
        lowest = ~word[1:].any()
        # The word 0 would stand for one less than the smallest code.
        m.d.comb += [word.eq(binary), self.code.eq(Cat(word[0] | lowest, word[1:-1], ~word[-1]))]

    def _padded(self, rows: tuple[tuple[int, ...], ...], count: int) -> list[tuple[int, ...]]:
        return [*rows, *[()] * (count - len(rows))]

    def _table(self, m: Module, name: str, rows: list[tuple[int, ...]], inner: Value, outer: Value) -> Value:
        """``rows[outer][inner]`` of constants."""
        length = 1 << len(inner)
        words = tuple(word for row in rows for word in (*row, *(0,) * (length - len(row))))
        m.submodules[name] = table = ConstantTable(values=words)
        m.d.comb += table.index.eq(Cat(inner, outer))
        return table.value
