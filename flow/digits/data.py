"""scikit-learn's handwritten digits: 1797 images of 8 x 8 pixels with values 0..16, in the split of its documentation.

Source: the UCI "Optical Recognition of Handwritten Digits" test set as shipped by `sklearn.datasets.load_digits`.
The split is that of scikit-learn's own digits-classification example: the first half trains, the second half tests,
unshuffled, so that the two halves come from different writers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PIXEL_MAXIMUM = 16
CLASSES = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Digits:
    """Images as uint8 (count, 8, 8) with values 0..16 and labels as int64 (count,) with values 0..9."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def load() -> Digits:
    """Read the digits (from the installed scikit-learn, no download): 898 training and 899 test images."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    pixels = images.astype(np.uint8).reshape(-1, 8, 8)
    train_images, test_images, train_labels, test_labels = train_test_split(
        pixels, labels.astype(np.int64), test_size=0.5, shuffle=False
    )
    return Digits(
        train_images=train_images, train_labels=train_labels, test_images=test_images, test_labels=test_labels
    )
