"""What is wrong with the signal of a table position, corrected or told: negative values, phases, water and fat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from myoscope import Finding, Severity, UnreadableError
from myoscope_dixon_mri.physics import phases_are_exchanged
from myoscope_dixon_mri.plausibility import falls_below_zero
from myoscope_dixon_mri.stations import Found, StationImages
from myoscope_dixon_mri.structures import PDFF
from myoscope_dixon_mri.swaps import find_swaps, unswap

#: Range of the 99th percentile of a map of fat fraction, which is subcutaneous fat -> the factor that makes it percent.
PERCENT_BY_RANGE = {(0.4, 1.5): 100.0, (40.0, 150.0): 1.0, (400.0, 1500.0): 0.1}
PERCENTILE = 99.0


def correct(stations: Sequence[StationImages], *, swaps: bool) -> Found:
    """Return the stations with what could be corrected, and findings about all that was wrong.

    Negative overshoots become 0, a map of fat fraction becomes percent, exchanged phases are exchanged back.

    Args:
        stations: Untouched.
        swaps: True exchanges water and fat back where they are swapped; False only tells where they are.

    Raises:
        UnreadableError: Values that no magnitude image, or no map of fat fraction, can have.
    """
    findings: list[Finding] = []
    corrected = []
    exchanged = []
    for station in stations:
        channels = {name: _plausible(array, name, station, findings) for name, array in station.channels.items()}
        if {"in_phase", "opposed_phase"} <= channels.keys() and phases_are_exchanged(channels):
            exchanged.append(station.name)
            channels |= {"in_phase": channels["opposed_phase"], "opposed_phase": channels["in_phase"]}
        channels = _unswapped(channels, station, findings, swaps=swaps)
        corrected.append(replace(station, channels=channels))
    if exchanged:
        findings.append(
            Finding(
                code="phases_exchanged",
                severity=Severity.WARNING,
                message=f"What is called in phase is dark where water and fat meet, as opposed phase is, in "
                f"{', '.join(exchanged)}: the two were exchanged.",
                action="Check the export; water, fat and the fat fraction do not depend on it.",
            )
        )
    return Found(tuple(corrected), tuple(findings))


def _plausible(
    array: NDArray[np.float32], contrast: str, station: StationImages, findings: list[Finding]
) -> NDArray[np.float32]:
    """Return an image without negative overshoots; a map of fat fraction in percent."""
    if contrast == PDFF:
        return _in_percent(array, station)
    lowest = float(array.min())
    if not lowest < 0:
        return array
    if falls_below_zero(array):
        raise UnreadableError(
            f"The {contrast} image of {station.name} ({station.source}) holds values down to {lowest:g}, expected a "
            f"magnitude image without negative values.",
            "Give magnitude images; a CT is analyzed with -m ct_thigh.",
        )
    findings.append(
        Finding(
            code="negative_values_clipped",
            severity=Severity.INFO,
            message=f"The {contrast} image of {station.name} holds values down to {lowest:g}, as resampling leaves "
            f"them; they were set to 0.",
            action="Nothing; the original series would be better.",
        )
    )
    return np.maximum(array, np.float32(0.0))


def _in_percent(array: NDArray[np.float32], station: StationImages) -> NDArray[np.float32]:
    """Return a map of fat fraction in percent; its scale is read from what fat shows."""
    fat = float(np.percentile(array, PERCENTILE))
    for (low, high), factor in PERCENT_BY_RANGE.items():
        if low <= fat <= high:
            return array if factor == 1.0 else array * np.float32(factor)
    raise UnreadableError(
        f"The map of fat fraction of {station.name} ({station.source}) reaches {fat:.3g} in fat, expected about 1, 100 "
        f"or 1000.",
        "Export it in percent, or leave it out and give water and fat.",
    )


def _unswapped(
    channels: Mapping[str, NDArray[np.float32]], station: StationImages, findings: list[Finding], *, swaps: bool
) -> dict[str, NDArray[np.float32]]:
    """Return the channels with water and fat exchanged back where they are swapped, if that is wanted."""
    if not {"water", "fat"} <= channels.keys():
        return dict(channels)
    found = find_swaps(channels["water"], channels["fat"], station.grid)
    for swap in found:
        outcome = "they were exchanged back" if swaps else "they were left as they are"
        findings.append(
            Finding(
                code="water_fat_swap",
                severity=Severity.WARNING,
                message=f"Water and fat are swapped in {station.name}, {swap.region} ({swap.evidence}); {outcome}.",
                action="Look at the fat fraction there." if swaps else "Exchange them back with --correct-swaps.",
            )
        )
    if not found or not swaps:
        return dict(channels)
    water, fat = unswap(channels["water"], channels["fat"], found)
    return {**channels, "water": water, "fat": fat}
