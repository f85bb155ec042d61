"""Which words a twin-range controller's registers may hold, stated of the registers themselves."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.configuration import configuration_layout
from sim_models.arith.checking import require_instance
from sim_models.sar.registers import has_detours
from sim_models.sar.twin_range import TrqControllerParameters


class RegisterLegality(Block):
    """``legal`` is 1 exactly for the words of ``registers`` that `sim_models.sar.register_word` makes.

    It is what provers may assume of the registers, and shares nothing with the functions that fill them. Raises
    ValueError for ``parameters`` that are no ``TrqControllerParameters``.
    """

    def __init__(self, *, parameters: TrqControllerParameters) -> None:
        require_instance("parameters", parameters, TrqControllerParameters)
        self.parameters = parameters
        super().__init__({"registers": In(configuration_layout(parameters)), "legal": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, c = self.parameters, self.registers
        has_base, after_r1 = option(c, "has_base"), option(c, "after_r1")
        cells = (p.maximum - c.r1_size) & ~(c.stop2 - 1)  # where the cells of an R2 after R1 begin, all places at once
        first = Mux(after_r1, _highest_one(cells, p.bits), 1 << p.bits - 1)
        r2_bits = Mux(first == 0, 0, place(first) + 1 - place(c.stop2))
        conditions = [
            *(_is_one_hot(word) for word in (c.r1_size, c.stop1, c.stop2)),
            (c.stop1 <= c.r1_size) & (c.stop1 <= c.stop2),
            c.operations_r1 == 1 + has_base + place(c.r1_size) - place(c.stop1),
            c.operations_r2 == 1 + r2_bits,
        ]
        if p.support_base:
            conditions += [has_base == c.base.any(), ~has_base | (c.base + c.r1_size <= p.maximum)]
        if p.support_after_r1:
            conditions += [~(after_r1 & has_base), c.start2 == first, c.r2_single == (first == 0)]
        if p.support_skip:
            conditions.append(~(c.skip_known_trial & (has_base | after_r1)))
        if has_detours(p):
            conditions.append(c.operations_r2_detour == Mux(has_base, 2 + r2_bits, r2_bits))
        m.d.comb += self.legal.eq(Cat(conditions).all())
        return m


def option(registers: Any, name: str) -> Value:
    """The register ``name``, or 0 in a controller built without."""
    return registers[name] if name in registers.shape().members else Const(0)


def place(word: Value) -> Value:
    """Place of the only one in ``word``: as many as there are places below it."""
    below = (word - 1)[: len(word)]
    total: Value = Const(0)
    for bit in below:
        total = total + bit
    return total


def _is_one_hot(word: Value) -> Value:
    return word.any() & ((word & (word - 1)) == 0)


def _highest_one(word: Value, bits: int) -> Value:
    """``word`` with its highest one alone."""
    kept: list[Value] = []
    above: Value = Const(0)
    for at in reversed(range(bits)):
        kept.insert(0, word[at] & ~above)
        above = above | word[at]
    return Cat(kept)
