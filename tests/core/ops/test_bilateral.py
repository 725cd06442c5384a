from __future__ import annotations

import numpy as np
import pytest

from myoscope import Grid
from myoscope.ops.bilateral import split_sides

BONE, LATERAL, MEDIAL, DEEP = 28, 3, 9, 5


def grid_of(labels: np.ndarray) -> Grid:
    return Grid.identity(labels.shape[::-1], (2.0, 2.0, 4.0), (0.0, 0.0, 0.0))


def disc(shape: tuple[int, int], x: float, y: float, radius: float) -> np.ndarray:
    j, i = np.ogrid[: shape[0], : shape[1]]
    inside: np.ndarray = (i - x) ** 2 + (j - y) ** 2 <= radius**2
    return inside


def legs(*, angle: float = 0.0, shift: float = 0.0, spread: float = 0.0, gap: float = 24.0) -> np.ndarray:
    """Two legs, the left with 100 more: turned by `angle`, shifted, and spread toward the feet."""
    labels = np.zeros((40, 100, 200), np.uint8)
    across = np.array([np.cos(angle), np.sin(angle)])
    for k in range(len(labels)):
        for sign, offset in ((-1, 0), (1, 100)):
            for value, distance, radius in ((BONE, 26, 7), (LATERAL, 42, 6), (MEDIAL, gap / 2, 6), (DEEP, 26, 3)):
                x, y = across * sign * (distance + spread * (len(labels) - k)) + (100 + shift, 50)
                y += 14 if value == DEEP else 0
                labels[k][disc((100, 200), x, y, radius)] = value + offset
    return labels


def test_labels_that_fill_their_array_are_left_as_they_are() -> None:
    labels = legs() % 100
    whole = np.ascontiguousarray(labels[:, 40:62, 45:156])
    before = whole.copy()
    assert split_sides(whole, grid_of(whole), anchors={BONE}) is not None
    assert np.array_equal(whole, before)


@pytest.mark.parametrize(
    "truth",
    [
        legs(),
        legs(angle=0.5),
        legs(shift=-35),
        legs(spread=0.7),
        legs(gap=12, shift=0.5),
        np.where((np.arange(40) < 30)[:, None, None] & (legs() > 100), 0, legs()).astype(np.uint8),
        legs()[:1],
    ],
    ids=["straight", "turned", "off center", "abducted", "touching", "left leg short", "one slice"],
)
def test_every_voxel_of_two_legs_gets_its_side(truth: np.ndarray) -> None:
    split = split_sides((truth % 100).astype(np.uint8), grid_of(truth), anchors={BONE})
    assert split is not None
    assert np.mean(split[truth > 0] != truth[truth > 0]) < 0.001


def test_one_leg_is_not_split() -> None:
    truth = legs()
    right = np.where(truth < 100, truth, 0).astype(np.uint8)
    assert split_sides(right, grid_of(right), anchors={BONE}) is None


def test_without_bone_three_pairs_are_enough_and_two_are_not() -> None:
    truth = legs()
    truth[truth % 100 == BONE] = 0
    unsplit = (truth % 100).astype(np.uint8)
    split = split_sides(unsplit, grid_of(truth), anchors={BONE})
    assert split is not None
    assert np.array_equal(split, truth)
    unsplit[unsplit == DEEP] = 0
    assert split_sides(unsplit, grid_of(truth), anchors={BONE}) is None


def test_no_label_at_all_is_not_split() -> None:
    empty = np.zeros((4, 5, 6), np.uint8)
    assert split_sides(empty, grid_of(empty), anchors={BONE}) is None
