"""Fat between the muscles of a thigh, from the lower end of the femur to below the hip bone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope import Measurement, Segmentation, Side
from myoscope.ops.regions import IN_PLANE_EDGES, LABEL_VALUES, Regions, edges
from myoscope.qc.coverage import NOT_FOUND, NOT_PREDICTED, cut_reason
from myoscope_ct_thigh.compartments import FASCIA_CLOSING_RADIUS_MM, intermuscular_fat_ml
from myoscope.thigh.groups import ADDUCTORS, ANTERIOR, POSTERIOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

THIGH_MUSCLES = (*ANTERIOR, *ADDUCTORS, *POSTERIOR)
UNSPLIT = "left and right are not split"
METHOD = (
    "-190 to -30 HU outside muscle and bone inside the fascial envelope (thigh muscles and femur, closed in each slice "
    f"with a {FASCIA_CLOSING_RADIUS_MM:g} mm disc, holes filled), from the femur's lower end to below the iliac bone"
)


def thigh_rows(
    labels: NDArray[np.uint8], image: NDArray[Any], regions: Regions, segmentation: Segmentation
) -> list[Measurement]:
    """Return the intermuscular fat of the right thigh, the left one and both; arrays are in LPS order.

    Without a femur nothing is measured: its marrow could not be told from fat.
    """
    if not segmentation.sides_split:
        reason = UNSPLIT if regions.counts[1:].any() else NOT_FOUND
        return [_row(Side.BOTH, math.nan, reason)]
    rows = [_side_row(labels, image, regions, (segmentation, side)) for side in (Side.RIGHT, Side.LEFT)]
    reasons = [f"{row.side} {row.reason}" for row in rows if row.reason]
    values = [row.value for row in rows if not math.isnan(row.value)]
    same = len({row.reason for row in rows}) == 1 and not values
    reason = rows[0].reason if same else "; ".join(reasons)
    return [*rows, _row(Side.BOTH, math.fsum(values) if values else math.nan, reason)]


def _row(side: Side, value: float, reason: str) -> Measurement:
    return Measurement("thigh", side, "intermuscular_fat_volume", value, "mL", METHOD, not reason, reason)


def _side_row(
    labels: NDArray[np.uint8], image: NDArray[Any], regions: Regions, which: tuple[Segmentation, Side]
) -> Measurement:
    segmentation, side = which
    values = {name: segmentation.structures.label(name, side) for name in (*THIGH_MUSCLES, "femur", "iliac_bone")}
    present = {name: value for name, value in values.items() if regions.counts[value].any()}
    wall = [value for name, value in present.items() if name != "iliac_bone"]
    if "femur" not in present or len(wall) == 1:
        missing = NOT_PREDICTED if "femur" not in segmentation.predicted else NOT_FOUND
        return _row(side, math.nan, f"femur {missing}" if "femur" not in present and wall else NOT_FOUND)
    boxes = regions.boxes[wall]
    top = int(regions.boxes[values["iliac_bone"], 0, 0] if "iliac_bone" in present else boxes[:, 0, 1].max())
    slices = slice(int(regions.boxes[values["femur"], 0, 0]), top)
    if slices.start >= slices.stop:
        return _row(side, math.nan, NOT_FOUND)
    inside = np.zeros(LABEL_VALUES, dtype=np.bool_)
    inside[wall] = True
    rows, columns = (slice(int(boxes[:, axis, 0].min()), int(boxes[:, axis, 1].max())) for axis in (1, 2))
    fat = intermuscular_fat_ml(labels, image, regions.grid, wall=inside, where=(slices, rows, columns))
    return _row(side, fat, _problems(regions, segmentation, values, present))


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
