"""A trained network in integers: what the golden model and the hardware compute with, and nothing else.

A network is a chain of convolutions; a fully connected layer is one on images of 1 x 1. A layer takes unsigned
integers, multiplies them by weights on its alphabets' grid, and requantises the sums to the integers of the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flow.asm.words import AffineWords
from sim_models.arith.checking import IntArray, integers, require_integer
from sim_models.asm import AsmParameters, is_supported
from sim_models.asm.requantize import SCALE_BITS, maximum_shift, offset_bits
from sim_models.daism.layers import ConvLayer


def smallest_set(parameters: Sequence[AsmParameters]) -> AsmParameters:
    """The parameters whose inputs all others support where inputs are encoded: those with the fewest alphabets."""
    return min(parameters, key=lambda p: len(p.alphabets))


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportedLayer:
    """One layer in integers.

    ``shape``: channels, outputs, size, kernel, stride and padding; one group. ``parameters``: one for all outputs or
    one per output (mixed alphabets), ``reduction_length`` the length of a sum. ``weights``: signed integers on the
    grid, int64 (length, outputs), index (channel, kernel row, kernel column), kernel column fastest. ``words``: of the
    affine map behind the accumulator. ``relu``: whether results are rectified. ``last``: the results are
    ``sums * scale + offset``, signed, neither shifted nor saturated: scores in one unit.

    Raises ValueError for other shapes and formats, weights off the grid, words out of range.
    """

    shape: ConvLayer
    parameters: tuple[AsmParameters, ...]
    weights: IntArray
    words: AffineWords
    relu: bool
    last: bool = False

    def __post_init__(self) -> None:
        if self.shape.groups != 1:
            raise ValueError(f"groups of {self.shape.name} must be 1, not {self.shape.groups}")
        if len(self.parameters) not in (1, self.shape.outputs):
            raise ValueError(
                f"parameters of {self.shape.name} must be 1 or {self.shape.outputs}, not {len(self.parameters)}"
            )
        if self.main.input_signed:
            raise ValueError("input_signed must be False in a network of rectified layers, not True")
        self._check_weights()
        self._check_words()

    @property
    def main(self) -> AsmParameters:
        """The parameters of the smallest set, whose input grid the layer has; the others differ in alphabets alone."""
        return smallest_set(self.parameters)

    @property
    def length(self) -> int:
        """Products in a sum."""
        return self.shape.channels * self.shape.kernel**2

    @property
    def column_parameters(self) -> tuple[AsmParameters, ...]:
        """The parameters of every output."""
        return self.parameters if len(self.parameters) > 1 else self.parameters * self.shape.outputs

    def _check_weights(self) -> None:
        limit = self.main.maximum_weight
        weights = integers(f"weights of {self.shape.name}", self.weights, -limit, limit)
        if weights.shape != (self.length, self.shape.outputs):
            expected = (self.length, self.shape.outputs)
            raise ValueError(f"weights of {self.shape.name} must be of shape {expected}, not {weights.shape}")
        for p in set(self.parameters):
            own = [column for column, each in enumerate(self.column_parameters) if each == p]
            magnitudes = abs(weights[:, own])
            if not (supported := is_supported(magnitudes, p)).all():
                found = int(magnitudes[~supported][0])
                raise ValueError(
                    f"weights of {self.shape.name} must be supported by alphabets {p.alphabets}, not {found}"
                )

    def _check_words(self) -> None:
        half = 1 << (offset_bits(self.main) - 1)
        ranges = {
            "scale": (0, (1 << SCALE_BITS) - 1),
            "offset": (-half, half - 1),
            "shift": (0, 0 if self.last else maximum_shift(self.main)),
        }
        for name, (low, high) in ranges.items():
            words = integers(f"{name} of {self.shape.name}", getattr(self.words, name), low, high)
            if words.shape != (self.shape.outputs,):
                expected = (self.shape.outputs,)
                raise ValueError(f"{name} of {self.shape.name} must be of shape {expected}, not {words.shape}")


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportedNetwork:
    """Layers in their order; ``input_gain`` is the input that the brightest pixel becomes, at most the largest one.

    Raises ValueError for another gain, and unless each layer fits the one before it and the last alone is ``last``.
    """

    name: str
    layers: tuple[ExportedLayer, ...]
    input_gain: int

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("layers must be one at least, not none")
        require_integer("input_gain", self.input_gain, 1, self.layers[0].main.maximum_input)
        for layer, following in zip(self.layers[:-1], self.layers[1:], strict=True):
            made = (layer.shape.outputs, layer.shape.output_edge, layer.main.input_bits)
            taken = (following.shape.channels, following.shape.size, following.main.input_bits)
            if made != taken:
                raise ValueError(f"{following.shape.name} must take (channels, size, bits) {made}, not {taken}")
        if [layer.last for layer in self.layers] != [False] * (len(self.layers) - 1) + [True]:
            raise ValueError("layers must end with the one and only last layer")
