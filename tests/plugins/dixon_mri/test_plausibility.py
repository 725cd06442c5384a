from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import Grid, LabelledCase
from myoscope.io import read_volume
from myoscope_dixon_mri.plausibility import falls_below_zero, looks_like_ct, looks_like_labels

SHARED = Path(__file__).parents[4] / "shared" / "data" / "mri"
Thighs = tuple[dict[str, NDArray[np.float32]], Grid]


def test_overshoots_of_resampling_are_no_negative_values_and_hounsfield_units_are() -> None:
    assert not falls_below_zero(np.array([-3.0, 0.0, 100.0]))
    assert not falls_below_zero(np.zeros(3))
    assert falls_below_zero(np.array([-1000.0, 0.0, 400.0]))
    assert falls_below_zero(np.array([-6.0, 100.0]))


def test_regions_of_a_few_whole_numbers_are_labels() -> None:
    labels = np.kron(np.arange(16).reshape(1, 4, 4), np.ones((2, 8, 8))).astype(np.uint8)
    assert looks_like_labels(labels)
    assert looks_like_labels(labels.astype(np.float32))
    assert not looks_like_labels(labels * 1000.5)
    assert not looks_like_labels(np.zeros((2, 8, 8)))


def test_noise_in_a_few_whole_numbers_is_no_label_map(thighs: Thighs) -> None:
    noise = np.random.default_rng(1).rayleigh(4.0, (3, 40, 40))
    assert not looks_like_labels(np.rint(noise))
    assert not looks_like_labels(np.rint(thighs[0]["fat"]))


def test_a_ct_with_an_offset_looks_like_ct_and_no_contrast_does(thigh: LabelledCase, thighs: Thighs) -> None:
    assert looks_like_ct(np.maximum(thigh.scan.image.astype(np.int32) + 1024, 0))
    for image in thighs[0].values():
        for scale in (1.0, 2.5, 3.3):
            assert not looks_like_ct(image * scale)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["calf_dixon_water", "calf_dixon_fat", "thigh_bilateral_gre"])
def test_real_mri_is_neither_ct_nor_labels_at_any_scale(name: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("needs the shared MRI")
    array = read_volume(SHARED / f"{name}.nii.gz").array[10:12]
    median = float(np.median(array[array > 0.3 * array.max()]))
    assert not looks_like_labels(array)
    assert not looks_like_ct(array * (1050.0 / median))
