"""Train the network with exact bfloat16 products and write its weights: `python -m flow.daism.train [FILE]`.

Needs numpy only, a minute or so. Fixed seed, and nothing but the training half decides the weights.
"""

import sys
from pathlib import Path

from flow.daism.arithmetic import REFERENCE
from flow.daism.network import WEIGHTS_FILE, save
from flow.daism.training import EPOCHS, train
from flow.digits.weights_file import target

SEED = 1


def main(path: Path, epochs: int = EPOCHS) -> None:
    """Train, write the weights, print what every epoch gave."""
    network, curve = train(REFERENCE, SEED, epochs, step=print)
    save(network, path)
    print(f"{curve.correct[-1]} of {curve.images} test images are correct")


if __name__ == "__main__":
    main(target(sys.argv[1:], "flow.daism.train", WEIGHTS_FILE))
