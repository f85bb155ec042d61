"""What a calibration of the digits network is asked for, and what it found."""

import math
from dataclasses import dataclass

from flow.sar.arrays import ArrayParameters, LayerArrays
from flow.sar.converters import Tally
from flow.sar.greedy import Rung
from flow.sar.statistics import LayerStatistics
from sim_models.arith.checking import require_instance, require_integer
from sim_models.sar import EqualOperations, TrqParameters, is_monotone

MOST_IMAGES = 448
"""Half of the training half: as many again judge the accuracy."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to calibrate for.

    ``bits``: of the converters. ``max_drop``: most loss of accuracy on held-out images, in percentage points.
    ``min_saving``: least bits over comparisons that counts as success, or None. ``images``: those of the histograms,
    evenly spread over the training half. With ``slice_aware`` a squared error counts by the place of its bit line in
    the sum (`flow.sar.statistics.slice_weights`), else alike everywhere; errors are then reported so, too.

    Raises ValueError, naming the field, for bits outside 2..12, a drop that is not from 0 to 100, a saving that is not
    finite and above 0, and images outside 1..448.
    """

    arrays: ArrayParameters
    bits: int = 8
    max_drop: float = 0.5
    min_saving: float | None = None
    images: int = 64
    slice_aware: bool = False

    def __post_init__(self) -> None:
        require_instance("arrays", self.arrays, ArrayParameters)
        require_integer("bits", self.bits, 2, 12)
        require_integer("images", self.images, 1, MOST_IMAGES)
        require_instance("slice_aware", self.slice_aware, bool)
        if not 0 <= self.max_drop <= 100:
            raise ValueError(f"max_drop must be between 0 and 100, not {self.max_drop}")
        if self.min_saving is not None and not 0 < self.min_saving < math.inf:
            raise ValueError(f"min_saving must be finite and above 0, not {self.min_saving}")


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerResult:
    """One layer: its counts on the calibration images, what was chosen, and the clipped converters beside it.

    ``csnr``, ``clipped_csnr``: of the layer's dot products on the calibration images, in dB. ``equal``: clipped
    converters at as many comparisons as ``chosen`` makes here. ``bits_needed``: of a plain converter that loses no
    count seen.
    """

    arrays: LayerArrays
    statistics: LayerStatistics
    lossless: Rung
    chosen: Rung
    clipped: Rung
    csnr: float
    clipped_csnr: float
    equal: EqualOperations
    bits_needed: int

    @property
    def parameters(self) -> TrqParameters:
        """The configuration chosen."""
        assert isinstance(self.chosen.configuration, TrqParameters)
        return self.chosen.configuration

    @property
    def monotone(self) -> bool:
        """Whether a larger count never gives a smaller value."""
        return is_monotone(self.parameters)


@dataclass(frozen=True, kw_only=True)
class Score:
    """A network on images: how many correct, its comparisons, and the mean squared difference of its logits."""

    correct: int
    tally: Tally
    loss: float


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkCalibration:
    """The calibrated network.

    ``held_out`` and ``test``: scores by name: ``lossless`` (twin ranges without error), ``twin_range`` (as chosen),
    ``clipped`` (as many comparisons as twin_range at most) and ``clipped_limit`` (the accuracy limit, and no other).
    ``rate``: conversions per second over the test images, all of the network's arithmetic in it.
    """

    request: Request
    layers: tuple[LayerResult, ...]
    images: dict[str, int]
    exact_correct: dict[str, int]
    held_out: dict[str, Score]
    test: dict[str, Score]
    rate: float

    def saving(self, name: str) -> float:
        """Comparisons of a plain converter over those made on the test images."""
        return self.request.bits / self.test[name].tally.mean

    def drop(self, half: str, name: str) -> float:
        """Loss of accuracy against the network without converters, in percentage points."""
        scores = self.held_out if half == "held_out" else self.test
        return 100 * (self.exact_correct[half] - scores[name].correct) / self.images[half]

    @property
    def failures(self) -> list[str]:
        """What was asked for and not reached."""
        drop, saving = self.drop("held_out", "twin_range"), self.saving("twin_range")
        limit, least = self.request.max_drop, self.request.min_saving
        found = []
        if drop > limit:
            found.append(f"accuracy on held-out images drops by {drop:.2f} pp, more than max_drop = {limit:g} pp")
        if least is not None and saving < least:
            found.append(f"the saving is {saving:.3f}x, less than min_saving = {least:g}")
        return found
