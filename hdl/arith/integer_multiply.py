"""Exact integer multiplier: the conventional one that others are compared with."""

from amaranth.hdl import Cat, Module, Shape, Signal, Value, signed, unsigned
from amaranth.lib.wiring import In, Out

from hdl.arith.columns import Columns
from hdl.arith.partial_products import add_array, add_booth
from hdl.block import Block
from sim_models.arith import IntegerFormat, MultiplyParameters
from sim_models.arith.checking import require_instance


class IntegerMultiply(Block):
    """``product = a * b``, exact.

    Ports: ``a``, ``b``, ``product``, in the formats and widths of ``parameters``: two's complement, unsigned, or sign
    (top bit) and magnitude. A product of sign and magnitude has the exclusive or of the signs, so that a zero may come
    out as -0. Combinational.

    Raises ValueError for ``parameters`` that are no ``MultiplyParameters``.
    """

    def __init__(self, *, parameters: MultiplyParameters) -> None:
        require_instance("parameters", parameters, MultiplyParameters)
        self.parameters = p = parameters
        self.formats = {"a": p.a, "b": p.b, "product": p.product}
        super().__init__({"a": In(shape(p.a)), "b": In(shape(p.b)), "product": Out(shape(p.product))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        product = multiply(m, magnitude(self.a, p.a), magnitude(self.b, p.b), p.structure)
        m.d.comb += self.product.eq(Cat(product, product_sign(self.a, self.b, p)))
        return m


def multiply(m: Module, a: Value, b: Value, structure: str) -> Value:
    """The product of two's complement or unsigned operands, of as many bits as both have together."""
    width = len(a) + len(b)
    if structure == "operator":
        return (a * b)[:width]
    columns = Columns(width)
    if structure == "booth":
        add_booth(m, columns, a, b)
    else:
        add_array(columns, a, b)
    return columns.total(m, "product")


def magnitude(word: Signal, form: IntegerFormat) -> Value:
    """The word without the sign of sign and magnitude; any other word as it is."""
    return word[: form.magnitude_bits] if form.kind == "sign_magnitude" else word


def product_sign(a: Signal, b: Signal, parameters: MultiplyParameters) -> Value:
    """The sign of a product of sign and magnitude; no bits where the product is of another format."""
    signs = [word[-1] for word, form in ((a, parameters.a), (b, parameters.b)) if form.kind == "sign_magnitude"]
    return signs[0] ^ signs[1] if len(signs) == 2 else Cat(signs)


def shape(form: IntegerFormat) -> Shape:
    """The shape of a port of this format."""
    return signed(form.width) if form.signed else unsigned(form.width)
