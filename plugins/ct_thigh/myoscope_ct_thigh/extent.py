"""Which slices of a CT show hip or thigh: told from the bones, so that a network's fancy elsewhere is not believed.

A thigh has compact bone at its sides and next to none in the middle; an abdomen has its spine in the middle. A network
that was trained on thighs alone labels any scan it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope import Grid
from myoscope.ops.components import fill_holes
from myoscope.thigh.extent import midline, trunk_and_legs

#: Cortical bone is denser than this; organs with contrast agent are not.
CORTEX_HU = 350
BODY_HU = -300
#: Bones are looked for on about this spacing in the slice.
COARSE_MM = 2.0
#: In hip and thigh the bones at the sides are at least this many times those in the middle, and at least so large.
SIDES_TO_MIDLINE = 2.0
SMALLEST_BONE_CM2 = 3.0
#: The bone must be what the network calls femur, at least this much of it.
SMALLEST_AGREEMENT_CM2 = 1.0
#: Hip and thigh are believed from this length of slices on.
SMALLEST_LENGTH_MM = 20.0
#: Structures reach this far above the highest and below the lowest slice with a femur: to the iliac crest, to the knee.
ABOVE_MM, BELOW_MM = 170.0, 40.0
#: These end below the top of the femur's head: by 14 mm (rectus femoris) or more in both of Andreassen's bodies.
BELOW_HIP = (
    "femur", "rectus_femoris", "vastus_lateralis", "vastus_intermedius", "vastus_medialis", "pectineus",
    "adductor_longus", "adductor_brevis", "adductor_magnus", "gracilis", "obturator_externus", "quadratus_femoris",
    "semitendinosus", "semimembranosus", "biceps_femoris",
)  # fmt: skip
#: The network may call the roof of the socket femur, and no two people are built alike.
HIP_MARGIN_MM = 30.0


@dataclass(frozen=True, slots=True)
class Extent:
    """Slices, counted from the feet, in which structures can lie.

    Attributes:
        slices: Any of them.
        hip: Before this one lie those that end `BELOW_HIP`.
    """

    slices: slice
    hip: int


def thigh_extent(image: NDArray[Any], femur: NDArray[np.bool_] | None, grid: Grid) -> Extent | None:
    """Return the slices in which structures of hip and thigh can lie, or None when none shows a thigh.

    Args:
        image: HU in LPS order, shape `grid.shape`.
        femur: What the network calls femur, in the same order; None when it was not trained to find it.
        grid: In LPS order.
    """
    step = max(1, round(COARSE_MM / min(grid.spacing_mm[:2])))
    pixel_cm2 = grid.spacing_mm[0] * grid.spacing_mm[1] * step**2 / 100
    middle = midline(image[:, ::step, ::step] > BODY_HU, grid.spacing_mm[0] * step)
    shown = np.zeros(grid.size[2], dtype=bool)
    for k in range(grid.size[2]):
        bone = _compact_bone(image[k, ::step, ::step])
        named = bone if femur is None else bone & femur[k, ::step, ::step]
        enough = _beside(bone, middle[k], SMALLEST_BONE_CM2 / pixel_cm2)
        shown[k] = enough and _beside(named, middle[k], SMALLEST_AGREEMENT_CM2 / pixel_cm2)
    if np.count_nonzero(shown) * grid.spacing_mm[2] < SMALLEST_LENGTH_MM:
        return None
    found = np.flatnonzero(shown)
    low = int(found[0]) - round(BELOW_MM / grid.spacing_mm[2])
    high = int(found[-1]) + round(ABOVE_MM / grid.spacing_mm[2])
    hip = int(found[-1]) + round(HIP_MARGIN_MM / grid.spacing_mm[2])
    return Extent(slice(max(0, low), min(grid.size[2], high + 1)), hip + 1)


def _compact_bone(section: NDArray[Any]) -> NDArray[np.bool_]:
    """Return cortical bone and what it encloses, in the trunk or the legs, not in arms beside them."""
    return fill_holes(section > CORTEX_HU) & trunk_and_legs(section > BODY_HU)


def _beside(bone: NDArray[np.bool_], midline: NDArray[np.bool_], smallest: float) -> bool:
    """Tell whether the bone, in pixels, lies at the sides of the body rather than in its middle."""
    central, lateral = np.count_nonzero(bone[:, midline]), np.count_nonzero(bone[:, ~midline])
    return bool(lateral >= max(smallest, SIDES_TO_MIDLINE * central))
