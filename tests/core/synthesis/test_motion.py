from __future__ import annotations

import numpy as np
import pytest

from myoscope.synthesis.motion import (
    MOST_BULGE_MM,
    MOST_PRESS,
    MOST_SLIDE_MM,
    Motion,
    draw_motion,
    moved,
    places_at,
)

SHAPE = (60, 80)
STILL = np.zeros((2, 5, 5), dtype=np.float32)
PHASES = (np.pi / 2, np.pi / 2, np.pi / 2)


def motion(slide: float = 0.0, press: float = 0.0, bulge: np.ndarray = STILL) -> Motion:
    return Motion(slide, press, bulge, (1.0, 1.0, 1.0), PHASES, 0.9)


def test_without_motion_every_pixel_sees_its_own_place() -> None:
    across, down = places_at(motion(), 0.3, SHAPE, (0.2, 0.1), 7)
    assert np.array_equal(across[0], np.arange(7, 87))
    assert np.array_equal(down[:, 0], np.arange(60))
    picture = np.random.default_rng(0).random((60, 94)).astype(np.float32)
    assert np.array_equal(moved([picture], (across, down))[0], picture[:, 7:87])


def test_a_slide_of_a_mm_moves_tissue_by_a_mm_in_pixels_of_any_width() -> None:
    across, down = places_at(motion(slide=1.0), 0.0, SHAPE, (0.2, 0.1), 0)
    np.testing.assert_allclose(across[3], np.arange(80) + 5.0)
    assert np.array_equal(down[:, 0], np.arange(60))
    back, _ = places_at(motion(slide=1.0), 0.5, SHAPE, (0.2, 0.1), 0)
    np.testing.assert_allclose(back[3], np.arange(80) - 5.0, atol=1e-5)


def test_pressing_brings_deeper_tissue_in_proportion_to_depth() -> None:
    _, down = places_at(motion(press=0.05), 0.0, SHAPE, (0.1, 0.1), 0)
    np.testing.assert_allclose(down[:, 40], np.arange(60) * 1.05, rtol=1e-6)


def test_all_maps_are_moved_alike_however_many_they_are() -> None:
    x = np.broadcast_to(np.arange(90, dtype=np.float32), (60, 90))
    maps = [np.ascontiguousarray((i + 1) * x) for i in range(6)]
    places = places_at(motion(slide=0.37), 0.0, SHAPE, (0.1, 0.1), 4)
    for count in (1, 4, 6):
        for index, seen in enumerate(moved(maps[:count], places)):
            # Interpolation places samples to a 32nd of a pixel.
            np.testing.assert_allclose(seen[5] / (index + 1), np.minimum(np.arange(4, 84) + 3.7, 89.0), atol=1 / 32)


@pytest.mark.parametrize("seed", range(5))
def test_motion_keeps_its_bounds_and_the_skin_its_place(seed: int) -> None:
    drawn = draw_motion(np.random.default_rng(seed))
    assert 0 <= drawn.slide_mm <= MOST_SLIDE_MM
    assert 0 <= drawn.press <= MOST_PRESS
    assert np.abs(drawn.bulge_mm).max() <= MOST_BULGE_MM
    assert not drawn.bulge_mm[:, 0].any()
