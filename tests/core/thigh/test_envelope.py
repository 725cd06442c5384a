from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes, distance_transform_edt

from myoscope import THIGH_STRUCTURES, Grid, Segmentation, Side, StructureSet
from myoscope.ops.regions import summarize
from myoscope.thigh.envelope import (
    FASCIA_CLOSING_RADIUS_MM,
    depot_rows,
    fascial_envelope,
    intermuscular_fat_ml,
    thigh_of,
)

STRUCTURES = StructureSet(THIGH_STRUCTURES)
GRID = Grid.identity((60, 40, 20), (2.0, 2.0, 5.0), (0.0, 0.0, 0.0))


def leg() -> Segmentation:
    """A right thigh: femur over slices 2 to 17 inside a hollow square of vastus, the iliac bone from slice 15 on."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:18, 5:25, 5:25] = 3
    labels[2:18, 7:23, 7:23] = 0
    labels[2:18, 13:17, 13:17] = 28
    labels[15:18, 30:34, 13:17] = 29
    return Segmentation(labels, GRID, STRUCTURES, frozenset(STRUCTURES.names), sides_split=True)


def test_an_envelope_bridges_a_narrow_gap_but_not_a_wide_one() -> None:
    mask = np.zeros((60, 100), np.bool_)
    mask[10:50, 10:30] = mask[10:50, 38:58] = mask[10:50, 80:99] = True
    envelope = fascial_envelope(mask, (1.0, 1.0))
    assert envelope[30, 34]
    assert not envelope[30, 69]
    assert (envelope | ~mask).all()


def test_an_envelope_has_no_holes_and_stays_within_the_hull() -> None:
    mask = np.zeros((60, 60), np.bool_)
    mask[5:55, 5:55] = True
    mask[10:50, 10:50] = False
    expected = np.zeros_like(mask)
    expected[5:55, 5:55] = True
    assert np.array_equal(fascial_envelope(mask, (1.0, 1.0)), expected)


def test_the_radius_is_in_mm() -> None:
    mask = np.zeros((40, 80), np.bool_)
    gap = int(FASCIA_CLOSING_RADIUS_MM * 1.5)
    mask[5:35, 5:20] = mask[5:35, 20 + gap : 35 + gap] = True
    assert fascial_envelope(mask, (1.0, 1.0))[20, 20 + gap // 2]
    assert not fascial_envelope(mask, (3.0, 3.0))[20, 20 + gap // 2]


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.8, 1.3), (2.5, 0.7)])
def test_the_disc_is_the_same_as_by_distances(spacing: tuple[float, float]) -> None:
    mask = np.random.default_rng(1).random((60, 70)) > 0.995
    padded = np.pad(mask, 40)
    near = distance_transform_edt(~padded, sampling=spacing) <= FASCIA_CLOSING_RADIUS_MM
    closed = distance_transform_edt(near, sampling=spacing) > FASCIA_CLOSING_RADIUS_MM
    assert np.array_equal(fascial_envelope(mask, spacing), binary_fill_holes(closed)[40:-40, 40:-40])


def test_an_empty_slice_has_an_empty_envelope() -> None:
    assert not fascial_envelope(np.zeros((5, 5), np.bool_), (1.0, 1.0)).any()


def test_a_thigh_reaches_from_the_lower_end_of_the_femur_to_below_the_iliac_bone() -> None:
    segmentation = leg()
    thigh = thigh_of(summarize(segmentation.labels, GRID), segmentation, Side.RIGHT)
    assert thigh.where == (slice(2, 15), slice(5, 25), slice(5, 25))
    assert thigh.reason.startswith("sartorius, rectus_femoris, vastus_intermedius")


def test_what_is_neither_muscle_nor_bone_inside_the_fascia_counts_where_it_is_fat() -> None:
    segmentation = leg()
    regions = summarize(segmentation.labels, GRID)
    thigh = thigh_of(regions, segmentation, Side.RIGHT)

    fat = intermuscular_fat_ml(segmentation.labels, thigh, regions, lambda part: segmentation.labels[part] < 255)
    assert fat == pytest.approx((16 * 16 - 4 * 4) * 13 * 20 / 1000)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: replace(s, predicted=s.predicted - {"femur"}, labels=np.where(s.labels == 28, 0, s.labels)),
         "femur not predicted by this model"),
        (lambda s: replace(s, labels=np.where(s.labels == 28, 0, s.labels)), "femur not found in the field of view"),
        (lambda s: replace(s, labels=np.zeros_like(s.labels)), "not found in the field of view"),
    ],
)  # fmt: skip
def test_a_thigh_without_a_femur_cannot_be_told(change: Callable[[Segmentation], Segmentation], reason: str) -> None:
    segmentation = change(leg())
    thigh = thigh_of(summarize(segmentation.labels, GRID), segmentation, Side.RIGHT)
    assert (thigh.where, thigh.reason) == (None, reason)


def test_a_depot_of_one_leg_says_that_the_other_is_missing() -> None:
    segmentation = leg()
    regions = summarize(segmentation.labels, GRID)
    right, left, both = depot_rows(
        regions, segmentation, named=("depot", "as told"), volume_ml=lambda _side, _thigh: (7.0, "skin not in view")
    )
    assert (right.value, both.value) == (7.0, 7.0)
    assert math.isnan(left.value)
    assert right.reason.endswith("skin not in view")
    assert both.reason == f"right {right.reason}; left not found in the field of view"


def test_a_depot_of_labels_without_sides_is_not_given() -> None:
    segmentation = replace(leg(), sides_split=False)
    (row,) = depot_rows(
        summarize(segmentation.labels, GRID), segmentation, named=("depot", "as told"), volume_ml=lambda *_: (1.0, "")
    )
    assert math.isnan(row.value)
    assert row.reason == "left and right are not split"
