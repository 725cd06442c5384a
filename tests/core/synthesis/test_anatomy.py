from pathlib import Path

import numpy as np
import pytest

from myoscope import THIGH_STRUCTURES, Grid, InputError, Segmentation, StructureSet
from myoscope.io import write_volume
from myoscope.synthesis import Anatomy, anatomy_from_file, anatomy_from_labels
from myoscope.synthesis.anatomy import Deformation, deformed_onto, draw_deformation, enclosing_grid

STRUCTURES = StructureSet(THIGH_STRUCTURES)
GRID = Grid.identity((20, 12, 10), (3.0, 4.0, 5.0), (-7.0, 9.0, 100.0))
KNOTS = np.zeros((3, 7, 6, 5), dtype=np.float32)


def boxes() -> np.ndarray:
    """Return a right sartorius in front of a left femur's left."""
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[2:8, 2:5, 3:8] = 1
    labels[2:8, 6:10, 12:17] = 128
    return labels


def segmentation(labels: np.ndarray, *, split: bool = True, grid: Grid = GRID) -> Segmentation:
    return Segmentation(labels, grid, STRUCTURES, frozenset({"sartorius", "femur"}), sides_split=split)


def test_an_empty_label_map_is_refused() -> None:
    with pytest.raises(InputError, match=r"map\.nrrd is empty"):
        anatomy_from_labels(segmentation(np.zeros(GRID.shape, dtype=np.uint8)), "map.nrrd")


def test_a_label_map_that_does_not_split_sides_is_refused() -> None:
    with pytest.raises(InputError, match=r"does not tell left from right.*id \+ 100"):
        anatomy_from_labels(segmentation(np.where(boxes() > 0, 1, 0).astype(np.uint8), split=False), "map.nrrd")


@pytest.mark.parametrize("content", ["empty", "unsplit"])
def test_a_file_that_is_empty_or_unsplit_is_refused(tmp_path: Path, content: str) -> None:
    labels = np.zeros(GRID.shape, dtype=np.uint8) if content == "empty" else (boxes() == 1).astype(np.uint8)
    path = write_volume(labels, GRID, tmp_path / "map.nrrd")
    with pytest.raises(InputError, match="is empty" if content == "empty" else "does not tell left from right"):
        anatomy_from_file(path, STRUCTURES)


def test_a_label_file_in_another_axis_order_comes_upright(tmp_path: Path) -> None:
    turned = Grid(GRID.size, GRID.spacing_mm, (50.0, 60.0, 0.0), (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0))
    anatomy = anatomy_from_file(write_volume(boxes(), turned, tmp_path / "map.nrrd"), STRUCTURES)
    assert np.array_equal(anatomy.labels, boxes()[:, ::-1, ::-1])
    assert anatomy.grid.direction == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    assert anatomy.grid.spacing_mm == GRID.spacing_mm


def centered() -> Grid:
    half = tuple(-(n - 1) * s / 2 for n, s in zip(GRID.size, GRID.spacing_mm, strict=True))
    return Grid.identity(GRID.size, GRID.spacing_mm, half)


def test_without_a_deformation_the_labels_come_back_around_the_origin() -> None:
    anatomy = Anatomy(boxes(), GRID, "boxes")
    labels = deformed_onto(anatomy, centered(), Deformation(np.eye(3), KNOTS, mirrored=False), centered())
    assert np.array_equal(labels, boxes())


def test_a_mirrored_body_has_its_sides_exchanged_in_place_and_in_name() -> None:
    anatomy = Anatomy(boxes(), GRID, "boxes")
    mirror = Deformation(np.diag([-1.0, 1.0, 1.0]), KNOTS, mirrored=True)
    labels = deformed_onto(anatomy, centered(), mirror, centered())
    expected = boxes()[:, :, ::-1]
    expected = np.where(expected == 1, 101, np.where(expected == 128, 28, 0))
    assert np.array_equal(labels, expected)


def test_an_even_displacement_moves_the_body_against_it_and_nothing_else() -> None:
    knots = KNOTS.copy()
    knots[0] = 6.0  # two voxels along x, three along z
    knots[2] = 15.0
    anatomy = Anatomy(boxes(), GRID, "boxes")
    labels = deformed_onto(anatomy, centered(), Deformation(np.eye(3), knots, mirrored=False), centered())
    expected = np.zeros_like(boxes())
    expected[:-3, :, :-2] = boxes()[3:, :, 2:]
    assert np.array_equal(labels, expected)


def test_a_part_of_the_view_shows_the_same_body() -> None:
    anatomy = Anatomy(boxes(), GRID, "boxes")
    rng = np.random.default_rng(4)
    deformation = draw_deformation(rng)
    whole = enclosing_grid(anatomy, deformation, (3.0, 4.0, 5.0))
    part = Grid.identity((12, 9, 6), whole.spacing_mm, whole.position((7.0, 5.0, 4.0)))
    labels = deformed_onto(anatomy, whole, deformation, whole)
    assert labels.any()
    assert np.array_equal(deformed_onto(anatomy, part, deformation, whole), labels[4:10, 5:14, 7:19])


def test_deformations_follow_the_seed_and_mirror_about_half_of_the_bodies() -> None:
    one, same = (draw_deformation(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.matrix, same.matrix)
    assert np.array_equal(one.knots, same.knots)
    drawn = [draw_deformation(np.random.default_rng(seed)) for seed in range(60)]
    assert all((np.linalg.det(d.matrix) < 0) == d.mirrored for d in drawn)
    assert 15 < sum(d.mirrored for d in drawn) < 45
    assert all(0.88**3 * 0.92**3 < abs(np.linalg.det(d.matrix)) < 1.14**3 * 1.08**3 for d in drawn)
