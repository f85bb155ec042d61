"""Straight-through quantisers of weights and activations on the grid that a set of alphabets supports.

A number ``v`` in steps of a scale becomes ``sign(v) * TABLE[round(min(|v|, maximum))]``, halves to even. Backward, the
rounding counts as the identity inside the clip range, that is up to ``maximum`` steps, and as a constant outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flow.asm.exported import smallest_set
from flow.asm.pytorch import Tensor, nn, torch
from sim_models.arith.checking import require_choice, require_instance
from sim_models.asm import AsmParameters, clip_search, round_inputs, rounding_table, supported_inputs, supported_values

CALIBRATION_VALUES = 4096
"""At most so many values, evenly spread, decide a scale, and at most as many levels."""


@dataclass(frozen=True, kw_only=True)
class ScaleRule:
    """How the scale of weights is found: one per ``layer`` or per output ``channel``; activations have one per layer.

    A search for the best clip sets every scale. ``learned``: training then changes it by its gradient.
    ``power_of_two``: the nearest power of two (of its logarithm) is used.
    """

    granularity: str = "channel"
    learned: bool = False
    power_of_two: bool = False

    def __post_init__(self) -> None:
        require_choice("granularity", self.granularity, ("layer", "channel"))
        require_instance("learned", self.learned, bool)
        require_instance("power_of_two", self.power_of_two, bool)


def straight_through(values: Tensor, exact: Tensor) -> Tensor:
    """``exact`` forward, the gradient of ``values`` backward."""
    return values + (exact - values).detach()


class GridQuantiser(nn.Module):
    """Numbers to multiples of a scale on one grid, or on one grid per output channel.

    ``tables`` (channels or 1, levels): the supported magnitude for each index; the channel is the first axis.
    ``supported``: for each row of ``tables`` its levels, for the clip search. ``scales``: number of scales, 1 or the
    number of channels. The scale is 2^``log2_scale``, 1 until `calibrate` or `set_scale`.
    """

    def __init__(
        self,
        tables: NDArray[np.int64],
        supported: Sequence[NDArray[np.int64]],
        signed: bool,
        scales: int,
        rule: ScaleRule,
    ) -> None:
        super().__init__()
        self.register_buffer("tables", torch.tensor(tables, dtype=torch.float64), persistent=False)
        self.supported = tuple(supported)
        self.maximum, self.signed, self.rule = tables.shape[1] - 1, signed, rule
        self.log2_scale = nn.Parameter(torch.zeros(scales, dtype=torch.float64), requires_grad=rule.learned)

    @property
    def scale(self) -> Tensor:
        """The scales, (scales,)."""
        chosen = self.log2_scale
        if self.rule.power_of_two:
            chosen = straight_through(chosen, chosen.round())
        return torch.exp2(chosen)

    def set_scale(self, scale: NDArray[np.float64] | float) -> None:
        """Set all scales. Raises ValueError unless they are finite and above 0."""
        values = np.broadcast_to(np.asarray(scale, np.float64), (len(self.log2_scale),))
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError("scale must be finite and above 0")
        with torch.no_grad():
            self.log2_scale.copy_(torch.tensor(np.log2(values)))

    def calibrate(self, values: Tensor) -> None:
        """Set the scales to those of the best clip of ``values``, (channels, ...) where there is a scale per channel.

        Zeros say nothing about a clip and are left out. A channel of zeros alone gets scale 1.
        """
        rows = values.detach().double().abs().reshape(len(self.log2_scale), -1).numpy()
        grids = self.supported if len(self.supported) > 1 else self.supported * len(rows)
        if len(rows) == 1 and len(self.supported) > 1:
            grids = (max(self.supported, key=len),)
        self.set_scale(np.array([_best_scale(row, levels) for row, levels in zip(rows, grids, strict=True)]))

    def integers(self, values: Tensor) -> Tensor:
        """``values`` as integers on the grid, float64, without a gradient."""
        with torch.no_grad():
            return self._rounded(values.double() / self._spread(values))

    def forward(self, values: Tensor) -> Tensor:
        """``values`` rounded to the grid, in their own unit and type."""
        scale = self._spread(values)
        steps, low = values.double() / scale, -self.maximum if self.signed else 0
        # The gradient of clamp at its limits is 1 in some versions of PyTorch and 0 in others.
        inside = (steps >= low) & (steps <= self.maximum)
        clipped = torch.where(inside, steps, steps.detach().clamp(low, self.maximum))
        return (straight_through(clipped, self._rounded(clipped.detach())) * scale).to(values.dtype)

    def _spread(self, values: Tensor) -> Tensor:
        """The scales in a shape that broadcasts along the first axis of ``values``."""
        return self.scale.reshape(-1, *(1,) * (values.dim() - 1))

    def _rounded(self, steps: Tensor) -> Tensor:
        magnitudes = steps.abs() if self.signed else steps.clamp(min=0)
        index = magnitudes.clamp(max=self.maximum).round().long()
        if len(self.tables) > 1:
            rows = torch.arange(len(self.tables)) * (self.maximum + 1)
            index = index + rows.reshape(-1, *(1,) * (steps.dim() - 1))
        return torch.sign(steps) * self.tables.flatten()[index] if self.signed else self.tables.flatten()[index]


def weight_quantiser(parameters: Sequence[AsmParameters], channels: int, rule: ScaleRule) -> GridQuantiser:
    """The quantiser of a layer's weights: ``parameters`` are one, or one per channel.

    Raises ValueError for another number of parameters and where they differ in more than their alphabets.
    """
    if len(parameters) not in (1, channels):
        raise ValueError(f"parameters must be 1 or {channels}, one per channel, not {len(parameters)}")
    for p in parameters:
        if replace(p, alphabets=parameters[0].alphabets) != parameters[0]:
            raise ValueError("parameters of one layer must differ in alphabets only")
    tables = np.stack([rounding_table(p) for p in parameters])
    scales = 1 if rule.granularity == "layer" else channels
    return GridQuantiser(tables, [supported_values(p) for p in parameters], True, scales, rule)


def input_quantiser(parameters: Sequence[AsmParameters], rule: ScaleRule) -> GridQuantiser:
    """The quantiser of a layer's inputs: all integers of ``input_bits``, or with ``encode_inputs`` supported ones.

    Of several ``parameters``, the smallest set's grid is taken, which all support. Raises ValueError for signed inputs:
    activations are those behind a ReLU.
    """
    p = smallest_set(parameters)
    if p.input_signed:
        raise ValueError("input_signed must be False for activations behind a ReLU, not True")
    every = np.arange(p.maximum_input + 1)
    table = round_inputs(every, p) if p.encode_inputs else every
    levels = supported_inputs(p) if p.encode_inputs else every
    return GridQuantiser(table[np.newaxis], [levels], False, 1, rule)


def _best_scale(values: NDArray[np.float64], levels: NDArray[np.int64]) -> float:
    some = values[values > 0]
    if not some.size:
        return 1.0
    some = np.sort(some)[np.linspace(0, some.size - 1, min(some.size, CALIBRATION_VALUES)).astype(np.int64)]
    coarse = levels[np.linspace(0, levels.size - 1, min(levels.size, CALIBRATION_VALUES)).astype(np.int64)]
    return float(clip_search(some, coarse))
