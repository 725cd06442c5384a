"""The noise floor of magnitude images, removed.

Magnitudes are never negative, so noise raises low signals: by 1.25 sigma where there is none, by sigma^2 / 2A where the
signal A is strong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def without_floor(image: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """Return a magnitude image whose local means are those of the signal without noise, float32, any shape.

    The root of M^2 - sigma^2 (Gudbjartsson & Patz, Magn Reson Med 34:910-914, 1995), negative where M is below sigma:
    cut off at 0 the mean would stay too high. For a constant signal A the mean is off by +0.49 sigma at A = 0, +0.10 at
    0.5, at most 0.10 to either side from there on and by less than 0.03 from A = 3 sigma; uncorrected it is 1.25,
    0.83, 0.55 (A = 1) and 0.17. It looks at one voxel alone, so that fat beside muscle does not matter, and holds for
    the average of two images too (at most 0.16 from A = 0.5 on), less well for one smoothed strongly.

    Args:
        image: Untouched.
        sigma: Of the noise in either part of the complex image, in units of `image`; with 0 nothing changes.
    """
    # M x |M|, so that a value below zero, which no magnitude has, stays below zero.
    squares = np.multiply(image, np.abs(image), dtype=np.float32)
    squares -= np.float32(sigma * sigma)
    roots: NDArray[np.float32] = np.copysign(np.sqrt(np.abs(squares)), squares)
    return roots
