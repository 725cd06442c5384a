import itertools
import math

import numpy as np
import pytest

from myoscope import Grid
from myoscope.ops.orient import from_lps, lps_grid, to_lps


def orientations() -> list[Grid]:
    """Return the 48 ways to lay index axes along the patient's axes."""
    grids = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            direction = np.zeros((3, 3))
            for axis, (physical, sign) in enumerate(zip(order, signs, strict=True)):
                direction[physical, axis] = sign
            grids.append(Grid((4, 3, 2), (1.0, 2.0, 5.0), (7.0, 8.0, 9.0), tuple(direction.ravel())))
    return grids


def positions(grid: Grid) -> np.ndarray:
    """Return the position of every voxel, shape (*grid.shape, 3)."""
    places = [grid.position((i, j, k)) for k, j, i in np.ndindex(*grid.shape)]
    return np.array(places).reshape(*grid.shape, 3)


@pytest.mark.parametrize("grid", orientations(), ids=str)
def test_every_orientation_comes_upright_with_each_voxel_at_its_place(grid: Grid) -> None:
    where = positions(grid)
    for axis in range(3):
        array, upright = to_lps(np.ascontiguousarray(where[..., axis]), grid)
        assert np.allclose(array, positions(upright)[..., axis])
        assert np.all(np.diff(array, axis=2 - axis) > 0)
    assert upright.direction == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("grid", orientations(), ids=str)
def test_there_and_back_changes_nothing(grid: Grid) -> None:
    array = np.arange(24).reshape(grid.shape)
    assert np.array_equal(from_lps(to_lps(array, grid)[0], grid), array)


def test_an_oblique_grid_stays_oblique() -> None:
    c, s = math.cos(math.radians(20)), math.sin(math.radians(20))
    grid = Grid((4, 3, 2), (1.0, 2.0, 5.0), (7.0, 8.0, 9.0), (-c, s, 0.0, -s, -c, 0.0, 0.0, 0.0, 1.0))
    upright = lps_grid(grid)
    assert upright.direction == pytest.approx((c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0))
    assert upright.origin == pytest.approx(grid.position((3, 2, 0)))


def test_no_value_is_copied() -> None:
    grid = orientations()[5]
    array = np.zeros(grid.shape)
    assert np.shares_memory(to_lps(array, grid)[0], array)
