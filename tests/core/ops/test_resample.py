import math

import numpy as np
import pytest

from myoscope import Grid
from myoscope.ops.orient import to_lps
from myoscope.ops.resample import as_image, resample

COS, SIN = math.cos(math.radians(17)), math.sin(math.radians(17))
OBLIQUE = (COS, -SIN, 0.0, SIN, COS, 0.0, 0.0, 0.0, 1.0)
GRID = Grid.identity((12, 10, 8), (2.0, 3.0, 4.0), (-10.0, 5.0, -100.0))


def positions(grid: Grid) -> np.ndarray:
    """Return x, y and z of every voxel, shape (3, *grid.shape)."""
    k, j, i = np.indices(grid.shape)
    index = np.stack([i, j, k]) * np.array(grid.spacing_mm).reshape(3, 1, 1, 1)
    return np.tensordot(grid.matrix, index, axes=1) + np.array(grid.origin).reshape(3, 1, 1, 1)


def ramp(grid: Grid) -> np.ndarray:
    x, y, z = positions(grid)
    return (3.0 + 0.5 * x - 0.25 * y + 0.125 * z).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("labels", [True, False])
def test_onto_its_own_grid_nothing_changes(dtype: type, labels: bool) -> None:
    array = np.random.default_rng(0).integers(0, 200, GRID.shape).astype(dtype)
    same = resample(array, GRID, GRID, fill=0, labels=labels)
    assert same.dtype == array.dtype
    assert np.array_equal(same, array)


@pytest.mark.parametrize(
    "target",
    [
        Grid.identity((20, 20, 20), (0.9, 1.1, 1.3), (-9.0, 6.0, -99.0)),
        Grid((9, 9, 9), (1.5, 1.5, 2.0), (-4.0, 10.0, -90.0), OBLIQUE),
        Grid((9, 9, 9), (1.5, 1.5, 2.0), (8.0, 28.0, -80.0), (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)),
        Grid((5, 9, 10), (4.0, 1.5, 2.0), (-8.0, 8.0, -95.0), (0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0)),
    ],
    ids=["finer", "oblique", "flipped", "permuted"],
)
def test_a_linear_ramp_comes_out_exact(target: Grid) -> None:
    found = resample(ramp(GRID), GRID, target, fill=math.nan)
    x, y, z = positions(target)
    inside = (abs(x - 1) <= 11) & (abs(y - 18.5) <= 13.5) & (abs(z + 86) <= 14)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(found[inside], ramp(target)[inside], atol=1e-4)


def test_an_oblique_source_comes_out_exact_too() -> None:
    source = Grid((20, 20, 8), (2.0, 2.0, 4.0), (-10.0, -10.0, -100.0), OBLIQUE)
    target = Grid.identity((6, 6, 6), (1.0, 1.0, 4.0), (0.0, 10.0, -96.0))
    np.testing.assert_allclose(resample(ramp(source), source, target, fill=math.nan), ramp(target), atol=1e-4)


@pytest.mark.parametrize("factors", [(2, 2, 2), (3, 2, 4), (1, 5, 2)], ids=str)
def test_averaging_over_whole_blocks_is_that_of_the_blocks_and_keeps_the_mean(factors: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).normal(40, 300, GRID.shape).astype(np.float32)
    size = tuple(n // f for n, f in zip(GRID.size, factors, strict=True))
    spacing = tuple(s * f for s, f in zip(GRID.spacing_mm, factors, strict=True))
    cut = array[: size[2] * factors[2], : size[1] * factors[1], : size[0] * factors[0]]
    blocks = cut.reshape(size[2], factors[2], size[1], factors[1], size[0], factors[0]).mean(axis=(1, 3, 5))
    own = Grid.identity(cut.shape[::-1], GRID.spacing_mm, GRID.origin)
    target = Grid.identity(size, spacing, GRID.position(tuple((f - 1) / 2 for f in factors)))
    found = resample(np.ascontiguousarray(cut), own, target, fill=0.0)
    np.testing.assert_allclose(found, blocks, atol=1e-3)
    assert found.mean() == pytest.approx(cut.mean(), abs=1e-3)


def test_blocks_follow_the_source_axes_when_the_target_is_permuted() -> None:
    """Only z is coarser; taken along the wrong axis, the average would mix what differs along x."""
    x, _, _ = positions(GRID)
    stripes = np.where(np.rint((x - x.min()) / 2) % 2, 100.0, -100.0).astype(np.float32)
    target = Grid(
        (4, 12, 10), (8.0, 2.0, 3.0), GRID.position((0, 0, 0.5)), (0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    )
    found, _ = to_lps(resample(stripes, GRID, target, fill=0.0), target)
    assert np.array_equal(found, stripes[::2])


def test_labels_take_the_nearest_sample_and_are_never_mixed() -> None:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[:, :, 6:] = 128
    target = Grid.identity((24, 20, 3), (1.0, 1.5, 12.0), (-10.4, 4.6, -99.0))
    found = resample(labels, GRID, target, fill=0, labels=True)
    assert found.dtype == np.uint8
    assert set(np.unique(found)) == {0, 128}
    x, _, _ = positions(target)
    assert np.array_equal(found == 128, x > 1.0)


def test_beyond_the_source_is_the_fill() -> None:
    array = np.full(GRID.shape, 40, dtype=np.int16)
    target = Grid.identity((4, 4, 4), (2.0, 3.0, 4.0), (500.0, 5.0, -100.0))
    assert (resample(array, GRID, target, fill=-1000) == -1000).all()


def test_fewer_voxels_than_the_factor_are_averaged_all() -> None:
    array = np.arange(2 * 3 * 2, dtype=np.float32).reshape(2, 3, 2)
    source = Grid.identity((2, 3, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    target = Grid.identity((1, 1, 1), (10.0, 10.0, 10.0), (0.5, 1.0, 0.5))
    assert resample(array, source, target, fill=0.0).item() == pytest.approx(array.mean())


def test_the_source_is_untouched_and_two_calls_give_the_same_bytes() -> None:
    array = np.random.default_rng(2).normal(size=GRID.shape).astype(np.float32)
    before = array.copy()
    target = Grid((7, 7, 7), (5.0, 5.0, 5.0), (-8.0, 8.0, -95.0), OBLIQUE)
    first, second = (resample(array, GRID, target, fill=0.0).tobytes() for _ in range(2))
    assert first == second
    assert np.array_equal(array, before)


def test_an_image_lies_where_its_grid_says() -> None:
    image = as_image(np.zeros(GRID.shape, dtype=np.uint8), GRID)
    assert image.GetSize() == GRID.size
    assert image.TransformContinuousIndexToPhysicalPoint((1.5, 2.0, 3.0)) == pytest.approx(GRID.position((1.5, 2, 3)))
