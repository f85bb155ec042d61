"""Whether stored words are ones that the lanes can read, as they are loaded."""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.asm.decoder import CodeDecoder, QuartetDecoder
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters


class WeightWordCheck(Block):
    """``refused``: one of ``words``, stored words of all lanes (lane 0 low), has an unsupported quartet or code.

    Combinational; with ``unsupported='dont_care'`` always 0. Raises ValueError for ``parameters`` that are no
    ``AsmParameters``.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        super().__init__({"words": In(data.ArrayLayout(p.weight_word_bits, p.lanes)), "refused": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = range(self.parameters.lanes)
        m.d.comb += self.refused.eq(
            Cat(self._error(m, f"{lane}", Value.cast(self.words[lane])) for lane in lanes).any()
        )
        return m

    def _error(self, m: Module, lane: str, word: Value) -> Value:
        p, errors, first = self.parameters, [], 0
        for place, quartet_bits in enumerate(p.quartet_bits):
            decoder = (CodeDecoder if p.encode_weights else QuartetDecoder)(parameters=p, place=place)
            m.submodules[f"decoder_{lane}_{place}"] = decoder
            bits = p.code_bits if p.encode_weights else quartet_bits
            part = word[first : first + bits]
            m.d.comb += (decoder.code if p.encode_weights else decoder.quartet).eq(part)
            errors.append(decoder.error)
            first += bits
        return Cat(errors).any()
