"""What was converted on the way to products."""

from dataclasses import dataclass
from typing import NamedTuple

from sim_models.crossbar.hooks import Numbers


@dataclass(frozen=True, kw_only=True)
class ConversionRecord:
    """Counts over all vectors and outputs of one call.

    ``conversions``, without those of the unit column; ``min_code`` and ``max_code``, the extremes of what they gave;
    ``saturations``, how many were outside the converter's range; ``accumulations``, additions to output registers, one
    a conversion; ``bitline_saturations``, sums that a bit line of B could not reach.
    """

    conversions: int
    max_code: float
    min_code: float
    saturations: int
    accumulations: int
    bitline_saturations: int = 0


class Dot(NamedTuple):
    """Products (..., outputs) and their record."""

    values: Numbers
    record: ConversionRecord


class Tally:
    """Conversions counted piece by piece."""

    def __init__(self) -> None:
        self._conversions = 0
        self._saturations = 0
        self._bitline_saturations = 0
        self._extremes: list[float] = []

    def converted(self, codes: Numbers, saturations: int) -> None:
        """Count ``codes``, of which ``saturations`` were outside the range."""
        self._conversions += codes.size
        self._saturations += saturations
        self._extremes = [
            min([*self._extremes, codes.min().item()]),
            max([*self._extremes, codes.max().item()]),
        ]

    def lines_saturated(self, number: int) -> None:
        """Count ``number`` sums that a bit line could not reach."""
        self._bitline_saturations += number

    def merge(self, record: ConversionRecord) -> None:
        """Count what ``record`` counted."""
        self._conversions += record.conversions
        self._saturations += record.saturations
        self._bitline_saturations += record.bitline_saturations
        extremes = [*self._extremes, record.min_code, record.max_code]
        self._extremes = [min(extremes), max(extremes)]

    def record(self) -> ConversionRecord:
        """What was counted, of at least one conversion."""
        low, high = self._extremes
        return ConversionRecord(
            conversions=self._conversions,
            max_code=high,
            min_code=low,
            saturations=self._saturations,
            accumulations=self._conversions,
            bitline_saturations=self._bitline_saturations,
        )
