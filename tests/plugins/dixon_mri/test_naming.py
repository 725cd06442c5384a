from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid, UnreadableError
from myoscope.io import MRFacts, MRImage
from myoscope_dixon_mri.naming import Naming, name_contrasts, spoken

Make = Callable[..., MRImage]
Thighs = tuple[dict[str, NDArray[np.float32]], Grid]


def names(naming: Naming) -> list[list[str]]:
    return [[named.contrast for named in place] for place in naming.places]


def codes(naming: Naming) -> list[str]:
    return [finding.code for finding in naming.findings]


def unnamed(thighs: Thighs, *contrasts: str) -> list[MRImage]:
    channels, grid = thighs
    return [MRImage(channels[c], grid, MRFacts(description=f"scan {n}")) for n, c in enumerate(contrasts)]


def test_headers_name_all_contrasts_without_a_finding(mr_image: Make) -> None:
    images = [mr_image(description=f"Dixon_{end}") for end in ("in", "opp", "F", "W")]
    naming = name_contrasts([images])
    assert names(naming) == [["in_phase", "opposed_phase", "fat", "water"]]
    assert naming.findings == ()


def test_what_is_none_of_the_contrasts_is_left_out_and_told(mr_image: Make) -> None:
    phase = mr_image(description="Dixon_in", image_type=("ORIGINAL", "P"), series_number="3")
    others = [mr_image(description="T1 tse", series_number="9"), phase]
    naming = name_contrasts([[mr_image(description="Dixon_W"), *others], [mr_image(300.0, description="T2 stir")]])
    assert names(naming) == [["water"]]
    assert codes(naming) == ["images_left_out"]
    assert "T2 stir, series 3 (Dixon_in), series 9 (T1 tse)" in naming.findings[0].message


def test_two_silent_echoes_beside_water_and_fat_are_named_by_their_times(mr_image: Make) -> None:
    images = [mr_image(description="Dixon_W"), mr_image(description="Dixon_F")]
    images += [mr_image(description="Dixon", echo_time_ms=t) for t in (4.77, 2.39)]
    naming = name_contrasts([images])
    assert names(naming) == [["water", "fat", "in_phase", "opposed_phase"]]
    assert codes(naming) == ["contrast_by_echo_time"]
    assert "4.77 ms for in_phase, 2.39 ms for opposed_phase" in naming.findings[0].message


def test_two_silent_echoes_alone_are_named_by_their_times(mr_image: Make) -> None:
    naming = name_contrasts([[mr_image(echo_time_ms=1.2), mr_image(echo_time_ms=2.4)]])
    assert names(naming) == [["opposed_phase", "in_phase"]]


def test_silent_images_are_named_by_their_signal_and_it_is_told(thighs: Thighs) -> None:
    naming = name_contrasts([unnamed(thighs, "fat", "opposed_phase", "water", "in_phase")])
    assert names(naming) == [["fat", "opposed_phase", "water", "in_phase"]]
    assert codes(naming) == ["contrast_by_signal"]
    assert "scan 0 for fat, scan 1 for opposed_phase, scan 2 for water, scan 3 for in_phase (" in (
        naming.findings[0].message
    )


def test_silent_images_that_fit_nothing_are_refused(thighs: Thighs) -> None:
    with pytest.raises(UnreadableError, match="--water F --fat F"):
        name_contrasts([unnamed(thighs, "fat", "in_phase")])


def test_one_silent_image_a_place_is_plain_mr(mr_image: Make) -> None:
    naming = name_contrasts([[mr_image(100.0)], [mr_image(0.0)]])
    assert names(naming) == [["mr"], ["mr"]]
    assert naming.findings == ()


def test_phase_images_alone_leave_nothing(mr_image: Make) -> None:
    assert name_contrasts([[mr_image(image_type=("ORIGINAL", "P"))]]).places == ()


def test_an_image_is_called_by_its_series_or_its_file(mr_image: Make) -> None:
    image = mr_image(series_number="7", description="Dixon_W")
    assert spoken(image) == "series 7 (Dixon_W)"
    assert spoken(replace(image, facts=MRFacts(file="a.nii.gz"))) == "a.nii.gz"
