"""Labels and frames of pictures in files made for volumes: frames are slices, and no length runs along them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import PICTURE_AXES, Grid

#: Frames lie one step apart in a file that must give its slices a spacing; the step means nothing.
FRAME_STEP = 1.0
#: What a NIfTI calls its values when its slices are frames.
FRAMES_INTENT = b"frames"
#: Key of an NRRD whose slices are frames; its value is the unit of the pixels.
FRAMES_KEY = "myoscope_frames_in"


def as_volume(array: NDArray[Any], grid: Grid) -> tuple[NDArray[Any], Grid]:
    """Return a picture, (y, x), or a video, (frames, y, x), as a volume, (frames, y, x), on a grid of three axes.

    A volume is returned as it is.
    """
    if grid.ndim != PICTURE_AXES:
        return array, grid
    frames = array if array.ndim > PICTURE_AXES else array[None]
    direction = np.eye(3)
    direction[:2, :2] = grid.matrix
    size = (*grid.size, len(frames))
    cells = tuple(float(v) for v in direction.ravel())
    return frames, Grid(size, (*grid.spacing_mm, FRAME_STEP), (*grid.origin, 0.0), cells, grid.unit)
