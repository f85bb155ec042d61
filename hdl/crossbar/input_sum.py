"""Sum of the inputs of a vector, which the offset of weights is taken off with."""

from amaranth.hdl import Array, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.cascade_parameters import CascadeParameters
from sim_models.arith.checking import require_instance


class InputSum(Block):
    """Adds what drives the rows, slice by slice at its significance, in one of two banks.

    * ``add``: ``slice`` is number ``index`` of the vector whose sum is in ``bank``; number 0 begins it anew. With
      ``negative`` it counts negative.
    * ``total``: the sum of ``read_bank``, two's complement of signed inputs.

    In hardware of CASCADE this takes the place of a unit column, whose sums would need conversions of their own. Not
    reset. Raises ValueError for ``parameters`` that are no ``CascadeParameters``.
    """

    def __init__(self, *, parameters: CascadeParameters) -> None:
        require_instance("parameters", parameters, CascadeParameters)
        self.parameters = p = parameters
        inputs = {name: In(1) for name in ("add", "negative", "bank", "read_bank")}
        driven = {"slice": In(data.ArrayLayout(p.dac_bits, p.rows)), "index": In(range(max(2, p.cycles)))}
        super().__init__({**inputs, **driven, "total": Out(p.input_sum_shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        shape = p.input_sum_shape
        totals = Array(Signal(shape, name=f"total_{bank}", reset_less=True) for bank in range(2))
        driven, shifted = Signal(range(p.rows * ((1 << p.dac_bits) - 1) + 1)), Signal(Shape(shape.width))
        shift = Signal(range(max(2, p.dac_bits * (p.cycles - 1) + 1)))
        m.d.comb += [
            driven.eq(_added([Value.cast(self.slice[row]) for row in range(p.rows)])),
            shift.eq(self.index * p.dac_bits),
            shifted.eq(driven << shift),
            self.total.eq(totals[self.read_bank]),
        ]
        before = Mux(self.index == 0, Const(0, shape), totals[self.bank])
        with m.If(self.add):
            m.d.sync += totals[self.bank].eq(Mux(self.negative, before - shifted, before + shifted))
        return m


def _added(values: list[Value]) -> Value:
    """The sum, of a tree of adders."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return _added(values[:half]) + _added(values[half:])
