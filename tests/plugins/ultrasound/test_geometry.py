from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope_ultrasound.geometry import (
    Polynomial,
    Profile,
    extent,
    perimeter,
    smooth_ring,
    sub_pixel,
    thickness_profile,
)
from myoscope_ultrasound.patches import Patch, column_borders, eroded, filled, largest_piece, outline, patch_of, pieces

SHAPE = (300, 360)
SPACINGS = [(1.0, 1.0), (0.1, 0.1), (0.08, 0.12), (0.12, 0.07)]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


def drawn(inside: Callable[[Floats, Floats], Mask], spacing: tuple[float, float]) -> Mask:
    """Return the pixels whose centers lie inside, x and y counted from the middle of the picture."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float64)
    return inside((x - SHAPE[1] / 2) * spacing[0], (y - SHAPE[0] / 2) * spacing[1])


def turned(degrees: float) -> Callable[[Floats, Floats], tuple[Floats, Floats]]:
    """Return a function to coordinates along and across a direction that slopes down to the right."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return lambda x, y: (x * c + y * s, y * c - x * s)


def band(thickness: float, degrees: float, spacing: tuple[float, float]) -> Mask:
    return drawn(lambda x, y: np.abs(turned(degrees)(x, y)[1]) <= thickness / 2, spacing)


def ellipse(a: float, b: float, degrees: float, spacing: tuple[float, float]) -> Mask:
    def inside(x: Floats, y: Floats) -> Mask:
        along, across = turned(degrees)(x, y)
        return (along / a) ** 2 + (across / b) ** 2 <= 1

    return drawn(inside, spacing)


def cut_out(mask: Mask) -> Patch:
    patch = patch_of(mask)
    assert patch is not None
    return patch


def borders(mask: Mask, spacing: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """Return columns and borders; what the edge of the picture cuts off is no border."""
    patch = largest_piece(cut_out(mask))
    x = (patch.left + np.arange(patch.mask.shape[1], dtype=np.float64)) * spacing[0]
    first, last = (row + patch.top for row in column_borders(patch.mask))
    upper = np.where(first > 0, sub_pixel(first), math.nan)
    lower = np.where(last < mask.shape[0] - 1, sub_pixel(last), math.nan)
    return x, upper * spacing[1], lower * spacing[1]


def profile_of(mask: Mask, spacing: tuple[float, float]) -> Profile:
    profile = thickness_profile(*borders(mask, spacing))
    assert profile is not None
    return profile


def tolerance(length: float, spacing: tuple[float, float]) -> float:
    """Half a percent or half a pixel."""
    return max(0.005 * length, 0.5 * min(spacing))


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("degrees", [0, 1, 7, 20, 30, -30])
def test_a_tilted_band_has_its_own_thickness(degrees: float, spacing: tuple[float, float]) -> None:
    thickness = 61.3 * spacing[1]
    lengths = profile_of(band(thickness, degrees, spacing), spacing).lengths
    for value in (lengths.mean(), lengths.min(), lengths.max()):
        assert value == pytest.approx(thickness, abs=tolerance(thickness, spacing))
    assert lengths.std() < 0.005 * thickness


def test_a_band_tilted_by_30_degrees_is_not_over_read() -> None:
    mask = band(60.0, 30, (1.0, 1.0))
    along_columns = mask.sum(axis=0).mean()
    assert along_columns > 1.15 * 60  # what a reading along the image's columns gives
    assert profile_of(mask, (1.0, 1.0)).lengths.mean() == pytest.approx(60, rel=0.005)


@pytest.mark.parametrize("degrees", [0, 10, 30, -30])
def test_the_ends_of_a_tilted_bar_are_no_borders(degrees: float) -> None:
    def inside(x: Floats, y: Floats) -> Mask:
        along, across = turned(degrees)(x, y)
        return (np.abs(along) <= 130.2) & (np.abs(across) <= 25.3)

    profile = profile_of(drawn(inside, (1.0, 1.0)), (1.0, 1.0))
    assert profile.lengths.mean() == pytest.approx(50.6, abs=0.5)
    assert profile.lengths.std() < 0.3
    assert profile.share > 0.75


@pytest.mark.parametrize("spacing", SPACINGS)
def test_two_concentric_arcs_lie_the_difference_of_their_radii_apart(spacing: tuple[float, float]) -> None:
    radius, thickness = 300 * max(spacing), 70 * spacing[1]
    mask = drawn(lambda x, y: np.abs(np.hypot(x, y - radius) - radius) <= thickness / 2, spacing)
    lengths = profile_of(mask, spacing).lengths
    assert lengths.mean() == pytest.approx(thickness, abs=tolerance(thickness, spacing))
    assert lengths.max() == pytest.approx(thickness, rel=0.01)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_normals_of_a_wedge_stand_on_its_bisector(spacing: tuple[float, float]) -> None:
    upper, lower, apex = math.radians(-4), math.radians(14), -300 * spacing[0]

    def inside(x: Floats, y: Floats) -> Mask:
        return (y >= math.tan(upper) * (x - apex)) & (y <= math.tan(lower) * (x - apex))

    profile = profile_of(drawn(inside, spacing), spacing)
    middles = (profile.superficial + profile.deep) / 2
    from_apex = np.hypot(middles[:, 0] - SHAPE[1] / 2 * spacing[0] - apex, middles[:, 1] - SHAPE[0] / 2 * spacing[1])
    expected = 2 * math.tan((lower - upper) / 2) * from_apex
    assert np.abs(profile.lengths - expected).max() < tolerance(float(expected.min()), spacing)
    bisector = (upper + lower) / 2
    assert profile.direction == pytest.approx((math.cos(bisector), math.sin(bisector)), abs=0.005)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("degrees", [0, 12, 30])
def test_an_ellipse_has_its_axes_its_area_and_its_perimeter(degrees: float, spacing: tuple[float, float]) -> None:
    from scipy.special import ellipe

    a, b = 120 * min(spacing), 48 * min(spacing)
    mask = ellipse(a, b, degrees, spacing)
    profile = profile_of(mask, spacing)
    ring = smooth_ring(outline(cut_out(mask)) * spacing)
    assert profile.lengths.max() == pytest.approx(2 * b, abs=tolerance(2 * b, spacing))
    assert extent(ring, profile.direction) == pytest.approx(2 * a, abs=tolerance(2 * a, spacing))
    assert perimeter(ring) == pytest.approx(4 * a * ellipe(1 - (b / a) ** 2), rel=0.005)
    assert mask.sum() * spacing[0] * spacing[1] == pytest.approx(math.pi * a * b, rel=0.005)


@pytest.mark.parametrize("seed", range(30))
def test_any_band_is_within_half_a_percent_or_half_a_pixel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spacing = (float(rng.uniform(0.05, 0.2)), float(rng.uniform(0.05, 0.2)))
    thickness = float(rng.uniform(20, 90)) * spacing[1]
    slope = rng.uniform(-0.3, 0.3) * spacing[1] / spacing[0]
    mask = band(thickness, math.degrees(math.atan(slope)), spacing)
    assert profile_of(mask, spacing).lengths.mean() == pytest.approx(thickness, abs=tolerance(thickness, spacing))


@pytest.mark.parametrize("seed", range(30))
def test_any_ellipse_is_within_half_a_percent_or_half_a_pixel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = float(rng.uniform(50, 150))
    b = a * float(rng.uniform(0.25, 0.6))
    if seed % 2:  # whole numbers and no tilt are the worst case for a flat summit
        a, b = float(round(a)), float(round(b))
    mask = ellipse(a, b, 0.0 if seed % 2 else float(rng.uniform(-25, 25)), (1.0, 1.0))
    assert profile_of(mask, (1.0, 1.0)).lengths.max() == pytest.approx(2 * b, abs=tolerance(2 * b, (1.0, 1.0)))


def test_a_mirrored_picture_gives_mirrored_normals() -> None:
    mask = band(50.0, 17, (1.0, 1.0)) & drawn(lambda x, y: y < 60, (1.0, 1.0))
    given = profile_of(mask, (1.0, 1.0))
    sideways, upended = profile_of(mask[:, ::-1], (1.0, 1.0)), profile_of(mask[::-1], (1.0, 1.0))
    assert sideways.lengths[::-1] == pytest.approx(given.lengths, abs=1e-6)
    assert upended.lengths == pytest.approx(given.lengths, abs=1e-6)
    assert upended.superficial[:, 1] == pytest.approx(SHAPE[0] - 1 - given.deep[:, 1], abs=1e-6)


def test_lengths_scale_with_the_spacing_and_back() -> None:
    mask = ellipse(120.0, 50.0, 20, (1.0, 1.0))
    once, twice = profile_of(mask, (0.1, 0.1)), profile_of(mask, (0.2, 0.2))
    assert twice.lengths / 2 == pytest.approx(once.lengths, rel=1e-9)
    ring = outline(cut_out(mask))
    assert perimeter(smooth_ring(ring * 0.2)) / 2 == pytest.approx(perimeter(smooth_ring(ring * 0.1)), rel=1e-9)


def test_a_border_that_is_not_seen_bears_no_normals() -> None:
    x, upper, lower = borders(band(60.0, 20, (1.0, 1.0)), (1.0, 1.0))
    upper[:100] = math.nan
    profile = thickness_profile(x, upper, lower)
    assert profile is not None
    assert profile.superficial[:, 0].min() >= x[100]
    assert profile.lengths.mean() == pytest.approx(60, abs=0.5)
    assert thickness_profile(x, np.full(x.size, math.nan), lower) is None


def test_a_few_columns_have_no_mid_line() -> None:
    x = np.arange(5.0)
    assert thickness_profile(x, np.zeros(5), np.full(5, 3.0)) is None


def test_a_staircase_becomes_the_line_or_the_parabola_that_it_came_from() -> None:
    x = np.arange(300.0)
    line = 20 + 0.13 * x
    parabola = 50 - (x - 140) ** 2 / 600
    for curve, most in ((line, 0.2), (parabola, 0.3)):
        stairs = np.floor(curve) + 0.5
        smooth = sub_pixel(stairs)
        assert np.abs(smooth - stairs).max() <= 0.5
        assert np.abs(smooth - curve).max() < most < np.abs(stairs - curve).max()
    summit = sub_pixel(np.floor(parabola + 0.49) + 0.5)[140]
    assert summit == pytest.approx(50.49, abs=0.1)


def test_a_jump_and_a_level_line_stay_as_they_are() -> None:
    level = np.full(40, 7.5)
    jump = np.where(np.arange(40) < 20, 7.5, 30.5)
    assert (sub_pixel(level) == level).all()
    assert (sub_pixel(jump) == jump).all()


def test_a_polynomial_is_found_again_with_its_slope() -> None:
    x = np.linspace(40, 90, 30)
    found = Polynomial.fitted(x, 3 - 2 * x + 0.1 * x**2, 3)
    assert found.at(np.array([50.0])) == pytest.approx([3 - 100 + 250])
    assert found.slope(np.array([50.0])) == pytest.approx([-2 + 10])


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_circle_has_its_circumference(spacing: tuple[float, float]) -> None:
    radius = 90 * min(spacing)
    ring = smooth_ring(outline(cut_out(ellipse(radius, radius, 0, spacing))) * spacing)
    assert perimeter(ring) == pytest.approx(2 * math.pi * radius, rel=0.005)


def test_the_largest_piece_comes_first_and_holes_are_filled() -> None:
    mask = np.zeros((40, 60), dtype=np.bool_)
    mask[2:6, 2:6] = mask[10:30, 20:50] = True
    mask[15:20, 30:35] = False
    parts = pieces(cut_out(mask))
    assert [int(part.mask.sum()) for part in parts] == [20 * 30 - 25, 16]
    assert (parts[0].left, parts[0].top) == (20, 10)
    assert filled(parts[0].mask).all()
    assert patch_of(np.zeros((4, 4), dtype=np.bool_)) is None


def test_erosion_keeps_away_from_borders_but_not_from_the_edge_of_the_picture() -> None:
    mask = np.zeros((40, 60), dtype=np.bool_)
    mask[10:30, :25] = True
    patch = cut_out(mask)
    inner = eroded(patch, (40, 60), (3, 2))
    expected = np.zeros((20, 25), dtype=np.uint8)
    expected[2:-2, :-3] = 1
    assert (inner == expected).all()


def test_an_outline_runs_around_the_pixels_and_closes() -> None:
    mask = np.zeros((40, 60), dtype=np.bool_)
    mask[10:30, 20:50] = True
    ring = outline(cut_out(mask))
    assert (ring[0] == ring[-1]).all()
    assert extent(ring, (1.0, 0.0)) == 30
    assert extent(ring, (0.0, 1.0)) == 20
    assert ring[:, 0].min() == 19.5
