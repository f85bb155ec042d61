"""A table of constants: a memory that is read only, as logic."""

from amaranth.hdl import Module, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from sim_models.arith.checking import require_integer
from sim_models.arith.widths import index_bits, signed_width


class ConstantTable(Block):
    """``value`` is ``values[index]``, two's complement; 0 beyond the last one. Combinational.

    Raises ValueError for values that are no tuple of at least one integer.
    """

    def __init__(self, *, values: tuple[int, ...]) -> None:
        if not isinstance(values, tuple) or not values:
            raise ValueError(f"values must be a tuple of at least one integer, not {values!r}")
        limit = 1 << 62
        for value in values:
            require_integer("values", value, -limit, limit)
        self.values = values
        self.width = signed_width(max(map(abs, values)))
        super().__init__({"index": In(index_bits(max(2, len(values)))), "value": Out(signed(self.width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.Switch(self.index):
            for index, value in enumerate(self.values):
                if value:  # 0 is what no case gives
                    with m.Case(index):
                        m.d.comb += self.value.eq(value)
        return m
