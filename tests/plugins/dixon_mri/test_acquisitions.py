from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from myoscope import GeometryError, Grid, SeriesError
from myoscope.io import MRImage
from myoscope_dixon_mri.acquisitions import Acquisition, check_one_frame, check_one_visit, latest_whole
from myoscope_dixon_mri.naming import NamedImage, name_contrasts

Make = Callable[..., MRImage]
MakeStation = Callable[..., list[MRImage]]


def named(*images: MRImage) -> tuple[NamedImage, ...]:
    return name_contrasts([images]).places[0]


def numbers(images: tuple[NamedImage, ...]) -> list[str]:
    return [n.image.facts.series_number for n in images]


@pytest.mark.parametrize("fact", ["study_uid", "study_date"])
def test_two_visits_are_refused_and_listed(fact: str, mr_image: Make) -> None:
    first = mr_image(series_number="1", description="Dixon_W", **{"study_date": "20200101", fact: "20200101"})
    second = mr_image(series_number="9", description="Dixon_W", **{"study_date": "20200101", fact: "20240202"})
    with pytest.raises(SeriesError) as error:
        check_one_visit([first, first, second], "subject.zip")
    assert error.value.message.startswith("subject.zip mixes images of 2 ")
    assert "2 images such as series 1 (Dixon_W), 20200101\n" in error.value.hint
    assert "1 images such as series 9 (Dixon_W), 20240202" in error.value.hint


def test_one_visit_passes_also_where_headers_are_silent(mr_image: Make) -> None:
    check_one_visit([mr_image(study_uid="1.2", study_date="20200101"), mr_image(study_uid="1.2"), mr_image()], "x")


def acquisition(images: list[MRImage], *frames: str) -> Acquisition:
    facts = [replace(image.facts, frame_of_reference=frame) for image, frame in zip(images, frames, strict=True)]
    return Acquisition("s", named(*(replace(i, facts=f) for i, f in zip(images, facts, strict=True))))


def test_stations_between_which_the_patient_was_positioned_anew_are_refused(station_images: MakeStation) -> None:
    first, second = station_images(0.0)[:2], station_images(40.0, first=5)[:2]
    with pytest.raises(SeriesError, match="x mixes images of 2 frames of reference"):
        check_one_frame([acquisition(first, "1", "1"), acquisition(second, "2", "2")], "x")
    assert check_one_frame([acquisition(first, "1", "1"), acquisition(second, "1", "")], "x") == ()


def test_a_frame_of_reference_for_each_series_says_nothing_and_is_told(station_images: MakeStation) -> None:
    first, second = station_images(0.0)[:2], station_images(40.0, first=5)[:2]
    findings = check_one_frame([acquisition(first, "1", "2"), acquisition(second, "3", "4")], "x")
    assert [f.code for f in findings] == ["frames_of_reference_differ"]


def test_one_acquisition_comes_in_the_order_of_channels(station_images: MakeStation) -> None:
    taken, findings = latest_whole(named(*station_images(0.0)[::-1]), "station 1")
    assert [n.contrast for n in taken.images] == ["water", "fat", "in_phase", "opposed_phase"]
    assert findings == ()


def test_of_a_repeated_station_the_latest_is_taken_and_told(station_images: MakeStation) -> None:
    early, late = station_images(0.0, first=11, time="101500"), station_images(2.0, first=5, time="103000.5")
    taken, findings = latest_whole(named(*late, *early), "station 2")
    assert numbers(taken.images) == ["5", "6", "7", "8"]
    assert [f.code for f in findings] == ["station_repeated"]
    assert findings[0].message.startswith("Station 2 was scanned 2 times")
    assert "with series 5 (Dixon_W), not that with series 11 (Dixon_W)" in findings[0].message


def test_without_times_the_series_number_says_which_is_later(station_images: MakeStation) -> None:
    taken, _ = latest_whole(named(*station_images(0.0, first=9, time=""), *station_images(0.0, first=21, time="")), "s")
    assert numbers(taken.images) == ["21", "22", "23", "24"]


def test_a_repetition_that_was_broken_off_does_not_replace_a_whole_one(station_images: MakeStation) -> None:
    late = station_images(0.0, first=5, time="103000")[:2]
    taken, findings = latest_whole(named(*station_images(0.0), *late), "station 1")
    assert numbers(taken.images) == ["1", "2", "3", "4"]
    assert [f.code for f in findings] == ["station_repeated"]


def test_repetitions_of_which_nothing_says_the_later_are_refused(mr_image: Make) -> None:
    pair = [mr_image(description="a_water"), mr_image(description="b_water")]
    with pytest.raises(SeriesError, match="a_water and b_water are both the water image of station 1, and nothing"):
        latest_whole(named(*pair), "station 1")


def test_contrasts_on_different_grids_are_refused(mr_image: Make) -> None:
    pair = [mr_image(description="water"), mr_image(slices=9, description="fat")]
    with pytest.raises(GeometryError, match=r"contrasts of station 1 .* water \(water\) has 10 x 8 x 10 voxels"):
        latest_whole(named(*pair), "station 1")


def test_one_leg_each_at_one_height_is_refused(mr_image: Make) -> None:
    right = mr_image(description="water", series_number="1")
    grid = Grid.identity(right.grid.size, right.grid.spacing_mm, (40.0, -14.0, 2.5))
    left = mr_image(description="water", series_number="2")
    with pytest.raises(SeriesError, match="lie side by side at one height"):
        latest_whole(named(right, replace(left, grid=grid)), "station 1")
