"""Digital lane of CASCADE: adds the codes of columns at their significances."""

from itertools import pairwise

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.cascade_parameters import CascadeParameters
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance, require_integer


class ColumnLane(Block):
    """Sums of ``code << significance`` over the converted columns, of each of ``groups`` outputs in turn.

    * ``valid``: ``code`` is of column number ``column`` of those that are converted, 0 being the lowest. ``first``:
      the sum of the next output begins with it, at -weight_offset * ``input_sum`` (a port of offset weights only).
    * ``sums``: after all groups, those of output 0 to groups - 1, two's complement.

    Codes are two's complement where columns can be negative. A sum holds any codes, so it never wraps. A code a clock
    cycle, in ``sums`` in the next one. The sums are not reset. Raises ValueError for ``parameters`` that are no
    ``CascadeParameters``, and for groups below 1.
    """

    def __init__(self, *, parameters: CascadeParameters, groups: int) -> None:
        require_instance("parameters", parameters, CascadeParameters)
        require_integer("groups", groups, 1)
        self.parameters, self.groups = parameters, groups
        code, number = parameters.code_shape, signed(parameters.product_bits)
        self.formats = {
            "code": IntegerFormat(kind="signed" if code.signed else "unsigned", width=code.width),
            "sums": IntegerFormat(kind="signed", width=number.width),
        }
        columns = len(parameters.places)
        ports = {"valid": In(1), "code": In(code), "column": In(range(max(2, columns))), "first": In(1)}
        if parameters.has_offset:
            ports["input_sum"] = In(parameters.input_sum_shape)
        super().__init__({**ports, "sums": Out(data.ArrayLayout(number, groups))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        lowest = p.places[0]
        if p.has_offset:
            lowest = min(lowest, p.weight_bits - 1)
        # No bit below the lowest significance is ever 1: no register is spent on it.
        width = p.product_bits - lowest
        sums = [Signal(signed(width), name=f"sum_{place}", reset_less=True) for place in range(self.groups)]
        m.d.comb += [self.sums[place].eq(Cat(Const(0, lowest), each)) for place, each in enumerate(sums)]
        begun: Value = Const(0)
        if p.has_offset:
            begun = -(self.input_sum << p.weight_bits - 1 - lowest)
        total = Signal(signed(width))
        m.d.comb += total.eq(Mux(self.first, begun, sums[-1]) + self._shifted(m, lowest, width))
        with m.If(self.valid):
            m.d.sync += sums[-1].eq(total)
        with m.If(self.valid & self.first):
            m.d.sync += [before.eq(after) for before, after in pairwise(sums)]
        return m

    def _shifted(self, m: Module, lowest: int, width: int) -> Value:
        """The code at its significance, by a shifter of as many steps as the shifts need."""
        shifts = [place - lowest for place in self.parameters.places]
        shift = Signal(range(max(2, shifts[-1] + 1)))
        if shifts == list(range(len(shifts))):
            m.d.comb += shift.eq(self.column)
        else:
            m.d.comb += shift.eq(Array(Const(each, len(shift)) for each in shifts)[self.column])
        value: Value = self.code
        for place in range(shifts[-1].bit_length()):
            further = Signal(signed(min(width, len(value) + 1 + (1 << place))), name=f"shifted_{place}")
            m.d.comb += further.eq(Mux(shift[place], value << (1 << place), value))
            value = further
        return value
