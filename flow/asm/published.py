"""Published and reported accuracies of alphabet-set multipliers, to stand beside ours; other networks, other data."""

from dataclasses import dataclass

P1 = "arXiv 1602.08557"
P2 = "ACM JETC 14(2), 2018"
P3 = "arXiv 2302.01990"
PUBLISHED, REPORTED = "published", "reported"


@dataclass(frozen=True, kw_only=True)
class AccuracyFigure:
    """An accuracy in percent of one task: ``alphabets`` None for a conventional multiplier of the same precision."""

    source: str
    evidence: str
    task: str
    bits: int
    alphabets: tuple[int, ...] | None
    percent: float


@dataclass(frozen=True, kw_only=True)
class LossBound:
    """A largest loss of accuracy, in points of a percent: at most ``points``, of ``bits`` where the source says so."""

    source: str
    evidence: str
    subject: str
    bits: int | None
    points: float


def _accuracy(task: str, bits: int, alphabets: tuple[int, ...] | None, percent: float) -> AccuracyFigure:
    return AccuracyFigure(source=P2, evidence=REPORTED, task=task, bits=bits, alphabets=alphabets, percent=percent)


ACCURACIES = (
    _accuracy("face detection", 12, None, 90.71),
    _accuracy("face detection", 12, (1, 3, 5, 7), 90.60),
    _accuracy("face detection", 12, (1,), 90.49),
    _accuracy("face detection", 8, None, 90.66),
    _accuracy("face detection", 8, (1,), 90.23),
    _accuracy("MNIST", 12, None, 97.68),
    _accuracy("MNIST", 12, (1,), 97.33),
    _accuracy("MNIST", 8, None, 97.56),
    _accuracy("MNIST", 8, (1,), 97.18),
    _accuracy("MNIST", 4, None, 97.32),
    _accuracy("MNIST", 4, (1,), 96.31),
)

_SAME = "against a conventional neuron of the same precision"
LOSSES = (
    LossBound(source=P1, evidence=PUBLISHED, subject="five recognition tasks", bits=None, points=2.83),
    LossBound(source=P2, evidence=REPORTED, subject=_SAME, bits=12, points=0.63),
    LossBound(source=P2, evidence=REPORTED, subject=_SAME, bits=8, points=0.84),
    LossBound(source=P2, evidence=REPORTED, subject=_SAME, bits=4, points=2.4),
    LossBound(source=P2, evidence=REPORTED, subject="CIFAR-10, exact multipliers, against float", bits=4, points=4.0),
    LossBound(source=P2, evidence=REPORTED, subject="CIFAR-100, exact multipliers, against float", bits=4, points=7.0),
    LossBound(
        source=P3, evidence=PUBLISHED, subject="CIFAR-10 and ImageNet, ResNet and MobileNet", bits=None, points=2.0
    ),
)
"""P3 states a range, within 1 to 2 points of full precision; its upper end stands here."""
