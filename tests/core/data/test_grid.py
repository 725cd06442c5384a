import itertools
import math
import pickle

import numpy as np
import pytest

from myoscope import GeometryError, Grid

UPRIGHT = Grid.identity((4, 3, 2), (1.0, 2.0, 5.0), (10.0, 20.0, 30.0))


def turned(degrees: float) -> Grid:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Grid((4, 3, 2), (1.0, 2.0, 5.0), (10.0, 20.0, 30.0), (c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0))


def test_an_array_has_the_reversed_shape_of_the_size() -> None:
    assert UPRIGHT.shape == (2, 3, 4)
    assert UPRIGHT.ndim == 3


def test_positions_step_by_the_spacing_along_the_direction() -> None:
    assert UPRIGHT.position((0, 0, 0)) == (10.0, 20.0, 30.0)
    assert UPRIGHT.position((1, 1, 1)) == (11.0, 22.0, 35.0)
    assert turned(90).position((1, 1, 0)) == pytest.approx((8.0, 21.0, 30.0))


def test_positions_agree_with_simpleitk() -> None:
    import SimpleITK as sitk

    grid = turned(30)
    image = sitk.Image(list(grid.size), sitk.sitkUInt8)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    for index in itertools.product(range(3), repeat=3):
        expected = image.TransformContinuousIndexToPhysicalPoint([float(i) for i in index])
        assert grid.position(index) == pytest.approx(expected)


def test_a_voxel_volume_is_the_product_of_spacings_in_ml() -> None:
    assert turned(17).voxel_volume_ml == pytest.approx(0.01)


def test_a_2d_grid_has_no_voxel_volume() -> None:
    grid = Grid.identity((4, 3), (1.0, 1.0), (0.0, 0.0))
    assert grid.shape == (3, 4)
    with pytest.raises(GeometryError, match="2D"):
        _ = grid.voxel_volume_ml


@pytest.mark.parametrize("spacing", [0.0, -1.0, math.nan, math.inf])
def test_a_spacing_that_is_not_positive_and_finite_is_refused(spacing: float) -> None:
    with pytest.raises(GeometryError, match="positive, finite spacing"):
        Grid.identity((4, 3, 2), (1.0, spacing, 1.0), (0.0, 0.0, 0.0))


def test_an_empty_axis_is_refused() -> None:
    with pytest.raises(GeometryError, match="at least one sample"):
        Grid.identity((4, 0, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))


def test_a_sheared_direction_is_refused() -> None:
    with pytest.raises(GeometryError, match="orthogonal unit vectors"):
        Grid((2, 2, 2), (1.0,) * 3, (0.0,) * 3, (1.0, 0.1, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


def test_a_mix_of_dimensions_is_refused() -> None:
    with pytest.raises(GeometryError, match="2 or 3 axes"):
        Grid((2, 2, 2), (1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 1.0))


def test_grids_are_the_same_within_a_hundredth_of_a_voxel() -> None:
    near = Grid.identity(UPRIGHT.size, UPRIGHT.spacing_mm, (10.005, 20.0, 30.0))
    far = Grid.identity(UPRIGHT.size, UPRIGHT.spacing_mm, (10.02, 20.0, 30.0))
    assert UPRIGHT.is_same(near)
    assert not UPRIGHT.is_same(far)
    assert not UPRIGHT.is_same(turned(1))
    assert not UPRIGHT.is_same(Grid.identity((4, 3, 3), UPRIGHT.spacing_mm, UPRIGHT.origin))


def test_a_grid_survives_pickle_and_has_a_hash() -> None:
    grid = turned(30)
    assert pickle.loads(pickle.dumps(grid)) == grid  # noqa: S301
    assert len({grid, turned(30)}) == 1
    assert np.allclose(grid.matrix @ grid.matrix.T, np.eye(3))
