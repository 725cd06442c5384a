from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from myoscope import GeometryError, Grid
from myoscope.ops.regions import (
    CIRCLE_EDGE,
    center_mm,
    csa_cm2,
    deviation,
    edges,
    label_box,
    label_boxes,
    lateral_distance_mm,
    mean,
    padding_mask,
    runs,
    summarize,
    values_of,
    volume_ml,
)

CENTER = (12.0, -30.0, 400.0)
RADIUS = 40.0


def oblique_grid(size: int, spacing: tuple[float, float, float], angle: float) -> Grid:
    """A grid around CENTER, turned about x and z by `angle`."""
    c, s = math.cos(angle), math.sin(angle)
    matrix = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return centered((size,) * 3, spacing, matrix)


def centered(size: tuple[int, ...], spacing: tuple[float, ...], matrix: np.ndarray) -> Grid:
    half = matrix @ ((np.array(size) - 1) / 2 * np.array(spacing))
    return Grid(size, spacing, tuple(np.array(CENTER) - half), tuple(float(v) for v in matrix.ravel()))


def positions(grid: Grid) -> np.ndarray:
    """Positions from CENTER, shape (3, k, j, i)."""
    k, j, i = np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij")
    scaled = np.stack([i, j, k], axis=-1) * np.array(grid.spacing_mm)
    return np.moveaxis(scaled @ grid.matrix.T + np.array(grid.origin) - np.array(CENTER), -1, 0)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.9, 1.1, 1.3)])
@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_a_sphere_has_its_volume_its_largest_section_and_its_center(
    spacing: tuple[float, float, float], angle: float
) -> None:
    grid = oblique_grid(97, spacing, angle)
    labels = ((positions(grid) ** 2).sum(axis=0) <= RADIUS**2).astype(np.uint8) * 7
    regions = summarize(labels, grid)
    assert volume_ml(regions, 7) == pytest.approx(4 / 3 * math.pi * RADIUS**3 / 1000, rel=0.005)
    assert csa_cm2(regions, 7).max() == pytest.approx(math.pi * RADIUS**2 / 100, rel=0.005)
    assert center_mm(regions, 7) == pytest.approx(CENTER, abs=0.01)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, -1)])
def test_an_upright_cylinder_has_the_same_section_in_every_axis_order(
    order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    matrix = np.eye(3)[:, list(order)] * np.array(signs)
    per_axis = {0: (110, 0.8), 1: (110, 0.8), 2: (24, 2.5)}
    size = tuple(per_axis[axis][0] for axis in order)
    grid = centered(size, tuple(per_axis[axis][1] for axis in order), matrix)
    x, y, z = positions(grid)
    labels = ((x**2 + y**2 <= RADIUS**2) & (np.abs(z) < 25)).astype(np.uint8)
    regions = summarize(labels, grid)
    areas = csa_cm2(regions, 1)
    assert areas[areas > 0] == pytest.approx(np.full(20, math.pi * RADIUS**2 / 100), rel=0.005)
    assert volume_ml(regions, 1) == pytest.approx(math.pi * RADIUS**2 * 50 / 1000, rel=0.005)


def test_mean_deviation_and_values_follow_from_one_pass() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (9, 8, 7), dtype=np.uint8)
    image = rng.integers(-1000, 3000, labels.shape).astype(np.int16)
    grid = Grid.identity((7, 8, 9), (1, 1, 1), (0, 0, 0))
    regions = summarize(labels, grid, image)
    inside = image[labels == 2]
    assert mean(regions, 2) == pytest.approx(inside.mean())
    assert deviation(regions, 2) == pytest.approx(inside.std())
    assert np.array_equal(values_of(labels, image, regions, 2), inside)


def test_an_absent_label_has_no_volume_no_mean_and_no_edge() -> None:
    grid = Grid.identity((4, 4, 4), (1, 1, 1), (0, 0, 0))
    regions = summarize(np.zeros((4, 4, 4), np.uint8), grid, np.ones((4, 4, 4)))
    assert volume_ml(regions, 5) == 0
    assert math.isnan(mean(regions, 5))
    assert math.isnan(deviation(regions, 5))
    assert edges(regions, 5) == ()


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ((0, 3, 3), "lower end"),
        ((6, 3, 3), "upper end"),
        ((3, 0, 3), "front"),
        ((3, 6, 3), "back"),
        ((3, 3, 0), "right side"),
        ((3, 3, 6), "left side"),
    ],
)
def test_a_label_that_touches_a_face_says_which(where: tuple[int, int, int], name: str) -> None:
    labels = np.zeros((7, 7, 7), np.uint8)
    labels[where] = 3
    regions = summarize(labels, Grid.identity((7, 7, 7), (1, 1, 1), (0, 0, 0)))
    assert edges(regions, 3) == (name,)


def test_a_label_beside_the_padding_of_a_circular_field_is_cut_and_one_inside_is_not() -> None:
    radius = np.hypot(*np.meshgrid(np.arange(64) - 31.5, np.arange(64) - 31.5))
    image = np.where(radius > 32, -1024, 0).astype(np.int16)[None].repeat(3, 0)
    labels = np.zeros(image.shape, np.uint8)
    labels[1, 32, 20:25] = 1
    labels[1][(radius > 25) & (radius <= 32)] = 2
    labels[:, :, [0, -1]] = labels[:, [0, -1]] = 0
    padding = padding_mask(image, below=-2000, constant_below=-1020)
    regions = summarize(labels, Grid.identity((64, 64, 3), (1, 1, 1), (0, 0, 0)), image, padding)
    assert edges(regions, 1) == ()
    assert edges(regions, 2) == (CIRCLE_EDGE,)


def test_air_of_one_value_around_a_body_is_not_padding() -> None:
    image = np.full((3, 64, 64), -1024, np.int16)
    image[:, 14:50, 14:50] = 0
    padding = padding_mask(image, below=-2000, constant_below=-1020)
    assert padding is not None
    assert not padding[13:51, 13:51].any()
    assert padding_mask(image + 100, below=-2000, constant_below=-1020) is None


def test_distance_to_the_left_is_measured_where_both_are() -> None:
    labels = np.zeros((6, 3, 40), np.uint8)
    labels[:, 1, 5] = 1
    labels[2:4, 1, 25] = 2
    labels[:2, 1, 30] = 3
    labels[5, 2, 35] = 4
    regions = summarize(labels, Grid.identity((40, 3, 6), (2, 1, 1), (0, 0, 0)))
    assert lateral_distance_mm(regions, 2, 1) == 40
    assert lateral_distance_mm(regions, 1, 2) == -40
    assert lateral_distance_mm(regions, 4, 3) == 10


def test_a_label_of_one_run_is_one_run_and_a_row_ends_it() -> None:
    plane = np.array([[0, 5, 5, 3], [3, 0, 3, 3]], np.uint8)
    assert [found.tolist() for found in runs(plane)] == [[5, 3, 3, 3], [0, 0, 1, 1], [1, 3, 0, 2], [3, 4, 1, 4]]


@pytest.mark.parametrize("flips", list(itertools.product((1, -1), repeat=3)))
def test_boxes_hold_their_labels_however_the_array_lies_in_memory(flips: tuple[int, ...]) -> None:
    turned = tuple(slice(None, None, flip) for flip in flips)
    known = np.zeros((6, 7, 8), np.uint8)
    known[2:4, 1:6, 3] = 9
    known[3, 5, 3:8] = 200
    labels = known[turned].copy()[turned]
    assert label_box(labels) == (slice(2, 4), slice(1, 6), slice(3, 8))
    assert label_boxes(labels) == {9: np.s_[2:4, 1:6, 3:4], 200: np.s_[3:4, 5:6, 3:8]}
    assert list(label_boxes(labels[3])) == [9, 200]
    assert label_boxes(labels[3])[200] == np.s_[5:6, 3:8]


def test_without_labels_there_is_no_box() -> None:
    empty = np.zeros((3, 4, 5), np.uint8)
    assert all(part.start == part.stop for part in label_box(empty))
    assert label_boxes(empty) == {}


def test_labels_of_another_shape_than_their_grid_are_refused() -> None:
    with pytest.raises(GeometryError, match="shape of their grid"):
        summarize(np.zeros((2, 2, 2), np.uint8), Grid.identity((3, 2, 2), (1, 1, 1), (0, 0, 0)))
