"""Regions of a picture as small masks: cut out, cleaned, and turned into borders and outlines.

A pixel with index c covers c - 0.5 to c + 0.5, so a region that starts in row r has its border at r - 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.uint8]
    Curve = NDArray[np.float64]

#: Corners connect, so that a thin slanted line is one piece.
CONNECTIVITY = 8


@dataclass(frozen=True, slots=True)
class Patch:
    """A region cut out of a picture.

    Attributes:
        mask: 1 inside and 0 outside, uint8; its sides touch the region.
        left: Column of the picture that the mask starts in.
        top: Row of the picture that the mask starts in.
    """

    mask: Mask
    left: int
    top: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the picture that the mask covers."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def patch_of(mask: NDArray[np.bool_]) -> Patch | None:
    """Return the box around everything in a mask, or None when it is empty."""
    import cv2

    given = np.ascontiguousarray(mask).view(np.uint8)
    left, top, width, height = cv2.boundingRect(given)
    return Patch(given[top : top + height, left : left + width], left, top) if width else None


def pieces(patch: Patch) -> tuple[Patch, ...]:
    """Return the connected pieces, the largest first; of equals, the one whose first row comes first."""
    import cv2

    outlines, _ = cv2.findContours(patch.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) == 1:  # the usual case, several times faster to find than components
        return (patch,)
    _, found, boxes, _ = cv2.connectedComponentsWithStats(patch.mask, connectivity=CONNECTIVITY)
    order = 1 + np.argsort(-boxes[1:, cv2.CC_STAT_AREA], kind="stable")
    parts = []
    for number in order.tolist():
        left, top, width, height = (int(v) for v in boxes[number, :4])
        part = found[top : top + height, left : left + width] == number
        parts.append(Patch(part.view(np.uint8), patch.left + left, patch.top + top))
    return tuple(parts)


def largest_piece(patch: Patch) -> Patch:
    """Return the largest connected piece."""
    return pieces(patch)[0]


def filled(mask: Mask) -> Mask:
    """Return a mask of one piece without its holes."""
    import cv2

    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED), dtype=np.uint8)


def eroded(patch: Patch, image_shape: tuple[int, int], margin: tuple[int, int]) -> Mask:
    """Return the patch's mask without what lies within `margin` columns and rows of its border.

    The edge of the picture is no border: what it cuts goes on beyond.
    """
    import cv2

    across, down = margin
    rows, columns = patch.slices
    around = (
        min(down, rows.start), min(down, image_shape[0] - rows.stop),
        min(across, columns.start), min(across, image_shape[1] - columns.stop),
    )  # fmt: skip
    padded = cv2.copyMakeBorder(patch.mask, *around, cv2.BORDER_CONSTANT, value=0)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * across + 1, 2 * down + 1))
    inner = cv2.erode(padded, kernel)
    height, width = patch.mask.shape
    return np.ascontiguousarray(inner[around[0] : around[0] + height, around[2] : around[2] + width])


def column_borders(mask: Mask) -> tuple[Curve, Curve]:
    """Return the upper and the lower border of each column of a mask, in its rows; every column needs a pixel."""
    upright = np.ascontiguousarray(mask.T).view(np.bool_)
    first = upright.argmax(axis=1)
    last = mask.shape[0] - 1 - upright[:, ::-1].argmax(axis=1)
    return first - 0.5, last + 0.5


def outline(patch: Patch) -> Curve:
    """Return the outer outline of a patch of one piece as a closed ring of (x, y) in the picture, (n, 2).

    It runs midway between the pixels inside and outside; the last point is the first one.
    """
    from skimage.measure import find_contours

    rings = find_contours(np.pad(filled(patch.mask), 1).astype(np.float64), 0.5, fully_connected="high")
    ring: Curve = max(rings, key=len)[:, ::-1] + np.array([patch.left - 1.0, patch.top - 1.0])
    return ring
