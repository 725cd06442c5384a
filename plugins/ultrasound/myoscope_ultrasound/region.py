"""Which rectangles of a frame show tissue: speckle changes from pixel to pixel both ways, panels and bars do not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope import View
from myoscope.data.grid import PICTURE_AXES
from myoscope_ultrasound.reach import extended
from myoscope_ultrasound.seam import find_seam

#: Neighboring pixels that differ by no more are flat, and by so much or more certainly not; compression leaves little.
FLAT_GREY = 1
ROUGH_GREY = 4
#: Share of roughness around a place in tissue, both along rows and along columns.
TISSUE_SHARE = 0.12
#: Places are averaged over this share of the frame's shorter side.
FINE_SHARE = 1 / 24
#: Images are larger than this share of the shorter side, both ways; text, bars and rulers are smaller.
LEAST_IMAGE_SHARE = 1 / 7
#: Flat places in an image, such as the shadow of a bone, are bridged up to this share of the shorter side.
BRIDGED_SHARE = 1 / 16
#: A second image has at least this share of the first one's area.
SECOND_IMAGE_SHARE = 0.3
#: Two boxes of which one covers this share of the other are one image.
SAME_IMAGE_SHARE = 0.5
#: The roughest stretch of a row, and of a column, has at least this share of the roughness of a typical one's: enough
#: to cut a ruler off, not the corner of a sector. Fewer lines without are no gap.
ROW_SHARE = 0.15
COLUMN_SHARE = 0.3
LEAST_GAP_LINES = 3
#: A row or column is looked at in so many stretches.
STRETCHES = 8
#: Echoes so bright may be flat for their saturation; they are no gap.
BRIGHT_GREY = 240
#: Side of the blocks in which roughness is first looked at.
BLOCK = 4
#: Larger frames are looked at in steps of whole pixels; what is finer than this share of a frame does not matter.
LOOKED_AT_SIDE = 720
#: Frames of a video that are looked at, evenly spread.
FRAMES_LOOKED_AT = 8
WHITE = 255


@dataclass(frozen=True, slots=True)
class _Look:
    """A frame, or the mean of a video's, and where it is rough.

    Attributes:
        mean: (y, x), grey.
        along_rows: (y - 1, x - 1), 0 to 255: how much neighbors along a row differ.
        along_columns: The same along a column.
    """

    mean: NDArray[np.uint8]
    along_rows: NDArray[np.uint8]
    along_columns: NDArray[np.uint8]


def find_views(frames: NDArray[np.uint8]) -> tuple[View, ...]:
    """Return the rectangles that show tissue, from left to right and top to bottom; empty when nothing does.

    Borders, text, rulers, gray bars and panels lie outside. A sector or trapezoid gives the rectangle around it.

    Args:
        frames: Grey, (y, x), or (frames, y, x) of a video, whose changes over time count as tissue too.
    """
    shorter = min(frames.shape[-2:])
    if shorter <= BLOCK:
        return ()
    step = -(-shorter // LOOKED_AT_SIDE)
    look = _look(frames, step)
    boxes = [box for place, around in _images(_tissue_mask(look)) for box in _cut(look, place, around)]
    largest = max((box.width * box.height for box in boxes), default=0)
    kept = [extended(look.mean, box) for box in boxes if box.width * box.height >= SECOND_IMAGE_SHARE * largest]
    views = [view for box in _apart(kept) for view in _parted(look, box)]
    ordered = sorted(views, key=lambda view: (view.left, view.top))
    return tuple(_enlarged(view, step, frames.shape[-2:]) for view in ordered)


def _apart(boxes: list[View]) -> list[View]:
    """Return the boxes without those that have grown into a larger one: they were two parts of one image."""
    kept: list[View] = []
    for box in sorted(boxes, key=lambda box: -box.width * box.height):
        rows, columns = box.slices
        for other in kept:
            down = min(rows.stop, other.top + other.height) - max(rows.start, other.top)
            across = min(columns.stop, other.left + other.width) - max(columns.start, other.left)
            if min(down, across) > 0 and down * across >= SAME_IMAGE_SHARE * box.width * box.height:
                break
        else:
            kept.append(box)
    return kept


def _enlarged(view: View, step: int, shape: tuple[int, ...]) -> View:
    """Return the view in pixels of a frame of `shape` that was looked at in steps of `step`."""
    left, top = view.left * step, view.top * step
    return View(left, top, min(view.width * step, shape[1] - left), min(view.height * step, shape[0] - top))


def _look(frames: NDArray[np.uint8], step: int) -> _Look:
    import cv2

    if frames.ndim == PICTURE_AXES:
        return _still(_shrunk(frames, step))
    count = len(frames)
    chosen = np.unique(np.linspace(0, count - 1, min(count, FRAMES_LOOKED_AT)).astype(int))
    looked_at = [_shrunk(frames[i], step) for i in chosen]
    stills = [_still(frame) for frame in looked_at]
    means = [_mean([getattr(s, name) for s in stills]) for name in ("mean", "along_rows", "along_columns")]
    if len(looked_at) > 1:
        changes = _mean([_roughness(cv2.absdiff(a, b)) for a, b in itertools.pairwise(looked_at)])[:-1, :-1]
        means[1:] = [np.maximum(means[1], changes), np.maximum(means[2], changes)]
    return _Look(*means)


def _shrunk(frame: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    import cv2

    frame = np.ascontiguousarray(frame)
    if step == 1:
        return frame
    size = (-(-frame.shape[1] // step), -(-frame.shape[0] // step))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _still(frame: NDArray[np.uint8]) -> _Look:
    import cv2

    return _Look(
        frame,
        _roughness(cv2.absdiff(frame[:-1, 1:], frame[:-1, :-1])),
        _roughness(cv2.absdiff(frame[1:, :-1], frame[:-1, :-1])),
    )


def _roughness(difference: NDArray[np.integer | np.floating]) -> NDArray[np.uint8]:
    """Return 0 where a difference of neighbors is flat, rising to 255 where it is rough."""
    import cv2

    ramp = np.clip((np.arange(WHITE + 1) - FLAT_GREY) * (WHITE / (ROUGH_GREY - FLAT_GREY)), 0, WHITE).astype(np.uint8)
    return np.asarray(cv2.LUT(difference, ramp), dtype=np.uint8)


def _mean(arrays: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return np.asarray(np.mean(arrays, axis=0), dtype=np.uint8)


def _tissue_mask(look: _Look) -> NDArray[np.uint8]:
    """Return which blocks belong to images, 0 or 1."""
    import cv2

    height, width = look.along_rows.shape
    size = (-(-width // BLOCK), -(-height // BLOCK))
    fine, bridge, least = (_odd(min(size) * share) for share in (FINE_SHARE, BRIDGED_SHARE, LEAST_IMAGE_SHARE))
    shares = [
        cv2.blur(cv2.resize(rough, size, interpolation=cv2.INTER_AREA), (fine, fine), borderType=cv2.BORDER_REFLECT)
        for rough in (look.along_rows, look.along_columns)
    ]
    mask = (np.minimum(*shares) >= TISSUE_SHARE * WHITE).astype(np.uint8)
    padded = np.pad(mask, bridge)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((bridge, bridge), np.uint8))[
        bridge:-bridge, bridge:-bridge
    ]
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((least, least), np.uint8))
    return np.asarray(cv2.min(cv2.dilate(opened, np.ones((least, least), np.uint8)), closed), dtype=np.uint8)


def _odd(length: float) -> int:
    return 2 * int(length / 2) + 1


def _images(mask: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], View]]:
    """Yield mask and box in blocks of each image, which may hold several that nearly touch."""
    import cv2

    count, numbered, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    for number in range(1, count):
        yield (numbered == number).astype(np.uint8), View(*(int(v) for v in stats[number, :4]))


def _cut(look: _Look, place: NDArray[np.uint8], around: View) -> list[View]:
    """Return the boxes, in pixels, that remain of an image's blocks when they are cut at every gap."""
    import cv2

    height, width = look.along_rows.shape
    around_place = cv2.dilate(place, np.ones((3, 3), np.uint8))
    near = np.asarray(cv2.resize(around_place, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    rough = _Look(look.mean, look.along_rows * near, look.along_columns * near)
    left, top = max(around.left - 1, 0) * BLOCK, max(around.top - 1, 0) * BLOCK
    box = View(
        left,
        top,
        min((around.left + around.width + 1) * BLOCK, width) - left,
        min((around.top + around.height + 1) * BLOCK, height) - top,
    )
    least = int(min(look.mean.shape) * LEAST_IMAGE_SHARE)
    return list(_pieces(rough, box, least))


def _pieces(rough: _Look, box: View, least: int) -> Iterator[View]:
    """Yield what is at least `least` pixels wide and high of a box cut at gaps, again until none is left."""
    rows, columns = box.slices
    bright = (rough.mean[rows, columns] >= BRIGHT_GREY) * np.uint8(WHITE)
    across = _roughest(np.maximum(rough.along_rows[rows, columns], bright).T)
    along = _roughest(np.maximum(rough.along_columns[rows, columns], bright))
    spans_y = [s for s in _spans(across, ROW_SHARE) if s[1] - s[0] >= least]
    spans_x = [s for s in _spans(along, COLUMN_SHARE) if s[1] - s[0] >= least]
    for (top, bottom), (left, right) in itertools.product(spans_y, spans_x):
        piece = View(box.left + left, box.top + top, right - left, bottom - top)
        if piece == box:
            height, width = rough.along_rows.shape
            reaches = (piece.left + piece.width == width, piece.top + piece.height == height)
            yield View(piece.left, piece.top, piece.width + reaches[0], piece.height + reaches[1])
        else:
            yield from _pieces(rough, piece, least)


def _roughest(roughness: NDArray[np.uint8]) -> NDArray[np.floating]:
    """Return for each column the roughness of its roughest stretch."""
    height, width = roughness.shape
    stretch = max(height // STRETCHES, 1)
    used = height // stretch * stretch
    return np.asarray(roughness[:used].reshape(-1, stretch, width).mean(axis=1).max(axis=0))


def _spans(profile: NDArray[np.floating], share: float) -> list[tuple[int, int]]:
    """Return start and stop of each stretch without a gap in a profile of roughness."""
    typical = float(np.percentile(profile, 75))
    active = np.flatnonzero(profile >= max(share * typical, 1.0))
    if not len(active):
        return []
    breaks = np.flatnonzero(np.diff(active) > LEAST_GAP_LINES)
    starts = active[np.concatenate([[0], breaks + 1])]
    stops = active[np.concatenate([breaks, [-1]])] + 1
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def _parted(look: _Look, view: View) -> tuple[View, ...]:
    """Return the view, or its two parts when two images touch in it."""
    seam = find_seam(look.mean[view.slices])
    if seam is None:
        return (view,)
    right = View(view.left + seam, view.top, view.width - seam, view.height)
    return View(view.left, view.top, seam, view.height), right
