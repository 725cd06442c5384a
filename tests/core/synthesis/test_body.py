import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid
from myoscope.synthesis.body import body_mask, depth_inside

GRID = Grid.identity((40, 30, 6), (2.0, 3.0, 5.0), (0.0, 0.0, 0.0))


def test_depth_is_the_distance_to_the_outside_in_the_plane() -> None:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[2, 5:25, 10:13] = True
    depth = depth_inside(mask, GRID)
    assert not depth[[0, 1, 3, 4, 5]].any()
    np.testing.assert_allclose(depth[2, 15, 9:14], [0.0, 2.0, 4.0, 2.0, 0.0])
    np.testing.assert_allclose(depth[2, 5, 10:13], [2.0, 3.0, 2.0])


def test_depth_is_endless_where_the_mask_fills_the_field_of_view() -> None:
    mask = np.ones(GRID.shape, dtype=bool)
    mask[3:] = False
    depth = depth_inside(mask, GRID)
    assert np.isinf(depth[:3]).all()
    assert (depth[3:] == 0).all()


def test_the_field_of_view_is_no_outside() -> None:
    """A mask that the border cuts is as deep there as its own far side says."""
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[:, :, :5] = True
    np.testing.assert_allclose(depth_inside(mask, GRID)[0, 10, :6], [10.0, 8.0, 6.0, 4.0, 2.0, 0.0])


@pytest.mark.parametrize("fat_mm", [5.0, 12.0])
def test_the_body_holds_every_label_and_a_layer_of_about_the_fat_asked_for(fat_mm: float) -> None:
    grid = Grid.identity((80, 80, 5), (1.5, 1.5, 5.0), (0.0, 0.0, 0.0))
    _, y, x = np.indices(grid.shape)
    far = np.hypot(x - 39.5, y - 39.5) * 1.5
    labels = np.where((far < 25) & (far > 12), 5, 0).astype(np.uint8)
    body = body_mask(labels, grid, fat_mm, np.random.default_rng(0))
    assert body[labels > 0].all()
    assert body[:, 39, 39].all()
    assert not body[:, 0].any()
    layer = np.sqrt(body[2].sum() * 1.5**2 / np.pi) - 25
    assert layer == pytest.approx(fat_mm + 2.5, rel=0.6)


def test_beyond_the_ends_of_the_anatomy_the_body_goes_on() -> None:
    grid = Grid.identity((40, 40, 8), (3.0, 3.0, 5.0), (0.0, 0.0, 0.0))
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[2:6, 15:25, 15:25] = 5
    body = body_mask(labels, grid, 8.0, np.random.default_rng(0))
    assert body.any(axis=(1, 2)).all()


def _two_legs() -> tuple[NDArray[np.uint8], Grid]:
    """Two upright bars of 20 x 20 mm, right and left, 20 mm apart."""
    labels = np.zeros((12, 60, 100), dtype=np.uint8)
    labels[:, 20:40, 20:40] = 1
    labels[:, 20:40, 60:80] = 101
    return labels, Grid.identity((100, 60, 12), (1.0, 1.0, 5.0), (0.0, 0.0, 0.0))


@pytest.mark.parametrize(("apart_mm", "touches"), [(0.0, True), (6.0, False)])
def test_thighs_that_would_touch_can_be_kept_apart(apart_mm: float, touches: bool) -> None:
    labels, grid = _two_legs()
    body = body_mask(labels, grid, 12.0, np.random.default_rng(0), apart_mm=apart_mm)
    between = body[6, 30, 40:60]
    assert between.all() == touches
    if not touches:
        assert abs(int((~between).sum()) - apart_mm) <= 2
        assert np.flatnonzero(~between).mean() == pytest.approx(9.5, abs=0.6)  # half way


def test_a_leg_that_is_mostly_unnamed_is_wrapped() -> None:
    """Four thin rods of a knee, 60 mm apart, hold everything between them."""
    labels = np.zeros((6, 100, 100), dtype=np.uint8)
    for y in (20, 78):
        for x in (20, 78):
            labels[:, y : y + 3, x : x + 3] = 1
    grid = Grid.identity((100, 100, 6), (1.0, 1.0, 5.0), (0.0, 0.0, 0.0))
    rng = np.random.default_rng(0)
    assert body_mask(labels, grid, 3.0, rng, round_mm=4.0)[3, 50, 50]
    assert not body_mask(labels, grid, 3.0, rng)[3, 50, 50]
