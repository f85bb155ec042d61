"""What follows a sum: the affine map of its output channel, then rounding, ReLU and saturation to an input word."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hdl.asm.activation_encoder import ActivationEncoder
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.asm import AsmParameters
from sim_models.asm.requantize import SCALE_BITS, affine_bits, offset_bits, shift_bits


class Affine(Block):
    """``total = sum * scale + offset``, exact; combinational.

    Ports: ``sum`` (two's complement, ``accumulator_width`` bits), ``scale`` (unsigned), ``offset``, ``total`` (two's
    complement); widths as `sim_models.asm.requantize` has them. Raises ValueError for parameters that are no
    ``AsmParameters``, and for accumulators too wide.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        super().__init__(
            {
                "sum": In(signed(p.accumulator_width)), "scale": In(SCALE_BITS), "offset": In(signed(offset_bits(p))),
                "total": Out(signed(affine_bits(p))),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.total.eq(self.sum * self.scale + self.offset)
        return m


class RoundToInput(Block):
    """``word``: the input word of ``clamp(relu(round(total / 2^shift)))``, ties up; combinational.

    Ports: ``total`` (two's complement), ``shift`` (unsigned), ``relu``; ``word``: unsigned or sign-magnitude, and
    rounded to a supported magnitude and coded with ``encode_inputs``. Unsigned words are rectified in any case.
    Bit for bit as `sim_models.asm.requantize.requantize`. Raises ValueError as `Affine` does.
    Source: bitline's, in the form of the fixed-point near-memory unit of arXiv 2402.07549.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        inputs = {"total": In(signed(affine_bits(p))), "shift": In(shift_bits(p)), "relu": In(1)}
        super().__init__({**inputs, "word": Out(p.input_word_bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        rounded = self._rounded(m)
        negative = rounded[-1]
        zeroed = negative & self.relu if p.input_signed else negative
        size = Signal(len(rounded))
        m.d.comb += size.eq(Mux(negative, -rounded, rounded) if p.input_signed else rounded)
        beyond = size[p.input_bits :].any()
        magnitude = (size[: p.input_bits] | beyond.replicate(p.input_bits)) & (~zeroed).replicate(p.input_bits)
        body = self._coded(m, magnitude) if p.encode_inputs else magnitude
        m.d.comb += self.word.eq(Cat(body, negative & ~zeroed) if p.input_signed else body)
        return m

    def _rounded(self, m: Module) -> Signal:
        """One bit more than is kept: the half that decides."""
        moved, rounded = Signal(signed(len(self.total) + 1)), Signal(signed(len(self.total)))
        m.d.comb += [
            moved.eq(Cat(0, self.total).as_signed() >> self.shift),
            rounded.eq((moved >> 1) + moved[0]),
        ]
        return rounded

    def _coded(self, m: Module, magnitude: Value) -> Value:
        m.submodules.encoder = encoder = ActivationEncoder(parameters=self.parameters)
        m.d.comb += encoder.magnitude.eq(magnitude)
        return encoder.code
