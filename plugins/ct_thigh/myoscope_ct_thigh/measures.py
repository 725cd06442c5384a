"""Every number of a thigh CT: volume, cross-section, density and fat, by structure, group and side.

A cross-section is measured in the plane of acquisition: in the image slices of the index axis closest to the patient's
head-foot axis, voxels x in-plane spacing. It is not tilted to the leg's own axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from myoscope import GeometryError, Measurement, Measurements, Scan, Segmentation, Side, Structure, Subject
from myoscope.ops.orient import to_lps
from myoscope.ops.regions import (
    IN_PLANE_EDGES,
    Regions,
    csa_cm2,
    deviation,
    edges,
    mean,
    padding_mask,
    summarize,
    values_of,
    volume_ml,
)
from myoscope.qc.coverage import NOT_FOUND, NOT_PREDICTED, cut_reason
from myoscope_ct_thigh.compartments import FAT, LEAN, LOW_ATTENUATION
from myoscope_ct_thigh.sums import Table, group_rows, sum_of_sides
from myoscope_ct_thigh.thigh import thigh_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: No tissue and no air is this low: what is, was never measured.
IMPOSSIBLE_HU = -2000
#: The corners of a circular field may be filled with the lowest stored value.
LOWEST_STORED_HU = -1020

BY_COUNT = "voxel count x voxel volume"
BY_AREA = "slice area, plane of acquisition"
COMPARTMENTS = (
    ("lean_volume", LEAN, f"-29 to 150 HU, {BY_COUNT}"),
    ("low_attenuation_volume", LOW_ATTENUATION, f"-29 to 29 HU (30 HU is not low), {BY_COUNT}"),
    ("intramuscular_fat_volume", FAT, f"-190 to -30 HU inside the muscle, {BY_COUNT}"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """What the measurements of one case are taken from.

    Attributes:
        labels: In LPS order.
        image: In HU, in LPS order.
        regions: Sums over the labels.
        segmentation: What the labels mean.
        height_m: The subject's height, or None.
    """

    labels: NDArray[np.uint8]
    image: NDArray[Any]
    regions: Regions
    segmentation: Segmentation
    height_m: float | None


def measure(scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:
    """Return every measurement: structures by id, then groups, then the thigh; right, left, both of each.

    A structure that the model does not know, or that is not in the scan, has one row of `volume`: NaN with the reason.

    Raises:
        GeometryError: A segmentation that does not lie on the scan's grid.
    """
    case = _open_case(scan, segmentation, subject)
    rows = [row for structure in segmentation.structures for row in _structure_rows(case, structure)]
    table: Table = {(row.structure, row.side, row.quantity): row for row in rows}
    rows += group_rows(table, segmentation.structures, sides=_sides(segmentation))
    rows += thigh_rows(case.labels, case.image, case.regions, segmentation)
    return Measurements(tuple(rows))


def _open_case(scan: Scan, segmentation: Segmentation, subject: Subject) -> Case:
    """Return what is measured, summed in one pass.

    Raises:
        GeometryError: A segmentation that does not lie on the scan's grid.
    """
    if not segmentation.grid.is_same(scan.grid):
        raise GeometryError(
            f"The labels lie on a grid of {segmentation.grid.size} voxels that is not the scan's, {scan.grid.size}.",
            "Give labels that were drawn on this very scan, or resample them to it.",
        )
    image = to_lps(scan.image, scan.grid)[0]
    padding = padding_mask(image, below=IMPOSSIBLE_HU, constant_below=LOWEST_STORED_HU)
    return Case(
        labels=to_lps(segmentation.labels, scan.grid)[0],
        image=image,
        regions=summarize(segmentation.labels, scan.grid, scan.image, padding),
        segmentation=segmentation,
        height_m=subject.height_m,
    )


def _sides(segmentation: Segmentation) -> tuple[Side, ...]:
    return (Side.RIGHT, Side.LEFT) if segmentation.sides_split else (Side.BOTH,)


def _structure_rows(case: Case, structure: Structure) -> list[Measurement]:
    if structure.name not in case.segmentation.predicted:
        return [_absent(structure.name, Side.BOTH, NOT_PREDICTED)]
    rows = [row for side in _sides(case.segmentation) for row in _side_rows(case, structure, side)]
    if not case.segmentation.sides_split:
        return rows
    table: Table = {(row.structure, row.side, row.quantity): row for row in rows}
    return rows + sum_of_sides(table, structure.name)


def _absent(structure: str, side: Side, reason: str) -> Measurement:
    return Measurement(structure, side, "volume", math.nan, "mL", BY_COUNT, complete=False, reason=reason)


def _side_rows(case: Case, structure: Structure, side: Side) -> list[Measurement]:
    value = case.segmentation.structures.label(structure.name, side)
    if not case.regions.counts[value].any():
        return [_absent(structure.name, side, NOT_FOUND)]
    reason = cut_reason(edges(case.regions, value))
    rows = [
        Measurement(structure.name, side, quantity, number, unit, method, not reason, reason)
        for quantity, number, unit, method in _quantities(case, structure, value)
    ]
    at_middle = [row.quantity for row in rows].index("csa_max") + 1
    rows.insert(at_middle, _csa_at_middle(case, structure, side))
    return sorted(rows, key=lambda row: row.quantity == "volume_height2")


def _quantities(case: Case, structure: Structure, value: int) -> Iterator[tuple[str, float, str, str]]:
    """Yield quantity, value, unit and method of one label that is present."""
    regions = case.regions
    volume = volume_ml(regions, value)
    hu = values_of(case.labels, case.image, regions, value)
    yield "volume", volume, "mL", BY_COUNT
    yield "csa_max", float(csa_cm2(regions, value).max()), "cm2", f"{BY_AREA}, largest slice"
    yield "hu_mean", mean(regions, value), "HU", "mean of voxels"
    yield "hu_sd", deviation(regions, value), "HU", "standard deviation of voxels (n)"
    yield "hu_median", float(np.median(hu)), "HU", "median of voxels"
    if structure.kind == "muscle":
        for quantity, hu_range, method in COMPARTMENTS:
            count = int(np.count_nonzero(hu_range.holds(hu)))
            yield quantity, count * regions.grid.voxel_volume_ml, "mL", method
    if case.height_m is not None:
        yield "volume_height2", volume * 1000.0 / case.height_m**2, "mm3/m2", f"{BY_COUNT} / height^2"


def _csa_at_middle(case: Case, structure: Structure, side: Side) -> Measurement:
    """Return the area halfway up the femur; between two slices it is the mean of both."""
    labels, regions = case.segmentation.structures, case.regions
    femur, value = labels.label("femur", side), labels.label(structure.name, side)
    number, reason = math.nan, _femur_problem(case, femur)
    if not reason:
        first, last = int(regions.boxes[femur, 0, 0]), int(regions.boxes[femur, 0, 1]) - 1
        areas = csa_cm2(regions, value)
        number = float(areas[(first + last) // 2] + areas[(first + last + 1) // 2]) / 2
        reason = cut_reason([edge for edge in edges(regions, value) if edge in IN_PLANE_EDGES])
    method = f"{BY_AREA}, halfway between the ends of the femur"
    return Measurement(structure.name, side, "csa_at_50pct_femur", number, "cm2", method, not reason, reason)


def _femur_problem(case: Case, femur: int) -> str:
    """Return why the middle of the femur is unknown; empty when it is known."""
    if "femur" not in case.segmentation.predicted:
        return f"femur {NOT_PREDICTED}"
    if not case.regions.counts[femur].any():
        return f"femur {NOT_FOUND}"
    ends = [edge for edge in edges(case.regions, femur) if edge not in IN_PLANE_EDGES]
    return f"femur {cut_reason(ends)}" if ends else ""
