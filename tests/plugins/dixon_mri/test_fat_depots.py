from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from myoscope import Grid, Measurement, Segmentation
from myoscope.ops.fat import FatFraction
from myoscope.ops.regions import summarize
from myoscope.thigh.envelope import THIGH_MUSCLES
from myoscope_dixon_mri.fat_depots import fat_depot_rows
from myoscope_dixon_mri.structures import STRUCTURES

GRID = Grid.identity((168, 84, 12), (2.0, 2.0, 5.0), (0.0, 0.0, 0.0))
BONE_MM, INNER_MM, OUTER_MM, SKIN_MM = 14.0, 24.0, 56.0, 76.0
ML_PER_MM2 = 8 * 5.0 / 1000
Find = Callable[[str, str], Measurement]


def thighs(*, centers: tuple[float, ...] = (84.0, 252.0)) -> tuple[np.ndarray, np.ndarray]:
    """Labels and percent of fat: bone, fat around it, a ring of muscles, fat under the skin; slices 2 to 9."""
    y, x = np.meshgrid(np.arange(84) * 2.0 - 83.0, np.arange(168) * 2.0 + 1.0, indexing="ij")
    labels, percent = np.zeros(GRID.shape, np.uint8), np.full(GRID.shape, np.nan, np.float32)
    values = np.array([STRUCTURES[name].id for name in THIGH_MUSCLES])
    for center in centers:
        offset = 100 if center > 168 else 0
        away, angle = np.hypot(x - center, y), np.arctan2(y, x - center)
        sector = ((angle / (2 * np.pi) + 0.5) * len(values)).astype(int) % len(values)
        percent[:, away < SKIN_MM] = 95.0
        ring, bone = (away >= INNER_MM) & (away < OUTER_MM), away < BONE_MM
        percent[:, ring] = 5.0
        labels[2:12, ring] = values[sector[ring]] + offset
        labels[2:12, bone] = 28 + offset
        # The iliac bone ends the thigh.
        labels[10:, (away < 20) & ~bone] = 29 + offset
    return labels, percent


def finder(labels: np.ndarray, percent: np.ndarray, noise: float = 10.0) -> Find:
    segmentation = Segmentation(labels, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)
    rows = fat_depot_rows(labels, FatFraction(percent, noise, "signal"), summarize(labels, GRID), segmentation)

    def find(side: str, quantity: str) -> Measurement:
        (row,) = (row for row in rows if (row.side, row.quantity) == (side, quantity))
        return row

    return find


def test_fat_between_muscle_and_bone_is_that_of_the_ring_around_the_bone() -> None:
    find = finder(*thighs())
    for side in ("right", "left"):
        row = find(side, "intermuscular_fat_volume")
        assert row.value == pytest.approx(math.pi * (INNER_MM**2 - BONE_MM**2) * ML_PER_MM2, rel=0.03)
        assert (row.complete, row.unit) == (True, "mL")


def test_fat_under_the_skin_is_that_of_the_outer_ring_each_side_its_own() -> None:
    find = finder(*thighs())
    known = math.pi * (SKIN_MM**2 - OUTER_MM**2) * ML_PER_MM2
    for side, legs in (("right", 1), ("left", 1), ("both", 2)):
        row = find(side, "subcutaneous_fat_volume")
        assert row.value == pytest.approx(legs * known, rel=0.02)
        assert row.complete


def test_a_voxel_counts_as_fat_above_half() -> None:
    labels, percent = thighs()
    percent[percent == 95.0] = 50.0
    assert finder(labels, percent)("both", "subcutaneous_fat_volume").value == 0
    percent[percent == 50.0] = 50.1
    assert finder(labels, percent)("both", "subcutaneous_fat_volume").value > 100


def test_a_hand_beside_the_thigh_does_not_count() -> None:
    labels, percent = thighs()
    before = finder(labels, percent)("right", "subcutaneous_fat_volume").value
    percent[:, :4, 6:12] = 95.0
    assert finder(labels, percent)("right", "subcutaneous_fat_volume").value == before


def test_skin_at_the_edge_of_the_image_makes_it_partial_and_says_where() -> None:
    labels, percent = thighs(centers=(62.0, 252.0))
    find = finder(labels, percent)
    right = find("right", "subcutaneous_fat_volume")
    assert right.reason == "cut by the field of view at the right side"
    assert find("left", "subcutaneous_fat_volume").complete
    assert find("right", "intermuscular_fat_volume").complete


def test_a_leg_that_is_not_there_has_no_fat_and_leaves_the_other_its_own() -> None:
    find = finder(*thighs(centers=(84.0,)))
    assert math.isnan(find("left", "subcutaneous_fat_volume").value)
    assert find("both", "subcutaneous_fat_volume").value == find("right", "subcutaneous_fat_volume").value
    assert find("both", "subcutaneous_fat_volume").reason == "left not found in the field of view"


def test_without_known_noise_air_cannot_be_told_so_there_are_no_rows() -> None:
    labels, percent = thighs()
    segmentation = Segmentation(labels, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)
    fraction = FatFraction(percent, math.nan, "PDFF")
    assert fat_depot_rows(labels, fraction, summarize(labels, GRID), segmentation) == []
