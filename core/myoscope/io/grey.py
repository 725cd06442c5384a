"""Grey of colored pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Channels of a pixel that has a color differ by more than this; what compression does to grey stays below.
COLOR_DIFFERENCE = 32
WHITE = 255


def grey_of(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the luma (ITU-R BT.601) of (y, x, 3) in RGB; equal channels keep their value."""
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def colored(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pixels of (y, x, 3), channels in any order, have a color."""
    import cv2

    channels = [np.ascontiguousarray(rgb[..., c]) for c in range(3)]
    highest = cv2.max(cv2.max(channels[0], channels[1]), channels[2])
    lowest = cv2.min(cv2.min(channels[0], channels[1]), channels[2])
    return np.asarray(cv2.subtract(highest, lowest) > COLOR_DIFFERENCE)


def to_bytes(values: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Return values from 0 to 2 ** bits - 1 on 0 to 255, rounded."""
    whole = (1 << bits) - 1
    scaled = values if whole == WHITE else np.rint(values.astype(np.float32) * (WHITE / whole))
    return np.asarray(scaled, dtype=np.uint8)
