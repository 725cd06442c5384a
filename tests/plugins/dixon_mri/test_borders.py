"""Two half discs of muscle in a disc of fat in air, labeled a little wrongly."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from myoscope import Grid
from myoscope_dixon_mri.borders import at_fat

GRID = Grid.identity((60, 60, 4), (2.0, 2.0, 5.0), (0.0, 0.0, 0.0))
FAT, AIR = 92.0, np.float32(np.nan)
LEFT_HALF, RIGHT_HALF = 3, 7


def _phantom(own: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return true labels, radius 32 mm, and the fat fraction of muscle, of fat to 50 mm, and of air beyond."""
    y, x = np.mgrid[:60, :60] - 29.5
    radius = 2.0 * np.hypot(y, x)
    section = np.where(radius < 32, np.where(x < 0, LEFT_HALF, RIGHT_HALF), 0).astype(np.uint8)
    percent = np.where(radius < 32, np.float32(own), np.where(radius < 50, np.float32(FAT), AIR)).astype(np.float32)
    return np.repeat(section[None], 4, axis=0), np.repeat(percent[None], 4, axis=0)


def _off_by_a_voxel(labels: NDArray[np.uint8], *, larger: bool) -> NDArray[np.uint8]:
    change = binary_dilation if larger else binary_erosion
    outline = np.stack([change(section > 0) for section in labels])
    half = np.where(np.arange(60) < 30, LEFT_HALF, RIGHT_HALF).astype(np.uint8)
    return np.where(outline, half, 0).astype(np.uint8)


@pytest.mark.parametrize("larger", [True, False])
def test_a_border_that_is_a_voxel_off_moves_to_where_fat_begins(larger: bool) -> None:
    truth, percent = _phantom(own=5.0)
    given = _off_by_a_voxel(truth, larger=larger)
    assert (given != truth).any()
    moved = at_fat(given, percent, GRID, (LEFT_HALF, RIGHT_HALF))
    np.testing.assert_array_equal(moved, truth)


@pytest.mark.parametrize("own", [40.0, 70.0])
def test_muscle_that_is_full_of_fat_stays_as_it_is(own: float) -> None:
    truth, percent = _phantom(own)
    given = _off_by_a_voxel(truth, larger=True)
    np.testing.assert_array_equal(at_fat(given, percent, GRID, (LEFT_HALF, RIGHT_HALF)), given)


def test_a_border_between_two_structures_stays() -> None:
    truth, percent = _phantom(own=5.0)
    given = np.where(truth == RIGHT_HALF, 28, truth).astype(np.uint8)  # a bone of whatever fraction
    percent[given == 28] = 90.0
    np.testing.assert_array_equal(at_fat(given, percent, GRID, (LEFT_HALF, RIGHT_HALF)), given)


def test_what_gives_no_signal_moves_nothing() -> None:
    truth, percent = _phantom(own=5.0)
    percent[percent > 50] = AIR
    percent[:, :2] = FAT
    given = _off_by_a_voxel(truth, larger=True)
    np.testing.assert_array_equal(at_fat(given, percent, GRID, (LEFT_HALF, RIGHT_HALF)), given)


def test_a_border_moves_no_farther_than_its_reach() -> None:
    truth, percent = _phantom(own=5.0)
    given = truth.copy()
    given[:, :, :20] = 0  # far from what is labeled, lean tissue stays unlabeled
    moved = at_fat(given, percent, GRID, (LEFT_HALF, RIGHT_HALF))
    assert not moved[:, :, :18].any()


def test_without_fat_in_view_labels_stay() -> None:
    truth, percent = _phantom(own=5.0)
    given = _off_by_a_voxel(truth, larger=True)
    percent[percent > 50] = 5.0
    np.testing.assert_array_equal(at_fat(given, percent, GRID, (LEFT_HALF, RIGHT_HALF)), given)
