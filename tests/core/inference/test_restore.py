import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest

from myoscope import GeometryError, Grid
from myoscope.inference.blending import Piece, squares
from myoscope.inference.restore import restore_labels
from myoscope.metrics import dice, overlap_counts
from myoscope.ops.orient import lps_grid, to_lps

torch = pytest.importorskip("torch")

CENTER, RADIUS_MM = (3.0, -2.0, 5.0), 30.0
MODEL = Grid.identity((22, 22, 16), (4.0, 4.0, 6.0), (-39.5, -43.5, -41.0))
VALUES = np.array([0, 28], dtype=np.uint8)


def positions(grid: Grid) -> np.ndarray:
    k, j, i = np.indices(grid.shape)
    index = np.stack([i, j, k]) * np.array(grid.spacing_mm).reshape(3, 1, 1, 1)
    return np.tensordot(grid.matrix, index, axes=1) + np.array(grid.origin).reshape(3, 1, 1, 1)


def distance_mm(grid: Grid) -> np.ndarray:
    return np.sqrt(((positions(grid) - np.array(CENTER).reshape(3, 1, 1, 1)) ** 2).sum(axis=0))


def sphere_on(grid: Grid) -> torch.Tensor:
    """Return probabilities of outside and inside that fall off linearly over 16 mm around the surface."""
    inside = np.clip(0.5 + (RADIUS_MM - distance_mm(grid)) / 16.0, 0.0, 1.0).astype(np.float32)
    return torch.from_numpy(np.stack([1 - inside, inside]))


def pieces_of(probabilities: torch.Tensor, heights: tuple[int, ...]) -> Iterator[Piece]:
    """Yield all probabilities in columns; a class that is 0 in all of a piece is left out of it."""
    first = 0
    for height in itertools.cycle(heights):
        if first >= probabilities.shape[1]:
            return
        for rows, columns in itertools.product(squares(probabilities.shape[2]), squares(probabilities.shape[3])):
            part = probabilities[:, first : first + height, rows, columns]
            classes = tuple(i for i, share in enumerate(part) if share.any())
            yield Piece(rows, columns, first, classes, part[list(classes)])
        first += height


def labels_of(
    probabilities: torch.Tensor, heights: tuple[int, ...], model: Grid, scan: Grid, values: np.ndarray
) -> np.ndarray:
    return restore_labels(pieces_of(probabilities, heights), model, scan, values).labels


def turned(order: tuple[int, ...], signs: tuple[float, ...]) -> Grid:
    """Return a grid of 1.3 x 1.1 x 2.0 mm around the sphere whose index axes lie along the patient's in this order."""
    direction = np.zeros((3, 3))
    for axis, (physical, sign) in enumerate(zip(order, signs, strict=True)):
        direction[physical, axis] = sign
    size, spacing = (52, 60, 36), (1.3, 1.1, 2.0)
    half = (np.array(size) - 1) * np.array(spacing) / 2
    origin = np.array(CENTER) - direction @ half
    return Grid(size, spacing, tuple(origin.tolist()), tuple(direction.ravel().tolist()))


ORIENTATIONS = [
    turned((0, 1, 2), (1.0, 1.0, 1.0)),
    turned((0, 1, 2), (-1.0, -1.0, 1.0)),
    turned((0, 1, 2), (1.0, -1.0, -1.0)),
    turned((2, 0, 1), (1.0, -1.0, 1.0)),
    turned((1, 2, 0), (-1.0, 1.0, -1.0)),
]


@pytest.mark.parametrize("scan", ORIENTATIONS, ids=lambda grid: "".join(f"{v:+.0f}" for v in grid.direction))
def test_a_sphere_on_a_coarse_grid_comes_back_round_on_a_fine_one(scan: Grid) -> None:
    labels = labels_of(sphere_on(MODEL), (3, 1, 4), MODEL, scan, VALUES)
    truth = np.where(distance_mm(scan) <= RADIUS_MM, 28, 0).astype(np.uint8)
    assert labels.shape == scan.shape
    assert labels.dtype == np.uint8
    volume_ml = (labels == 28).sum() * scan.voxel_volume_ml
    assert volume_ml == pytest.approx(4 / 3 * math.pi * RADIUS_MM**3 / 1000, rel=0.02)
    assert dice(overlap_counts(labels, truth)[28]) > 0.97


def test_an_oblique_scan_keeps_its_axes() -> None:
    c, s = math.cos(math.radians(20)), math.sin(math.radians(20))
    matrix = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def around(size: tuple[int, ...], spacing: tuple[float, ...], signs: tuple[float, ...]) -> Grid:
        direction = matrix * np.array(signs)
        origin = np.array(CENTER) - direction @ ((np.array(size) - 1) * np.array(spacing) / 2)
        return Grid(size, spacing, tuple(origin.tolist()), tuple(direction.ravel().tolist()))

    model = around((22, 22, 16), (4.0, 4.0, 6.0), (1.0, 1.0, 1.0))
    scan = around((66, 70, 36), (1.1, 1.0, 2.0), (-1.0, -1.0, 1.0))
    labels = labels_of(sphere_on(model), (5,), model, scan, VALUES)
    truth = np.where(distance_mm(scan) <= RADIUS_MM, 28, 0).astype(np.uint8)
    assert dice(overlap_counts(labels, truth)[28]) > 0.97


def test_grids_that_do_not_share_their_axes_are_refused() -> None:
    scan = Grid((4, 4, 4), (1.0,) * 3, (0.0,) * 3, (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0))
    with pytest.raises(GeometryError, match="do not share their axes"):
        labels_of(sphere_on(MODEL), (5,), MODEL, scan, VALUES)


def test_outside_the_model_grid_is_background() -> None:
    """The model sees a box in the middle of the scan and calls all of it 28, out to its voxels' faces."""
    model = Grid.identity((3, 4, 2), (4.0, 4.0, 6.0), (10.0, 10.0, 10.0))
    scan = Grid.identity((40, 40, 40), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    full = torch.stack([torch.zeros(model.shape), torch.ones(model.shape)])
    labels = labels_of(full, (1,), model, scan, VALUES)
    x, y, z = positions(scan)
    inside = (abs(x - 14) < 6) & (abs(y - 16) < 8) & (abs(z - 13) < 6)
    assert np.array_equal(labels == 28, inside)


def test_a_scan_that_the_model_grid_misses_is_all_background() -> None:
    scan = Grid.identity((5, 5, 5), (1.0, 1.0, 1.0), (500.0, 0.0, 0.0))
    assert not labels_of(sphere_on(MODEL), (5,), MODEL, scan, VALUES).any()


@pytest.mark.parametrize("heights", [(1,), (3, 1), (9,)], ids=str)
def test_the_winner_is_that_of_interpolating_every_class(heights: tuple[int, ...]) -> None:
    """Classes that stay below 1 / classes in a plane are left out early; by brute force none is."""
    from scipy.ndimage import map_coordinates

    model = Grid.identity((7, 6, 9), (3.0, 2.0, 5.0), (0.0, 0.0, 0.0))
    scan = Grid.identity((19, 17, 31), (1.0, 0.6, 1.3), (0.3, 0.4, 0.2))
    values = np.array([0, 1, 2, 28, 29, 7], dtype=np.uint8)
    sharp = torch.from_numpy(np.random.default_rng(0).normal(size=(6, *model.shape)).astype(np.float32) * 2)
    sharp[4] -= 1.5
    probabilities = sharp.softmax(dim=0)
    labels = labels_of(probabilities, heights, model, scan, values)
    places = positions(scan)[::-1] / np.array(model.spacing_mm[::-1]).reshape(3, 1, 1, 1)
    fine = np.stack([map_coordinates(p, places, order=1, mode="nearest") for p in probabilities.numpy()])
    ranked = np.sort(fine, axis=0)
    clear = ranked[-1] - ranked[-2] > 1e-4
    assert clear.mean() > 0.99
    assert np.array_equal(labels[clear], values[fine.argmax(axis=0)][clear])


def test_the_heights_of_the_pieces_do_not_matter() -> None:
    scan = ORIENTATIONS[1]
    first, second = (labels_of(sphere_on(MODEL), heights, MODEL, scan, VALUES) for heights in ((14,), (1, 2)))
    assert np.array_equal(first, second)


def test_on_the_model_grid_itself_each_voxel_gets_its_likeliest_class() -> None:
    probabilities = torch.from_numpy(np.random.default_rng(1).random((3, *MODEL.shape)).astype(np.float32))
    probabilities /= probabilities.sum(dim=0)
    values = np.array([0, 5, 9], dtype=np.uint8)
    labels = labels_of(probabilities, (4,), MODEL, MODEL, values)
    assert np.array_equal(labels, values[probabilities.argmax(dim=0).numpy()])


@pytest.mark.parametrize("classes", [2, 3, 7, 26, 29, 30])
def test_equal_probabilities_everywhere_still_give_labels(classes: int) -> None:
    """Rounding may bring every class below 1 / classes; one of them still has to win."""
    model = Grid.identity((4, 4, 4), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    scan = Grid.identity((7, 7, 7), (1.1, 1.1, 1.1), (0.0, 0.0, 0.0))
    flat = torch.zeros((classes, *model.shape)).softmax(dim=0)
    labels = labels_of(flat, (5,), model, scan, np.arange(classes, dtype=np.uint8))
    assert labels.max() < classes


def test_labels_of_a_turned_scan_are_those_of_the_upright_one_turned() -> None:
    scan = ORIENTATIONS[3]
    labels = labels_of(sphere_on(MODEL), (5,), MODEL, scan, VALUES)
    upright = labels_of(sphere_on(MODEL), (5,), MODEL, lps_grid(scan), VALUES)
    assert np.array_equal(to_lps(labels, scan)[0], upright)


def slope_on(grid: Grid) -> np.ndarray:
    """Return a probability that is linear in the position, so that interpolation leaves it as it is."""
    x, y, z = positions(grid) - np.array(CENTER).reshape(3, 1, 1, 1)
    return 0.5 + 0.004 * x - 0.003 * y + 0.002 * z


@pytest.mark.parametrize("scan", ORIENTATIONS, ids=lambda grid: "".join(f"{v:+.0f}" for v in grid.direction))
def test_confidence_is_the_probability_of_the_label(scan: Grid) -> None:
    inside = slope_on(MODEL).astype(np.float32)
    both = torch.from_numpy(np.stack([1 - inside, inside]))
    restored = restore_labels(pieces_of(both, (3, 1, 4)), MODEL, scan, VALUES, confidence=True)
    assert np.array_equal(restored.labels, labels_of(both, (3, 1, 4), MODEL, scan, VALUES))
    expected = np.maximum(slope_on(scan), 1 - slope_on(scan)) * 255
    assert restored.confidence.dtype == np.uint8
    assert np.abs(restored.confidence - expected).max() <= 0.5 + 1e-3


def test_confidence_is_0_where_the_model_did_not_look() -> None:
    model = Grid.identity((3, 4, 2), (4.0, 4.0, 6.0), (10.0, 10.0, 10.0))
    scan = Grid.identity((40, 40, 40), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    empty = torch.stack([torch.ones(model.shape), torch.zeros(model.shape)])
    restored = restore_labels(pieces_of(empty, (1,)), model, scan, VALUES, confidence=True)
    assert not restored.labels.any()
    assert (restored.confidence == 255).sum() == 11 * 15 * 11
    assert set(np.unique(restored.confidence).tolist()) == {0, 255}


def test_no_map_of_confidence_is_made_unless_asked_for() -> None:
    assert restore_labels(pieces_of(sphere_on(MODEL), (5,)), MODEL, ORIENTATIONS[0], VALUES).confidence is None
