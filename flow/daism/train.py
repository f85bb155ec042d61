"""Train the network with exact bfloat16 products and write its weights: `python -m flow.daism.train [FILE]`.

Needs numpy only, a minute or so. Fixed seed, and nothing but the training half decides the weights.
"""

import sys
from pathlib import Path

from flow.daism.arithmetic import REFERENCE
from flow.daism.network import WEIGHTS_FILE, save
from flow.daism.training import EPOCHS, train

SEED = 1


def main(path: Path, epochs: int = EPOCHS) -> None:
    """Train, write the weights, print what every epoch gave."""
    network, curve = train(REFERENCE, SEED, epochs, step=print)
    save(network, path)
    print(f"{curve.correct[-1]} of {curve.images} test images are correct")


def target(arguments: list[str]) -> Path:
    """The file to write, from the command line; exit 2 with one line where it cannot be written."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.stderr.write("usage: python -m flow.daism.train [FILE.npz]\n")
        raise SystemExit(2)
    path = Path(arguments[0]) if arguments else WEIGHTS_FILE
    if path.suffix != ".npz" or not path.parent.is_dir():
        sys.stderr.write(f"FILE must end in .npz and lie in an existing folder, not {path}\n")
        raise SystemExit(2)
    return path


if __name__ == "__main__":
    main(target(sys.argv[1:]))
