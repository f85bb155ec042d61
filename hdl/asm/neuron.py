"""Whole neurons: multiply-accumulate lanes, and the activation that turns a sum into the next layer's input."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib.wiring import In, Member, Out

from hdl.asm.exact_mac import EXACT_STRUCTURES, ExactMac, exact_mac_ports
from hdl.asm.mac import AsmMac, mac_ports
from hdl.asm.requantize import RoundToInput
from hdl.block import Block
from sim_models.arith.checking import require_choice, require_instance
from sim_models.arith.widths import index_bits
from sim_models.asm import AsmParameters
from sim_models.asm.requantize import shift_bits


class _Neuron(Block):
    """Lanes, the choice of one sum, its activation, a register; a subclass says which lanes."""

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        self.parameters = p = parameters
        ports = {name: member for name, member in self._lane_ports().items() if name != "sums"}
        added = {"lane": In(index_bits(p.lanes)), "shift": In(shift_bits(p)), "relu": In(1)}
        super().__init__({**ports, **added, "word": Out(p.input_word_bits)})

    def _lane_ports(self) -> dict[str, Member]:
        raise NotImplementedError

    def _lanes(self) -> AsmMac | ExactMac:
        raise NotImplementedError

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.mac = mac = self._lanes()
        m.submodules.activation = activation = RoundToInput(parameters=self.parameters)
        m.d.comb += [getattr(mac, name).eq(getattr(self, name)) for name in ("x", "weights", "first", "valid", "clear")]
        chosen = Signal(signed(self.parameters.accumulator_width))
        word = Signal(len(self.word), reset_less=True)
        m.d.comb += [
            chosen.eq(mac.sums[self.lane]),
            activation.total.eq(chosen),
            activation.shift.eq(self.shift),
            activation.relu.eq(self.relu),
            self.word.eq(word),
            self.error.eq(mac.error),
        ]
        m.d.sync += word.eq(activation.word)
        return m


class AsmNeuron(_Neuron):
    """``lanes`` neurons that share an input and, as each needs it once a sum only, one activation.

    Ports: those of `AsmMac` but for the sums; ``lane``, ``shift``, ``relu``: in the next cycle ``word`` is the input
    word of ``clamp(relu(round(sums[lane] / 2^shift)))`` as `RoundToInput` has it, which is `sim_models.asm.requantize`
    with a scale of 1 and no offset. Latency 2 cycles from the last product. A ``lane`` that is not there reads the last
    one. Raises ValueError for ``parameters`` that are no ``AsmParameters``, and for accumulators of more than 53 bits.
    Source: arXiv 1602.08557, whose activation is another; the structure is bitline's.
    """

    def _lane_ports(self) -> dict[str, Member]:
        return mac_ports(self.parameters, self.parameters.input_word_bits, self.parameters.weight_word_bits)

    def _lanes(self) -> AsmMac:
        return AsmMac(parameters=self.parameters)


class ExactNeuron(_Neuron):
    """`AsmNeuron` with the lanes of `ExactMac`; an encoded ``word`` is still what comes out with ``encode_inputs``.

    ``structure`` and errors as `ExactMac` has them.
    """

    def __init__(self, *, parameters: AsmParameters, structure: str = "shared_triple") -> None:
        require_choice("structure", structure, EXACT_STRUCTURES)
        self.structure = structure
        super().__init__(parameters=parameters)

    def _lane_ports(self) -> dict[str, Member]:
        return exact_mac_ports(self.parameters)

    def _lanes(self) -> ExactMac:
        return ExactMac(parameters=self.parameters, structure=self.structure)
