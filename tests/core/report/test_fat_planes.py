from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from myoscope import CaseResult, Grid, Scan, Segmentation, Station
from myoscope.report.fat_planes import MUSCLE_RANGE, WHOLE_RANGE, FatPlanes, fat_planes

MUSCLES = (3, 103, 9, 109)


def shown_of(result: CaseResult) -> FatPlanes:
    shown = fat_planes(result)
    assert shown is not None
    return shown


def with_scan(result: CaseResult, **changes: Any) -> CaseResult:
    return dataclasses.replace(result, scan=dataclasses.replace(result.scan, **changes))


def test_a_scan_without_water_and_fat_has_no_fraction(phantom: CaseResult) -> None:
    assert fat_planes(phantom) is None


def test_the_fraction_is_known_in_the_body_and_unknown_in_air(dixon_case: CaseResult) -> None:
    for plane in shown_of(dixon_case).fraction.planes:
        muscle = np.isin(plane.labels, MUSCLES)
        assert muscle.any()
        assert plane.image[muscle] == pytest.approx(25.0)
        known = np.isfinite(plane.image)
        assert plane.image[known & ~muscle] == pytest.approx(90.0)
        assert np.isnan(plane.image[:, 0]).all()


def test_the_fraction_of_muscles_covers_muscles_and_nothing_else(dixon_case: CaseResult) -> None:
    muscles = shown_of(dixon_case).muscles
    assert muscles is not None
    for plane, percent in zip(muscles.planes, muscles.percents, strict=True):
        assert (np.isfinite(percent) == np.isin(plane.labels, MUSCLES)).all()
    assert muscles.percent_range == MUSCLE_RANGE
    assert shown_of(dixon_case).fraction.percent_range == WHOLE_RANGE


def test_without_a_labeled_muscle_there_is_no_fraction_of_muscles(dixon_case: CaseResult) -> None:
    bones = np.where(dixon_case.segmentation.labels % 100 == 28, 28, 0).astype(np.uint8)
    result = dataclasses.replace(dixon_case, segmentation=dataclasses.replace(dixon_case.segmentation, labels=bones))
    assert shown_of(result).muscles is None


def test_water_and_fat_are_shown_with_names_and_without_a_scale(dixon_case: CaseResult) -> None:
    shown = shown_of(dixon_case)
    assert [view.title for view in shown.signals] == ["Water", "Fat"]
    assert [view.percent_range for view in shown.signals] == [None, None]
    assert "signal" in shown.method


def test_the_scanners_own_map_alone_is_enough(dixon_case: CaseResult) -> None:
    percent = np.full(dixon_case.scan.grid.shape, 12.0, np.float32)
    shown = shown_of(with_scan(dixon_case, channels={"pdff": percent}))
    assert shown.signals == ()
    assert (shown.fraction.planes[0].image == 12.0).all()
    assert "PDFF" in shown.method


def test_muscles_lie_over_the_in_phase_image_where_there_is_one(dixon_case: CaseResult) -> None:
    channels = dict(dixon_case.scan.channels)
    for extra, expected in (({}, "water"), ({"in_phase": channels["water"] + channels["fat"]}, "in_phase")):
        result = with_scan(dixon_case, channels=channels | extra)
        muscles = shown_of(result).muscles
        assert muscles is not None
        below = result.scan.channels[expected]
        assert muscles.planes[0].image.max() == below.max()


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_stations_lie_as_far_below_the_top_as_the_patient_axis_says(dixon_case: CaseResult, direction: float) -> None:
    # 24 slices of 8 mm from 496 to 688 mm, in either order.
    grid = dixon_case.scan.grid
    order = slice(None) if direction > 0 else slice(None, None, -1)
    origin = (*grid.origin[:2], 500.0 if direction > 0 else 684.0)
    turned = Grid(grid.size, grid.spacing_mm, origin, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, direction))
    channels = {name: array[order] for name, array in dixon_case.scan.channels.items()}
    stations = (Station("upper", (592.0, 688.0)), Station("lower", (496.0, 600.0)))
    old = dixon_case.segmentation
    result = dataclasses.replace(
        dixon_case,
        scan=Scan("dixon_mri", channels, turned, "turned", stations=stations),
        segmentation=Segmentation(old.labels[order], turned, old.structures, old.predicted, sides_split=True),
    )
    upper, lower = shown_of(result).stations
    assert (upper.name, upper.top_mm, upper.bottom_mm) == ("upper", pytest.approx(0.0), pytest.approx(96.0))
    assert (lower.top_mm, lower.bottom_mm) == (pytest.approx(88.0), pytest.approx(192.0))


def test_a_scan_of_one_station_was_not_fused_and_shows_none(dixon_case: CaseResult) -> None:
    assert shown_of(with_scan(dixon_case, stations=dixon_case.scan.stations[:1])).stations == ()
