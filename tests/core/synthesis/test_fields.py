import numpy as np
import pytest

from myoscope.synthesis.fields import interpolate, interpolate_at, smooth_field


def test_interpolation_of_a_plane_by_hand() -> None:
    coarse = np.array([[0.0, 1.0], [10.0, 11.0]], dtype=np.float32)
    found = interpolate_at(coarse, [np.array([0.0, 0.25, 1.0]), np.array([0.5, 1.0])])
    np.testing.assert_allclose(found, [[0.5, 1.0], [3.0, 3.5], [10.5, 11.0]], atol=1e-6)
    assert found.dtype == np.float32


def test_a_linear_field_comes_out_exact_with_its_ends_on_the_ends() -> None:
    k, j, i = np.indices((4, 3, 5)).astype(np.float32)
    found = interpolate((2 * k - 3 * j + i).astype(np.float32), (7, 9, 13))
    z, y, x = np.meshgrid(np.linspace(0, 3, 7), np.linspace(0, 2, 9), np.linspace(0, 4, 13), indexing="ij")
    np.testing.assert_allclose(found, 2 * z - 3 * y + x, atol=1e-5)


def test_a_field_interpolated_onto_its_own_knots_is_itself() -> None:
    coarse = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    np.testing.assert_allclose(interpolate(coarse, coarse.shape), coarse, atol=1e-6)


def test_a_smooth_field_follows_the_seed_and_is_smooth_over_its_scale() -> None:
    shape, spacing = (20, 30, 40), (2.0, 2.0, 3.0)
    one, same, other = (smooth_field(np.random.default_rng(seed), shape, spacing, 20.0) for seed in (1, 1, 2))
    assert one.shape == shape
    assert one.dtype == np.float32
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert abs(np.diff(one, axis=2)).max() < 1.0
    assert one.std() == pytest.approx(0.6, abs=0.35)
