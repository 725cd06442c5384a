"""Fat between the muscles of a thigh, from the lower end of the femur to below the hip bone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from myoscope.thigh.envelope import ENVELOPE, Thigh, depot_rows, intermuscular_fat_ml
from myoscope_ct_thigh.compartments import FAT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from myoscope import Measurement, Segmentation, Side
    from myoscope.ops.regions import Regions

METHOD = f"-190 to -30 HU outside muscle and bone inside {ENVELOPE}"


def thigh_rows(
    labels: NDArray[np.uint8], image: NDArray[Any], regions: Regions, segmentation: Segmentation
) -> list[Measurement]:
    """Return the intermuscular fat of the right thigh, the left one and both; arrays are in LPS order."""

    def volume_ml(_side: Side, thigh: Thigh) -> tuple[float, str]:
        return intermuscular_fat_ml(labels, thigh, regions, lambda part: FAT.holds(image[part])), ""

    return depot_rows(regions, segmentation, named=("intermuscular_fat_volume", METHOD), volume_ml=volume_ml)
