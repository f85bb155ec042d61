"""Figures with the evidence that stands behind them; one without a label does not come into being."""

from dataclasses import dataclass

from sim_models.arith.checking import require_choice, require_real

PUBLISHED, REPORTED, OURS, UNVERIFIED = "published", "reported", "ours", "ours, unverified"
EVIDENCE = (PUBLISHED, REPORTED, OURS, UNVERIFIED)
"""``published``: in a primary source. ``reported``: in a secondary account of it. ``ours``: derived or run by bitline.
``ours, unverified``: an assumption, to be varied, never to be cited."""

_LARGEST = 1e18


def require_evidence(evidence: object) -> None:
    """Raise ValueError unless ``evidence`` is one of `EVIDENCE`."""
    require_choice("evidence", evidence, EVIDENCE)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number, its unit, its `EVIDENCE` and its source. Raises ValueError without a label and for NaN and infinity."""

    name: str
    value: float
    unit: str
    evidence: str
    source: str

    def __post_init__(self) -> None:
        require_evidence(self.evidence)
        require_real("value", self.value, -_LARGEST, _LARGEST)
