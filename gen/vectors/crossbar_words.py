"""Words of the streams of crossbar tiles."""

import numpy as np
from numpy.typing import NDArray


def word(values: NDArray[np.int64], width: int) -> int:
    """Values of ``width`` bits side by side in one word, the first one lowest."""
    return sum((int(value) & (1 << width) - 1) << width * place for place, value in enumerate(values))
