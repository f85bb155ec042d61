"""The loader: writes an operand of every lane as a group of shifted and pre-computed rows, a row a cycle."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.layouts import load_layout, operand_layout, side_bits
from hdl.daism.loader_lane import LoaderLane
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters


class BankLoader(Block):
    """Fetch the operands of one group, then write its L rows in order: ``A << i``, then ``(code*A) << (n-k)``.

    * ``load``: stream of `load_layout`. Taken while idle and in the cycle in which the last row of the group before is
      written, so that groups follow each other every L cycles. The cycle of the transfer is FETCH: operands are
      latched, significands of zero operands cleared (exponent 0: zero or subnormal).
    * ``side_en``, ``side_group``, ``side_data``: {sign, exponent} of each lane, in the cycle of the transfer; not with
      integers, which have neither.
    * ``wr_en``, ``wr_row``, ``wr_data``: rows ``group*L`` to ``group*L + L - 1`` in the L cycles after it, DIRECT rows
      before PRECOMPUTE rows, the ``drop`` lowest columns left out; lane j in columns ``[j*kept +: kept]``, others 0.
    * ``busy``: rows are being written; ``done``: the last one is, in this cycle.

    A lane has a register for the operand and, with pre-computed rows, one of n+k bits and an adder for its multiples.
    Exactly L cycles a group. A group from ``groups`` on is an error of the user. Raises ValueError for
    ``parameters`` that are no ``DaismParameters``.
    Source: bitline's, for the array of arXiv 2305.07376.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        ports = {
            "load": In(stream.Signature(load_layout(p))),
            "wr_en": Out(1), "wr_row": Out(index_bits(p.rows)), "wr_data": Out(p.columns),
            "busy": Out(1), "done": Out(1),
        }  # fmt: skip
        if p.is_float:
            side = data.ArrayLayout(side_bits(p), p.lanes)
            ports |= {"side_en": Out(1), "side_group": Out(index_bits(p.groups)), "side_data": Out(side)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fetch, row = self._sequence(m)
        lanes = [self._add_lane(m, lane, fetch, row) for lane in range(self.parameters.lanes)]
        m.d.comb += self.wr_data.eq(Cat(lane.row for lane in lanes))
        if self.parameters.is_float:
            operands = [self._operand(lane) for lane in range(self.parameters.lanes)]
            m.d.comb += [
                self.side_en.eq(fetch),
                self.side_group.eq(self.load.payload.group),
                self.side_data.as_value().eq(Cat(Cat(each.exponent, each.sign) for each in operands)),
            ]
        return m

    def _sequence(self, m: Module) -> tuple[Signal, Signal]:
        """The handshake and the counters; returns ``fetch`` and the number of the row within its group."""
        length = self.parameters.rows_per_group
        fetch, row = Signal(), Signal(index_bits(length))
        m.d.comb += [
            self.done.eq(self.busy & (row == length - 1)),
            self.load.ready.eq(~self.busy | self.done),
            fetch.eq(self.load.valid & self.load.ready),
            self.wr_en.eq(self.busy),
        ]
        with m.If(fetch):
            m.d.sync += [self.busy.eq(1), row.eq(0), self.wr_row.eq(self.load.payload.group * length)]
        with m.Elif(self.busy):
            m.d.sync += [self.busy.eq(~self.done), row.eq(row + 1), self.wr_row.eq(self.wr_row + 1)]
        return fetch, row

    def _add_lane(self, m: Module, lane: int, fetch: Signal, row: Signal) -> LoaderLane:
        m.submodules[f"lane_{lane}"] = writer = LoaderLane(parameters=self.parameters)
        m.d.comb += [writer.fetch.eq(fetch), writer.significand.eq(self._significand(lane))]
        for name, rows in writer.steps.items():
            m.d.comb += getattr(writer, name).eq(_is_any(row, rows))
        return writer

    def _operand(self, lane: int) -> data.View:
        return data.View(operand_layout(self.parameters), Value.cast(self.load.payload.operands[lane]))

    def _significand(self, lane: int) -> Value:
        """The significand with its hidden one, 0 for a zero operand; or the integer."""
        operand = self._operand(lane)
        if not self.parameters.is_float:
            return operand.fraction
        normal = operand.exponent.any()
        return Mux(normal, Cat(operand.fraction, Const(1, 1)), 0)


def _is_any(row: Signal, rows: Sequence[int]) -> Value:
    return Cat(row == each for each in rows).any()
