"""The thigh inside its fascia: which slices it fills, what encloses it, and the fat that lies between its muscles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import Side
from myoscope.data.measurement import Measurement
from myoscope.ops.components import fill_holes
from myoscope.ops.regions import IN_PLANE_EDGES, LABEL_VALUES, edges
from myoscope.qc.coverage import NOT_FOUND, NOT_PREDICTED, cut_reason
from myoscope.thigh.groups import ADDUCTORS, ANTERIOR, POSTERIOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from myoscope.data.segmentation import Segmentation
    from myoscope.ops.regions import Regions

    #: Slice from the feet, rows and columns.
    Part = tuple[int, slice, slice]

THIGH_MUSCLES = (*ANTERIOR, *ADDUCTORS, *POSTERIOR)
UNSPLIT = "left and right are not split"
#: Radius of the disc that may not enter the fascia: it bridges gaps between muscles of up to twice this width.
FASCIA_CLOSING_RADIUS_MM = 10.0
#: For the method of a measurement.
ENVELOPE = (
    "the fascial envelope (thigh muscles and femur, closed in each slice with a "
    f"{FASCIA_CLOSING_RADIUS_MM:g} mm disc, holes filled), from the femur's lower end to below the iliac bone"
)


@dataclass(frozen=True, slots=True)
class Thigh:
    """Where one thigh lies in an array in LPS order.

    Attributes:
        where: Its slices, and the rows and columns that hold all of its muscles and femur; None when it cannot be told.
        wall: Whether a label value belongs to its muscles or femur, shape (256,).
        reason: What keeps it from being whole, or why it cannot be told; empty when nothing does.
    """

    where: tuple[slice, slice, slice] | None
    wall: NDArray[np.bool_]
    reason: str


def thigh_of(regions: Regions, segmentation: Segmentation, side: Side) -> Thigh:
    """Return where the thigh of a side lies, from the lower end of the femur to below the hip bone.

    Without a femur there is none: its marrow could not be told from fat.
    """
    values = {name: segmentation.structures.label(name, side) for name in (*THIGH_MUSCLES, "femur", "iliac_bone")}
    present = {name: value for name, value in values.items() if regions.counts[value].any()}
    wall = [value for name, value in present.items() if name != "iliac_bone"]
    inside = np.zeros(LABEL_VALUES, dtype=np.bool_)
    inside[wall] = True
    if "femur" not in present or len(wall) == 1:
        missing = NOT_PREDICTED if "femur" not in segmentation.predicted else NOT_FOUND
        return Thigh(None, inside, f"femur {missing}" if "femur" not in present and wall else NOT_FOUND)
    boxes = regions.boxes[wall]
    top = int(regions.boxes[values["iliac_bone"], 0, 0] if "iliac_bone" in present else boxes[:, 0, 1].max())
    slices = slice(int(regions.boxes[values["femur"], 0, 0]), top)
    if slices.start >= slices.stop:
        return Thigh(None, inside, NOT_FOUND)
    rows, columns = (slice(int(boxes[:, axis, 0].min()), int(boxes[:, axis, 1].max())) for axis in (1, 2))
    return Thigh((slices, rows, columns), inside, _problems(regions, segmentation, values, present))


def envelopes(
    labels: NDArray[np.uint8], thigh: Thigh, spacing_mm: tuple[float, ...]
) -> Iterator[tuple[Part, NDArray[np.bool_]]]:
    """Yield the part of each slice that holds a thigh, and the inside of the fascia there.

    A closing never leaves the convex hull of the muscles, so fat under the skin stays outside.

    Args:
        labels: In LPS order.
        thigh: From `thigh_of`.
        spacing_mm: Of their grid, (x, y, z).
    """
    if thigh.where is None:
        return
    slices, rows, columns = thigh.where
    for k in range(slices.start, slices.stop):
        part = (k, rows, columns)
        yield part, fascial_envelope(thigh.wall[labels[part]], (spacing_mm[1], spacing_mm[0]))


def intermuscular_fat_ml(
    labels: NDArray[np.uint8], thigh: Thigh, regions: Regions, fat_of: Callable[[Part], NDArray[np.bool_]]
) -> float:
    """Return the fat inside the fascia of one thigh, outside every labelled structure, in mL; NaN without a thigh.

    Args:
        labels: In LPS order.
        thigh: From `thigh_of`.
        regions: Sums over the labels.
        fat_of: Tells fat in a part of the volume.
    """
    if thigh.where is None:
        return math.nan
    voxels = sum(
        int(np.count_nonzero(envelope & (labels[part] == 0) & fat_of(part)))
        for part, envelope in envelopes(labels, thigh, regions.grid.spacing_mm)
    )
    return voxels * regions.grid.voxel_volume_ml


def depot_rows(
    regions: Regions,
    segmentation: Segmentation,
    *,
    named: tuple[str, str],
    volume_ml: Callable[[Side, Thigh], tuple[float, str]],
) -> list[Measurement]:
    """Return the rows of a fat depot of the right thigh, the left one and both.

    Args:
        regions: Sums over the labels.
        segmentation: What the labels mean.
        named: Quantity and method.
        volume_ml: Gives the volume on a side whose thigh is known, and what else keeps it from being whole.
    """
    if not segmentation.sides_split:
        reason = UNSPLIT if regions.counts[1:].any() else NOT_FOUND
        return [_depot(named, Side.BOTH, math.nan, reason)]
    rows = []
    for side in (Side.RIGHT, Side.LEFT):
        thigh = thigh_of(regions, segmentation, side)
        value, more = (math.nan, "") if thigh.where is None else volume_ml(side, thigh)
        rows.append(_depot(named, side, value, "; ".join(filter(None, (thigh.reason, more)))))
    reasons = [f"{row.side} {row.reason}" for row in rows if row.reason]
    values = [row.value for row in rows if not math.isnan(row.value)]
    same = len({row.reason for row in rows}) == 1 and not values
    reason = rows[0].reason if same else "; ".join(reasons)
    return [*rows, _depot(named, Side.BOTH, math.fsum(values) if values else math.nan, reason)]


def fascial_envelope(mask: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> NDArray[np.bool_]:
    """Return a 2D mask closed with a disc of `FASCIA_CLOSING_RADIUS_MM` and without holes, spacing as (row, column)."""
    import cv2

    envelope = np.zeros_like(mask)
    if not mask.any():
        return envelope
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    core = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    margin = [int(FASCIA_CLOSING_RADIUS_MM / s) + 2 for s in spacing_mm]
    disc = _disc(FASCIA_CLOSING_RADIUS_MM, spacing_mm)
    grown = cv2.dilate(np.pad(mask[core], [(m, m) for m in margin]).view(np.uint8), disc)
    closed = cv2.dilate(1 - grown, disc) == 0
    envelope[core] = fill_holes(closed)[margin[0] : -margin[0], margin[1] : -margin[1]]
    return envelope


def _disc(radius_mm: float, spacing_mm: tuple[float, float]) -> NDArray[np.uint8]:
    """Return 1 at the pixels no farther than a radius from the middle one."""
    reach = [int(radius_mm / s) + 1 for s in spacing_mm]
    rows, columns = (np.arange(-n, n + 1) * s for n, s in zip(reach, spacing_mm, strict=True))
    return (np.sqrt(rows[:, None] ** 2 + columns[None, :] ** 2) <= radius_mm).astype(np.uint8)


def _depot(named: tuple[str, str], side: Side, value: float, reason: str) -> Measurement:
    quantity, method = named
    return Measurement("thigh", side, quantity, value, "mL", method, not reason, reason)


def _problems(regions: Regions, segmentation: Segmentation, values: dict[str, int], present: dict[str, int]) -> str:
    """Return what keeps the envelope from being whole; empty when nothing does."""
    problems = []
    for reason, names in (
        (NOT_PREDICTED, [name for name in values if name not in segmentation.predicted]),
        (NOT_FOUND, [name for name in values if name in segmentation.predicted and name not in present]),
    ):
        if names:
            problems.append(f"{', '.join(names)} {reason}")
    # The thigh begins at the femur's lower end and is over where the iliac bone begins: cuts beyond do not matter.
    ends = {
        end: None
        for name, value in present.items()
        for end in edges(regions, value)
        if end in IN_PLANE_EDGES or (end, name) == ("lower end", "femur")
    }
    if ends:
        problems.append(cut_reason(tuple(ends)))
    return "; ".join(problems)
