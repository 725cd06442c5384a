from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from myoscope import GeometryError
from myoscope.io.dicom_frames import Frame
from myoscope.io.mr_headers import MRSlice
from myoscope.io.mr_positions import stacks_of, why_no_volume

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def slices(heights: Sequence[float], acquisitions: Sequence[str] | None = None) -> list[MRSlice]:
    """Return axial slices in the order in which they were taken."""
    return [
        MRSlice(
            frame=Frame(Path(f"{n}.dcm"), None, (6, 4), (0.0, 0.0, z), AXIAL, (2.0, 2.0), 1.0, 0.0),
            image_type=(),
            echo_time_ms=None,
            acquisition=acquisitions[n] if acquisitions else "",
            number=n + 1,
        )
        for n, z in enumerate(heights)
    ]


def station(first: float, count: int = 5) -> list[float]:
    """Return heights 3 mm apart."""
    return [first + 3 * k for k in range(count)]


def origins(found: Sequence[MRSlice]) -> list[tuple[float, int]]:
    """Return height of the first slice and number of slices of each stack."""
    return [(stack.grid.origin[2], stack.grid.size[2]) for stack in stacks_of(found)]


def test_one_table_position_is_one_stack_whatever_its_acquisition_numbers() -> None:
    assert origins(slices(station(0, 8), ["1", "2"] * 4)) == [(0, 8)]


def test_positions_that_continue_each_other_are_one_stack() -> None:
    assert origins(slices([*station(0), *station(15)], ["1"] * 5 + ["2"] * 5)) == [(0, 10)]


def test_overlapping_positions_are_told_apart_by_acquisition_number() -> None:
    assert origins(slices([*station(0), *station(10, 7)], ["1"] * 5 + ["2"] * 7)) == [(0, 5), (10, 7)]


def test_overlapping_positions_are_told_apart_by_the_move_of_the_table() -> None:
    assert origins(slices([*station(0), *station(-9), *station(-18)])) == [(0, 5), (-9, 5), (-18, 5)]
    downwards = [z for first in (0, -9) for z in reversed(station(first))]
    assert origins(slices(downwards)) == [(0, 5), (-9, 5)]


def test_positions_with_a_wide_gap_are_told_apart_by_the_move_of_the_table() -> None:
    assert origins(slices([*station(0), *station(100)])) == [(0, 5), (100, 5)]


def test_repetitions_of_one_position_in_a_row_are_stacks_of_their_own() -> None:
    assert origins(slices([*station(0), *station(0)])) == [(0, 5), (0, 5)]


@pytest.mark.parametrize("missing", range(1, 9))
def test_a_missing_slice_is_no_move_of_the_table(missing: int) -> None:
    heights = station(0, 10)
    del heights[missing]
    with pytest.raises(GeometryError, match="missing"):
        stacks_of(slices(heights))


def test_several_missing_slices_are_no_move_of_the_table() -> None:
    heights = station(0, 14)
    del heights[5:8]
    with pytest.raises(GeometryError, match="missing"):
        stacks_of(slices(heights))


def test_a_missing_slice_of_one_of_several_positions_is_refused() -> None:
    heights = [*station(0), *station(100, 6)]
    del heights[7]
    with pytest.raises(GeometryError, match="missing"):
        stacks_of(slices(heights, ["1"] * 5 + ["2"] * 5))


def test_slices_of_a_volume_with_an_error_could_be_a_volume() -> None:
    heights = station(0, 10)
    del heights[4]
    assert why_no_volume(slices(heights)) == ""
    tilted = slices(station(0, 10))
    tilted[3] = replace(tilted[3], frame=replace(tilted[3].frame, orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0)))
    assert why_no_volume(tilted) == ""


def test_three_planes_and_repeated_places_could_not() -> None:
    planes = slices(station(0, 9))
    for n in range(3, 9):
        direction = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0) if n < 6 else (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
        planes[n] = replace(planes[n], frame=replace(planes[n].frame, orientation=direction))
    assert why_no_volume(planes) == "its slices have 3 orientations"
    assert why_no_volume(slices([z for z in station(0) for _ in range(2)])).startswith("its 10 slices show 5 places")
