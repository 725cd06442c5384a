"""Stored values to real ones, in the smallest type that loses nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def rescale(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    """Return `stored * slope + intercept`.

    The result is `stored` itself for the identity, int16 when slope and intercept are whole numbers and every value
    fits, else float32.
    """
    if slope == 1 and intercept == 0:
        return stored
    return apply_scale(stored, slope, intercept, scaled_type([(stored, slope, intercept)]))


def scaled_type(parts: list[tuple[NDArray[Any], float, float]]) -> np.dtype[Any]:
    """Return int16 or float32, whichever holds every part, (stored values, slope, intercept), after scaling."""
    whole = all(
        array.dtype.kind in "iu" and float(slope).is_integer() and float(intercept).is_integer()
        for array, slope, intercept in parts
    )
    limits = np.iinfo(np.int16)
    ends = [float(end) * slope + intercept for array, slope, intercept in parts for end in (array.min(), array.max())]
    fits = whole and limits.min <= min(ends) and max(ends) <= limits.max
    return np.dtype(np.int16) if fits else np.dtype(np.float32)


def apply_scale(stored: NDArray[Any], slope: float, intercept: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return `stored * slope + intercept` in `dtype`, computed where neither overflows."""
    if dtype.kind == "f":
        scaled = stored.astype(dtype)
        scaled *= dtype.type(slope)
        scaled += dtype.type(intercept)
        return scaled
    return (stored.astype(np.int32) * int(slope) + int(intercept)).astype(dtype)
