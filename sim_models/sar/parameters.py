"""Parameters of the successive approximation register controller."""

from dataclasses import dataclass

from sim_models.arith.checking import require_integer

REGISTERS = ("one_hot", "in_code")


@dataclass(frozen=True, kw_only=True)
class SarParameters:
    """A plain successive approximation converter: resolution and cycles of sampling.

    ``register`` says where the controller keeps the bit under test, and changes no output: ``one_hot`` in a shift
    register beside the code register, ``in_code`` in the code register itself, as the lowest one of the trial word.

    Raises ValueError for ``bits`` outside 2..16, ``sample_cycles`` outside 1..256 and another ``register``.
    """

    bits: int = 8
    sample_cycles: int = 1
    register: str = "in_code"

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 2, 16)
        require_integer("sample_cycles", self.sample_cycles, 1, 256)
        if self.register not in REGISTERS:
            raise ValueError(f"register must be one of {', '.join(REGISTERS)}, not {self.register!r}")

    @property
    def maximum(self) -> int:
        """Largest count, and largest code."""
        return (1 << self.bits) - 1

    @property
    def operations_width(self) -> int:
        """Bits of the number of comparisons."""
        return self.bits.bit_length()

    @property
    def latency(self) -> int:
        """Cycles from an accepted start to ``done``: sampling, a cycle a bit, and the cycle of ``done``."""
        return self.sample_cycles + self.bits + 1
