"""The odd multiples of the input, made once for all lanes."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Member, Out

from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters

# Of each alphabet: a power of two, and the alphabet that is added to it; -1 is subtracted.
_RECIPES = {3: (2, 1), 5: (4, 1), 7: (8, -1), 9: (8, 1), 11: (8, 3), 13: (8, 5), 15: (16, -1)}


def multiple_ports(parameters: AsmParameters) -> dict[str, Member]:
    """Inputs ``multiple_A``, A times the input's magnitude, for each alphabet A."""
    return {f"multiple_{a}": In(parameters.input_bits + a.bit_length() - (a == 1)) for a in parameters.alphabets}


class Precomputer(Block):
    """``multiple_A = A * x`` for each alphabet A; an adder each, none for A = 1. Combinational.

    Ports: ``x`` (unsigned, ``input_bits``), ``multiple_A`` (unsigned; ``input_bits`` and, from A = 3, the bits of A).
    11 needs 3 and 13 needs 5: where the set has them not, they are made and not shown. Raises ValueError for
    ``parameters`` that are no ``AsmParameters``. Source: computation sharing, as in arXiv 1602.08557.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = parameters
        outputs = {name: Out(member.shape) for name, member in multiple_ports(parameters).items()}
        super().__init__({"x": In(parameters.input_bits), **outputs})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        made: dict[int, Value] = {1: self.x}
        for alphabet in self.parameters.alphabets:
            m.d.comb += getattr(self, f"multiple_{alphabet}").eq(self._make(m, alphabet, made))
        return m

    def _make(self, m: Module, alphabet: int, made: dict[int, Value]) -> Value:
        """``alphabet * x``, of what is made already and what must be for it."""
        if alphabet not in made:
            power, other = _RECIPES[alphabet]
            shifted = Cat(Const(0, power.bit_length() - 1), self.x)
            made[alphabet] = Signal(len(self.x) + alphabet.bit_length(), name=f"times_{alphabet}")
            total = shifted - self.x if other < 0 else shifted + self._make(m, other, made)
            m.d.comb += made[alphabet].eq(total)
        return made[alphabet]
