"""The reading side of CASCADE's controller: banks that are full are scanned, then cleared."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.line_scan import LineScan
from hdl.crossbar.stage_timer import StageTimer
from sim_models.arith.checking import require_instance
from sim_models.crossbar import readout_cycles


class BankReadout(Block):
    """Takes the banks in turn, or always bank 0 without ``double_buffer``: scans all their columns, clears them.

    * ``ended``: an array cycle ends. ``filled``: with it, a bank is full: the one after those that wait.
    * ``read_bank`` is read for as many array cycles as the conversions take. In as many clock cycles as there are of
      them ``adc_start`` is 1: column ``column`` of the outputs ``group`` * converters and up, the lowest that is
      converted first, one group after another; ``adc_next``: it will be in the next one. ``over``: the last array cycle
      of it ends.
    * ``clear``: these banks are cleared, all through an array cycle. ``cleared``: ``read_bank`` was, with this clock
      cycle. ``closes``: it is, in this array cycle for the last time. ``closing``, in the last slot of one: it will be
      by the end of the next one.
    * ``active``: there is something to be done. After a reset both banks are cleared, and then they are ``ready``.

    Raises ValueError for ``parameters`` that are no ``CascadeParameters``.
    """

    def __init__(self, *, parameters: CascadeParameters) -> None:
        require_instance("parameters", parameters, CascadeParameters)
        self.parameters = p = parameters
        outputs = ("adc_start", "adc_next", "read_bank", "over", "closes", "closing", "cleared", "active", "ready")
        super().__init__(
            {
                "ended": In(1),
                "filled": In(1),
                **{name: Out(1) for name in outputs},
                "clear": Out(2),
                "column": Out(range(max(2, len(p.places)))),
                "group": Out(range(max(2, p.groups))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.reading = reading = StageTimer(cycles=readout_cycles(p))
        m.submodules.clearing = clearing = StageTimer(cycles=p.clear_cycles)
        fresh = Signal(init=1)
        waiting = Signal(range(3))
        begins = Signal()
        idle = ~reading.active & (~clearing.active | clearing.last)
        begins_to_clear = reading.last if p.clear_cycles == 1 else Const(0)
        m.d.comb += [
            begins.eq(self.ended & self.ready & idle & (self.filled | waiting.any())),
            reading.start.eq(begins),
            clearing.start.eq(reading.over | (fresh & ~clearing.active)),
            *(each.ended.eq(self.ended) for each in (reading, clearing)),
            self.over.eq(reading.over),
            self.ready.eq(~fresh),
            self.clear.eq((Cat(~self.read_bank, self.read_bank) | fresh.replicate(2)) & clearing.active.replicate(2)),
            self.closes.eq(clearing.last),
            self.closing.eq(begins_to_clear | clearing.nearly),
            self.cleared.eq(clearing.over),
            self.active.eq(fresh | clearing.active | reading.active | waiting.any()),
        ]
        m.d.sync += [waiting.eq(waiting + self.filled - begins), fresh.eq(fresh & ~clearing.over)]
        self._scan(m, begins)
        return m

    def _scan(self, m: Module, begins: Value) -> None:
        p = self.parameters
        m.submodules.scan = scan = LineScan(positions=len(p.places))
        last_group = Signal()
        turn = Signal()
        m.d.comb += [
            last_group.eq(self.group == p.groups - 1),
            scan.start.eq(begins | (scan.last & ~last_group)),
            self.adc_start.eq(scan.active),
            self.adc_next.eq(scan.upcoming),
            self.column.eq(scan.position),
        ]
        with m.If(begins):
            m.d.sync += [self.group.eq(0), self.read_bank.eq(turn), turn.eq(~turn & int(p.double_buffer))]
        with m.Elif(scan.last & ~last_group):
            m.d.sync += self.group.eq(self.group + 1)
