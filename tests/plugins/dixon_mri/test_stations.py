from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from myoscope import GeometryError, Grid, SeriesError, Severity, UnreadableError
from myoscope.io import MRFacts, MRImage
from myoscope_dixon_mri.stations import Found, find_stations

Make = Callable[..., MRImage]
MakeStation = Callable[..., list[MRImage]]
ALL = ("water", "fat", "in_phase", "opposed_phase")


@pytest.fixture(scope="module")
def four_stations(station_images: MakeStation) -> list[MRImage]:
    """Stations of 50 mm that overlap by 10 mm, the lowest first."""
    return [image for n in range(4) for image in station_images(40.0 * n, first=1 + 4 * n, time=f"10150{n}")]


def codes(found: Found) -> list[str]:
    return [finding.code for finding in found.findings]


def test_stations_come_from_the_head_down_whatever_their_order(four_stations: list[MRImage]) -> None:
    shuffled = [four_stations[n] for n in np.random.default_rng(1).permutation(16)]
    found = find_stations(shuffled, "subject")
    assert [s.name for s in found.stations] == ["station 1", "station 2", "station 3", "station 4"]
    assert [s.grid.origin[2] for s in found.stations] == [122.5, 82.5, 42.5, 2.5]
    assert [tuple(s.channels) for s in found.stations] == [ALL] * 4
    assert found.stations[3].time == "101500"
    assert found.stations[3].source == (
        "series 1 (Dixon_W), series 2 (Dixon_F), series 3 (Dixon_in), series 4 (Dixon_opp)"
    )
    assert found.findings == ()


def test_a_contrast_that_one_station_lacks_is_left_out_of_all(four_stations: list[MRImage]) -> None:
    found = find_stations(four_stations[:5] + four_stations[6:], "subject")
    assert [tuple(s.channels) for s in found.stations] == [("water", "in_phase", "opposed_phase")] * 4
    assert codes(found) == ["contrast_missing"]
    assert "station 3 has no fat." in found.findings[0].message


def test_stations_without_a_common_contrast_are_refused(station_images: MakeStation) -> None:
    images = [station_images(0.0)[0], station_images(40.0)[1]]
    with pytest.raises(UnreadableError, match=r"no contrast that all stations have: station 1 has no water; station 2"):
        find_stations(images, "subject")


def test_a_repeated_station_and_mixed_visits_are_noticed(
    four_stations: list[MRImage], station_images: MakeStation
) -> None:
    again = station_images(40.0, first=30, time="104000")
    found = find_stations([*four_stations, *again], "subject")
    assert codes(found) == ["station_repeated"]
    assert "series 30" in found.stations[2].source
    other = station_images(160.0, study_uid="1.2.3")
    with pytest.raises(SeriesError, match="subject mixes images of 2 studies"):
        find_stations([*station_images(0.0, study_uid="1.2.4"), *other], "subject")


def test_a_station_with_another_field_of_view_is_kept_and_told(station_images: MakeStation) -> None:
    narrow = Grid.identity((8, 8, 10), (4.0, 4.0, 5.0), (-14.0, -14.0, 82.5))
    shape = narrow.shape
    cut = [
        replace(image, array=np.ones(shape, dtype=np.float32), grid=narrow) for image in station_images(80.0, first=20)
    ]
    found = find_stations([*station_images(0.0), *station_images(40.0, first=9), *cut], "subject")
    assert codes(found) == ["station_geometry_differs"]
    assert "station 1: 4 x 4 mm pixels, 5 mm slices, 32 x 32 mm field; the others: 4 x 4" in found.findings[0].message


def test_a_coronal_station_among_axial_ones_is_refused(station_images: MakeStation) -> None:
    direction = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0)
    coronal = [
        replace(image, grid=Grid(image.grid.size, image.grid.spacing_mm, (0.0, 0.0, 140.0), direction))
        for image in station_images(0.0, first=9)
    ]
    with pytest.raises(GeometryError, match=r"station 1 \(series 9 .* and station 2 .* are different views"):
        find_stations([*station_images(0.0), *coronal], "subject")


def test_cut_off_signal_is_told_with_station_and_contrast(station_images: MakeStation) -> None:
    images = [*station_images(0.0, saturated_share=0.0005), *station_images(40.0, saturated_share=0.02)]
    found = find_stations([*images[:5], *images[6:]], "subject")
    warning = next(f for f in found.findings if f.code == "saturated")
    assert warning.severity is Severity.WARNING
    assert warning.message.endswith(
        "cut off: water of station 1 (2.0%), in_phase of station 1 (2.0%), opposed_phase of station 1 (2.0%)."
    )


def test_stations_above_the_pelvis_are_left_out_with_all_that_is_wrong_with_them(mr_image: Make) -> None:
    images = []
    for n, length in enumerate((40, 40, 40, 40, 40, 40)):
        facts = {"saturated_share": 0.5} if n == 5 else {}
        images += [mr_image(190.0 * n, slices=length, description=f"Dixon_{e}", **facts) for e in ("W", "F")]
    found = find_stations(images[:-1], "subject")
    assert [s.name for s in found.stations] == ["station 3", "station 4", "station 5", "station 6"]
    assert codes(found) == ["stations_left_out"]
    assert found.findings[0].message.endswith("left out: station 1, station 2.")


def test_images_without_any_magnitude_are_refused(mr_image: Make) -> None:
    with pytest.raises(UnreadableError, match="subject holds no magnitude image"):
        find_stations([mr_image(image_type=("ORIGINAL", "P"))], "subject")


def test_one_image_without_a_name_is_one_plain_station(mr_image: Make) -> None:
    image = mr_image()
    found = find_stations([replace(image, facts=MRFacts(description="scan"))], "scan.nii.gz")
    assert [(s.name, tuple(s.channels)) for s in found.stations] == [("station 1", ("mr",))]
    assert found.stations[0].channels["mr"] is image.array
