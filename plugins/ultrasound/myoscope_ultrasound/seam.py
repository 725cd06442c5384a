"""Whether a picture is two images that touch, and where."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Columns this share of the height apart are compared, so that a line drawn in one image does not count.
APART_SHARE = 1 / 80
LEAST_APART = 5
#: At a seam such columns differ by more than this many times what they typically do, over the whole height ...
SEAM_RATIO = 1.65
#: ... and near the top, where the shadow of a bone has not begun. Of 268 single frames of several machines, 150 drawn
#: ones and 200 with a shadow none does both; of 300 pairs put side by side 98% do.
TOP_RATIO, TOP_SHARE = 1.25, 0.2
#: Every so many rows are looked at.
SPARSE = 2
HALF_A_GREY = 0.5
#: Each image has at least this share of the width.
LEAST_SHARE = 0.25


def find_seam(picture: NDArray[np.uint8]) -> int | None:
    """Return the first column of the right-hand image of two that touch, or None when it is one image."""
    height, width = picture.shape
    apart = max(LEAST_APART, round(APART_SHARE * height))
    low, high = int(LEAST_SHARE * width), int((1 - LEAST_SHARE) * width) - apart
    if high - low < apart:
        return None
    values = picture[::SPARSE].astype(np.float32)
    apiece = np.abs(values[:, apart:] - values[:, :-apart])
    whole, upper = _relative(apiece), _relative(apiece[: int(TOP_SHARE * len(apiece)) + 1])
    # A seam lies between apart - 1 pairs in a row; a line between fewer.
    straddling = np.lib.stride_tricks.sliding_window_view(whole[low:high], apart - 1).min(axis=1)
    place = low + int(straddling.argmax())
    if straddling.max() <= SEAM_RATIO or upper[place : place + apart - 1].min() <= TOP_RATIO:
        return None
    return int(place + apart)


def _relative(apiece: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much columns differ by what they typically do; flat pictures count as differing a little."""
    differences = apiece.mean(axis=0)
    return np.asarray(differences / (np.median(differences) + HALF_A_GREY))
