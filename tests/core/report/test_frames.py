from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from myoscope import Calibration, CaseResult, Grid, LengthUnit, Scan, View
from myoscope.report.frames import (
    frame_rate,
    gray_limits,
    is_picture,
    is_video,
    rejected_frames,
    scale_sentence,
    shown_frame,
)

PictureCase = Callable[..., CaseResult]


def a_scan(spacing_mm: tuple[float, float] | None, source: str, *, width: int = 640) -> Scan:
    grid = Grid.picture((width, 480), spacing_mm)
    calibration = Calibration(source, View(0, 0, width, 480))
    return Scan("ultrasound", {"bmode": np.zeros(grid.shape, np.uint8)}, grid, "case", calibration=calibration)


def test_a_volume_is_no_picture_and_a_picture_is_no_video(phantom: CaseResult, picture_case: PictureCase) -> None:
    cases = (phantom, picture_case(), picture_case(frames=4))
    assert [is_picture(case) for case in cases] == [False, True, True]
    assert [is_video(case) for case in cases] == [False, False, True]


def test_the_shown_frame_has_its_own_calipers_view_and_time(picture_case: PictureCase) -> None:
    frame = shown_frame(picture_case(frames=6))
    assert (frame.index, frame.count, frame.time_s) == (2, 6, pytest.approx(0.1))
    assert frame.view == View(10, 6, 100, 80)
    assert [caliper.frame for caliper in frame.calipers] == [2]
    assert frame.size == (45.0, 60.0)


def test_a_view_of_the_whole_picture_has_no_frame_around_it(phantom: CaseResult, picture_case: PictureCase) -> None:
    whole = dataclasses.replace(picture_case(), scan=a_scan((0.1, 0.1), "x", width=120))
    assert shown_frame(whole).view is None
    assert phantom.scan.calibration is None


@pytest.mark.parametrize(
    ("spacing_mm", "source", "sentence"),
    [
        ((0.0625, 0.0625), "ruler ticks", "Scale: 0.0625 mm a pixel (ruler ticks)."),
        ((0.05, 0.11), "x", "Scale: 0.05 mm across and 0.11 mm down a pixel (x)."),
        (None, "no scale", "No scale: lengths are in pixels."),
    ],
)
def test_the_scale_is_one_sentence_with_its_source(
    spacing_mm: tuple[float, float] | None, source: str, sentence: str
) -> None:
    assert scale_sentence(a_scan(spacing_mm, source)) == sentence


def test_a_scale_bar_is_round_and_without_a_scale_100_pixels(picture_case: PictureCase) -> None:
    def bar(spacing_mm: tuple[float, float] | None, width: int = 640) -> tuple[float, str]:
        case = dataclasses.replace(picture_case(spacing_mm), scan=a_scan(spacing_mm, "x", width=width))
        return shown_frame(case).scale_bar

    assert bar((0.1, 0.1)) == (20.0, "20 mm")
    assert bar(None) == (100.0, "100 px, no scale")
    assert bar(None, width=120) == (20.0, "20 px, no scale")
    assert LengthUnit.PX == "px"


def test_a_rejected_frame_is_told_once_a_reason_with_all_that_it_is_about(picture_case: PictureCase) -> None:
    rows = list(rejected_frames(picture_case(frames=6)))
    assert [(row.index, row.time_s) for row in rows] == [(3, pytest.approx(0.15)), (4, pytest.approx(0.2))]
    assert rows[0].what == "Muscle: thickness, Muscle: echo intensity"
    assert rows[0].reason == "the deep border leaves the picture"


def test_gray_of_8_bits_is_not_stretched_and_other_values_are() -> None:
    assert gray_limits(np.array([[3, 9]], np.uint8)) == (0.0, 255.0)
    assert gray_limits(np.array([[-2.0, 6.0]])) == (-2.0, 6.0)
    assert gray_limits(np.array([[5.0, 5.0]])) == (5.0, 6.0)


@pytest.mark.parametrize(("times_s", "rate"), [((0.0, 0.5, 1.0), 2.0), ((3.0, 3.04), 25.0), ((7.0,), 1.0)])
def test_a_rate_is_intervals_over_time(times_s: tuple[float, ...], rate: float) -> None:
    assert frame_rate(times_s) == pytest.approx(rate)
