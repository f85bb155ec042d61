"""A converter of one conversion a clock cycle: successive approximation registers that take turns."""

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.controller import SarController
from sim_models.arith import IntegerFormat
from sim_models.sar import SarParameters


class InterleavedSar(Block):
    """``bits`` + 2 `hdl.sar.SarController`, as many as a conversion of ``bits`` takes clock cycles, started in turn.

    * ``start``: a conversion samples in the next clock cycle. Each register has an element of ``sample`` (its capacitor
      follows the input), ``dac`` (the word to compare with), ``comparator_enable`` and ``cmp`` (1 if what it sampled is
      at least that word, in the same clock cycle).
    * ``code``: the largest word that the input reaches, ``bits`` + 1 clock cycles after it was sampled; then only.
      ``at_end``: it is the largest one there is, or the smallest one of signed values.

    With ``signed_values`` a word d stands for d - 2^(bits - 1), and the code is two's complement from
    -(2^(bits - 1) - 1): what is below that counts as that. Raises ValueError for ``bits`` outside 2..16.

    Source: textbook; time interleaving and successive approximation.
    """

    def __init__(self, *, bits: int, signed_values: bool) -> None:
        self.parameters = SarParameters(bits=bits)
        self.bits, self.signed_values = bits, signed_values
        self.count = count = self.parameters.latency
        self.formats = {
            "dac": IntegerFormat(kind="unsigned", width=bits),
            "code": IntegerFormat(kind="signed" if signed_values else "unsigned", width=bits),
        }
        super().__init__(
            {
                "start": In(1),
                "sample": Out(data.ArrayLayout(1, count)),
                "dac": Out(data.ArrayLayout(bits, count)),
                "comparator_enable": Out(data.ArrayLayout(1, count)),
                "cmp": In(data.ArrayLayout(1, count)),
                "code": Out(Shape(bits, signed_values)),
                "at_end": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        turn = Signal(self.count, init=1)
        with m.If(self.start):
            m.d.sync += turn.eq(turn.rotate_left(1))
        found: Value = Const(0, self.bits)
        for place in range(self.count):
            m.submodules[f"register_{place}"] = register = SarController(parameters=self.parameters)
            m.d.comb += [
                register.start.eq(self.start & turn[place]),
                register.cmp.eq(self.cmp[place]),
                self.sample[place].eq(register.sample),
                self.dac[place].eq(register.dac),
                self.comparator_enable[place].eq(register.comparator_enable),
            ]
            found = found | (register.code & register.done.replicate(self.bits))
        if self.signed_values:
            lowest = ~found[1:].any()
            # The word 0 stands for one less than the smallest code.
            m.d.comb += self.code.eq(Cat(found[0] | lowest, found[1:-1], ~found[-1]))
            m.d.comb += self.at_end.eq(found.all() | lowest)
        else:
            m.d.comb += [self.code.eq(found), self.at_end.eq(found.all())]
        return m
