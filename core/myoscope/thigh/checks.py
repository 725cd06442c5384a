"""What is wrong with the labels of a thigh of any modality: coverage, sides, heights and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.qc.coverage import cut_structures, no_thigh_in_view
from myoscope.qc.plausibility import unequal_sides, volumes_outside
from myoscope.thigh.groups import ADDUCTORS, ANTERIOR, GLUTEAL, POSTERIOR
from myoscope.thigh.heights import exchanged_ends
from myoscope.thigh.limits import VOLUME_LIMITS_ML
from myoscope.thigh.sides import wrong_sides

if TYPE_CHECKING:
    from myoscope.data.finding import Finding
    from myoscope.data.measurement import Measurements
    from myoscope.data.segmentation import Segmentation
    from myoscope.ops.regions import Regions

THIGH = (*ANTERIOR, *ADDUCTORS, *POSTERIOR, *GLUTEAL, "femur")
#: Less than this is no thigh.
SMALLEST_THIGH_ML = 10.0
#: Sides that differ by more than this share of the larger one are worth a look.
SIDE_DIFFERENCE = 0.5


def thigh_findings(segmentation: Segmentation, measurements: Measurements, regions: Regions) -> tuple[Finding, ...]:
    """Return what coverage, sides, heights and volumes give away; empty when all is well.

    Args:
        segmentation: The labels.
        measurements: Made of them.
        regions: Sums over them.
    """
    return (
        *no_thigh_in_view(measurements, THIGH, minimum_ml=SMALLEST_THIGH_ML),
        *cut_structures(measurements),
        *wrong_sides(segmentation, regions),
        *exchanged_ends(segmentation, regions),
        *volumes_outside(measurements, VOLUME_LIMITS_ML),
        *unequal_sides(measurements, share=SIDE_DIFFERENCE),
    )
