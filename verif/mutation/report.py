"""What became of the mutants of a design."""

from collections.abc import Mapping
from dataclasses import dataclass

from verif.mutation.faults import Fault

KILLED, EQUIVALENT, SURVIVED, UNDECIDED = OUTCOMES = ("killed", "equivalent", "survived", "undecided")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault and its outcome.

    ``killed``: the check failed, ``detail`` is its message. ``equivalent``: no input shows the fault in any cycle from
    registers at 0 on, by proof. ``survived``: the check passed, but ``counterexample`` holds inputs by cycle that show
    the fault: the check is too weak. ``undecided``: the check passed and the proof took too long.
    """

    number: int
    fault: Fault
    outcome: str
    detail: str
    counterexample: tuple[Mapping[str, int], ...] = ()

    def __str__(self) -> str:
        return f"{self.number} {self.outcome}: {self.fault}; {self.detail}"


@dataclass(frozen=True, kw_only=True)
class MutationReport:
    """All mutants of one run, by number."""

    design: str
    mutants: tuple[Mutant, ...]
    seed: int
    seconds: float

    @property
    def killed(self) -> int:
        """Mutants on which the check failed."""
        return self._count(KILLED)

    @property
    def equivalent(self) -> int:
        """Mutants proved to behave as the design."""
        return self._count(EQUIVALENT)

    @property
    def survived(self) -> int:
        """Mutants that behave otherwise without the check noticing."""
        return self._count(SURVIVED)

    @property
    def undecided(self) -> int:
        """Mutants that passed the check and of which it is not known whether they behave otherwise."""
        return self._count(UNDECIDED)

    @property
    def score(self) -> float:
        """Share killed of the mutants not proved equivalent; 1 when there are none."""
        harmful = len(self.mutants) - self.equivalent
        return self.killed / harmful if harmful else 1.0

    @property
    def passed(self) -> bool:
        """Whether every mutant is killed or proved equivalent."""
        return self.killed + self.equivalent == len(self.mutants)

    def counts(self) -> dict[str, int]:
        """Number of mutants by outcome."""
        return {outcome: self._count(outcome) for outcome in OUTCOMES}

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in self.counts().items())
        first = f"{len(self.mutants)} mutants of {self.design}: {counts} (seed {self.seed}, {self.seconds:.1f} s)"
        return "\n".join([first, *(str(each) for each in self.mutants if each.outcome in (SURVIVED, UNDECIDED))])

    def _count(self, outcome: str) -> int:
        return sum(each.outcome == outcome for each in self.mutants)
