"""How far an image reaches above and below what is rough of it: through smooth skin and faded echoes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from myoscope import View

#: Grey values this close are the same.
SAME_GREY = 1
#: A strip beside an image is border where its grey values span no more than this.
BORDER_SPAN = 4
#: Strips of so many columns inside and outside of an image's side are compared, so many apart for a soft edge.
STRIP, SOFT = 6, 2
#: Rows in which neither side of an image can be seen are bridged up to this share of its height.
BRIDGED_SHARE = 0.04
#: An image that leaves less than this share of the width on either side fills the frame.
FULL_WIDTH_SHARE = 0.02
#: The edge of a panel: half of the columns jump by this much within so many rows.
JUMP_GREY, JUMP_ROWS = 8, 3
#: An image goes on, dark or smooth, while a row has this share of pixels that differ from their neighbors ...
DIM_SHARE = 0.05
#: ... or this share that is not of the border's grey, where so large a share of what lies beside it is of one grey; a
#: row of one grey is a panel.
OFF_BORDER_SHARE = 0.5
BORDER_SHARE = 0.6
PLAIN_SHARE = 0.95
#: Compression smears an edge over its blocks; what goes on for less is not the image.
LEAST_DIM_ROWS = 9
#: Every so many pixels of a border tell its grey.
SPARSE = 4


def extended(mean: NDArray[np.uint8], box: View) -> View:
    """Return the box with the rows above and below in which the image goes on, smooth, dark or faded.

    Its sides tell: between them a row of the image differs from the border outside. An image that fills the width
    of the frame has no sides; it reaches the frame's edge unless a panel begins.

    Args:
        mean: Grey, (y, x).
        box: What is rough of the image.
    """
    rows, columns = box.slices
    top, bottom = rows.start, rows.stop
    gap = BRIDGED_SHARE * box.height
    border = _border_grey(mean, box)
    top -= _further(mean[::-1], len(mean) - top, columns, gap)
    top -= _dim(mean[::-1], len(mean) - top, columns, border)
    bottom += _further(mean, bottom, columns, gap)
    bottom += _dim(mean, bottom, columns, border)
    return View(box.left, top, box.width, bottom - top)


def _further(mean: NDArray[np.uint8], edge: int, columns: slice, gap: float) -> int:
    """Return for how many rows an image goes on from row `edge` on; gaps of up to `gap` rows are bridged."""
    width = mean.shape[1]
    if max(columns.start, width - columns.stop) <= FULL_WIDTH_SHARE * width:
        return 0 if _is_panel(mean[:, columns], edge) else len(mean) - edge
    seen = _sides_seen(mean[edge:], columns)
    reached = 0
    for row in np.flatnonzero(seen):
        if row - reached > gap:
            break
        reached = int(row) + 1
    return reached


def _is_panel(mean: NDArray[np.uint8], edge: int) -> bool:
    """Tell whether a panel lies beyond an edge: it is of one grey, but for text, and most columns jump at the edge."""
    beyond = mean[edge:]
    if not beyond.size or np.bincount(beyond.ravel()).max() < BORDER_SHARE * beyond.size:
        return False
    before, after = max(edge - JUMP_ROWS, 0), min(edge + JUMP_ROWS, len(mean) - 1)
    return float(np.median(np.abs(mean[after].astype(np.int16) - mean[before]))) >= JUMP_GREY


def _sides_seen(lines: NDArray[np.uint8], columns: slice) -> NDArray[np.bool_]:
    """Return in which rows the image between `columns` can be told from a flat border on either side of it."""
    left, right = columns.start, columns.stop
    inside = (slice(left + SOFT, left + SOFT + STRIP), slice(right - SOFT - STRIP, right - SOFT))
    outside = (slice(left - SOFT - STRIP, left - SOFT), slice(right + SOFT, right + SOFT + STRIP))
    seen = np.ones(len(lines), dtype=np.bool_)
    for within, beside in zip(inside, outside, strict=True):
        if beside.start < 0 or beside.stop > lines.shape[1]:
            continue
        border = lines[:, beside].astype(np.float32)
        differs = np.abs(lines[:, within].mean(axis=1) - border.mean(axis=1)) > SAME_GREY
        seen &= differs & (np.ptp(border, axis=1) <= BORDER_SPAN)
    return seen


def _border_grey(mean: NDArray[np.uint8], box: View) -> int | None:
    """Return the grey of what lies beside the box, or None when it has none of its own."""
    rows, columns = box.slices
    sides = (mean[rows, : columns.start], mean[rows, columns.stop :])
    outside = np.concatenate([side[::SPARSE, ::SPARSE].ravel() for side in sides])
    if not outside.size:
        return None
    grey = int(np.bincount(outside).argmax())
    same = np.abs(outside.astype(np.int16) - grey) <= SAME_GREY
    return grey if same.mean() >= BORDER_SHARE else None


def _dim(mean: NDArray[np.uint8], edge: int, columns: slice, border: int | None) -> int:
    """Return for how many rows an image goes on from row `edge` on that are neither flat nor a panel."""
    count = 0
    for row in range(edge, len(mean)):
        line = mean[row, columns].astype(np.int16)
        active = float((np.abs(np.diff(line)) > SAME_GREY).mean()) >= DIM_SHARE
        off_border = border is not None and float((line != border).mean()) >= OFF_BORDER_SHARE
        plain = float((line == np.median(line)).mean()) >= PLAIN_SHARE
        if not active and (plain or not off_border):
            break
        count += 1
    return count if count >= LEAST_DIM_ROWS else 0
