"""Area and mean intensity of every structure in every slice of a volume, or every frame of a picture or video."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from myoscope.data.grid import PICTURE_AXES, LengthUnit
from myoscope.data.result import SliceRow
from myoscope.errors import GeometryError
from myoscope.ops.regions import LABEL_VALUES, csa_cm2, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from myoscope.data.grid import Grid
    from myoscope.data.scan import Scan
    from myoscope.data.segmentation import Segmentation
    from myoscope.ops.regions import Regions

MM2_PER_CM2 = 100.0


def slice_rows(scan: Scan, segmentation: Segmentation) -> tuple[SliceRow, ...]:
    """Return a row for each structure, side and slice that holds it: structures by id, slices from the feet upward.

    An area is measured in the plane of the image slices, those of the index axis closest to the patient's head-foot
    axis: voxels x in-plane spacing. A frame of a picture or video is a slice without a position, and without an area
    where the picture has no scale.

    Raises:
        GeometryError: Labels whose shape is not the image's.
    """
    if scan.grid.ndim == PICTURE_AXES:
        return tuple(_frame_rows(scan, segmentation))
    regions = summarize(segmentation.labels, segmentation.grid, scan.image)
    heights = slice_positions_mm(regions.grid)
    entries = sorted(segmentation.entries(), key=lambda entry: entry[1].id)
    return tuple(
        row for value, structure, side in entries for row in _rows(regions, value, (structure.name, side), heights)
    )


def slice_positions_mm(grid: Grid) -> tuple[float, ...]:
    """Return the height of the center of each slice of a grid in LPS order, LPS z in mm."""
    i, j = ((n - 1) / 2 for n in grid.size[:2])
    return tuple(grid.position((i, j, float(k)))[2] for k in range(grid.size[2]))


def _rows(regions: Regions, value: int, named: tuple[str, str], heights: tuple[float, ...]) -> Iterator[SliceRow]:
    counts, areas = regions.counts[value], csa_cm2(regions, value)
    for k in counts.nonzero()[0].tolist():
        yield SliceRow(
            structure=named[0],
            side=str(named[1]),
            slice=k,
            position_mm=heights[k],
            area_cm2=float(areas[k]),
            intensity_mean=float(regions.sums[value, k] / counts[k]),
        )


def _frame_rows(scan: Scan, segmentation: Segmentation) -> Iterator[SliceRow]:
    if segmentation.labels.shape != scan.image.shape:
        raise GeometryError(
            f"Labels and image need the same shape, got {segmentation.labels.shape} and {scan.image.shape}."
        )
    frames = (-1, *scan.grid.shape)
    counts, sums = [], []
    for labels, image in zip(segmentation.labels.reshape(frames), scan.image.reshape(frames), strict=True):
        counts.append(np.bincount(labels.ravel(), minlength=LABEL_VALUES))
        sums.append(np.bincount(labels.ravel(), image.ravel(), minlength=LABEL_VALUES))
    pixel_cm2 = math.prod(scan.grid.spacing_mm) / MM2_PER_CM2 if scan.grid.unit is LengthUnit.MM else math.nan
    for value, structure, side in sorted(segmentation.entries(), key=lambda entry: entry[1].id):
        for frame, (count, total) in enumerate(zip(counts, sums, strict=True)):
            if n := int(count[value]):
                mean = float(total[value]) / n
                yield SliceRow(structure.name, str(side), frame, math.nan, n * pixel_cm2, mean)
