"""The exact lanes that those of alphabet sets are compared with: every weight, plain words."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Member, Out

from hdl.arith.columns import Columns
from hdl.arith.integer_multiply import multiply
from hdl.asm.accumulate import SignedAccumulator
from hdl.asm.mac import mac_ports
from hdl.asm.multiplier import multiplier_ports
from hdl.block import Block
from sim_models.arith.checking import require_choice, require_instance
from sim_models.arith.integers import STRUCTURES
from sim_models.asm import AsmParameters

EXACT_STRUCTURES = ("shared_triple", *STRUCTURES)


class ExactProducts(Block):
    """``products[i] = x * weights[i]``, exact, with what can be shared made once. Combinational.

    Ports: ``x`` (unsigned, ``input_bits``), ``weights`` (magnitudes), ``products`` (unsigned, ``product_bits``); lane 0
    is in the low bits. ``structure``: ``shared_triple`` adds a row for every two bits of a weight, 0, 1, 2 or 3 times
    x, of which 3x is made once for all lanes; the others are those of `hdl.arith.IntegerMultiply`, a multiplier a lane,
    which let synthesis share what is equal, as Booth's digits of x.

    Of four lanes the first is the smallest on FreePDK45, by 2 to 9 % of a multiply-accumulate of 4 to 12 bits. Raises
    ValueError for ``parameters`` that are no ``AsmParameters`` and an unknown ``structure``.
    """

    def __init__(self, *, parameters: AsmParameters, structure: str = "shared_triple") -> None:
        require_instance("parameters", parameters, AsmParameters)
        require_choice("structure", structure, EXACT_STRUCTURES)
        self.parameters, self.structure = parameters, structure
        super().__init__(multiplier_ports(parameters, parameters.magnitude_bits))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        triple = Signal(len(self.x) + 2)
        if self.structure == "shared_triple":
            m.d.comb += triple.eq(self.x + Cat(Const(0, 1), self.x))
        for lane in range(self.parameters.lanes):
            m.submodules[f"lane_{lane}"] = multiplier = ExactLaneProduct(
                parameters=self.parameters, structure=self.structure
            )
            m.d.comb += [
                multiplier.x.eq(self.x),
                multiplier.triple.eq(triple),
                multiplier.weight.eq(self.weights[lane]),
                self.products[lane].eq(multiplier.product),
            ]
        return m


class ExactLaneProduct(Block):
    """One lane of `ExactProducts`. Ports: ``x``, ``triple`` (3x, or anything), ``weight``, ``product``."""

    def __init__(self, *, parameters: AsmParameters, structure: str) -> None:
        self.parameters, self.structure = parameters, structure
        p = parameters
        inputs = {"x": In(p.input_bits), "triple": In(p.input_bits + 2), "weight": In(p.magnitude_bits)}
        super().__init__({**inputs, "product": Out(p.product_bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.structure == "shared_triple":
            columns = Columns(self.parameters.product_bits)
            for place in range(0, len(self.weight), 2):
                columns.add(self._row(self.weight[place : place + 2]), place)
            m.d.comb += self.product.eq(columns.total(m, "sum"))
        else:
            m.d.comb += self.product.eq(multiply(m, self.weight, self.x, self.structure))
        return m

    def _row(self, digit: Value) -> Value:
        """``digit * x`` of a digit of two bits, or of one."""
        if len(digit) == 1:
            return self.x & digit.replicate(len(self.x))
        one, two, three = digit[0] & ~digit[1], digit[1] & ~digit[0], digit[0] & digit[1]
        width = len(self.triple)
        single, double = (one.replicate(width) & self.x, two.replicate(width) & Cat(Const(0, 1), self.x))
        return single | double | (three.replicate(width) & self.triple)


class ExactMac(Block):
    """`AsmMac` with exact multipliers: ports and timing are the same, words are plain, and there is no error.

    ``x``: the input's magnitude (``input_bits``), under a sign with ``input_signed``; ``weights``: magnitudes under
    signs (1 + M bits each). ``clear`` does nothing and ``error`` is 0. ``structure`` as `ExactProducts` has it.
    Raises ValueError as `ExactProducts` does.
    """

    def __init__(self, *, parameters: AsmParameters, structure: str = "shared_triple") -> None:
        require_instance("parameters", parameters, AsmParameters)
        require_choice("structure", structure, EXACT_STRUCTURES)
        self.parameters, self.structure = parameters, structure
        super().__init__(exact_mac_ports(parameters))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.products = products = ExactProducts(parameters=p, structure=self.structure)
        negative = self.x[-1] if p.input_signed else Const(0, 1)
        m.d.comb += products.x.eq(self.x[: p.input_bits] & self.valid.replicate(p.input_bits))
        for lane in range(p.lanes):
            m.submodules[f"accumulator_{lane}"] = accumulator = SignedAccumulator(parameters=p)
            m.d.comb += [
                products.weights[lane].eq(self.weights[lane][:-1]),
                accumulator.product.eq(products.products[lane]),
                accumulator.negative.eq(self.weights[lane][-1] ^ negative),
                accumulator.restart.eq(self.first & self.valid),
                self.sums[lane].eq(accumulator.sum),
            ]
        return m


def exact_mac_ports(parameters: AsmParameters) -> dict[str, Member]:
    """Those of `AsmMac` with plain words."""
    return mac_ports(parameters, parameters.input_bits + parameters.input_signed, 1 + parameters.magnitude_bits)
