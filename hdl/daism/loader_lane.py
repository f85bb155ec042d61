"""One lane of the loader: the rows of one operand, one after the other."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.rows import rows_of
from hdl.ranks import rank
from sim_models.daism import DaismParameters


class LoaderLane(Block):
    """``row``: the latched ``significand``, or a multiple of it, shifted to its place, less the ``drop`` low columns.

    ``fetch`` latches a significand for the rows from the next cycle on. The other inputs say which row is shown;
    `steps` has the numbers of the rows within a group in which each of them is 1:

    * ``place_S``: shifted left by S places.
    * ``add``: the operand is added to the multiple, for the row after the next edge. Where it is 0 the multiple starts
      again, at 2^(k-1) times the operand (at the operand itself for integers); only with pre-computed rows (``pck``).
    * ``twice``, ``thrice``: two and three times the operand (``hla`` a).

    Of the operand's n bits and the multiple's n+k nothing else needs a register: direct rows are wires and gates. Not
    reset: ``fetch`` comes first.
    """

    def __init__(self, *, parameters: DaismParameters) -> None:
        self.parameters = p = parameters
        self.steps = _steps(p)
        inputs = {"fetch": In(1), "significand": In(p.significand_bits), **dict.fromkeys(self.steps, In(1))}
        super().__init__({**inputs, "row": Out(p.kept)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        operand = rank(m, "operand", self.significand, self.fetch)
        multiple = self._multiple(m, operand)
        leading = p.significand_bits - p.precomputed_bits
        terms = []
        for shift in _shifts(p):
            shown = operand if p.precomputed_bits and shift != leading else multiple
            term = Cat(Const(0, shift), shown, Const(0, p.significand_bits))[p.drop : 2 * p.significand_bits]
            terms.append(term & getattr(self, f"place_{shift}").replicate(p.kept))
        m.d.comb += self.row.eq(reduce(or_, terms))
        return m

    def _multiple(self, m: Module, operand: Signal) -> Value:
        """What a row shows before it is shifted; a direct row of ``pck`` shows the operand in its place."""
        p = self.parameters
        if p.precomputed_bits:
            multiple = Signal(p.significand_bits + p.precomputed_bits, reset_less=True)
            begin = operand << (p.precomputed_bits - 1 if p.is_float else 0)
            m.d.sync += multiple.eq(Mux(self.add, multiple + operand, begin))
            return multiple
        if "twice" in self.steps:
            multiple = Signal(p.significand_bits + 2)
            doubled = operand << 1
            m.d.comb += multiple.eq(Mux(self.twice, doubled, Mux(self.thrice, doubled + operand, operand)))
            return multiple
        return operand


def _shifts(p: DaismParameters) -> list[int]:
    """All shifts of rows, ascending."""
    return sorted({row.shift for row in rows_of(p)})


def _steps(p: DaismParameters) -> dict[str, tuple[int, ...]]:
    """Which inputs a lane has, and in which rows of a group each of them is 1."""
    rows = list(enumerate(rows_of(p)))
    steps = {f"place_{shift}": tuple(place for place, row in rows if row.shift == shift) for shift in _shifts(p)}
    if p.precomputed_bits:
        steps["add"] = tuple(range(p.significand_bits - p.precomputed_bits, len(rows)))
    elif p.variant == "hla" and p.hla_mode == "a":
        for name, code in (("twice", 2), ("thrice", 3)):
            steps[name] = tuple(place for place, row in rows if row.code == code)
    return steps
