"""Fat and lean tissue by attenuation: inside a muscle, and between the muscles of a thigh.

HU ranges after Kim 2025: lean -29 to 150, low attenuation -29 to 29, fat -190 to -30, all inclusive for whole HU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.data.grid import Grid


@dataclass(frozen=True, slots=True)
class HURange:
    """Whole HU from `lowest` to `highest`, both included; fractions belong to the whole number below.

    Attributes:
        lowest: First HU that counts.
        highest: Last HU that counts.
    """

    lowest: int
    highest: int

    def holds(self, hu: NDArray[Any]) -> NDArray[np.bool_]:
        """Return where `hu` lies in the range."""
        return np.logical_and(hu >= self.lowest, hu < self.highest + 1)


LEAN = HURange(-29, 150)
LOW_ATTENUATION = HURange(-29, 29)
FAT = HURange(-190, -30)

#: Radius of the disc that may not enter the fascia: it bridges gaps between muscles of up to twice this width.
FASCIA_CLOSING_RADIUS_MM = 10.0


def intermuscular_fat_ml(
    labels: NDArray[np.uint8],
    image: NDArray[Any],
    grid: Grid,
    *,
    wall: NDArray[np.bool_],
    where: tuple[slice, slice, slice],
) -> float:
    """Return the fat inside the fascial envelope of one thigh, outside every labelled structure, in mL.

    The envelope is built slice by slice: the muscles and the femur of the thigh, closed in the plane of the slice with
    a disc of `FASCIA_CLOSING_RADIUS_MM`, and their holes filled. A closing never leaves the convex hull of the muscles,
    so fat under the skin stays outside.

    Args:
        labels: In LPS order.
        image: In HU, the same shape.
        grid: Their grid, in LPS order.
        wall: Whether a label value belongs to the thigh's muscles or femur, shape (256,).
        where: Box of the thigh: its slices, and rows and columns that hold all of `wall`.
    """
    voxels = 0
    for k in range(where[0].start, where[0].stop):
        plane = labels[k, where[1], where[2]]
        envelope = fascial_envelope(wall[plane], (grid.spacing_mm[1], grid.spacing_mm[0]))
        hu = image[k, where[1], where[2]]
        voxels += int(np.count_nonzero(envelope & (plane == 0) & FAT.holds(hu)))
    return voxels * grid.voxel_volume_ml


def fascial_envelope(mask: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """Return a 2D mask closed with a disc of `FASCIA_CLOSING_RADIUS_MM` and without holes, spacing as (row, column)."""
    import cc3d
    from scipy import ndimage

    envelope = np.zeros_like(mask)
    if not mask.any():
        return envelope
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    core = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    margin = [int(FASCIA_CLOSING_RADIUS_MM / s) + 2 for s in spacing_mm]
    padded = np.pad(mask[core], [(m, m) for m in margin])
    grown = ndimage.distance_transform_edt(~padded, sampling=spacing_mm) <= FASCIA_CLOSING_RADIUS_MM
    closed = ndimage.distance_transform_edt(grown, sampling=spacing_mm) > FASCIA_CLOSING_RADIUS_MM
    outside = cc3d.connected_components((~closed).astype(np.uint8), connectivity=4)
    envelope[core] = (outside != outside[0, 0])[margin[0] : -margin[0], margin[1] : -margin[1]]
    return envelope
