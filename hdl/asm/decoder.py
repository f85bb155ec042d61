"""What a quartet of a weight asks for: an alphabet and a shift; of the quartet itself or of its code."""

from collections.abc import Callable, Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out

from hdl.asm.cover import covers
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import ALPHABET, SHIFT, AsmParameters, supported_quartets
from sim_models.asm.coding import REFUSED, code_values


def alphabets_at(parameters: AsmParameters, place: int) -> tuple[int, ...]:
    """The alphabets that quartet ``place`` can ask for: those of the set that its width holds."""
    return tuple(a for a in parameters.alphabets if a in supported_quartets(parameters, place))


def select_bits(alphabets: Sequence[int]) -> int:
    """Select lines: none for one alphabet, one for two, else one for each."""
    return len(alphabets) if len(alphabets) > 2 else len(alphabets) - 1


class _Decoder(Block):
    """Two-level logic, the fewest products of each line, from the table of values."""

    def __init__(self, *, parameters: AsmParameters, place: int, name: str, values: Sequence[int]) -> None:
        self.parameters, self._word, self._values = parameters, name, values
        self._alphabets = alphabets_at(parameters, place)
        ports = {name: In((len(values) - 1).bit_length()), "shift": Out(parameters.quartet_bits[place])}
        if lines := select_bits(self._alphabets):
            ports["select"] = Out(lines)
        super().__init__({**ports, "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        refused, zeros = self._words(lambda value: value == REFUSED), self._words(lambda value: value == 0)
        free = refused if self.parameters.unsupported == "dont_care" else []
        lines = [self._line(SHIFT, by, free) for by in range(len(self.shift))]
        m.d.comb += self.shift.eq(Cat(lines))
        if select_bits(self._alphabets):
            # Nothing passes the shifter of a zero, whatever is selected.
            m.d.comb += self.select.eq(Cat(self._selects([*refused, *zeros])))
        if self.parameters.unsupported == "refuse":
            m.d.comb += self.error.eq(covers(getattr(self, self._word), refused))
        return m

    def _selects(self, free: list[int]) -> list[Value]:
        chosen = self._alphabets if len(self._alphabets) > 2 else self._alphabets[1:]
        return [self._line(ALPHABET, alphabet, free) for alphabet in chosen]

    def _line(self, table: Sequence[int], entry: int, free: list[int]) -> Value:
        """1 for the words of values, but zero, that have ``entry`` in ``table``."""
        return covers(getattr(self, self._word), self._words(lambda it: it > 0 and table[it] == entry), free)

    def _words(self, wanted: Callable[[int], bool]) -> list[int]:
        return [word for word, value in enumerate(self._values) if wanted(value)]


class QuartetDecoder(_Decoder):
    """Which alphabet, shifted how far, quartet ``place`` of a weight is. Combinational.

    Ports: ``quartet``; ``shift``: a line for each shift, of which one is 1, none for zero; ``select``: the alphabet
    (absent where there is one; of two 1 for the larger; of more a line each), anything for zero; ``error``: the set
    does not support the quartet, and no line of ``shift`` is 1. With ``unsupported='dont_care'`` ``error`` is always 0
    and the lines of such a quartet are anything.

    Raises ValueError for ``parameters`` that are no ``AsmParameters`` and a ``place`` that weights do not have.
    Source: the control table of arXiv 1602.08557.
    """

    def __init__(self, *, parameters: AsmParameters, place: int = 0) -> None:
        require_instance("parameters", parameters, AsmParameters)
        supported = supported_quartets(parameters, place)
        values = [word if word in supported else REFUSED for word in range(1 << parameters.quartet_bits[place])]
        super().__init__(parameters=parameters, place=place, name="quartet", values=values)


class CodeDecoder(_Decoder):
    """Which alphabet, shifted how far, the code of quartet ``place`` of an encoded weight says. Combinational.

    Ports as `QuartetDecoder`, with ``code`` in the place of ``quartet``; an error is a code of a value that does not
    fit the quartet. Raises ValueError as `QuartetDecoder` does, and for ``parameters`` without ``encode_weights``.
    Source: the idea of arXiv 2302.01990; the codes are bitline's.
    """

    def __init__(self, *, parameters: AsmParameters, place: int = 0) -> None:
        require_instance("parameters", parameters, AsmParameters)
        supported_quartets(parameters, place)
        super().__init__(parameters=parameters, place=place, name="code", values=code_values(parameters, place))
