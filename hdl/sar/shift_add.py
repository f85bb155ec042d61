"""The accumulator that joins the values of input bits and weight slices."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.sar.shift_add import ShiftAddParameters


def shift_add_layout(parameters: ShiftAddParameters) -> data.StructLayout:
    """A value of a column with its place: ``value``, ``input_bit``, ``slice``, ``subtract``, ``last`` of its sum."""
    p = parameters
    return data.StructLayout(
        {
            "value": p.bits,
            "input_bit": range(max(2, p.input_bits)),
            "slice": range(max(2, p.slices)),
            "subtract": 1,
            "last": 1,
        }
    )


class ShiftAdd(Block):
    """Sums of ``value << (input_bit + cell_bits * slice)``, each ended by a value that is ``last``.

    ``subtract`` takes a value off the sum instead: one of the column of the negative weights. With ``signed_inputs``
    the values of the highest input bit count the other way. Offset weights are corrected by the values of a column
    whose cells are all 1, of each input bit: subtracted, at the highest slice, once with cells of a bit and twice with
    cells of two.

    ``values``: stream of `shift_add_layout`, in any order. ``sums``: stream of two's complement numbers of
    ``accumulator_width`` bits, which hold any sum of the values of a column less those of another, each value once; so
    no such sum wraps. A value a cycle; a sum is there in the cycle after its last value, and waits until it is taken:
    until then no value is.

    Raises ValueError for ``parameters`` that are no ``ShiftAddParameters``.
    """

    def __init__(self, *, parameters: ShiftAddParameters) -> None:
        require_instance("parameters", parameters, ShiftAddParameters)
        self.parameters = p = parameters
        total = IntegerFormat(kind="signed", width=p.accumulator_width)
        value = IntegerFormat(kind="unsigned", width=p.bits)
        self.formats = {"values__payload.value": value, "sums__payload.sum": total}
        sums = data.StructLayout({"sum": signed(p.accumulator_width)})
        ports = {"values": In(stream.Signature(shift_add_layout(p)))}
        super().__init__({**ports, "sums": Out(stream.Signature(sums))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, given = self.parameters, self.values.payload
        added, done = Signal(), Signal()
        total = Signal(p.accumulator_width)
        subtract = given.subtract
        if p.signed_inputs:
            subtract = subtract ^ (given.input_bit == p.input_bits - 1)
        # A value that is not there counts as 0, so that the sum stays without an enable.
        there = self._shifted(m, given.value & added.replicate(p.bits))
        m.d.comb += [
            self.values.ready.eq(~self.sums.valid | self.sums.ready),
            added.eq(self.values.valid & self.values.ready),
            done.eq(self.sums.valid & self.sums.ready),
            self.sums.payload.sum.eq(total),
        ]
        kept = total & ~done.replicate(p.accumulator_width)
        term = there ^ subtract.replicate(p.accumulator_width)
        m.d.sync += [
            total.eq(kept + term + subtract),
            self.sums.valid.eq((added & given.last) | (self.sums.valid & ~self.sums.ready)),
        ]
        return m

    def _shifted(self, m: Module, value: Value) -> Value:
        """``value`` at its place, by one shifter for both, with the shifts that occur only."""
        p, given = self.parameters, self.values.payload
        most = p.input_bits - 1 + p.cell_bits * (p.slices - 1)
        places = Signal(range(max(2, most + 1)))
        m.d.comb += places.eq(given.input_bit + p.cell_bits * given.slice)
        reached = 0
        for place in range(most.bit_length()):
            reached = min(most, reached + (1 << place))
            further = Signal(p.bits + reached, name=f"shifted_{place}")
            m.d.comb += further.eq(Mux(places[place], value << (1 << place), value))
            value = further
        padded = Signal(p.accumulator_width)
        m.d.comb += padded.eq(value if most else value | Const(0))
        return padded
