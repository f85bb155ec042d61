"""The column counter that steps one NMPU unit, or all units of an array together."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.ranks import rank
from sim_models.nmpu import NmpuParameters


class NmpuSequencer(Block):
    """Issue columns 0..columns_per_unit-1, one a cycle, and follow them down the pipeline.

    With ``advance`` high, ``start`` in a cycle with ``ready`` issues column 0 in that cycle; its result is there
    ``pipeline_stages`` cycles later. ``ready`` returns ``columns_per_unit`` cycles after the start. ``start`` without
    ``ready`` is ignored and sets ``overrun`` until reset.

    Ports: ``start``, ``ready``, ``overrun``, ``advance``; the layer's ``shift`` and ``relu`` (and ``accumulate_first``,
    ``accumulate_last``), sampled with the start; ``column`` (being issued); ``combine_*`` (what is at the combining
    step, one rank before the result); ``out_valid``, ``out_column``, ``done`` (the result register; ``done`` marks
    a group's last column).
    """

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = p = parameters
        column = p.column_bits
        ports = {
            "start": In(1), "ready": Out(1), "overrun": Out(1), "advance": In(1),
            "shift": In(p.shift_bits), "relu": In(1), "column": Out(column),
            "combine_shift": Out(p.shift_bits), "combine_relu": Out(1),
            "out_valid": Out(1), "out_column": Out(column), "done": Out(1),
        }  # fmt: skip
        self._settings = {"shift": p.shift_bits, "relu": 1}
        if p.accumulates:
            ports |= {"accumulate_first": In(1), "accumulate_last": In(1)}
            ports |= {"combine_valid": Out(1), "combine_column": Out(column), "combine_first": Out(1)}
            self._settings |= {"accumulate_first": 1, "accumulate_last": 1}
        super().__init__(ports)

    def connect_owner(self, m: Module, owner: Block) -> None:
        """Wire the ports that the unit or array around this counter shows as its own."""
        for name in ("start", *self._settings):
            m.d.comb += getattr(self, name).eq(getattr(owner, name))
        m.d.comb += [owner.ready.eq(self.ready), owner.overrun.eq(self.overrun)]

    def connect_datapath(self, m: Module, datapath: Block) -> None:
        """Drive one datapath's control inputs."""
        m.d.comb += [
            datapath.advance.eq(self.advance),
            datapath.column.eq(self.column),
            datapath.shift.eq(self.combine_shift),
            datapath.relu.eq(self.combine_relu),
        ]
        if self.parameters.accumulates:
            m.d.comb += [
                datapath.first.eq(self.combine_first),
                datapath.accumulate.eq(self.combine_valid),
                datapath.accumulate_column.eq(self.combine_column),
            ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accepted = Signal()
        issue = Signal()
        m.d.comb += [
            self.ready.eq((self.column == 0) & self.advance),
            accepted.eq(self.start & self.ready),
            issue.eq(accepted | (self.column != 0)),
        ]
        with m.If(issue & self.advance):
            m.d.sync += self.column.eq((self.column + 1) & (self.parameters.columns_per_unit - 1))
        with m.If(self.start & ~self.ready):
            m.d.sync += self.overrun.eq(1)
        settings = self._follow_settings(m, accepted)
        self._follow_columns(m, issue, settings.get("accumulate_last"))
        return m

    def _follow_settings(self, m: Module, accepted: Signal) -> dict[str, Signal]:
        """The layer's settings at the combining step; returns those at the result register."""
        p = self.parameters
        at_result = {}
        for name, width in self._settings.items():
            # Held from the start on, which is also what the rank after the issue needs.
            held = rank(m, f"{name}_held", getattr(self, name), accepted)
            current = Signal(width, name=f"{name}_now")
            m.d.comb += current.eq(Mux(accepted, getattr(self, name), held))
            at_combine = current if p.pipeline_stages == 1 else held
            if p.pipeline_stages == 3:
                at_combine = rank(m, f"{name}_2", at_combine, self.advance)
            output = f"combine_{name.removeprefix('accumulate_')}"
            if output in self.signature.members:
                m.d.comb += getattr(self, output).eq(at_combine)
            if name == "accumulate_last":
                at_result[name] = rank(m, f"{name}_result", at_combine, self.advance)
        return at_result

    def _follow_columns(self, m: Module, issue: Signal, last_tile: Signal | None) -> None:
        p = self.parameters
        valid, column = issue, self.column
        for step in range(1, p.pipeline_stages + 1):
            if step == p.pipeline_stages and p.accumulates:
                m.d.comb += [self.combine_valid.eq(valid), self.combine_column.eq(column)]
            next_valid = Signal(name=f"valid_{step}")
            with m.If(self.advance):
                m.d.sync += next_valid.eq(valid)
            valid, column = next_valid, rank(m, f"column_{step}", column, self.advance)
        emitted = valid if last_tile is None else valid & last_tile
        m.d.comb += [
            self.out_valid.eq(emitted),
            self.out_column.eq(column),
            self.done.eq(valid & (column == p.columns_per_unit - 1)),
        ]
