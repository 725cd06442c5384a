from __future__ import annotations

import numpy as np
import pytest

from myoscope import Calibration, Grid, Scan, UnreadableError, View
from myoscope.inference.frames import box_of
from myoscope_ultrasound.preprocessing import preprocess
from myoscope_ultrasound.recipes import RECIPES

RECIPE = RECIPES["ultrasound/longitudinal"]
VIEW = View(left=30, top=10, width=128, height=64)


def scan_of(image: np.ndarray, spacing: tuple[float, float] | None = (0.1, 0.2), **more: object) -> Scan:
    grid = Grid.picture((image.shape[-1], image.shape[-2]), spacing)
    return Scan("ultrasound", {"bmode": image}, grid, "case", calibration=Calibration("known", VIEW), **more)  # type: ignore[arg-type]


def test_the_view_fills_the_window_and_nothing_outside_it_is_seen() -> None:
    image = np.full((100, 200), 255, dtype=np.uint8)
    image[VIEW.slices] = 51
    prepared = preprocess(scan_of(image), RECIPE)
    assert prepared.image.shape == (256, 256)
    assert prepared.image.dtype == np.float32
    assert np.allclose(prepared.image, 0.2)


@pytest.mark.parametrize("spacing", [None, (0.1, 0.1), (0.07, 0.13)])
def test_the_windows_grid_covers_the_view_edge_to_edge(spacing: tuple[float, float] | None) -> None:
    prepared = preprocess(scan_of(np.zeros((100, 200), dtype=np.uint8), spacing), RECIPE)
    grid = Grid.picture((200, 100), spacing)
    assert box_of(prepared.grid, grid) == VIEW.slices
    assert prepared.grid.unit is grid.unit


def test_an_edge_in_the_view_stays_at_its_place() -> None:
    image = np.zeros((100, 200), dtype=np.uint8)
    image[:, VIEW.left + 32 :] = 255
    window = preprocess(scan_of(image), RECIPE).image
    assert window[:, :62].max() == 0
    assert window[:, 66:].min() == 1


def test_every_frame_of_a_video_is_prepared_like_a_picture_of_its_own() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 100, 200), dtype=np.uint8)
    video = preprocess(scan_of(frames, times_s=(0.0, 0.04, 0.08)), RECIPE)
    assert video.times_s == (0.0, 0.04, 0.08)
    for frame, prepared in zip(frames, video.image, strict=True):
        assert np.array_equal(preprocess(scan_of(frame), RECIPE).image, prepared)


def test_a_scan_that_does_not_say_where_tissue_is_is_refused() -> None:
    grid = Grid.picture((200, 100), None)
    with pytest.raises(UnreadableError, match="which part of the picture shows tissue"):
        preprocess(Scan("ultrasound", {"bmode": np.zeros((100, 200), dtype=np.uint8)}, grid, "case"), RECIPE)
