"""Left and right of two thighs or one: told from geometry and anatomy, and checked against them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, Side
from myoscope.data.finding import Finding, Severity
from myoscope.ops.bilateral import split_sides
from myoscope.ops.components import remove_islands
from myoscope.ops.orient import from_lps, to_lps
from myoscope.ops.regions import Regions, lateral_distance_mm, summarize
from myoscope.qc.sides import side_finding, swapped_sides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from myoscope.data.segmentation import Segmentation

#: A component smaller than this share of its structure's largest one is an island.
ISLAND_SHARE = 0.1
#: Muscles of the inner and the outer thigh and hip, which tell the side of a single leg.
MEDIAL = ("adductor_longus", "adductor_brevis", "adductor_magnus", "gracilis", "semimembranosus", "vastus_medialis")
LATERAL = ("vastus_lateralis", "biceps_femoris", "tensor_fasciae_latae", "gluteus_medius", "gluteus_minimus")
#: Medial and lateral differ by at least this much on average, and this share of the pairs agrees.
SMALLEST_LEAN_MM = 8.0
AGREEMENT = 0.75

SIDE_UNKNOWN = Finding(
    code="side_unknown",
    severity=Severity.WARNING,
    message="One leg is in view and too little of it to tell whether it is the left or the right one.",
    action="Its values are given for side 'both'; note the side yourself.",
)


def sides_of(segmentation: Segmentation) -> tuple[Side, ...]:
    """Return the sides that the labels tell apart."""
    return (Side.RIGHT, Side.LEFT) if segmentation.sides_split else (Side.BOTH,)


def split_legs(segmentation: Segmentation) -> Segmentation:
    """Return labels of unsplit sides split into left and right, a model's also without islands, on the same grid.

    A single leg gets its side from where its medial muscles lie; when that cannot be told it stays unsplit, with a
    finding.
    """
    labels, grid = to_lps(segmentation.labels, segmentation.grid)
    if not labels.any():
        return replace(segmentation, sides_split=True)
    split = split_sides(labels, grid, anchors={segmentation.structures.label("femur", Side.RIGHT)})
    findings = segmentation.findings
    sides_split = True
    if split is None:
        regions = summarize(segmentation.labels, segmentation.grid)
        side = side_by_anatomy(regions, {s.name: s.id for s in segmentation.structures})
        sides_split = side is not None
        split = labels + np.uint8(LEFT_OFFSET) * (labels > 0) if side is Side.LEFT else labels
        findings = findings if sides_split else (*findings, SIDE_UNKNOWN)
    cleaned = remove_islands(split, smallest_share=ISLAND_SHARE) if segmentation.by_model else split
    back = np.ascontiguousarray(from_lps(cleaned, segmentation.grid))
    return replace(segmentation, labels=back, sides_split=sides_split, findings=findings)


def side_by_anatomy(regions: Regions, values: Mapping[str, int]) -> Side | None:
    """Return the side of a single leg from its medial and lateral structures, or None when they do not tell.

    Args:
        regions: Sums over the labels.
        values: Structure name -> label value of the leg.
    """
    pairs = [(inner, outer) for inner in (*MEDIAL, "femur") for outer in (*LATERAL[:1], "femur") if inner != outer]
    pairs += [(inner, outer) for inner in MEDIAL for outer in LATERAL[1:]]
    found = [(values[a], values[b]) for a, b in pairs if a in values and b in values]
    leans = [lateral_distance_mm(regions, inner, outer) for inner, outer in found]
    leans = [lean for lean in leans if not math.isnan(lean)]
    if not leans:
        return None
    typical = float(np.median(leans))
    agreeing = sum(lean * typical > 0 for lean in leans)
    if abs(typical) < SMALLEST_LEAN_MM or agreeing < AGREEMENT * len(leans):
        return None
    return Side.RIGHT if typical > 0 else Side.LEFT


def wrong_sides(segmentation: Segmentation, regions: Regions) -> tuple[Finding, ...]:
    """Return a finding when the labels' sides disagree with the patient's axes, or with where medial muscles lie."""
    if not segmentation.sides_split:
        return ()
    wrong = list(swapped_sides(regions, segmentation.structures))
    for side in (Side.RIGHT, Side.LEFT):
        values = {s.name: segmentation.structures.label(s.name, side) for s in segmentation.structures}
        if side_by_anatomy(regions, values) not in {side, None}:
            wrong.append(f"the {side} leg's medial and lateral muscles")
    return side_finding(wrong)
