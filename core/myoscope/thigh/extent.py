"""Where hip and thigh can lie along the body, so that a network's fancy elsewhere is not believed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope.ops.components import CONNECTIVITY
from myoscope.ops.orient import from_lps, to_lps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.data.segmentation import Segmentation

#: Spine, sacrum and symphysis lie within this distance of the middle of the body.
MIDLINE_MM = 35.0
#: A piece of the body below this share of the largest in its slice is an arm, not a leg.
SMALLEST_PIECE_SHARE = 0.25
#: A body narrower than this is a single leg, whose femur may lie anywhere.
SINGLE_LEG_MM = 250.0


def only_slices(segmentation: Segmentation, slices: slice | None) -> Segmentation:
    """Return the segmentation cleared outside `slices`, counted from the feet; None clears all of it."""
    labels, _ = to_lps(segmentation.labels, segmentation.grid)
    kept = np.zeros_like(labels)
    if slices is not None:
        kept[slices] = labels[slices]
    return replace(segmentation, labels=np.ascontiguousarray(from_lps(kept, segmentation.grid)))


def trunk_and_legs(body: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a slice of the body without the arms beside it, shape (j, i)."""
    import cc3d

    if not body.any():
        return body
    pieces = cc3d.connected_components(body, connectivity=CONNECTIVITY[2])
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    large: NDArray[np.bool_] = (areas >= SMALLEST_PIECE_SHARE * areas.max())[pieces]
    return large


def midline(body: NDArray[Any], step_mm: float) -> NDArray[np.bool_]:
    """Return the columns of each slice that lie near the middle of the body, shape (k, i).

    A slice that shows a single leg has no middle.

    Args:
        body: Whether a voxel is tissue, in LPS order.
        step_mm: Distance of the columns.
    """
    x_mm = np.arange(body.shape[2], dtype=np.float64) * step_mm
    columns = body.sum(axis=1)
    total = np.maximum(columns.sum(axis=1), 1)
    middle = float(np.median((columns @ x_mm / total)[columns.any(axis=1)])) if columns.any() else 0.0
    width = (columns > 0).sum(axis=1) * step_mm
    near: NDArray[np.bool_] = (np.abs(x_mm - middle) <= MIDLINE_MM)[None] & (width >= SINGLE_LEG_MM)[:, None]
    return near
