from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid, UnreadableError
from myoscope_dixon_mri.corrections import correct
from myoscope_dixon_mri.stations import Found, StationImages

Channels = dict[str, NDArray[np.float32]]
Thighs = tuple[Channels, Grid]


def station(channels: Channels, grid: Grid, name: str = "station 1") -> StationImages:
    return StationImages(name, channels, grid, "series 1 (Dixon)", "")


def codes(found: Found) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_station_without_faults_stays_as_it_is(thighs: Thighs) -> None:
    given = station(*thighs)
    found = correct([given], swaps=True)
    assert found.findings == ()
    assert all(found.stations[0].channels[name] is array for name, array in thighs[0].items())


def test_exchanged_phases_are_exchanged_back_in_the_stations_that_have_them(thighs: Thighs) -> None:
    channels, grid = thighs
    wrong = {**channels, "in_phase": channels["opposed_phase"], "opposed_phase": channels["in_phase"]}
    found = correct([station(channels, grid), station(wrong, grid, "station 2")], swaps=False)
    assert codes(found) == ["phases_exchanged"]
    assert "in station 2: the two were exchanged" in found.findings[0].message
    for corrected in found.stations:
        assert list(corrected.channels) == list(channels)
        assert all(corrected.channels[name] is array for name, array in channels.items())
    assert wrong["in_phase"] is channels["opposed_phase"]


def test_swapped_water_and_fat_are_told_and_exchanged_back_only_when_asked(thighs: Thighs) -> None:
    channels, grid = thighs
    swapped = station({**channels, "water": channels["fat"], "fat": channels["water"]}, grid)
    told = correct([swapped], swaps=False)
    assert codes(told) == ["water_fat_swap"]
    assert "swapped in station 1, whole station (" in told.findings[0].message
    assert told.findings[0].action == "Exchange them back with --correct-swaps."
    assert told.stations[0].channels["water"] is channels["fat"]
    back = correct([swapped], swaps=True)
    assert codes(back) == ["water_fat_swap"]
    assert "exchanged back" in back.findings[0].message
    assert np.array_equal(back.stations[0].channels["water"], channels["water"])
    assert np.array_equal(back.stations[0].channels["fat"], channels["fat"])


def test_small_negative_overshoots_become_zero(thighs: Thighs) -> None:
    channels, grid = thighs
    below = channels["water"] - 4.0
    found = correct([station({"water": below}, grid)], swaps=False)
    assert codes(found) == ["negative_values_clipped"]
    assert np.array_equal(found.stations[0].channels["water"], np.maximum(below, 0))
    assert below.min() < 0


def test_values_that_no_magnitude_has_are_refused(thighs: Thighs) -> None:
    channels, grid = thighs
    with pytest.raises(
        UnreadableError, match=r"The fat image of station 1 \(series 1 \(Dixon\)\) holds values down to"
    ):
        correct([station({"fat": channels["fat"] - 300.0}, grid)], swaps=False)


@pytest.mark.parametrize("scale", [0.01, 1.0, 10.0])
def test_a_map_of_fat_fraction_becomes_percent(scale: float, thighs: Thighs) -> None:
    channels, grid = thighs
    percent = 100 * channels["fat"] / (channels["water"] + channels["fat"])
    found = correct([station({"pdff": percent * np.float32(scale)}, grid)], swaps=False)
    assert np.allclose(found.stations[0].channels["pdff"], percent, rtol=1e-5)


def test_a_map_of_fat_fraction_in_no_known_scale_is_refused(thighs: Thighs) -> None:
    channels, grid = thighs
    with pytest.raises(UnreadableError, match="reaches 10 in fat, expected about 1, 100 or 1000"):
        correct([station({"pdff": np.full_like(channels["fat"], 10.0)}, grid)], swaps=False)


def test_the_station_that_was_given_is_not_changed(thighs: Thighs) -> None:
    given = station({"in_phase": thighs[0]["in_phase"]}, thighs[1])
    assert correct([given], swaps=False).stations[0] == replace(given, channels=dict(given.channels))
