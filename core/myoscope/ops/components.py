"""Keep what belongs to a structure and drop the islands around it; close the holes inside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from myoscope.ops.regions import label_boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Faces connect voxels, edges and corners do not.
CONNECTIVITY = {2: 4, 3: 6}


def keep_largest(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the labels with only the largest component of each value; of equals the first in memory is kept."""
    return remove_islands(labels, smallest_share=math.inf)


def remove_islands(labels: NDArray[np.uint8], *, smallest_share: float) -> NDArray[np.uint8]:
    """Return the labels without components that are small beside the largest one of their value.

    Each value is looked at inside its own box, so memory beyond the result stays at the size of a box.

    Args:
        labels: 2D or 3D; untouched.
        smallest_share: A component stays when its voxel count is at least this share of the largest one's.
    """
    import cc3d

    kept = labels.copy()
    for value, where in label_boxes(labels).items():
        mask = labels[where] == value
        components, count = cc3d.connected_components(mask, connectivity=CONNECTIVITY[mask.ndim], return_N=True)
        if count == 1:
            continue
        sizes = np.bincount(components.ravel(), minlength=count + 1)
        sizes[0] = 0
        keep = sizes >= smallest_share * sizes.max()
        keep[sizes.argmax()] = True
        kept[where][mask & ~keep[components]] = 0
    return kept


def fill_holes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a 2D mask with all that it encloses: what no path over pixel faces reaches from beyond the edge."""
    import cc3d

    around = np.pad(~mask, 1, constant_values=True)
    pieces = cc3d.connected_components(around, connectivity=CONNECTIVITY[2])
    filled: NDArray[np.bool_] = (pieces != pieces[0, 0])[1:-1, 1:-1]
    return filled
