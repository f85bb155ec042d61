"""The control of the half-precision unit."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.nmpu_fp16.layouts import FILL, PASS_BLOCK, AddendSource, control_ports, row_bits, row_count
from hdl.ranks import rank
from sim_models.nmpu import LdpuParameters

PASSES = {"F1": 1, "F2": 2, "F3": 4}  # issue cycles a row


class LdpuSequencer(Block):
    """Capture the counts, issue all rows, drain the lanes: IDLE, (CAPTURE,) ISSUE, DRAIN.

    ``start`` in a cycle without ``busy`` samples the four settings. Capture takes that same cycle ('parallel') or the
    cycles that follow, one for each row that the source of counts offers ('serial'). Then come ``rows`` (F1),
    ``2*rows`` (F2) or ``4*rows`` (F3) cycles of issue and 5 of drain; ``done`` marks the last of them. ``start`` while
    ``busy`` is ignored.

    Issue order: F1 one row a cycle; F2 pass A of 8 rows, then pass B of the same 8; F3 two cycles of pass A, then
    two of pass B, for each row.

    Ports: `control_ports`; ``capture`` (counts are stored at the end of this cycle); with serial capture
    ``counts_valid``, ``counts_ready``, ``capture_row``; ``row``, ``second``, ``advance`` (what is being issued, as in
    `PipelinedSharedLane` and `UnpipelinedSharedLane`); ``addend_row``; ``relu_held``, ``addend_source_held``;
    ``aggregate_write``, ``aggregate_row`` (a sum is to be stored); ``out_valid``, ``out_column`` (row of the results).
    """

    def __init__(self, *, parameters: LdpuParameters, addend_rank: int) -> None:
        self.parameters = parameters
        self.addend_rank = addend_rank
        row = Out(row_bits(parameters))
        ports: dict[str, Any] = {"capture": Out(1)}
        if parameters.capture == "serial":
            ports |= {"counts_valid": In(1), "counts_ready": Out(1), "capture_row": row}
        ports |= {"row": row, "second": Out(1), "advance": Out(1), "addend_row": row}
        ports |= {"relu_held": Out(1), "addend_source_held": Out(AddendSource)}
        ports |= {"aggregate_write": Out(1), "aggregate_row": row, "out_valid": Out(1), "out_column": row}
        super().__init__({**control_ports(), **ports})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        serial = self.parameters.capture == "serial"
        cycles = PASSES[self.parameters.service_model] * row_count(self.parameters)
        counter = Signal(max((cycles - 1).bit_length(), (FILL - 1).bit_length()))
        step, last, accepted, issue = Signal(), Signal(), Signal(), Signal()
        with m.If(step):
            m.d.sync += counter.eq(Mux(last, 0, counter + 1))
        with m.FSM() as states:
            with m.State("IDLE"), m.If(self.start):
                m.d.comb += accepted.eq(1)
                m.next = "CAPTURE" if serial else "ISSUE"
            if serial:
                with m.State("CAPTURE"):
                    m.d.comb += [step.eq(self.counts_valid), last.eq(counter == row_count(self.parameters) - 1)]
                    with m.If(step & last):
                        m.next = "ISSUE"
            with m.State("ISSUE"):
                m.d.comb += [issue.eq(1), step.eq(1), last.eq(counter == cycles - 1)]
                with m.If(last):
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                m.d.comb += [step.eq(1), last.eq(counter == FILL - 1), self.done.eq(last)]
                with m.If(last):
                    m.next = "IDLE"
        m.d.comb += self.busy.eq(~states.ongoing("IDLE"))
        self._capture(m, counter, states.ongoing("CAPTURE") if serial else accepted)
        finishing = self._decode(m, counter)
        self._follow(m, issue & finishing, accepted)
        return m

    def _capture(self, m: Module, counter: Value, active: Value) -> None:
        if self.parameters.capture == "serial":
            m.d.comb += [
                self.counts_ready.eq(active),
                self.capture.eq(active & self.counts_valid),
                self.capture_row.eq(counter),
            ]
        else:
            m.d.comb += self.capture.eq(active)

    def _decode(self, m: Module, counter: Value) -> Value:
        """Say what the counter stands for; returns whether a row issued now will give a result."""
        if self.parameters.service_model == "F1":
            m.d.comb += [self.row.eq(counter), self.second.eq(0), self.advance.eq(1)]
        elif self.parameters.service_model == "F2":
            split = (PASS_BLOCK - 1).bit_length()
            m.d.comb += self.row.eq(Cat(counter[:split], counter[split + 1 :]))
            m.d.comb += [self.second.eq(counter[split]), self.advance.eq(1)]
        else:
            m.d.comb += [self.row.eq(counter[2:]), self.second.eq(counter[1]), self.advance.eq(counter[0])]
        return self.advance if self.parameters.service_model == "F1" else self.second & self.advance

    def _follow(self, m: Module, finishing: Value, accepted: Value) -> None:
        """Follow the rows down the ranks of the lanes."""
        rows, valid = [self.row], [finishing]
        for step in range(1, FILL + 1):
            rows.append(rank(m, f"row_{step}", rows[-1]))
            next_valid = Signal(name=f"valid_{step}")
            m.d.sync += next_valid.eq(valid[-1])
            valid.append(next_valid)
        held = {name: rank(m, f"{name}_kept", getattr(self, name), accepted) for name in self._settings}
        m.d.comb += [
            self.addend_row.eq(rows[self.addend_rank]),
            self.addend_source_held.eq(held["addend_source"]),
            self.relu_held.eq(held["relu"]),
            self.aggregate_write.eq(valid[FILL - 1] & held["write_aggregate"]),
            self.aggregate_row.eq(rows[FILL - 1]),
            self.out_valid.eq(valid[FILL] & held["emit"]),
            self.out_column.eq(rows[FILL]),
        ]

    _settings = ("relu", "addend_source", "write_aggregate", "emit")
