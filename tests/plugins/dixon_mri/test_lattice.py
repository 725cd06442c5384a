from __future__ import annotations

import numpy as np
import pytest

from myoscope import GeometryError, Grid
from myoscope.ops.orient import to_lps
from myoscope_dixon_mri.lattice import common_grid, interpolate, parallel, part_of, place, shared_box
from myoscope_dixon_mri.stations import StationImages

SPACING = (2.0, 2.0, 3.0)


def station(grid: Grid, array: np.ndarray | None = None, name: str = "station") -> StationImages:
    array = np.zeros(grid.shape, np.float32) if array is None else array
    return StationImages(name, {"mr": array}, grid, "", "")


def slab(bottom: float, slices: int = 10, spacing: tuple[float, ...] = SPACING, corner: float = 0.0) -> Grid:
    return Grid.identity((20, 16, slices), spacing, (corner, corner, bottom))


def test_interpolation_reproduces_what_is_linear_at_any_place() -> None:
    k, j, i = np.meshgrid(np.arange(5), np.arange(6), np.arange(7), indexing="ij")
    array = (3 * k - 2 * j + 0.5 * i + 1).astype(np.float32)
    at = np.array([0.0, 0.7, 3.9]), np.array([0.2, 5.0]), np.array([0.0, 1.0, 5.99])
    expected = 3 * at[0][:, None, None] - 2 * at[1][None, :, None] + 0.5 * at[2] + 1
    np.testing.assert_allclose(interpolate(array, at), expected, rtol=1e-5)


def test_interpolation_at_the_samples_themselves_copies_nothing() -> None:
    array = np.random.default_rng(0).random((3, 4, 5), dtype=np.float32)
    assert interpolate(array, (np.arange(3) + 1e-5, np.arange(4.0), np.arange(5.0))) is array
    np.testing.assert_array_equal(interpolate(array, (np.arange(1.0, 3.0), np.arange(4.0), np.arange(5.0))), array[1:])


def test_beyond_the_outermost_samples_these_count_on() -> None:
    array = np.array([1.0, 2.0], np.float32).reshape(2, 1, 1)
    found = interpolate(array, (np.array([-0.5, 0.5, 1.4]), np.zeros(1), np.zeros(1)))
    np.testing.assert_array_equal(found.ravel(), [1.0, 1.5, 2.0])


def test_the_lattice_has_the_finest_pixels_and_the_median_distance_of_slices_and_holds_all() -> None:
    upper, middle = slab(60, 10, (2.5, 2.5, 4.0)), slab(30, 12, (2.0, 2.0, 3.0), corner=-3.0)
    grid = common_grid([upper, middle, slab(0, 11)])
    assert grid.spacing_mm == (2.0, 2.0, 3.0)
    assert grid.origin == (-3.0, -3.0, 0.0)
    top = grid.position(tuple(float(n - 1) for n in grid.size))
    highest = upper.position(tuple(float(n - 1) for n in upper.size))
    for end, last, step, voxel in zip(top, highest, grid.spacing_mm, upper.spacing_mm, strict=True):
        assert last - step < end <= last + 0.55 * voxel


def test_the_lattice_of_equal_stations_is_their_own() -> None:
    assert common_grid([slab(27), slab(0)]).is_same(slab(0, 19))


def test_an_oblique_lattice_keeps_the_direction_of_the_stations() -> None:
    c, s = np.cos(0.2), np.sin(0.2)
    direction = (1.0, 0.0, 0.0, 0.0, c, -s, 0.0, s, c)
    lower = Grid((20, 16, 10), SPACING, (5.0, -7.0, 11.0), direction)
    upper = Grid((20, 16, 10), SPACING, lower.position((0.0, 0.0, 8.0)), direction)
    assert common_grid([upper, lower]).is_same(Grid((20, 16, 18), SPACING, (5.0, -7.0, 11.0), direction))


def test_stations_of_different_bodies_are_refused() -> None:
    with pytest.raises(GeometryError, match="too far apart"):
        common_grid([slab(500), slab(0)])


def test_stations_at_an_angle_are_refused_by_name() -> None:
    c, s = np.cos(0.05), np.sin(0.05)
    tilted = Grid((20, 16, 10), SPACING, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, c, -s, 0.0, s, c))
    with pytest.raises(GeometryError, match="station 1 and station 2 lie at an angle"):
        parallel([station(slab(27), name="station 1"), station(tilted, name="station 2")])


def test_stations_come_into_the_axis_order_of_the_patient() -> None:
    downwards = Grid((20, 16, 10), SPACING, (38.0, 0.0, 27.0), (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    array = np.random.default_rng(0).random(downwards.shape, dtype=np.float32)
    (turned,) = parallel([station(downwards, array)])
    assert turned.grid.is_same(slab(0))
    np.testing.assert_array_equal(turned.channels["mr"], to_lps(array, downwards)[0])


def test_a_station_is_placed_where_it_measured() -> None:
    grid = slab(0, 19)
    placed = place(station(slab(13.5, 5)), grid)
    assert placed.box == (slice(4, 10), slice(0, 16), slice(0, 20))
    np.testing.assert_allclose(placed.at[0], np.arange(4, 10) - 4.5)
    assert placed.ends_mm == (13.5, 25.5)


def test_stations_share_only_what_lies_between_slices_of_both() -> None:
    grid = slab(0, 19)
    lower, upper = place(station(slab(0, 8)), grid), place(station(slab(13.5, 5)), grid)
    box = shared_box(upper, lower)
    assert box is not None
    assert box[0] == slice(5, 8)
    np.testing.assert_allclose(part_of(upper, box)[0], [0.5, 1.5, 2.5])


def test_stations_that_only_meet_share_nothing() -> None:
    assert shared_box(place(station(slab(24, 5)), slab(0, 13)), place(station(slab(0, 8)), slab(0, 13))) is None
