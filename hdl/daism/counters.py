"""What a bank counts for an energy model."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.daism import DaismParameters

COUNTER_BITS = 40


class BankCounters(Block):
    """Events since reset or ``clear``, in unsigned counters of 40 bits that stop at their largest value.

    ``access_count``: reads of the array; ``skipped_count``: reads left out because the driver is zero (with
    ``zero_skip``); ``row_write_count``: rows written; ``wordline_count``: rows open, summed over the reads. Inputs
    ``access``, ``skipped``, ``row_write`` and ``mask`` (of an access) count in the cycle in which they are 1.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = parameters
        events = dict.fromkeys(("clear", "access", "skipped", "row_write"), In(1))
        counts = {f"{name}_count": Out(COUNTER_BITS) for name in ("access", "skipped", "row_write", "wordline")}
        super().__init__({**events, "mask": In(parameters.rows_per_group), **counts})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        opened = sum((bit for bit in self.mask), start=Cat())
        steps = {
            "access": self.access,
            "skipped": self.skipped,
            "row_write": self.row_write,
            "wordline": Mux(self.access, opened, 0),
        }
        for name, step in steps.items():
            counter = getattr(self, f"{name}_count")
            m.d.sync += counter.eq(Mux(self.clear, 0, self._stopping(m, name, counter, step)))
        return m

    @staticmethod
    def _stopping(m: Module, name: str, counter: Signal, step: Value) -> Value:
        total = Signal(COUNTER_BITS + 1, name=f"{name}_total")
        m.d.comb += total.eq(counter + step)
        return total[:-1] | total[-1].replicate(COUNTER_BITS)
