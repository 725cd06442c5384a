from __future__ import annotations

import numpy as np

from myoscope import THIGH_STRUCTURES, Grid, Scan, Segmentation, StructureSet
from myoscope.ops.slices import slice_positions_mm, slice_rows


def test_rows_go_from_the_feet_upward_with_area_and_mean() -> None:
    # k runs to the feet, so row 0 is the last slice of the array.
    grid = Grid((6, 5, 4), (2.0, 1.0, 3.0), (0, 0, 100), (1, 0, 0, 0, 1, 0, 0, 0, -1))
    labels = np.zeros(grid.shape, np.uint8)
    labels[3, 1:3, 1:4] = 2
    labels[1, 1, 1] = 102
    labels[3, 4, 4] = 1
    image = np.zeros(grid.shape, np.int16)
    image[3, 1, 1:4] = 60
    structures = StructureSet(THIGH_STRUCTURES)
    segmentation = Segmentation(labels, grid, structures, frozenset(structures.names), sides_split=True)
    rows = slice_rows(Scan("ct_thigh", {"ct": image}, grid, "case"), segmentation)
    assert [(r.structure, r.side, r.slice) for r in rows] == [
        ("sartorius", "right", 0),
        ("rectus_femoris", "right", 0),
        ("rectus_femoris", "left", 2),
    ]
    assert (rows[1].area_cm2, rows[1].intensity_mean, rows[1].position_mm) == (0.12, 30.0, 91.0)


def test_slice_positions_of_an_oblique_grid_are_those_of_slice_centers() -> None:
    grid = Grid((3, 3, 2), (1, 1, 2), (0, 0, 0), (1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8))
    assert np.allclose(slice_positions_mm(grid), (0.6, 0.6 + 1.6))
