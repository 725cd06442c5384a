from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid
from myoscope_dixon_mri.reach import shows_thigh

#: Lower edge and length of table positions from the head down, in mm: of UK Biobank by its series, and by the paper.
UK_BIOBANK = ((918, 192), (757, 198), (596, 198), (435, 198), (220, 252), (0, 256))
PAPER = ((800, 160), (640, 160), (480, 160), (320, 160), (160, 160), (0, 160))


def scan(
    layout: tuple[tuple[float, float], ...], *, narrow: tuple[float, float] | None = None
) -> tuple[list[Grid], list[NDArray[np.float32]]]:
    """Return stations of a body 400 mm wide, and only 20 mm wide between the heights `narrow`."""
    grids, images = [], []
    for bottom, length in layout:
        grid = Grid.identity((50, 20, int(length / 4)), (10.0, 10.0, 4.0), (-245.0, -95.0, bottom + 2.0))
        image = np.zeros(grid.shape, dtype=np.float32)
        image[:, 4:16, 5:45] = 100.0
        if narrow is not None:
            heights = bottom + 2.0 + 4.0 * np.arange(len(image))
            image[(heights > narrow[0]) & (heights < narrow[1]), :, 7:] = 0.0
        grids.append(grid)
        images.append(image)
    return grids, images


@pytest.mark.parametrize(
    ("layout", "kept"),
    [(UK_BIOBANK, (False, False, True, True, True, True)), (PAPER, (False, True, True, True, True, True))],
)
def test_what_begins_above_the_pelvis_is_left_out(
    layout: tuple[tuple[float, float], ...], kept: tuple[bool, ...]
) -> None:
    assert shows_thigh(*scan(layout)) == kept


def test_a_scan_of_no_more_than_hip_and_thigh_is_kept_whole() -> None:
    layout = tuple((540 - 108 * n, 132) for n in range(6))
    assert shows_thigh(*scan(layout)) == (True,) * 6


def test_a_scan_down_to_the_ankles_is_kept_whole() -> None:
    assert shows_thigh(*scan(UK_BIOBANK, narrow=(20, 100))) == (True,) * 6


def test_one_long_volume_is_kept() -> None:
    assert shows_thigh(*scan(((0, 1100),))) == (True,)
