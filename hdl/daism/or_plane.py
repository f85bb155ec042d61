"""The approximate multiplier without the array: the rows as wires, opened by the decoder."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.decoder import WordlineDecoder
from hdl.daism.rows import rows_of
from sim_models.arith.checking import require_instance
from sim_models.daism import DaismParameters


class OrPlane(Block):
    """``product``: the kept columns of the product of ``stored`` and ``driver`` as an array gives them.

    Ports: ``stored``, ``driver`` (significands of n bits, those of floats with the hidden one), ``zero`` (the driver is
    zero), ``mask`` (rows opened, those of the second access above those of the first), ``product`` (``kept`` bits, of
    two accesses the sum). Combinational: what multiplication by OR costs without an SRAM, and what proofs speak of.

    Raises ValueError for ``parameters`` that are no ``DaismParameters``. Source: arXiv 2305.07376 for the principle.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        require_instance("parameters", parameters, DaismParameters)
        self.parameters = p = parameters
        operands = dict.fromkeys(("stored", "driver"), In(p.significand_bits))
        mask = Out(p.accesses * p.rows_per_group)
        super().__init__({**operands, "zero": In(1), "mask": mask, "product": Out(p.kept)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accesses = [self._access(m, number) for number in range(self.parameters.accesses)]
        m.d.comb += self.mask.eq(Cat(mask for mask, _ in accesses))
        if len(accesses) == 1:
            m.d.comb += self.product.eq(accesses[0][1])
        else:
            m.d.comb += self.product.eq(accesses[0][1] + accesses[1][1])
        return m

    def _access(self, m: Module, number: int) -> tuple[Value, Value]:
        """The rows that one access opens, and the word it gives."""
        p = self.parameters
        m.submodules[f"decoder_{number}"] = decoder = WordlineDecoder(parameters=p)
        m.d.comb += [decoder.driver.eq(self.driver), decoder.zero.eq(self.zero)]
        if p.accesses == 2:
            m.d.comb += decoder.access.eq(number)
        words = []
        for place, row in enumerate(rows_of(p)):
            content = Signal(2 * p.significand_bits, name=f"row_{number}_{place}")
            m.d.comb += content.eq((self.stored * row.code) << row.shift)
            words.append(Mux(decoder.mask[place], content[p.drop :], Const(0, p.kept)))
        word = Signal(p.kept, name=f"word_{number}")
        m.d.comb += word.eq(reduce(or_, words))
        return decoder.mask, word
