"""A synthetic subject of UK Biobank: what is cut apart fits together again."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from myoscope import Scan, UsageError
from myoscope.data.grid import Grid
from myoscope_dixon_mri.structures import CONTRASTS
from myoscope_dixon_mri.ukbiobank import POSITIONS, SHARED, SIZE, SLICES, SPACING_MM, table_positions, write_subject_zip


@pytest.fixture(scope="module")
def whole() -> Scan:
    """Every voxel says its slice, ten times the number, and every contrast adds its own units."""
    grid = Grid.identity(SIZE, SPACING_MM, (-250.0, -190.0, 10.0))
    slices = np.arange(SIZE[2], dtype=np.float32)[:, None, None] * 10 + np.zeros(SIZE[:2][::-1], dtype=np.float32)
    return Scan("dixon_mri", {name: slices + unit for unit, name in enumerate(CONTRASTS)}, grid, "whole")


def test_six_positions_lie_from_the_head_down_and_share_slices(whole: Scan) -> None:
    positions = table_positions(whole, 1)
    assert [p.number for p in positions] == [1, 2, 3, 4, 5, 6]
    heights = [p.grid.origin[2] for p in positions]
    np.testing.assert_allclose(np.diff(heights), -(SLICES - SHARED) * SPACING_MM[2])
    assert heights[-1] == whole.grid.origin[2]
    top = positions[0].grid.position((0, 0, SLICES - 1))[2]
    assert top == pytest.approx(whole.grid.position((0, 0, SIZE[2] - 1))[2])


def test_each_position_is_the_whole_times_its_gain(whole: Scan) -> None:
    for position in table_positions(whole, 2):
        low = (POSITIONS - position.number) * (SLICES - SHARED)
        for name in CONTRASTS:
            expected = whole.channels[name][low : low + SLICES] * np.float32(position.gain)
            assert np.abs(position.channels[name] - expected).max() <= 0.5


def test_a_swap_exchanges_water_and_fat_of_its_position_alone(whole: Scan) -> None:
    plain, swapped = table_positions(whole, 3), table_positions(whole, 3, swapped=(4,))
    for before, after in zip(plain, swapped, strict=True):
        exchanged = np.array_equal(after.channels["water"], before.channels["fat"])
        assert exchanged == after.swapped == (after.number == 4)


def test_a_scan_of_another_size_is_refused() -> None:
    grid = Grid.identity((4, 4, 4), SPACING_MM, (0.0, 0.0, 0.0))
    with pytest.raises(UsageError, match="this scan has"):
        table_positions(Scan("dixon_mri", {"water": np.zeros(grid.shape)}, grid, "small"), 0)


def test_the_zip_holds_a_file_for_each_slice_and_the_same_bytes_each_time(whole: Scan, tmp_path: Path) -> None:
    grid = Grid.identity((6, 5, 4), SPACING_MM, (0.0, 0.0, 0.0))
    positions = table_positions(whole, 4)
    from dataclasses import replace

    small = [replace(p, grid=grid, channels={n: a[:4, :5, :6] for n, a in p.channels.items()}) for p in positions]
    first = write_subject_zip(small, tmp_path / "a.zip", name="somebody")
    second = write_subject_zip(small, tmp_path / "b.zip", name="somebody")
    assert first.read_bytes() == second.read_bytes()
    assert len(zipfile.ZipFile(first).namelist()) == POSITIONS * len(CONTRASTS) * 4
