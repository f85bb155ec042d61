"""What is behind one converter of strategy A: flip flags, shift-and-add, accumulators of its outputs."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.padded_select import padded_select
from hdl.crossbar.shift_add_lane import ShiftAddLane
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance, require_integer


class IsaacLane(Block):
    """Adds the codes of one converter to the sums of its ``outputs`` outputs.

    * ``adding`` with ``target``, ``opening``, ``fresh``, ``shift`` and ``subtract`` as `CodeSequence` gives them:
      ``code`` is added, from 0 if it is the first of its sum. A position beyond the lane's outputs does nothing.
    * With flip_encoding: ``unit``, the code of the unit column; ``line``, the number of the line in the lane; its flag
      says that its cells are stored complemented. ``flip_write`` sets the flag of ``flip_line`` to ``flip_flag``.
    * ``sum``: the sum of ``target``, before this clock cycle. All sums are two's complement.

    Neither sums nor flags are reset. Raises ValueError for ``parameters`` that are no ``IsaacParameters`` and for
    ``outputs`` that no converter of theirs has.
    """

    def __init__(self, *, parameters: IsaacParameters, outputs: int) -> None:
        require_instance("parameters", parameters, IsaacParameters)
        self.parameters = p = parameters
        require_integer("outputs", outputs, p.shares[-1], p.shares[0])
        self.outputs = outputs
        self.formats = {"sum": IntegerFormat(kind="signed", width=p.sum_bits)}
        ports = {name: In(1) for name in ("adding", "opening", "fresh", "subtract")}
        ports |= {"target": In(range(max(2, p.shares[0]))), "shift": In(range(max(2, p.places)))}
        ports |= {"code": In(Shape(p.code_bits, p.signed_samples)), "sum": Out(signed(p.sum_bits))}
        if p.flip_encoding:
            lines = range(max(2, p.shares[0] * p.lines_per_output))
            ports |= {"unit": In(p.converter_bits), "line": In(lines)}
            ports |= {"flip_write": In(1), "flip_line": In(lines), "flip_flag": In(1)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        sums = [Signal(signed(p.sum_bits), name=f"sum_{place}", reset_less=True) for place in range(self.outputs)]
        m.d.comb += self.sum.eq(padded_select(sums, self.target))
        m.submodules.shift_add = lane = ShiftAddLane(parameters=p)
        m.d.comb += [
            lane.code.eq(self.code),
            lane.shift.eq(self.shift),
            lane.subtract.eq(self.subtract),
            lane.acc_in.eq(Mux(self.fresh & self.opening, 0, self.sum)),
        ]
        if p.flip_encoding:
            m.d.comb += [lane.unit.eq(self.unit), lane.flip.eq(self._flag(m))]
        for place, total in enumerate(sums):
            with m.If(self.adding & (self.target == place)):
                m.d.sync += total.eq(lane.acc_out)
        return m

    def _flag(self, m: Module) -> Value:
        count = self.outputs * self.parameters.lines_per_output
        flags = [Signal(name=f"flip_{place}", reset_less=True) for place in range(count)]
        for place, flag in enumerate(flags):
            with m.If(self.flip_write & (self.flip_line == place)):
                m.d.sync += flag.eq(self.flip_flag)
        return padded_select(flags, self.line)
