"""Products of one input with several weights by a set of alphabets."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In, Member, Out

from hdl.arith.columns import Columns
from hdl.asm.decoder import CodeDecoder, QuartetDecoder, alphabets_at
from hdl.asm.precomputer import Precomputer, multiple_ports
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters, supported_quartets
from sim_models.asm.parameters import QUARTET_BITS


class LaneMultiplier(Block):
    """``product = weight * x`` from the multiples of x: for each quartet select and shift; then the quartets' sum.

    Ports: ``multiple_A`` as `Precomputer` has them, ``weight`` (a stored word without its sign), ``product``
    (unsigned, ``product_bits``), ``error`` (a quartet is unsupported; it then contributes nothing). {1} has no select,
    and a weight of one quartet no adder. Combinational.

    The shifter is an AND-OR of one line a shift: a zero needs no gate of its own, and a quartet of {1} no decoder where
    unsupported ones do not matter. Raises ValueError for ``parameters`` that are no ``AsmParameters``.
    Source: arXiv 1602.08557; the structure is bitline's.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        ports = {"weight": In(p.weight_word_bits - 1), "product": Out(p.product_bits), "error": Out(1)}
        super().__init__({**multiple_ports(p), **ports})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        columns, errors = Columns(self.parameters.product_bits), []
        for place in range(self.parameters.quartets):
            decoder = self._decoder(m, place)
            errors.append(decoder.error)
            columns.add(self._row(m, decoder, place), QUARTET_BITS * place)
        m.d.comb += [self.product.eq(columns.total(m, "sum")), self.error.eq(Cat(errors).any())]
        return m

    def _decoder(self, m: Module, place: int) -> QuartetDecoder | CodeDecoder:
        p = self.parameters
        width = p.code_bits if p.encode_weights else QUARTET_BITS
        word = self.weight[width * place : width * (place + 1)]
        decoder = (CodeDecoder if p.encode_weights else QuartetDecoder)(parameters=p, place=place)
        m.submodules[f"decoder_{place}"] = decoder
        m.d.comb += (decoder.code if p.encode_weights else decoder.quartet).eq(word)
        return decoder

    def _row(self, m: Module, decoder: Block, place: int) -> Value:
        """The quartet's multiple of the input."""
        p, supported = self.parameters, supported_quartets(self.parameters, place)
        chosen, row = self._chosen(m, decoder, place), Signal(p.input_bits + p.quartet_bits[place], name=f"row_{place}")
        terms = []
        for shift, line in enumerate(decoder.shift):
            # What is shifted farther is shorter: larger alphabets do not fit the quartet then.
            widest = max(a.bit_length() for a in (0, *alphabets_at(p, place)) if a << shift in supported)
            shown = chosen[: p.input_bits + widest]
            terms.append(Cat(Const(0, shift), line.replicate(len(shown)) & shown))
        m.d.comb += row.eq(reduce(or_, terms))
        return row

    def _chosen(self, m: Module, decoder: Block, place: int) -> Value:
        """The alphabet's multiple."""
        multiples = [getattr(self, f"multiple_{a}") for a in alphabets_at(self.parameters, place)]
        if len(multiples) == 1:
            return multiples[0]
        chosen = Signal(len(multiples[-1]), name=f"chosen_{place}")
        if len(multiples) == 2:
            m.d.comb += chosen.eq(Mux(decoder.select, multiples[1], multiples[0]))
        else:
            lines = zip(decoder.select, multiples, strict=True)
            m.d.comb += chosen.eq(reduce(or_, (line.replicate(len(each)) & each for line, each in lines)))
        return chosen


class AlphabetMultiplier(Block):
    """``products[i] = x * weights[i]``, ``lanes`` products by one pre-computer. Combinational.

    Ports: ``x`` (unsigned, ``input_bits``), ``weights`` (stored words without their signs: magnitudes, or codes with
    ``encode_weights``), ``products`` (unsigned, ``product_bits``), ``error`` (a weight is unsupported; its unsupported
    quartets contribute nothing; with ``unsupported='dont_care'`` always 0 and the product is anything). Lane 0 is in
    the low bits. Raises ValueError for ``parameters`` that are no ``AsmParameters``. Source: arXiv 1602.08557.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = parameters
        super().__init__({**multiplier_ports(parameters, parameters.weight_word_bits - 1), "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.precomputer = precomputer = Precomputer(parameters=self.parameters)
        m.d.comb += precomputer.x.eq(self.x)
        errors = []
        for lane in range(self.parameters.lanes):
            m.submodules[f"lane_{lane}"] = multiplier = LaneMultiplier(parameters=self.parameters)
            share_multiples(m, precomputer, multiplier, self.parameters)
            m.d.comb += [multiplier.weight.eq(self.weights[lane]), self.products[lane].eq(multiplier.product)]
            errors.append(multiplier.error)
        m.d.comb += self.error.eq(Cat(errors).any())
        return m


def multiplier_ports(parameters: AsmParameters, weight_bits: int) -> dict[str, Member]:
    """``x``, ``weights`` and ``products`` of ``lanes`` multipliers that share an input."""
    p = parameters
    return {
        "x": In(p.input_bits),
        "weights": In(data.ArrayLayout(unsigned(weight_bits), p.lanes)),
        "products": Out(data.ArrayLayout(unsigned(p.product_bits), p.lanes)),
    }


def share_multiples(m: Module, precomputer: Precomputer, lane: Block, parameters: AsmParameters) -> None:
    """Give ``lane`` the multiples of ``precomputer``."""
    m.d.comb += [getattr(lane, name).eq(getattr(precomputer, name)) for name in multiple_ports(parameters)]
