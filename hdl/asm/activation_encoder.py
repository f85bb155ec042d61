"""From a magnitude to the code of the nearest supported one: activations that are written back encoded."""

from collections.abc import Callable, Sequence
from functools import partial

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.asm.cover import covers
from hdl.asm.input_word import input_code_values
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import ALPHABET, AsmParameters
from sim_models.asm.coding import INPUT_CODE_BITS
from sim_models.asm.parameters import QUARTET_BITS

_CARRY = 1 << QUARTET_BITS


class ActivationEncoder(Block):
    """``code``: that of ``magnitude`` rounded to a supported word, as `sim_models.asm.round_inputs` does it.

    Ports: ``magnitude`` (unsigned, ``input_bits``), ``code`` (3 bits a quartet, the lowest quartet in the low bits).
    Combinational. By ``word`` the nearest supported words below and above are made quartet by quartet and compared; by
    ``quartet`` each quartet is rounded by a small table.

    Raises ValueError for ``parameters`` that are no ``AsmParameters`` or have no ``encode_inputs``.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        self._codes = input_code_values(p)
        self._digits = [value for value in range(_CARRY) if value == 0 or ALPHABET[value] in p.alphabets]
        super().__init__({"magnitude": In(p.input_bits), "code": Out(INPUT_CODE_BITS * p.input_quartets)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        quartets = [self.magnitude.word_select(j, QUARTET_BITS) for j in range(self.parameters.input_quartets)]
        if self.parameters.rounding == "word" and len(quartets) > 1:
            rounded = self._nearest_word(m, quartets)
        else:
            rounded = self._nearest_quartets(quartets)
        digits = Signal(len(self.magnitude))
        m.d.comb += digits.eq(Cat(rounded))
        # The first code of a value is the one to write.
        code = partial(_table, made=self._codes.index, bits=INPUT_CODE_BITS, known=self._digits)
        m.d.comb += self.code.eq(Cat(code(digits.word_select(j, QUARTET_BITS)) for j in range(len(quartets))))
        return m

    def _nearest_quartets(self, quartets: Sequence[Value]) -> list[Value]:
        """Each by itself, a carry from the one below added; all but the top one may carry."""
        rounded, carry = [], None
        for place, quartet in enumerate(quartets):
            carries = self.parameters.quartet_carry and place < len(quartets) - 1
            choices = [*self._digits, _CARRY] if carries else self._digits
            plain, raised = (
                _table(quartet, partial(self._nearest, choices, more), QUARTET_BITS + 1) for more in (0, 1)
            )
            nearest = plain if carry is None else Mux(carry, raised, plain)
            rounded.append(nearest[:QUARTET_BITS])
            carry = nearest[-1] if carries else None
        return rounded

    def _nearest(self, choices: Sequence[int], more: int, value: int) -> int:
        larger = -1 if self.parameters.ties == "up" else 1
        return min(choices, key=lambda choice: (abs(choice - value - more), larger * choice))

    def _nearest_word(self, m: Module, quartets: Sequence[Value]) -> list[Value]:
        below, above, beyond = self._neighbours(m, quartets)
        floor, ceiling = Signal(len(self.magnitude)), Signal(len(self.magnitude))
        m.d.comb += [floor.eq(Cat(below)), ceiling.eq(Cat(above))]
        twice = Cat(Const(0, 1), self.magnitude)
        middle = floor + ceiling
        down = twice <= middle if self.parameters.ties == "down" else twice < middle
        takes_floor = Signal()
        m.d.comb += takes_floor.eq(beyond | down)
        return [Mux(takes_floor, low, high) for low, high in zip(below, above, strict=True)]

    def _neighbours(self, m: Module, quartets: Sequence[Value]) -> tuple[list[Value], list[Value], Value]:
        """The quartets of the nearest supported words below and above, and whether there is none above."""
        largest = self._digits[-1]
        known = [covers(quartet, self._digits) for quartet in quartets]
        # Whether all quartets from this one up are supported; and whether this is the first that is not.
        exact = [Cat(known[place:]).all() for place in range(len(quartets) + 1)]
        raised: Value = Const(0, 1)
        below, above = [], []
        for place, quartet in enumerate(quartets):
            first = Signal(name=f"first_{place}")
            m.d.comb += first.eq(exact[place + 1] & ~known[place])
            under = _table(quartet, lambda value: max(d for d in self._digits if d <= value), QUARTET_BITS)
            over = _table(quartet, lambda value: min((d for d in self._digits if d > value), default=0), QUARTET_BITS)
            below.append(Mux(exact[place + 1], under, largest))
            raise_here = Signal(name=f"raise_{place}")
            m.d.comb += raise_here.eq(first | raised)
            above.append(Mux(raise_here, over, Mux(exact[place], quartet, 0)))
            raised = raise_here & covers(quartet, range(largest, _CARRY))
        return below, above, raised


def _table(word: Value, made: Callable[[int], int], bits: int, known: Sequence[int] = tuple(range(_CARRY))) -> Value:
    """``made(word)``, anything where the word is not ``known``."""
    free = set(range(_CARRY)) - set(known)
    return Cat(covers(word, [value for value in known if made(value) >> bit & 1], free) for bit in range(bits))
