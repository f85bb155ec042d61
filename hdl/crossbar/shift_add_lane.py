"""Strategy A's arithmetic: a code, restored, at its place, added to a sum or taken away."""

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import signed_width


class ShiftAddLane(Block):
    """``acc_out = acc_in +/- (restored << shift)``, where restored is ``code``, or of a flipped line ::

        (2^cell_bits - 1) * unit - code

    Ports: ``code`` (two's complement where samples can be negative, else unsigned), ``shift`` (0 to places - 1),
    ``subtract``, ``flip`` and ``unit`` (unsigned; both with flip_encoding only), ``acc_in``, ``acc_out`` (two's
    complement of sum_bits). Combinational. Raises ValueError for ``parameters`` that are no ``IsaacParameters``.

    Source: ISAAC (ISCA 2016) for the dataflow and the flipped columns; the structure is bitline's.
    """

    def __init__(self, *, parameters: IsaacParameters) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        total = IntegerFormat(kind="signed", width=p.sum_bits)
        kind = "signed" if p.signed_samples else "unsigned"
        self.formats = {"code": IntegerFormat(kind=kind, width=p.code_bits), "acc_in": total, "acc_out": total}
        ports = {"code": In(Shape(p.code_bits, p.signed_samples)), "shift": In(range(max(2, p.places)))}
        if p.flip_encoding:
            ports |= {"flip": In(1), "unit": In(p.converter_bits)}
        ports |= {"subtract": In(1), "acc_in": In(signed(p.sum_bits)), "acc_out": Out(signed(p.sum_bits))}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        restored, turned = self._restored(m)
        placed = Signal(signed(p.sum_bits))
        subtract = self.subtract ^ turned
        m.d.comb += placed.eq(self._placed(m, restored))
        m.d.comb += self.acc_out.eq(self.acc_in + (placed ^ subtract.replicate(p.sum_bits)) + subtract)
        return m

    def _restored(self, m: Module) -> tuple[Value, Value]:
        """The number to be placed, and whether it is the negative of what is meant."""
        p = self.parameters
        restored = Signal(signed(signed_width(p.term_maximum)))
        if not p.flip_encoding:
            m.d.comb += restored.eq(self.code)
            return restored, Const(0)
        # A flipped line is restored as code - maximum * unit: one subtraction, whose sign the sum takes care of.
        whole = (self.unit << p.cell_bits) - self.unit
        m.d.comb += restored.eq(self.code - Mux(self.flip, whole, 0))
        return restored, self.flip

    def _placed(self, m: Module, value: Value) -> Value:
        """``value`` shifted, by the shifts that occur only."""
        most = self.parameters.places - 1
        reached, width = 0, len(value)
        for place in range(most.bit_length()):
            reached = min(most, reached + (1 << place))
            further = Signal(signed(width + reached), name=f"shifted_{place}")
            m.d.comb += further.eq(Mux(self.shift[place], value << (1 << place), value))
            value = further
        return value
