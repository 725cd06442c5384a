from dataclasses import replace

import numpy as np
import pytest

from myoscope import Grid, Scan, UnreadableError
from myoscope_dixon_mri.preprocessing import preprocess, seen_contrasts
from myoscope_dixon_mri.recipes import UNET_SLICES, UNETR

GRID = Grid.identity((80, 60, 20), (2.6, 2.6, 6.0), (-100.0, -80.0, 0.0))


def leg(level: float) -> np.ndarray:
    image = np.zeros(GRID.shape, dtype=np.float32)
    image[:, 20:40, 24:56] = level
    return image


def scan(**channels: np.ndarray) -> Scan:
    return Scan("dixon_mri", channels, GRID, "case")


@pytest.mark.parametrize(("most", "expected"), [(1, ("water",)), (2, ("water", "in_phase"))])
def test_the_model_sees_as_many_contrasts_as_the_recipe_says_and_the_channels_say_which(
    most: int, expected: tuple[str, ...]
) -> None:
    recipe = replace(UNET_SLICES, preprocessing={**UNET_SLICES.preprocessing, "contrasts": most})
    prepared = preprocess(scan(water=leg(200.0), fat=leg(50.0), in_phase=leg(250.0)), recipe)
    assert tuple(prepared.channels) == expected


@pytest.mark.parametrize("names", [("fat", "in_phase"), ("fat", "opposed_phase"), ("fat",), ("mr",)])
def test_without_water_the_next_contrast_is_seen(names: tuple[str, ...]) -> None:
    expected = {"fat in_phase": "in_phase", "fat opposed_phase": "opposed_phase", "fat": "fat", "mr": "mr"}
    assert seen_contrasts(scan(**{name: leg(100.0) for name in names}), 1) == (expected[" ".join(names)],)


def test_a_map_of_fractions_alone_shows_no_muscles_and_is_refused() -> None:
    with pytest.raises(UnreadableError, match="only pdff"):
        preprocess(scan(pdff=leg(20.0)), UNET_SLICES)


def test_an_empty_scan_is_refused() -> None:
    with pytest.raises(UnreadableError, match="zeros"):
        preprocess(scan(water=leg(0.0)), UNET_SLICES)


@pytest.mark.parametrize("factor", [0.01, 1.0, 500.0])
def test_brightness_has_no_unit(factor: float) -> None:
    image = leg(1.0) * np.linspace(0.5, 1.0, 20, dtype=np.float32)[:, None, None]
    plain, scaled = (preprocess(scan(water=image * f), UNET_SLICES).image for f in (1.0, factor))
    np.testing.assert_allclose(plain, scaled, rtol=1e-5)
    assert 1.0 <= plain.max() <= 1.1


def test_the_papers_window_maps_80_to_0_and_450_to_1() -> None:
    for value, expected in ((80.0, 0.0), (265.0, 0.5), (450.0, 1.0), (900.0, 1.0)):
        prepared = preprocess(scan(water=leg(value)), UNETR).image
        assert prepared.max() == pytest.approx(expected, abs=1e-6)


def test_the_grid_is_upright_of_the_recipes_spacing_and_around_the_body() -> None:
    image = leg(100.0)
    turned = Scan(
        "dixon_mri", {"mr": np.ascontiguousarray(image[::-1])},
        Grid(GRID.size, GRID.spacing_mm, GRID.position((0, 0, 19)), (1.0, 0, 0, 0, 1.0, 0, 0, 0, -1.0)), "case",
    )  # fmt: skip
    for given in (scan(mr=image), turned):
        prepared = preprocess(given, UNET_SLICES)
        assert prepared.grid.spacing_mm == UNET_SLICES.spacing_mm
        np.testing.assert_allclose(prepared.grid.matrix, np.eye(3))
        assert prepared.grid.size[0] < GRID.size[0]
        assert prepared.image.max() == pytest.approx(1.0, abs=0.01)
