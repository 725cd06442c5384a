from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import View
from myoscope_ultrasound.region import find_views

Frame = NDArray[np.uint8]
#: Edges may be off by this much; the tissue of the tests is 300 pixels high, so that it is 1%.
SLACK = 3
SHARED = Path(__file__).parents[4] / "shared" / "data" / "ultrasound" / "longitudinal_train"


def speckle(width: int, height: int, seed: int = 0, *, low: int = 20, high: int = 200) -> Frame:
    """Noise between two greys, longer along rows than along columns, as tissue under a probe looks."""
    noise = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigmaX=6.0, sigmaY=1.5)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return (low + smooth * (high - low)).astype(np.uint8)


def on_screen(tissue: Frame, view: View, size: tuple[int, int] = (640, 480), border: int = 0) -> Frame:
    frame = np.full(size[::-1], border, dtype=np.uint8)
    frame[view.slices] = tissue
    return frame


def written_over(frame: Frame) -> Frame:
    """Text above and below, a ruler and a gray bar at the sides."""
    frame = frame.copy()
    for row in (16, 34, 460):
        cv2.putText(frame, "LOGIQ e 12L-RS MI 0.8 TIs 0.1 Frq 10 MHz", (60, row), 0, 0.5, 230, 1, cv2.LINE_AA)
    for row in range(60, 440, 38):
        cv2.line(frame, (590, row), (600, row), 255, 1)
        cv2.putText(frame, "2.5", (605, row + 4), 0, 0.4, 200, 1, cv2.LINE_AA)
    frame[80:200, 10:26] = np.linspace(255, 0, 120).astype(np.uint8)[:, None]
    return frame


def is_close(found: View, expected: View) -> bool:
    edges = [(v.left, v.top, v.left + v.width, v.top + v.height) for v in (found, expected)]
    return bool(np.abs(np.subtract(*edges)).max() <= SLACK)


VIEW = View(100, 60, 420, 300)


@pytest.mark.parametrize("border", [0, 56, 128])
def test_the_tissue_is_found_among_text_ruler_and_gray_bar(border: int) -> None:
    frame = written_over(on_screen(speckle(420, 300), VIEW, border=border))
    (found,) = find_views(frame)
    assert is_close(found, VIEW), found


@pytest.mark.parametrize("quality", [95, 75])
def test_compression_moves_no_edge_by_more_than_a_block(quality: int) -> None:
    frame = written_over(on_screen(speckle(420, 300), VIEW))
    packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    (found,) = find_views(np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), dtype=np.uint8))
    edges = [(v.left, v.top, v.left + v.width, v.top + v.height) for v in (found, VIEW)]
    assert np.abs(np.subtract(*edges)).max() <= 8


def test_a_frame_of_tissue_alone_is_its_own_view() -> None:
    assert find_views(speckle(400, 384)) == (View(0, 0, 400, 384),)


def test_a_frame_of_tissue_alone_reaches_down_to_where_echoes_have_faded() -> None:
    tissue = speckle(400, 384) * np.exp(-np.maximum(np.arange(384) - 150, 0) / 30)[:, None]
    assert tissue[320:].max() < 1
    assert find_views(tissue.astype(np.uint8)) == (View(0, 0, 400, 384),)


def test_a_panel_above_tissue_that_fills_the_width_is_left_out() -> None:
    frame = np.vstack([np.full((60, 400), 40, dtype=np.uint8), speckle(400, 324)])
    cv2.putText(frame, "FR 38 Hz  Gn 56", (20, 30), 0, 0.6, 220, 1, cv2.LINE_AA)
    (found,) = find_views(frame)
    assert is_close(found, View(0, 60, 400, 324)), found


def test_smooth_skin_above_and_dark_tissue_below_belong_to_the_image_between_its_sides() -> None:
    tissue = speckle(420, 300)
    tissue[:20] = 170  # a band of gel, of one grey
    tissue[200:] = 6  # echoes have faded, but not to the grey of the panel
    (found,) = find_views(written_over(on_screen(tissue, VIEW, border=56)))
    assert is_close(found, VIEW), found


def test_the_corners_of_a_sector_lie_in_its_view() -> None:
    frame = on_screen(speckle(420, 300), VIEW)
    outline = np.array([[170, 60], [450, 60], [519, 359], [100, 359]], dtype=np.int32)
    shown = cv2.fillPoly(np.zeros_like(frame), [outline], 1)
    (found,) = find_views(frame * shown)
    rows, columns = found.slices
    inside = np.zeros_like(shown)
    inside[rows, columns] = shown[rows, columns]
    assert (found.top, found.height) == (pytest.approx(60, abs=SLACK), pytest.approx(300, abs=SLACK))
    assert inside.sum() > 0.99 * shown.sum()


@pytest.mark.parametrize("gap", [0, 1, 4, 16, 40])
def test_two_images_side_by_side_are_two_views(gap: int) -> None:
    left, right = View(40, 60, 240, 300), View(280 + gap, 60, 260, 300)
    frame = on_screen(speckle(240, 300, 1), left)
    frame[right.slices] = speckle(260, 300, 2)
    found = find_views(frame)
    assert len(found) == 2
    # A line between them may go to either.
    for one, expected in zip(found, (left, right), strict=True):
        assert abs(one.left - expected.left) <= SLACK + 2
        assert abs(one.left + one.width - expected.left - expected.width) <= SLACK + 2


def test_a_line_drawn_down_an_image_does_not_part_it() -> None:
    tissue = speckle(420, 300)
    tissue[:, 200:202] = 255
    assert len(find_views(on_screen(tissue, VIEW))) == 1


def test_the_shadow_of_a_bone_does_not_part_an_image() -> None:
    tissue = speckle(420, 300)
    tissue[120:, 150:260] = 3
    (found,) = find_views(on_screen(tissue, VIEW))
    assert is_close(found, VIEW), found


def test_a_frame_of_nothing_has_no_view() -> None:
    assert find_views(np.zeros((480, 640), dtype=np.uint8)) == ()
    assert find_views(np.tile(np.linspace(0, 255, 640).astype(np.uint8), (480, 1))) == ()
    text = written_over(np.zeros((480, 640), dtype=np.uint8))
    assert find_views(text) == ()
    assert find_views(np.zeros((2, 2), dtype=np.uint8)) == ()


def test_a_large_frame_has_the_view_of_the_small_one_times_its_scale() -> None:
    frame = written_over(on_screen(speckle(420, 300), VIEW))
    (small,), (large,) = find_views(frame), find_views(np.kron(frame, np.ones((4, 4), dtype=np.uint8)))
    assert max(abs(large.left - 4 * small.left), abs(large.width - 4 * small.width)) <= 16
    assert max(abs(large.top - 4 * small.top), abs(large.height - 4 * small.height)) <= 16


def test_what_moves_in_a_video_is_tissue_though_each_frame_is_nearly_flat() -> None:
    rng = np.random.default_rng(0)
    frames = np.zeros((6, 480, 640), dtype=np.uint8)
    base = on_screen(speckle(420, 300), VIEW)
    for frame in frames:
        frame[:] = base
        # The lower half is flat within a frame, but differs from one to the next.
        frame[210:360, 100:520] = rng.integers(10, 60)
    (found,) = find_views(frames)
    assert is_close(found, VIEW), found


def test_one_frame_takes_milliseconds() -> None:
    frame = written_over(on_screen(speckle(420, 300), VIEW))
    find_views(frame)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        find_views(frame)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real frames are not beside the project")
def test_real_frames_of_several_machines_have_one_view_that_holds_what_people_outlined() -> None:
    outside = []
    for path in sorted((SHARED / "images").glob("*.png")):
        frame = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
        views = find_views(frame)
        assert len(views) == 1, path.name
        mask = cv2.imread(str(SHARED / "masks" / path.name), cv2.IMREAD_GRAYSCALE)
        rows, columns = np.nonzero(mask)
        if not len(rows):
            continue
        view = views[0]
        over = (view.left - columns.min(), columns.max() - view.left - view.width + 1)
        outside.append(max(*over, view.top - rows.min(), rows.max() - view.top - view.height + 1))
    assert len(outside) > 250
    assert max(outside) <= 2  # people draw up to the very edge
