import numpy as np
import pytest

import myoscope
from myoscope import LabelledCase, SynthesisOptions
from myoscope.synthesis.mr import CONTRASTS, INK, PLAIN, _ink

COARSE = (8.0, 8.0, 12.0)


def case(seed: int, **options: object) -> LabelledCase:
    return myoscope.synthesize("dixon_mri", seed, SynthesisOptions(**{"spacing_mm": COARSE, **options}))


@pytest.fixture(scope="module")
def cases() -> list[LabelledCase]:
    return [case(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def wide() -> list[LabelledCase]:
    return [case(seed, wide=True) for seed in range(32)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(cases: list[LabelledCase]) -> None:
    again = case(1)
    for name in CONTRASTS:
        assert again.scan.channels[name].tobytes() == cases[1].scan.channels[name].tobytes()
    assert again.segmentation.labels.tobytes() == cases[1].segmentation.labels.tobytes()
    assert len({made.segmentation.labels.tobytes() for made in cases}) == len(cases)


def test_a_case_has_four_contrasts_on_one_grid_and_sides_split(cases: list[LabelledCase]) -> None:
    for made in cases:
        assert tuple(made.scan.channels) == CONTRASTS
        assert {array.dtype for array in made.scan.channels.values()} == {np.dtype(np.float32)}
        assert made.segmentation.grid == made.scan.grid
        assert made.segmentation.sides_split
        assert "iliopsoas" in made.segmentation.predicted


def test_in_phase_is_the_sum_of_water_and_fat_and_opposed_phase_their_difference(cases: list[LabelledCase]) -> None:
    """But for noise, which each contrast has of its own, and for what one voxel mixes."""
    for made in cases:
        water, fat, in_phase, opposed = (made.scan.channels[name].astype(float) for name in CONTRASTS)
        noise = 6 * 0.03 * 250
        assert np.abs(in_phase - (water + fat)).max() < 3 * noise
        assert np.median(np.abs(opposed - np.abs(water - fat))) < noise
        assert (opposed <= in_phase + 2 * noise).all()


def test_muscle_is_bright_in_water_and_the_fat_around_it_in_fat(cases: list[LabelledCase]) -> None:
    for made in cases:
        labels = made.segmentation.labels
        water, fat = made.scan.channels["water"], made.scan.channels["fat"]
        muscle = (labels % 100 > 0) & (labels % 100 < 28)
        around = (labels == 0) & (fat > 150)
        assert np.median(water[muscle]) > 2 * np.median(fat[muscle])
        assert np.median(fat[around]) > 4 * np.median(water[around])


def test_wide_cases_have_one_channel_and_every_contrast_occurs(wide: list[LabelledCase]) -> None:
    assert all(len(made.scan.channels) == 1 for made in wide)
    assert {next(iter(made.scan.channels)) for made in wide} == {*CONTRASTS, PLAIN}


def test_wide_cases_are_slabs_that_cut_the_anatomy(wide: list[LabelledCase]) -> None:
    for made in wide:
        assert made.scan.grid.size[2] * COARSE[2] <= 330 + COARSE[2]
        labels = made.segmentation.labels
        assert labels[0].any() or labels[-1].any()


def test_fat_is_now_darker_and_now_brighter_than_muscle_in_plain_scans(wide: list[LabelledCase]) -> None:
    brighter = []
    for made in wide:
        if PLAIN in made.scan.channels:
            labels, image = made.segmentation.labels, made.scan.image
            muscle = np.median(image[(labels % 100 > 0) & (labels % 100 < 28)])
            fat = (labels == 0) & (image > 0.3 * muscle)
            brighter.append(bool(np.median(image[fat]) > muscle))
    assert set(brighter) == {True, False}


def test_ink_darkens_borders_in_the_plane_and_nothing_else_in_about_half_of_all_scans() -> None:
    labels = np.zeros((3, 8, 8), dtype=np.uint8)
    labels[:, 2:5, 2:5] = 3
    drawn = [_ink(labels, np.random.default_rng(seed)) for seed in range(60)]
    inked = [left for left in drawn if left.min() < 1]
    assert 15 < len(inked) < 45
    for left in inked:
        assert 1 - INK[1] - 1e-6 <= left.min() <= 1 - INK[0]
        dark = left[1] < 1
        assert dark[2, 2:5].all()
        assert dark[2:5, 5].all()
        assert not dark[3:5, 3:5].any()
        assert not dark[6:].any()
