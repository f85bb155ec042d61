"""Parameters of the hardware of strategy C."""

from dataclasses import dataclass

from hdl.crossbar.requirements import (
    PORT,
    SAR,
    require_divided,
    require_driven_bits,
    require_slots,
    require_strategy,
    require_unused,
)
from sim_models.arith.checking import require_choice
from sim_models.crossbar import CrossbarParameters, initiation_interval, latency, readout_cycles
from sim_models.crossbar.layers import CROSS_ARRAY_BITS
from sim_models.crossbar.parameters import DIFFERENTIAL, NEURAL_PIM

_PHASES = 3
_CODE = 2  # slots after that of a code in which its sum is held, and the array cycle ends


@dataclass(frozen=True, kw_only=True)
class NeuralPimParameters(CrossbarParameters):
    """`CrossbarParameters` of Neural-PIM as published, and the ``converter``.

    ``converter``: 'port', the neural network that it has, which gives its code in the slot after; or 'sar', successive
    approximation registers in its place that take turns, one slot each, and whose words are codes of the same range.

    There are always two banks of holds; ``clear_cycles`` and ``cascade_tail_cycles``, of strategy B, have their
    defaults. ``range_fraction`` is of the analog converter around the hardware, ``cycle_time_ns`` says how long an
    array cycle is meant to be.

    Raises ValueError as `CrossbarParameters` does, for another strategy or fields of one, for signed inputs with
    dac_bits above 1, for offset weights, for a single bank of holds, for converters that do not divide the outputs or
    take longer than the slices of a vector, and for fewer slots than an accumulation has phases, or than a code needs
    until it is added.
    """

    strategy: str = NEURAL_PIM
    dac_bits: int = 4
    converter: str = PORT

    def __post_init__(self) -> None:
        require_strategy(self, NEURAL_PIM)
        super().__post_init__()
        require_driven_bits(self)
        require_choice("weight_encoding of this hardware", self.weight_encoding, (DIFFERENTIAL,))
        require_unused(self, "double_buffer", "clear_cycles", "cascade_tail_cycles")
        require_divided(self)
        require_slots(self, _PHASES, "one for each phase of an accumulation")
        require_choice("converter", self.converter, (PORT, SAR))
        require_slots(self, self.converter_delay + _CODE, "for the last code of a scan")
        initiation_interval(self)

    @property
    def groups(self) -> int:
        """Outputs of each converter."""
        return self.outputs // self.converters

    @property
    def code_bits(self) -> int:
        """Bits of a code, with its sign."""
        return self.output_bits

    @property
    def converter_delay(self) -> int:
        """Slots from the one in which a hold is sampled to the one in which its code is there."""
        return 1 if self.converter == PORT else self.code_bits + 1

    @property
    def converts_always(self) -> bool:
        """Whether the conversions of a vector take as long as all its slices: they can follow at once."""
        return readout_cycles(self) == self.cycles

    @property
    def result_stages(self) -> int:
        """Output registers that a result needs until it is written, while others follow."""
        return max(1, 4 - self.cycles) if self.converts_always else 1

    @property
    def product_bits(self) -> int:
        """Width of a result, the sum of the codes of its row blocks, two's complement."""
        return CROSS_ARRAY_BITS

    @property
    def latency_clocks(self) -> int:
        """Clock cycles from an accepted start to the last slot of the last array cycle."""
        return latency(self) * self.slots_per_cycle - 1
