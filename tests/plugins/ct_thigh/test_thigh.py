from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from myoscope import Grid, Measurement, Scan, Segmentation, Subject
from myoscope.thigh.envelope import THIGH_MUSCLES
from myoscope_ct_thigh.measures import measure
from myoscope_ct_thigh.structures import STRUCTURES

SPACING = (0.8, 0.8, 5.0)
BONE_MM, INNER_MM, OUTER_MM, SKIN_MM, SEPTUM_MM = 14.0, 24.0, 70.0, 90.0, 4.0
SLICES = 8


def phantom() -> tuple[Scan, Segmentation, float]:
    """A bone, a ring of muscles with fat septa and fat around the bone, fat under the skin; the fat inside in mL."""
    n = 240
    j, i = np.meshgrid(*(np.arange(n) - (n - 1) / 2,) * 2, indexing="ij")
    x, y = i * SPACING[0], j * SPACING[1]
    radius = np.hypot(x, y)
    labels = np.zeros((n, n), np.uint8)
    ring = (radius >= INNER_MM) & (radius < OUTER_MM)
    values = [STRUCTURES[name].id for name in THIGH_MUSCLES]
    sector = ((np.arctan2(y, x) / (2 * np.pi) + 0.5) * len(values)).astype(int) % len(values)
    labels[ring] = np.array(values)[sector[ring]]
    for m in range(len(values)):
        angle = 2 * np.pi * m / len(values) - np.pi
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        labels[ring & (along > 0) & (np.abs(across) < SEPTUM_MM / 2)] = 0
    fat = np.count_nonzero((radius < OUTER_MM) & (radius >= BONE_MM) & (labels == 0))
    labels[radius < BONE_MM] = 28
    hu = np.where(radius < SKIN_MM, -100, -1000)
    hu[(labels > 0)] = 55
    volume = np.zeros((SLICES + 6, n, n), np.uint8)
    volume[2 : 2 + SLICES] = labels
    volume[2 + SLICES : 4 + SLICES] = np.where(labels > 0, 29, 0)
    grid = Grid.identity((n, n, len(volume)), SPACING, (0.0, 0.0, 0.0))
    image = np.broadcast_to(hu.astype(np.int16), volume.shape).copy()
    segmentation = Segmentation(volume, grid, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)
    return Scan("ct_thigh", {"ct": image}, grid, "ring"), segmentation, fat * SLICES * grid.voxel_volume_ml


def fat_of(scan: Scan, segmentation: Segmentation, side: str = "right") -> Measurement:
    rows = measure(scan, segmentation, Subject())
    (row,) = rows.select(structure="thigh", side=side, quantity="intermuscular_fat_volume")
    return row


def test_fat_between_the_muscles_is_found_and_fat_under_the_skin_is_not() -> None:
    scan, segmentation, known = phantom()
    row = fat_of(scan, segmentation)
    assert row.value == pytest.approx(known, rel=0.02)
    assert row.complete


def test_the_count_agrees_with_the_closed_form() -> None:
    _, _, known = phantom()
    septa = len(THIGH_MUSCLES) * SEPTUM_MM * (OUTER_MM - INNER_MM)
    area = math.pi * (INNER_MM**2 - BONE_MM**2) + septa
    assert known == pytest.approx(area * SLICES * SPACING[2] / 1000, rel=0.02)


def test_fluid_between_the_muscles_is_not_fat() -> None:
    scan, segmentation, _ = phantom()
    assert fat_of(replace(scan, channels={"ct": np.full_like(scan.image, 10)}), segmentation).value == 0


def test_a_thigh_without_the_iliac_bone_or_a_muscle_is_partial() -> None:
    scan, segmentation, known = phantom()
    labels = np.where(np.isin(segmentation.labels, (9, 29)), 0, segmentation.labels)
    row = fat_of(scan, replace(segmentation, labels=labels))
    assert not row.complete
    assert row.reason == "gracilis, iliac_bone not found in the field of view"
    assert row.value < 1.5 * known


def test_a_femur_that_begins_below_the_field_of_view_makes_it_partial() -> None:
    scan, segmentation, _ = phantom()
    grid = replace(scan.grid, size=(*scan.grid.size[:2], scan.grid.size[2] - 4))
    cut = replace(segmentation, labels=segmentation.labels[4:], grid=grid)
    row = fat_of(Scan("ct_thigh", {"ct": scan.image[4:]}, grid, "cut"), cut)
    assert row.reason == "cut by the field of view at the lower end"


def test_without_a_femur_marrow_cannot_be_told_from_fat() -> None:
    scan, segmentation, _ = phantom()
    row = fat_of(
        scan,
        replace(
            segmentation,
            predicted=segmentation.predicted - {"femur"},
            labels=np.where(segmentation.labels == 28, 0, segmentation.labels),
        ),
    )
    assert math.isnan(row.value)
    assert row.reason == "femur not predicted by this model"


def test_a_leg_that_is_not_there_has_no_fat() -> None:
    scan, segmentation, _ = phantom()
    row = fat_of(scan, segmentation, "left")
    assert math.isnan(row.value)
    assert row.reason == "not found in the field of view"
