"""Head and feet exchanged: structures that lie one above the other the wrong way round."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from myoscope.data.finding import Finding, Severity
from myoscope.thigh.sides import sides_of

if TYPE_CHECKING:
    from myoscope.data.segmentation import Segmentation
    from myoscope.ops.regions import Regions

#: Height of each structure's center in percent of the femur's length, knee 0, hip 100; means of the four legs of
#: Andreassen et al., Scientific Data 2022, doi 10.1038/s41597-022-01905-2 (CC BY 4.0), which differ by at most 5.
LEVEL_PERCENT: dict[str, float] = {
    "semimembranosus": 31.0,
    "vastus_medialis": 37.0,
    "biceps_femoris": 38.0,
    "femur": 38.0,
    "vastus_intermedius": 50.0,
    "semitendinosus": 52.0,
    "gracilis": 53.0,
    "sartorius": 53.0,
    "vastus_lateralis": 56.0,
    "adductor_magnus": 60.0,
    "adductor_longus": 64.0,
    "rectus_femoris": 68.0,
    "adductor_brevis": 75.0,
    "pectineus": 84.0,
    "quadratus_femoris": 85.0,
    "obturator_externus": 86.0,
    "tensor_fasciae_latae": 90.0,
    "obturator_internus": 91.0,
    "gluteus_maximus": 93.0,
    "piriformis": 103.0,
    "gluteus_minimus": 103.0,
    "iliacus": 104.0,
    "iliac_bone": 106.0,
    "gluteus_medius": 108.0,
    "psoas": 118.0,
}
#: With fewer structures in view nothing is said.
FEWEST = 6
#: Heights in the scan against those in the table correlate by less than this only when they are exchanged; a slab that
#: cuts every structure at both ends may leave them without any relation.
EXCHANGED_BELOW = -0.5


def height_correlation(segmentation: Segmentation, regions: Regions) -> float:
    """Return the Pearson correlation of structures' heights in the scan with those in a body; NaN with too few."""
    found = []
    for name, level in LEVEL_PERCENT.items():
        if name not in segmentation.structures.names:
            continue
        values = [segmentation.structures.label(name, side) for side in sides_of(segmentation)]
        counts = regions.counts[values].sum(axis=0)
        if counts.any():
            found.append((level, float(np.average(np.arange(counts.size), weights=counts))))
    if len(found) < FEWEST or np.ptp([height for _, height in found]) == 0:
        return math.nan
    return float(np.corrcoef(np.array(found).T)[0, 1])


def exchanged_ends(segmentation: Segmentation, regions: Regions) -> tuple[Finding, ...]:
    """Return a finding when what should lie toward the head lies toward the feet; none otherwise."""
    correlation = height_correlation(segmentation, regions)
    if not correlation < EXCHANGED_BELOW:
        return ()
    return (
        Finding(
            code="upside_down",
            severity=Severity.ERROR,
            message="Structures of the hip lie below those of the knee: the heights of the labels against a body's "
            f"correlate by {correlation:.2f}.",
            action="Check the orientation in the file's header; do not use sides, levels or completeness until then.",
        ),
    )
