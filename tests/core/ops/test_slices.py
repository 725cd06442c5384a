from __future__ import annotations

import math

import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES, ULTRASOUND_STRUCTURES, GeometryError, Grid, Scan, Segmentation, StructureSet
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


def a_picture(spacing_mm: tuple[float, float] | None, *, frames: int = 0) -> tuple[Scan, Segmentation]:
    """Return ten pixels of biceps and four of triceps; the biceps of the last frame of a video is gone."""
    grid = Grid.picture((8, 6), spacing_mm)
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:3, 1:6] = 30
    labels[4, 2:6] = 31
    image = np.where(labels == 30, 40, 200).astype(np.uint8)
    image[1, 1] = 50
    if frames:
        labels, image = np.stack([labels] * frames), np.stack([image] * frames)
        labels[-1][labels[-1] == 30] = 0
    structures = StructureSet(ULTRASOUND_STRUCTURES)
    segmentation = Segmentation(labels, grid, structures, frozenset(structures.names), sides_split=False)
    times = tuple(n / 25 for n in range(frames))
    return Scan("ultrasound", {"bmode": image}, grid, "case", times_s=times), segmentation


def test_a_picture_has_one_row_a_structure_with_area_and_mean_and_no_position() -> None:
    rows = slice_rows(*a_picture((0.5, 2.0)))
    assert [(r.structure, r.side, r.slice, r.area_cm2, r.intensity_mean) for r in rows] == [
        ("biceps_brachii", "both", 0, pytest.approx(0.1), 41.0),
        ("triceps_brachii", "both", 0, pytest.approx(0.04), 200.0),
    ]
    assert all(math.isnan(row.position_mm) for row in rows)


def test_a_video_has_a_row_a_structure_and_frame_that_shows_it() -> None:
    rows = slice_rows(*a_picture((0.5, 2.0), frames=3))
    assert [(r.structure, r.slice) for r in rows] == [
        *(("biceps_brachii", frame) for frame in (0, 1)),
        *(("triceps_brachii", frame) for frame in (0, 1, 2)),
    ]


def test_without_a_scale_a_frame_has_a_mean_but_no_area() -> None:
    rows = slice_rows(*a_picture(None))
    assert [row.intensity_mean for row in rows] == [41.0, 200.0]
    assert all(math.isnan(row.area_cm2) for row in rows)


def test_labels_of_another_number_of_frames_are_refused() -> None:
    scan, _ = a_picture(None, frames=3)
    _, segmentation = a_picture(None, frames=2)
    with pytest.raises(GeometryError, match="same shape"):
        slice_rows(scan, segmentation)
