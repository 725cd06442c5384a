"""Volume and cross-section of every structure, whatever the modality, with a modality's own quantities among them.

A cross-section is measured in the plane of acquisition: in the image slices of the index axis closest to the patient's
head-foot axis, voxels x in-plane spacing. It is not tilted to the leg's own axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from myoscope.anatomy import Side, Structure
from myoscope.data.measurement import Measurement
from myoscope.errors import GeometryError
from myoscope.ops.regions import IN_PLANE_EDGES, Regions, csa_cm2, edges, volume_ml
from myoscope.qc.coverage import NOT_FOUND, NOT_PREDICTED, cut_reason
from myoscope.thigh.sides import sides_of
from myoscope.thigh.sums import group_rows, sum_of_sides, table_of

if TYPE_CHECKING:
    from myoscope.data.scan import Scan
    from myoscope.data.segmentation import Segmentation

BY_COUNT = "voxel count x voxel volume"
BY_AREA = "slice area, plane of acquisition"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a modality measures of one label that is present.

    Attributes:
        name: From the conventions.
        value: The number.
        unit: Its unit.
        method: How it was computed, short.
        reason: What makes it incomplete beside the field of view; empty when nothing does.
    """

    name: str
    value: float
    unit: str
    method: str
    reason: str = ""


#: (structure, label value) -> a modality's own quantities of it.
Own = Callable[[Structure, int], Iterable[Quantity]]


@dataclass(frozen=True, slots=True)
class Shapes:
    """What volumes and areas are taken from.

    Attributes:
        regions: Sums over the labels.
        segmentation: What the labels mean.
        height_m: The subject's height, or None.
        own: A modality's own quantities of a label.
        extensive: Quantities that add up over sides and members, in the order they are written.
        cuts: Label value -> ends of the field of view inside the volume that cut it, such as gaps between stations.
    """

    regions: Regions
    segmentation: Segmentation
    height_m: float | None
    own: Own
    extensive: Sequence[str]
    cuts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def require_same_grid(scan: Scan, segmentation: Segmentation) -> None:
    """Refuse a segmentation that does not lie on the scan's grid.

    Raises:
        GeometryError: It does not.
    """
    if not segmentation.grid.is_same(scan.grid):
        raise GeometryError(
            f"The labels lie on a grid of {segmentation.grid.size} voxels that is not the scan's, {scan.grid.size}.",
            "Give labels that were drawn on this very scan, or resample them to it.",
        )


def shape_rows(shapes: Shapes) -> list[Measurement]:
    """Return the rows of every structure by id, then of every group; right, left, both of each.

    A structure that the model does not know, or that is not in the scan, has one row of `volume`: NaN with the reason.
    """
    structures = shapes.segmentation.structures
    rows = [row for structure in structures for row in _structure_rows(shapes, structure)]
    sides = sides_of(shapes.segmentation)
    return rows + group_rows(table_of(rows), structures, sides=sides, quantities=shapes.extensive)


def _structure_rows(shapes: Shapes, structure: Structure) -> list[Measurement]:
    if structure.name not in shapes.segmentation.predicted:
        return [_absent(structure.name, Side.BOTH, NOT_PREDICTED)]
    rows = [row for side in sides_of(shapes.segmentation) for row in _side_rows(shapes, structure, side)]
    if not shapes.segmentation.sides_split:
        return rows
    return rows + sum_of_sides(table_of(rows), structure.name, quantities=shapes.extensive)


def _absent(structure: str, side: Side, reason: str) -> Measurement:
    return Measurement(structure, side, "volume", math.nan, "mL", BY_COUNT, complete=False, reason=reason)


def _side_rows(shapes: Shapes, structure: Structure, side: Side) -> list[Measurement]:
    regions = shapes.regions
    value = shapes.segmentation.structures.label(structure.name, side)
    if not regions.counts[value].any():
        return [_absent(structure.name, side, NOT_FOUND)]
    cut = cut_reason((*edges(regions, value), *shapes.cuts.get(value, ())))
    volume = volume_ml(regions, value)
    quantities = [
        Quantity("volume", volume, "mL", BY_COUNT),
        Quantity("csa_max", float(csa_cm2(regions, value).max()), "cm2", f"{BY_AREA}, largest slice"),
        *shapes.own(structure, value),
    ]
    if shapes.height_m is not None:
        per_height2 = volume * 1000.0 / shapes.height_m**2
        quantities.append(Quantity("volume_height2", per_height2, "mm3/m2", f"{BY_COUNT} / height^2"))
    rows = [_row(structure.name, side, quantity, cut) for quantity in quantities]
    rows.insert(2, _csa_at_middle(shapes, structure, side))
    return rows


def _row(name: str, side: Side, quantity: Quantity, cut: str) -> Measurement:
    reason = "; ".join(filter(None, (cut, quantity.reason)))
    return Measurement(name, side, quantity.name, quantity.value, quantity.unit, quantity.method, not reason, reason)


def _csa_at_middle(shapes: Shapes, structure: Structure, side: Side) -> Measurement:
    """Return the area halfway up the femur; between two slices it is the mean of both."""
    labels, regions = shapes.segmentation.structures, shapes.regions
    femur, value = labels.label("femur", side), labels.label(structure.name, side)
    number, reason = math.nan, _femur_problem(shapes, femur)
    if not reason:
        first, last = int(regions.boxes[femur, 0, 0]), int(regions.boxes[femur, 0, 1]) - 1
        areas = csa_cm2(regions, value)
        number = float(areas[(first + last) // 2] + areas[(first + last + 1) // 2]) / 2
        in_plane = [edge for edge in edges(regions, value) if edge in IN_PLANE_EDGES]
        reason = cut_reason((*in_plane, *shapes.cuts.get(value, ())))
    method = f"{BY_AREA}, halfway between the ends of the femur"
    return Measurement(structure.name, side, "csa_at_50pct_femur", number, "cm2", method, not reason, reason)


def _femur_problem(shapes: Shapes, femur: int) -> str:
    """Return why the middle of the femur is unknown; empty when it is known."""
    if "femur" not in shapes.segmentation.predicted:
        return f"femur {NOT_PREDICTED}"
    if not shapes.regions.counts[femur].any():
        return f"femur {NOT_FOUND}"
    ends = [edge for edge in edges(shapes.regions, femur) if edge not in IN_PLANE_EDGES]
    return f"femur {cut_reason(ends)}" if ends else ""
