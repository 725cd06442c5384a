"""Every number of a thigh CT: volume, cross-section, density and fat, by structure, group and side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope import Measurements, Scan, Segmentation, Structure, Subject
from myoscope.ops.orient import to_lps
from myoscope.ops.regions import Regions, deviation, mean, padding_mask, summarize, values_of
from myoscope.thigh.shape import BY_COUNT, Quantity, Shapes, require_same_grid, shape_rows
from myoscope_ct_thigh.compartments import FAT, LEAN, LOW_ATTENUATION
from myoscope_ct_thigh.thigh import thigh_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: No tissue and no air is this low: what is, was never measured.
IMPOSSIBLE_HU = -2000
#: The corners of a circular field may be filled with the lowest stored value.
LOWEST_STORED_HU = -1020

COMPARTMENTS = (
    ("lean_volume", LEAN, f"-29 to 150 HU, {BY_COUNT}"),
    ("low_attenuation_volume", LOW_ATTENUATION, f"-29 to 29 HU (30 HU is not low), {BY_COUNT}"),
    ("intramuscular_fat_volume", FAT, f"-190 to -30 HU inside the muscle, {BY_COUNT}"),
)
#: Quantities that add up, in the order they are written.
EXTENSIVE = ("volume", *(quantity for quantity, _, _ in COMPARTMENTS), "volume_height2")


def measure(scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:
    """Return every measurement: structures by id, then groups, then the thigh; right, left, both of each.

    Raises:
        GeometryError: A segmentation that does not lie on the scan's grid.
    """
    require_same_grid(scan, segmentation)
    image = to_lps(scan.image, scan.grid)[0]
    labels = to_lps(segmentation.labels, scan.grid)[0]
    padding = padding_mask(image, below=IMPOSSIBLE_HU, constant_below=LOWEST_STORED_HU)
    regions = summarize(segmentation.labels, scan.grid, scan.image, padding)

    def own(structure: Structure, value: int) -> Iterator[Quantity]:
        return _density(labels, image, regions, (structure, value))

    rows = shape_rows(Shapes(regions, segmentation, subject.height_m, own, EXTENSIVE))
    return Measurements((*rows, *thigh_rows(labels, image, regions, segmentation)))


def _density(
    labels: NDArray[np.uint8], image: NDArray[Any], regions: Regions, which: tuple[Structure, int]
) -> Iterator[Quantity]:
    """Yield density, and of a muscle its compartments, of one label that is present."""
    structure, value = which
    hu = values_of(labels, image, regions, value)
    yield Quantity("hu_mean", mean(regions, value), "HU", "mean of voxels")
    yield Quantity("hu_sd", deviation(regions, value), "HU", "standard deviation of voxels (n)")
    yield Quantity("hu_median", float(np.median(hu)), "HU", "median of voxels")
    if structure.kind == "muscle":
        for quantity, hu_range, method in COMPARTMENTS:
            count = int(np.count_nonzero(hu_range.holds(hu)))
            yield Quantity(quantity, count * regions.grid.voxel_volume_ml, "mL", method)
