"""Accuracies beside energies: networks retrained here where PyTorch is, and the committed integers everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from flow.asm.accuracy import RETRAINED, SETS, WIDTHS, accuracy_table
from flow.asm.inference import correct_images, infer
from flow.asm.storage import KEPT, load
from flow.digits.data import load as load_digits

COMMITTED = "committed integers"
TRAINED_NETWORK = "mlp"


@dataclass(frozen=True, kw_only=True)
class AccuracyPoint:
    """Share of correct test images of a digits network with one set and width; ``origin``: of which weights.

    ``coded``: activations lie on the alphabets' grid too. ``last``: alphabets of the last layer if it has others.
    ``seeds``: trainings that it is the mean of.
    """

    network: str
    bits: int
    alphabets: tuple[int, ...]
    coded: bool
    origin: str
    seeds: int
    images: int
    accuracy: float
    last: tuple[int, ...] | None = None

    @property
    def plain(self) -> bool:
        """One set for all layers, and inputs that are not coded."""
        return not self.coded and self.last is None


def committed_accuracy() -> tuple[AccuracyPoint, ...]:
    """The networks whose integers are part of the flow; no PyTorch needed."""
    digits, found = load_digits(), []
    for name, kept in KEPT.items():
        scores = infer(load(name), digits.test_images)[-1].outputs
        p = kept.parameters
        found.append(
            AccuracyPoint(
                network=kept.kind,
                bits=p.weight_bits,
                alphabets=p.alphabets,
                last=kept.last,
                coded=p.encode_inputs,
                origin=COMMITTED,
                seeds=1,
                images=len(scores),
                accuracy=correct_images(scores, digits.test_labels) / len(scores),
            )
        )
    return tuple(found)


def trained_accuracy(step: Callable[[str], None]) -> tuple[AccuracyPoint, ...]:
    """The perceptron retrained for every set and width, mean of three seeds; nothing without PyTorch."""
    if find_spec("torch") is None:
        return ()
    rows = accuracy_table((TRAINED_NETWORK,), WIDTHS, SETS, (RETRAINED,), step=step)
    return tuple(
        AccuracyPoint(
            network=row.network,
            bits=row.bits,
            alphabets=row.alphabets,
            coded=row.coded,
            origin=row.method,
            seeds=len(row.seeds),
            images=row.images,
            accuracy=row.accuracy,
        )
        for row in rows
    )


def losses(points: tuple[AccuracyPoint, ...]) -> Mapping[tuple[str, str, int, tuple[int, ...]], float]:
    """Points of a percent lost against all eight alphabets of the same network, origin and width, where these are."""
    plain = {(each.network, each.origin, each.bits, each.alphabets): each for each in points if each.plain}
    return {
        key: 100 * (plain[*key[:3], SETS[-1]].accuracy - each.accuracy)
        for key, each in plain.items()
        if (*key[:3], SETS[-1]) in plain and key[3] != SETS[-1]
    }
