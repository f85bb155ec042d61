"""One published claim beside what bitline finds."""

from dataclasses import dataclass

from sim_models.crossbar.evidence import require_evidence


@dataclass(frozen=True, kw_only=True)
class Headline:
    """One claim. ``evidence`` is that of ``claim``; ``met`` None where nothing was measured or no criterion is meant.

    Raises ValueError for a label that is none.
    """

    number: int
    title: str
    claim: str
    evidence: str
    found: tuple[str, ...]
    criterion: str
    met: bool | None
    limit: str

    def __post_init__(self) -> None:
        require_evidence(self.evidence)
