"""Multiply-accumulate lanes that share one input and its multiples."""

from amaranth.hdl import Cat, Module, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In, Member, Out

from hdl.asm.encoded_product import is_fully_encoded
from hdl.asm.input_word import InputWord
from hdl.asm.lane import AsmLane
from hdl.asm.multiplier import share_multiples
from hdl.asm.precomputer import Precomputer
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters


class AsmMac(Block):
    """``sums[i] <= (0 if first else sums[i]) + weights[i] * x`` in each cycle with ``valid``.

    Ports: ``x`` (input word, ``input_word_bits``), ``weights`` (stored words, ``weight_word_bits`` each), ``first``,
    ``valid``, ``clear``; ``sums`` (two's complement, ``accumulator_width`` each, registers), ``error``: a register,
    set by an unsupported weight in a cycle with ``valid``, until ``clear`` (a new error prevails) or reset; the
    unsupported quartet contributes nothing. With ``unsupported='dont_care'`` it is always 0 and the sum anything.
    Lane 0 is in the low bits. Latency 1 cycle, a product a lane and cycle. Reset leaves the sums as they are: a sum
    starts with ``first`` and ``valid``. An input without ``valid`` is taken as 0, which costs its bits once, not each
    register's.

    Where both operands are encoded and of one quartet, products are `EncodedProduct`'s and there is no pre-computer;
    else an encoded input is decoded once for all lanes. Raises ValueError for ``parameters`` that are no
    ``AsmParameters``. Source: arXiv 1602.08557 (alphabets, sharing), 2302.01990 (codes); the structure is bitline's.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        super().__init__(mac_ports(p, p.input_word_bits, p.weight_word_bits))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.input = word = InputWord(parameters=p)
        m.d.comb += [word.word.eq(self.x), word.valid.eq(self.valid)]
        precomputer = None if is_fully_encoded(p) else Precomputer(parameters=p)
        if precomputer is not None:
            m.submodules.precomputer = precomputer
            m.d.comb += precomputer.x.eq(word.magnitude)
        errors = []
        for index in range(p.lanes):
            m.submodules[f"lane_{index}"] = lane = AsmLane(parameters=p)
            if precomputer is None:
                m.d.comb += lane.code.eq(word.codes)
            else:
                share_multiples(m, precomputer, lane, p)
            m.d.comb += [
                lane.negative.eq(word.negative),
                lane.weight.eq(self.weights[index]),
                lane.restart.eq(self.first & self.valid),
                self.sums[index].eq(lane.sum),
            ]
            errors.append(lane.error)
        if p.unsupported == "refuse":
            m.d.comb += self.error.eq(self._kept(m, Cat(errors).any()))
        return m

    def _kept(self, m: Module, error: Value) -> Signal:
        kept = Signal()
        m.d.sync += kept.eq((kept & ~self.clear) | (error & self.valid))
        return kept


def mac_ports(parameters: AsmParameters, input_bits: int, weight_bits: int) -> dict[str, Member]:
    """The ports of `AsmMac` and of the exact one, whose words are of other widths."""
    p = parameters
    return {
        "x": In(input_bits),
        "weights": In(data.ArrayLayout(unsigned(weight_bits), p.lanes)),
        "first": In(1),
        "valid": In(1),
        "clear": In(1),
        "sums": Out(data.ArrayLayout(signed(p.accumulator_width), p.lanes)),
        "error": Out(1),
    }
