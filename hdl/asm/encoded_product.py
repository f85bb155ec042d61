"""The product of two codes: 1, 3 or 9, shifted."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.asm.cover import covers
from hdl.asm.decoder import CodeDecoder
from hdl.asm.input_word import input_code_values
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import SHIFT, AsmParameters
from sim_models.asm.coding import INPUT_CODE_BITS
from sim_models.asm.parameters import QUARTET_BITS


class EncodedProduct(Block):
    """``product = k << (shift_w + shift_x)`` with k of 1, 3, 9, of a weight's and an input's code; no adder in it.

    Ports: ``weight`` (the code of one quartet, no sign), ``x`` (a code of 3 bits), ``product`` (unsigned,
    ``product_bits``), ``error`` (as `CodeDecoder`). The lines of both shifts meet in an AND-OR, a line for each sum of
    shifts; k adds copies of that line 1 or 3 places above. Combinational.

    Raises ValueError for ``parameters`` that are no ``AsmParameters``, or whose weights and inputs are not both encoded
    and of one quartet. Source: the idea of arXiv 2302.01990; the structure is bitline's.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        if not is_fully_encoded(p):
            raise ValueError("parameters must be those of encoded weights and inputs of one quartet each")
        ports = {"weight": In(p.code_bits), "x": In(INPUT_CODE_BITS)}
        super().__init__({**ports, "product": Out(p.product_bits), "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.decoder = decoder = CodeDecoder(parameters=self.parameters)
        m.d.comb += [decoder.code.eq(self.weight), self.error.eq(decoder.error)]
        one = self._shifted(m, decoder.shift)
        product: Value = one
        if self.parameters.alphabets != (1,):
            select = covers(self.x, [code for code, value in self._inputs() if value % 3 == 0 and value])
            three, nine = decoder.select ^ select, decoder.select & select
            copies = ((three, 1), (nine, 3))
            product = reduce(or_, [one, *(Cat(Const(0, by), line.replicate(len(one)) & one) for line, by in copies)])
        m.d.comb += self.product.eq(product)
        return m

    def _shifted(self, m: Module, lines: Value) -> Signal:
        """A one in the place that is the sum of both shifts, nothing if either is zero."""
        others = [
            covers(self.x, [code for code, value in self._inputs() if value and SHIFT[value] == shift])
            for shift in range(QUARTET_BITS)
        ]
        shifted = Signal(len(lines) + QUARTET_BITS - 1)
        for place in range(len(shifted)):
            met = [lines[s] & others[place - s] for s in range(len(lines)) if 0 <= place - s < QUARTET_BITS]
            m.d.comb += shifted[place].eq(reduce(or_, met))
        return shifted

    def _inputs(self) -> list[tuple[int, int]]:
        return list(enumerate(input_code_values(self.parameters)))


def is_fully_encoded(parameters: AsmParameters) -> bool:
    """Whether a product is one of two codes."""
    p = parameters
    return p.encode_weights and p.encode_inputs and p.quartets == p.input_quartets == 1
