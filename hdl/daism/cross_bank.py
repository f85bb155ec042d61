"""The adder of what the banks have summed up."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.float_sum import FloatSum
from hdl.daism.layouts import sum_bits
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.daism import DaismParameters


class CrossBankSum(Block):
    """``total = first + second`` of one lane, as `sim_models.daism.add_partial_sums`; integers exactly.

    ``accumulate_latency - 1`` cycles later. Raises ValueError for ``parameters`` that are no ``DaismParameters``.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = parameters
        word = sum_bits(parameters)
        super().__init__({"first": In(word), "second": In(word), "total": Out(word)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.total.eq(self._float_sum(m) if self.parameters.is_float else self._integer_sum(m))
        return m

    def _float_sum(self, m: Module) -> Value:
        p = self.parameters
        bits = p.accumulator_significand_bits - 1
        m.submodules.add = add = FloatSum(
            exponent_bits=8,
            fraction_bits=bits,
            addend_fraction_bits=bits,
            to_nearest=p.accumulator_rounding == "rne",
            infinity=p.saturate_to == "infinity",
            stages=p.accumulate_latency - 1,
        )
        m.d.comb += [add.accumulator.eq(self.first), add.addend.eq(self.second)]
        return add.total

    def _integer_sum(self, m: Module) -> Value:
        total: Value = Signal(len(self.total), name="sum")
        m.d.comb += total.eq(self.first + self.second)
        for stage in range(self.parameters.accumulate_latency - 1):
            total = rank(m, f"delay_{stage}", total)
        return total
