from __future__ import annotations

import pytest

from myoscope.io import MRFacts
from myoscope_dixon_mri.contrasts import contrast_of, contrast_of_words, is_magnitude, phases_by_echo

NAMES = {
    "water": (
        "water", "Water", "WATER: Ax LAVA Flex", "Dixon_BH_17s_W", "Dixon_noBH_W", "t1_vibe_dixon_tra_W",
        "calf_dixon_water", "sub-01_ses-2_water_1", "t1_vibe_dixon_W_ND", "W_DIS3D", "mDIXON-W", "waterOnly",
        "IDEAL_water_fat_W",
    ),
    "fat": ("fat", "FAT: Ax LAVA", "Dixon_BH_17s_F", "sub01_f", "FatOnly", "dixon_FAT_0003", "thigh_Dixon_F_12"),
    "in_phase": ("Dixon_BH_17s_in", "InPhase: LAVA", "in_phase", "in-phase", "IP", "t1_dixon_cor_in", "case_inphase"),
    "opposed_phase": (
        "Dixon_BH_17s_opp", "OutPhase: LAVA", "out_of_phase", "opposed-phase", "OP", "oppPhase", "outphase", "case_op",
        "opp_phase", "Out of Phase",
    ),
    "pdff": ("PDFF", "fat_fraction", "FatFrac: IDEAL IQ", "liver_ff", "sub-1_pdff"),
}  # fmt: skip
SILENT = (
    "", "knee_fast", "T1w", "T2w", "t1_tse_fs_fat_sat", "FatSat T1", "water excitation", "left_thigh_in_motion",
    "image", "water_mask", "fat_seg", "fat labels", "T2star", "R2s_fat", "interior", "F18 PET", "waterfall",
    "Water Fraction", "water fat separation", "dixon in and opposed phase of water", "2",
)  # fmt: skip


@pytest.mark.parametrize(("contrast", "name"), [(c, name) for c, names in NAMES.items() for name in names])
def test_whole_words_name_a_contrast(contrast: str, name: str) -> None:
    assert contrast_of_words(name) == contrast


@pytest.mark.parametrize("name", SILENT)
def test_parts_of_words_techniques_and_labels_name_none(name: str) -> None:
    assert contrast_of_words(name) is None


@pytest.mark.parametrize(
    ("values", "contrast"),
    [
        (("DERIVED", "PRIMARY", "DIXON", "WATER"), "water"),
        (("ORIGINAL", "PRIMARY", "W", "W", "DERIVED"), "water"),
        (("DERIVED", "PRIMARY", "DIXON", "FAT"), "fat"),
        (("DERIVED", "PRIMARY", "DIXON", "IN_PHASE"), "in_phase"),
        (("ORIGINAL", "PRIMARY", "IP", "IP", "DERIVED"), "in_phase"),
        (("DERIVED", "PRIMARY", "DIXON", "OPP_PHASE"), "opposed_phase"),
        (("DERIVED", "PRIMARY", "DIXON", "OUT_PHASE"), "opposed_phase"),
        (("ORIGINAL", "PRIMARY", "OP", "OP", "DERIVED"), "opposed_phase"),
        (("DERIVED", "PRIMARY", "FF", "FF"), "pdff"),
        (("ORIGINAL", "PRIMARY", "M", "ND"), None),
        (("DERIVED", "WATER", "FAT"), None),
    ],
)
def test_image_types_of_every_manufacturer_name_a_contrast(values: tuple[str, ...], contrast: str | None) -> None:
    assert contrast_of(MRFacts(image_type=values)) == contrast


def test_the_image_type_goes_before_the_description() -> None:
    assert contrast_of(MRFacts(image_type=("DERIVED", "WATER"), description="Dixon_F")) == "water"
    assert contrast_of(MRFacts(image_type=("ORIGINAL", "M"), description="Dixon_F")) == "fat"
    assert contrast_of(MRFacts(sequence_name="fl3d2 water")) == "water"
    assert contrast_of(MRFacts(description="T1 knee", echo_time_ms=2.39)) is None


@pytest.mark.parametrize("value", ["P", "PHASE", "PHASE MAP", "R", "I", "Imaginary"])
def test_phase_real_and_imaginary_images_are_no_magnitudes(value: str) -> None:
    assert not is_magnitude(MRFacts(image_type=("ORIGINAL", "PRIMARY", value)))
    assert is_magnitude(MRFacts(image_type=("ORIGINAL", "PRIMARY", "M", "IN_PHASE")))


@pytest.mark.parametrize("times", [(2.39, 4.77), (1.15, 2.3), (1.23, 2.46), (1.1, 2.2)])
def test_the_shorter_of_one_and_two_half_periods_is_opposed(times: tuple[float, float]) -> None:
    assert phases_by_echo(*times) == ("opposed_phase", "in_phase")
    assert phases_by_echo(*times[::-1]) == ("in_phase", "opposed_phase")


def test_the_shorter_of_two_and_three_half_periods_is_in_phase() -> None:
    assert phases_by_echo(2.46, 3.69) == ("in_phase", "opposed_phase")


@pytest.mark.parametrize("times", [(2.39, 2.39), (1.15, 3.45), (2.4, None), (None, None), (0.0, 2.4)])
def test_other_times_tell_nothing(times: tuple[float | None, float | None]) -> None:
    assert phases_by_echo(*times) is None
