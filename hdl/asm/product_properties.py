"""What pre-computer, decoders, multipliers and code products give, for all operands."""

from dataclasses import replace
from functools import reduce
from operator import or_

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value

from hdl.asm.decoder import CodeDecoder, QuartetDecoder, alphabets_at, select_bits
from hdl.asm.encoded_product import EncodedProduct
from hdl.asm.exact_mac import ExactProducts
from hdl.asm.input_word import input_code_values
from hdl.asm.multiplier import AlphabetMultiplier
from hdl.asm.precomputer import Precomputer
from hdl.property_set import PropertySet
from sim_models.asm import AsmParameters, supported_quartets
from sim_models.asm.coding import REFUSED, code_values
from sim_models.asm.parameters import QUARTET_BITS


class PrecomputerProperties(PropertySet):
    """Each multiple is its alphabet times the input, and the largest can fill all its bits but the last."""

    def __init__(self, *, parameters: AsmParameters, component: Precomputer | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or Precomputer(parameters=parameters))

    def state(self, m: Module) -> None:
        for alphabet in self.parameters.alphabets:
            multiple = getattr(self, f"multiple_{alphabet}")
            self.holds(m, f"is_{alphabet}_times_the_input", multiple == self.x * Const(alphabet))
        self.reaches(m, "top_bit_of_the_largest", multiple[-1])


class DecoderProperties(PropertySet):
    """The lines name the value: the selected alphabet, shifted, is what the word stands for."""

    def __init__(
        self, *, parameters: AsmParameters, place: int, component: QuartetDecoder | CodeDecoder | None = None
    ) -> None:
        self.parameters, self.place = parameters, place
        kind = CodeDecoder if parameters.encode_weights else QuartetDecoder
        super().__init__(component or kind(parameters=parameters, place=place))

    def state(self, m: Module) -> None:
        p = self.parameters
        word = self.code if p.encode_weights else self.quartet
        values = quartet_values(p, self.place)
        value = Signal(QUARTET_BITS)
        refused = Signal()
        m.d.comb += [
            value.eq(Array(max(each, 0) for each in values)[word]),
            refused.eq(Array(int(each == REFUSED) for each in values)[word]),
        ]
        usual = ~refused if p.unsupported == "dont_care" else Const(1, 1)
        lines = sum((line for line in self.shift), start=Const(0, 1))
        self.holds(m, "at_most_one_shift", ~usual | (lines <= 1))
        shifted = (Mux(line, self._alphabet() << by, 0) for by, line in enumerate(self.shift))
        self.holds(m, "alphabet_and_shift_are_the_value", ~usual | (reduce(or_, shifted) == value))
        self.holds(m, "error_where_refused", self.error == (refused if p.unsupported == "refuse" else 0))
        self.reaches(m, "largest_value", value == max(values))

    def _alphabet(self) -> Value:
        """The selected one; of select lines of three alphabets and more all that are 1."""
        alphabets = alphabets_at(self.parameters, self.place)
        if not select_bits(alphabets):
            return Const(alphabets[0], QUARTET_BITS)
        if len(alphabets) == 2:
            return Mux(self.select, alphabets[1], alphabets[0])
        lines = zip(self.select, alphabets, strict=True)
        return reduce(or_, (Mux(line, alphabet, 0) for line, alphabet in lines))


class MultiplierProperties(PropertySet):
    """Each product is weight times input, of supported weights; what is refused is said and counts as 0."""

    def __init__(self, *, parameters: AsmParameters, component: AlphabetMultiplier | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or AlphabetMultiplier(parameters=parameters))

    def state(self, m: Module) -> None:
        errors = []
        for lane in range(self.parameters.lanes):
            product, refused = behavioural(m, self.weights[lane], self.x, self.parameters, f"lane_{lane}")
            usual = ~refused if self.parameters.unsupported == "dont_care" else Const(1, 1)
            self.holds(m, f"lane_{lane}_is_weight_times_input", ~usual | (self.products[lane] == product))
            errors.append(refused)
        expected = Cat(errors).any() if self.parameters.unsupported == "refuse" else Const(0, 1)
        self.holds(m, "error_where_refused", self.error == expected)
        self.reaches(
            m, "largest_product", self.products[0] == _largest_weight(self.parameters) * self.parameters.maximum_input
        )


class ExactProductsProperties(PropertySet):
    """Each product is weight times input."""

    def __init__(self, *, parameters: AsmParameters, component: ExactProducts | None = None) -> None:
        self.parameters = exact_parameters(parameters)
        super().__init__(component or ExactProducts(parameters=self.parameters))

    def state(self, m: Module) -> None:
        for lane in range(self.parameters.lanes):
            product, _ = behavioural(m, self.weights[lane], self.x, self.parameters, f"lane_{lane}")
            self.holds(m, f"lane_{lane}_is_weight_times_input", self.products[lane] == product)
        self.reaches(m, "top_bit_of_a_product", self.products[0][-1])


class EncodedProductProperties(PropertySet):
    """The product is that of the two codes' values."""

    def __init__(self, *, parameters: AsmParameters, component: EncodedProduct | None = None) -> None:
        self.parameters = parameters
        super().__init__(component or EncodedProduct(parameters=parameters))

    def state(self, m: Module) -> None:
        x = Array(input_code_values(self.parameters))[self.x]
        product, refused = behavioural(m, self.weight, x, self.parameters, "codes")
        self.holds(m, "is_the_product_of_the_values", refused | (self.product == product))
        self.reaches(
            m,
            "largest",
            self.product == max(quartet_values(self.parameters, 0)) * max(input_code_values(self.parameters)),
        )


def _largest_weight(p: AsmParameters) -> int:
    return sum(max(quartet_values(p, place)) << QUARTET_BITS * place for place in range(p.quartets))


def exact_parameters(p: AsmParameters) -> AsmParameters:
    """``p`` with plain words, all of them supported."""
    every = tuple(range(1, 1 << QUARTET_BITS, 2))
    return replace(p, placement="neuron", alphabets=every, encode_weights=False, encode_inputs=False)


def quartet_values(p: AsmParameters, place: int) -> tuple[int, ...]:
    """What each stored quartet stands for, `REFUSED` if nothing."""
    if p.encode_weights:
        return code_values(p, place)
    supported = supported_quartets(p, place)
    return tuple(word if word in supported else REFUSED for word in range(1 << p.quartet_bits[place]))


def behavioural(m: Module, weight: Value, x: Value, p: AsmParameters, name: str) -> tuple[Signal, Signal]:
    """``value(weight) * x`` with refused quartets as 0, and whether one is: a product for each quartet, added."""
    product, refused = Signal(p.product_bits, name=f"{name}_product"), Signal(name=f"{name}_refused")
    total: Value = Const(0, 1)
    errors, first = [], 0
    for place, quartet_bits in enumerate(p.quartet_bits):
        width = p.code_bits if p.encode_weights else quartet_bits
        word, values = Value.cast(weight)[first : first + width], quartet_values(p, place)
        value = Signal(quartet_bits, name=f"{name}_value_{place}")
        m.d.comb += value.eq(Array(max(each, 0) for each in values)[word])
        errors.append(Array(int(each == REFUSED) for each in values)[word])
        total = total + ((value * x) << QUARTET_BITS * place)
        first += width
    m.d.comb += [product.eq(total), refused.eq(Cat(errors).any())]
    return product, refused
