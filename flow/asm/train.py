"""Train the digits networks and write their integers: `python -m flow.asm.train [FILE]`.

Needs the optional extra `train`, and some minutes. Fixed seed, one thread; only the training half decides the
weights. The same processor type and PyTorch build give the same integers.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from flow.asm.architectures import NETWORKS
from flow.asm.exported import ExportedNetwork
from flow.asm.inference import correct_images, infer
from flow.asm.storage import KEPT, WEIGHTS_FILE, save
from flow.digits.data import PIXEL_MAXIMUM, Digits, load
from gen.tools import ToolMissing

SEED = 1


def networks(digits: Digits) -> Iterator[ExportedNetwork]:
    """Every network that is kept, constrained and retrained from one unconstrained checkpoint a kind."""
    from flow.asm.constrained import retrained, unconstrained
    from flow.asm.training import samples

    data = samples(digits.train_images, digits.train_labels, PIXEL_MAXIMUM)
    checkpoints = {kind: unconstrained(kind, data, SEED) for kind in NETWORKS}
    for name, kept in KEPT.items():
        yield retrained(kept.kind, checkpoints[kept.kind], kept.layers, data, SEED).export(name)


def main(path: Path) -> None:
    """Train, write the integers, print how many test images each network gets right.

    Raises ToolMissing without PyTorch, before anything else.
    """
    from flow.asm import pytorch  # noqa: F401  only tried here

    digits, made = load(), []
    for network in networks(digits):
        made.append(network)
        scores = infer(network, digits.test_images)[-1].outputs
        print(f"{network.name}: {correct_images(scores, digits.test_labels)} of {len(scores)} test images are correct")
    save(made, path)


def target(arguments: list[str]) -> Path:
    """The file to write, from the command line; exit 2 with one line where it cannot be written."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.stderr.write("usage: python -m flow.asm.train [FILE.npz]\n")
        raise SystemExit(2)
    path = Path(arguments[0]) if arguments else WEIGHTS_FILE
    if path.suffix != ".npz" or not path.parent.is_dir():
        sys.stderr.write(f"FILE must end in .npz and lie in an existing folder, not {path}\n")
        raise SystemExit(2)
    return path


if __name__ == "__main__":
    try:
        main(target(sys.argv[1:]))
    except ToolMissing as missing:
        sys.stderr.write(f"{missing}\n")
        raise SystemExit(2) from None
