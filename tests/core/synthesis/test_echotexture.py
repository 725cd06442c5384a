from __future__ import annotations

import numpy as np
import pytest

from myoscope.synthesis.echotexture import Plane, deformed_plane, distance, line, septa, slope, smooth_map, streaks

SPACING = (0.2, 0.1)
SHAPE = (300, 200)


def plane() -> Plane:
    x = np.broadcast_to((np.arange(SHAPE[1], dtype=np.float32) - 99.5) * np.float32(SPACING[0]), SHAPE)
    y = np.broadcast_to(((np.arange(SHAPE[0], dtype=np.float32) + 0.5) * np.float32(SPACING[1]))[:, None], SHAPE)
    return Plane(np.ascontiguousarray(x), np.ascontiguousarray(y), SPACING, (40.0, 30.0))


@pytest.mark.parametrize("degrees", [0.0, 20.0, 60.0])
def test_the_distance_to_a_straight_border_is_exact_at_any_angle_and_pixel_shape(degrees: float) -> None:
    at, angle = plane(), np.deg2rad(degrees)
    expected = (at.y - 15.0) * np.cos(angle) + at.x * np.sin(angle)
    level = (3.0 * expected).astype(np.float32)
    inner = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(distance(level, SPACING)[inner], expected[inner], atol=1e-3)
    steep, flat = slope(level, SPACING)
    assert steep[inner] == pytest.approx(3.0, rel=1e-3)
    assert flat[inner] == pytest.approx(np.cos(angle), abs=1e-3)


def test_a_sheet_lies_on_the_outer_side_and_is_as_thick_as_asked() -> None:
    far = plane().y - 10.0
    bright = line(far, 2.0, SPACING)[:, 0]
    inside = np.flatnonzero(bright > 0) * SPACING[1]
    assert inside.min() == pytest.approx(8.0, abs=0.11)
    assert inside.max() == pytest.approx(10.0, abs=0.11)
    assert bright.max() == 1.0


def test_a_sheet_that_stands_upright_reflects_nothing() -> None:
    upright, flat = plane().x - 3.0, plane().y - 10.0
    assert line(upright, 1.0, SPACING).max() < 1e-3
    assert line(flat, 1.0, SPACING).max() == 1.0


def test_streaks_run_along_their_lines() -> None:
    at, angle = plane(), np.deg2rad(15.0)
    along = (at.x * np.cos(angle) + at.y * np.sin(angle)).astype(np.float32)
    across = (at.y * np.cos(angle) - at.x * np.sin(angle)).astype(np.float32)
    made = streaks(np.random.default_rng(0), along, across, length_mm=15.0, pitch_mm=2.0, density=0.3)
    gx = np.diff(made, axis=1)[:-1] / SPACING[0]
    gy = np.diff(made, axis=0)[:, :-1] / SPACING[1]
    # The structure tensor's main axis is the normal of the streaks.
    normal = 0.5 * np.arctan2(2 * (gx * gy).sum(), (gx**2 - gy**2).sum())
    direction = (normal + np.pi / 2) % np.pi
    assert np.rad2deg(direction) == pytest.approx(15.0, abs=2.0)


@pytest.mark.parametrize("density", [0.1, 0.4])
def test_streaks_cover_about_the_share_asked_for(density: float) -> None:
    at = plane()
    made = streaks(np.random.default_rng(0), at.x, at.y, length_mm=1.0, pitch_mm=0.8, density=density)
    assert (made > 0).mean() == pytest.approx(density, rel=0.35)
    assert made.min() == 0
    assert made.max() <= 1.2


def test_septa_are_thin_bright_and_broken() -> None:
    net = septa(np.random.default_rng(0), plane(), (12.0, 4.0), width_mm=0.2)
    assert net.min() >= 0
    assert net.max() > 0.7
    assert (net > 0.3).mean() < 0.2


def test_tissue_is_displaced_smoothly_by_a_few_mm_and_the_skin_is_not() -> None:
    still = plane()
    for seed in range(5):
        moved = deformed_plane(
            np.random.default_rng(seed), SHAPE, SPACING, room_mm=(40.0, 30.0), left_mm=float(still.x[0, 0])
        )
        shift = np.hypot(moved.x - still.x, moved.y - still.y)
        assert shift[:2].max() < 0.15
        assert 0.05 < shift.max() < 6.0
        assert np.all(np.diff(moved.y, axis=0) > 0)


def test_smooth_maps_have_unit_spread_and_follow_the_seed() -> None:
    maps = [smooth_map(np.random.default_rng(seed), (400, 400), (0.1, 0.1), (1.0, 2.0)) for seed in (3, 3, 4)]
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])
    assert abs(maps[0].mean()) < 0.15
    assert 0.5 < maps[0].std() < 1.1
    assert np.abs(np.diff(maps[0], axis=1)).mean() > 1.5 * np.abs(np.diff(maps[0], axis=0)).mean()
