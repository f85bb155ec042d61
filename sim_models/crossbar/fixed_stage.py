"""One stage of the NNADC in integers: comparisons by a table, and the crossbar that turns them into a code."""

from dataclasses import dataclass

import numpy as np

from sim_models.arith.checking import IntArray, require_instance, require_integer
from sim_models.crossbar.fixed_point import require_row
from sim_models.crossbar.fixed_vtc import FixedVtc


@dataclass(frozen=True, kw_only=True)
class FixedStage:
    """Integers of one stage, of 2^bits - 1 neurons j and Gray bits k, the lowest first: ::

        passed_j = vtc(biases_j + input_codes_j value) < 0
        bit_k = output_biases_k + sum_j output_codes_kj (-1 if passed_j else 1) >= 0

    ``input_codes`` (hidden,) and ``output_codes`` (bits, hidden) are the signed conductance codes of the network. The
    biases make both comparisons those of the network's real constants, with no rounding: sums are integers, so that
    the next integer decides. That needs a table that is negative from entry 128 on only. Raises ValueError for shapes
    that do not fit.
    """

    bits: int
    input_codes: tuple[int, ...]
    biases: tuple[int, ...]
    vtc: FixedVtc
    output_codes: tuple[tuple[int, ...], ...]
    output_biases: tuple[int, ...]

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 1, 8)
        require_instance("vtc", self.vtc, FixedVtc)
        for name in ("input_codes", "biases"):
            require_row(name, getattr(self, name), self.hidden)
        require_row("output_biases", self.output_biases, self.bits)
        if not isinstance(self.output_codes, tuple) or len(self.output_codes) != self.bits:
            raise ValueError(f"output_codes must be a tuple of {self.bits} rows, one a bit, not {self.output_codes!r}")
        for row in self.output_codes:
            require_row("output_codes", row, self.hidden)

    @property
    def hidden(self) -> int:
        """Neurons, one a transition of the code."""
        return (1 << self.bits) - 1

    @property
    def cycles(self) -> int:
        """Multiply-accumulates of a conversion: one a neuron, and one a neuron and bit."""
        return self.hidden * (1 + self.bits)

    def sum_bound(self, value_bound: int) -> int:
        """Largest magnitude of the sum of a neuron, of values up to ``value_bound`` in magnitude."""
        pairs = zip(self.input_codes, self.biases, strict=True)
        return max(abs(code) * value_bound + abs(bias) for code, bias in pairs)

    @property
    def output_bound(self) -> int:
        """Largest magnitude of a sum of outputs, partial sums included."""
        pairs = zip(self.output_codes, self.output_biases, strict=True)
        return max(sum(map(abs, codes)) + abs(bias) for codes, bias in pairs)

    def passed(self, values: IntArray) -> IntArray:
        """1 for each neuron that finds int64 ``values`` (...) above its threshold: (..., hidden)."""
        sums = values[..., np.newaxis] * np.array(self.input_codes) + np.array(self.biases)
        return (self.vtc.levels(sums) < 0).astype(np.int64)

    def codes(self, passed: IntArray) -> IntArray:
        """Binary codes (...) of comparisons ``passed`` (..., hidden)."""
        sums = (1 - 2 * passed) @ np.array(self.output_codes).T + np.array(self.output_biases)
        gray = (sums >= 0).astype(np.int64)
        binary = np.cumsum(gray[..., ::-1], axis=-1)[..., ::-1] & 1  # the parity of a bit and those above it
        return binary @ (1 << np.arange(self.bits))
