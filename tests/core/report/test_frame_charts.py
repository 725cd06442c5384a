from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import pytest

from myoscope import CaseResult, Measurements
from myoscope.report.charts import PLOT_WIDTH, RIGHT
from myoscope.report.frame_charts import BOTTOM, CROSS, HEIGHT, LEFT, TOP, frame_charts

PictureCase = Callable[..., CaseResult]
FLOOR = HEIGHT - BOTTOM


def places(path: str, command: str = "[ML]") -> list[tuple[float, float]]:
    """Return where a path goes."""
    return [(float(x), float(y)) for x, y in re.findall(rf"{command}(-?[\d.]+) (-?[\d.]+)", path)]


def test_a_video_has_a_chart_a_quantity_and_one_of_the_confidence(picture_case: PictureCase) -> None:
    titles = [chart.title for chart in frame_charts(picture_case(frames=8))]
    assert titles == ["Muscle: thickness", "Muscle: echo intensity", "The model's own confidence"]
    assert frame_charts(picture_case()) == ()


def test_frames_that_count_are_dots_and_the_rejected_are_crosses(picture_case: PictureCase) -> None:
    chart = frame_charts(picture_case(frames=8))[0]
    assert len(places(chart.dots)) == 6
    assert len(places(chart.crosses, "M")) == 2
    assert places(chart.used) == places(chart.dots)


def test_the_line_breaks_where_frames_are_rejected(picture_case: PictureCase) -> None:
    chart = frame_charts(picture_case(frames=8))[0]
    assert (chart.used.count("M"), chart.used.count("L")) == (2, 4)


def test_time_runs_over_the_whole_width_and_larger_values_stand_higher(picture_case: PictureCase) -> None:
    chart = frame_charts(picture_case(frames=8))[0]
    spots = places(chart.dots)
    assert (spots[0][0], spots[-1][0]) == (LEFT, PLOT_WIDTH - RIGHT)
    # Frames 0, 1 and 2 show 30, 31 and 32 steps of half a millimeter.
    first, second, third = (y for _, y in spots[:3])
    assert TOP < third < second < first < FLOOR
    assert first - second == pytest.approx(second - third, abs=0.2)


def test_a_rejected_value_stands_at_its_height_and_a_missing_one_on_the_time_axis(picture_case: PictureCase) -> None:
    chart = frame_charts(picture_case(frames=8))[0]
    (_, missing), (_, low) = places(chart.crosses, "M")
    assert missing + CROSS == FLOOR
    assert max(y for _, y in places(chart.dots)) < low + CROSS < FLOOR


def test_the_level_is_the_number_of_the_row_and_the_dashed_line_the_shown_frame(picture_case: PictureCase) -> None:
    case = picture_case(frames=8)
    chart = frame_charts(case)[0]
    assert chart.level is not None
    # The row says 31 steps, as much as frame 1 shows; frame 2 stands for the video.
    assert chart.level == (places(chart.dots)[1][1], "15.5 mm")
    assert chart.method == "along the normals of the mid-line"
    assert chart.shown_x == places(chart.dots)[2][0]
    bare = dataclasses.replace(case.measurements, rows=())
    assert frame_charts(dataclasses.replace(case, measurements=bare))[0].level is None


def test_a_row_in_another_unit_is_no_level(picture_case: PictureCase) -> None:
    case = picture_case(frames=8)
    rows = tuple(dataclasses.replace(row, unit="px") for row in case.measurements.rows)
    charts = frame_charts(dataclasses.replace(case, measurements=dataclasses.replace(case.measurements, rows=rows)))
    assert charts[0].level is None


def test_confidence_has_an_axis_from_0_to_1_and_is_left_out_for_given_labels(picture_case: PictureCase) -> None:
    case = picture_case(frames=8)
    chart = frame_charts(case)[-1]
    assert (chart.y_ticks[0], chart.y_ticks[-1]) == ((FLOOR, "0"), (TOP, "1"))
    given = dataclasses.replace(case, segmentation=dataclasses.replace(case.segmentation, confidence=()))
    assert "confidence" not in frame_charts(given)[-1].title


def test_a_video_of_one_frame_and_one_without_a_value_have_charts(picture_case: PictureCase) -> None:
    assert len(places(frame_charts(picture_case(frames=1))[0].dots)) == 1
    case = picture_case(frames=8)
    values = tuple(dataclasses.replace(row, reason="dark") for row in case.measurements.frames)
    dark = frame_charts(dataclasses.replace(case, measurements=Measurements(frames=values)))[0]
    assert (dark.used, dark.dots) == ("", "")
    assert len(places(dark.crosses, "M")) == 8
