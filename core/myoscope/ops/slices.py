"""Area and mean intensity of every structure in every slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.data.result import SliceRow
from myoscope.ops.regions import csa_cm2, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from myoscope.data.grid import Grid
    from myoscope.data.scan import Scan
    from myoscope.data.segmentation import Segmentation
    from myoscope.ops.regions import Regions


def slice_rows(scan: Scan, segmentation: Segmentation) -> tuple[SliceRow, ...]:
    """Return a row for each structure, side and slice that holds it: structures by id, slices from the feet upward.

    An area is measured in the plane of the image slices, those of the index axis closest to the patient's head-foot
    axis: voxels x in-plane spacing.
    """
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
