"""NNS+A in digital logic: a trained network that adds bit lines and a held value, one product a clock cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.constant_table import ConstantTable
from hdl.crossbar.vtc_lookup import VtcLookup
from hdl.multiplexer import select
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.crossbar.fixed_adder import LINES, FixedAdder
from sim_models.crossbar.neural_adder import SLICES

HELD, SCALE, OUTPUT = LINES, LINES + 1, LINES + 2
"""Positions in the work on a neuron: after its lines come the held value, the scale, and its part of the output."""


class NeuralShiftAdd(Block):
    """Steps the held value of one output as ``network``, a `sim_models.crossbar.fixed_adder.FixedAdder`, bit for bit.

    * ``start``: a step begins; ignored while ``busy``. With ``first`` 0 is held before it, with ``negate`` the
      polarities change places; both are read at the start.
    * ``lines``: 16 sums of bit lines, unsigned of ``network.line_width`` bits, eight slices of the positive columns,
      lowest first, and eight of the negative ones; those above ``network.full_line`` saturate. They must not change
      while ``busy``: a `SampleHold` has them.
    * ``held``: two's complement of ``network.held_width`` bits, ``network.unit`` is 1.0. It changes with ``done``, 1
      for the clock cycle after the last product, ``network.cycles`` + 1 after the start. The next step may start then.

    One multiplier and the adder behind it do all the work: 17 inputs, the scale, and the output of each neuron.
    Coefficients are constants. ``held`` is not reset. Raises ValueError for a ``network`` that is no ``FixedAdder``.

    Stands for an analog part: its area and energy are not those of the network. Source: bitline's own structure of the
    network that Neural-PIM (IEEE TC 2022) names.
    """

    def __init__(self, *, network: FixedAdder) -> None:
        require_instance("network", network, FixedAdder)
        self.network = network
        self.formats = {
            "lines": IntegerFormat(kind="unsigned", width=network.line_width),
            "held": IntegerFormat(kind="signed", width=network.held_width),
        }
        super().__init__(
            {
                **{name: In(1) for name in ("start", "first", "negate")},
                "lines": In(data.ArrayLayout(network.line_width, LINES)),
                "busy": Out(1),
                "done": Out(1),
                "held": Out(signed(network.held_width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        n = self.network
        position, neuron = Signal(range(OUTPUT + 1)), Signal(index_bits(n.hidden))
        total = Signal(signed(n.mac_width))
        kept = Signal(signed(n.sum_width), reset_less=True)
        outputs = Signal(signed(n.total_width), reset_less=True)
        level = self._level(m, total, position == SCALE)
        coefficient, bias = self._constants(m, position, neuron)
        multiplicand = self._multiplicand(m, position, kept, level)
        addends = {0: bias, SCALE: Const(0), OUTPUT: outputs}
        m.d.comb += total.eq(multiplicand * coefficient + self._addend(m, position, addends, kept))
        with m.If(self.busy & (position <= HELD)):
            m.d.sync += kept.eq(total)
        self._count(m, position, neuron)
        with m.If(self.start & ~self.busy):
            m.d.sync += outputs.eq(n.offset)
        with m.Elif(position == OUTPUT):
            m.d.sync += outputs.eq(total)
        self._finish(m, (position == OUTPUT) & (neuron == n.hidden - 1), total)
        return m

    def _count(self, m: Module, position: Signal, neuron: Signal) -> None:
        """Neuron after neuron, position after position; both are 0 when a step begins."""
        with m.If(self.busy):
            m.d.sync += position.eq(Mux(position == OUTPUT, 0, position + 1))
            with m.If(position == OUTPUT):
                m.d.sync += neuron.eq(Mux(neuron == self.network.hidden - 1, 0, neuron + 1))

    def _finish(self, m: Module, last: Value, total: Value) -> None:
        held = Signal.like(self.held, name="kept_value", reset_less=True)
        m.d.comb += self.held.eq(held)
        m.d.sync += self.done.eq(self.busy & last)
        with m.If(self.busy & last):
            m.d.sync += [self.busy.eq(0), held.eq(total >> self.network.output_shift)]
        with m.Elif(self.start):
            m.d.sync += self.busy.eq(1)

    def _constants(self, m: Module, position: Value, neuron: Value) -> tuple[Value, Value]:
        """Coefficient of a position and neuron, and bias of a neuron."""
        n = self.network
        rows = [(*codes, n.scale, weight) for codes, weight in zip(n.input_codes, n.output_weights, strict=True)]
        padding = (0,) * ((1 << len(position)) - len(rows[0]))
        words = tuple(word for row in rows for word in (*row, *padding))
        m.submodules.coefficients = coefficients = ConstantTable(values=words)
        m.submodules.biases = biases = ConstantTable(values=n.biases)
        m.d.comb += [coefficients.index.eq(Cat(position, neuron)), biases.index.eq(neuron)]
        return coefficients.value, biases.value

    def _addend(self, m: Module, position: Value, addends: dict[int, Value], kept: Value) -> Signal:
        """What the product of a position is added to: ``kept`` unless ``addends`` have another."""
        addend = Signal(signed(self.network.mac_width))
        m.d.comb += addend.eq(kept)
        with m.Switch(position):
            for place, value in addends.items():
                with m.Case(place):
                    m.d.comb += addend.eq(value)
        return addend

    def _level(self, m: Module, total: Value, taken: Value) -> Signal:
        m.submodules.vtc = vtc = VtcLookup(vtc=self.network.vtc, width=self.network.mac_width)
        level = Signal.like(vtc.level, reset_less=True)
        m.d.comb += vtc.total.eq(total)
        with m.If(taken):
            m.d.sync += level.eq(vtc.level)
        return level

    def _multiplicand(self, m: Module, position: Value, kept: Value, level: Value) -> Signal:
        """The line, the held value, the sum or the level of a position."""
        n = self.network
        first, negate = Signal(reset_less=True), Signal(reset_less=True)
        with m.If(self.start & ~self.busy):
            m.d.sync += [first.eq(self.first), negate.eq(self.negate)]
        index = position[: LINES.bit_length() - 1] ^ Mux(negate, SLICES, 0)
        line, limited = Signal(n.line_width), Signal(n.line_width)
        m.d.comb += [
            line.eq(select([self.lines[place] for place in range(LINES)], index)),
            limited.eq(Mux(line > n.full_line, n.full_line, line)),
        ]
        chosen = Signal(signed(max(n.held_width, n.sum_width, n.vtc.level_width)))
        with m.Switch(position):
            with m.Case(HELD):
                m.d.comb += chosen.eq(Mux(first, 0, self.held))
            with m.Case(SCALE):
                m.d.comb += chosen.eq(kept)
            with m.Case(OUTPUT):
                m.d.comb += chosen.eq(level)
            with m.Default():
                m.d.comb += chosen.eq(Cat(Const(0, n.places), limited))
        return chosen
