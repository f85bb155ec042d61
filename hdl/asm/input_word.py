"""From the input word to sign and magnitude, once for all lanes."""

from dataclasses import replace

from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out

from hdl.asm.cover import covers
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters
from sim_models.asm.coding import INPUT_CODE_BITS, decode_inputs
from sim_models.asm.parameters import QUARTET_BITS


class InputWord(Block):
    """Sign and magnitude of the input ``word``; a zero without ``valid``. Combinational.

    Ports: ``word`` (``input_word_bits``), ``valid``; ``negative``, ``codes`` (with ``encode_inputs``: those of the
    quartets, of zero without ``valid``), ``magnitude`` (``input_bits``). Raises ValueError for ``parameters`` that are
    no ``AsmParameters``.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        ports = {"word": In(p.input_word_bits), "valid": In(1), "negative": Out(1), "magnitude": Out(p.input_bits)}
        if p.encode_inputs:
            ports["codes"] = Out(INPUT_CODE_BITS * p.input_quartets)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        body = self.word[: p.input_word_bits - p.input_signed]
        if p.input_signed:
            m.d.comb += self.negative.eq(self.word[-1])
        if not p.encode_inputs:
            m.d.comb += self.magnitude.eq(body & self.valid.replicate(len(body)))
            return m
        m.d.comb += self.codes.eq(
            Cat(self._gated(body.word_select(j, INPUT_CODE_BITS)) for j in range(p.input_quartets))
        )
        quartets = [self._quartet(self.codes.word_select(place, INPUT_CODE_BITS)) for place in range(p.input_quartets)]
        m.d.comb += self.magnitude.eq(Cat(quartets))
        return m

    def _gated(self, code: Value) -> Value:
        """The code, or that of zero: all ones of {1,3}; of {1} every one whose top bit is 0."""
        if self.parameters.alphabets == (1,):
            return Cat(code[:-1], code[-1] & self.valid)
        return code | (~self.valid).replicate(len(code))

    def _quartet(self, code: Value) -> Value:
        values = input_code_values(self.parameters)
        wanted = [[each for each, value in enumerate(values) if value >> bit & 1] for bit in range(QUARTET_BITS)]
        return Cat(covers(code, words) for words in wanted)


def input_code_values(parameters: AsmParameters) -> tuple[int, ...]:
    """The value of each code of an input's quartet; ValueError without ``encode_inputs``."""
    if not parameters.encode_inputs:
        raise ValueError("encode_inputs must be True to have codes, not False")
    quartet = replace(parameters, input_bits=QUARTET_BITS, input_signed=False)
    return tuple(decode_inputs(range(1 << INPUT_CODE_BITS), quartet).tolist())
