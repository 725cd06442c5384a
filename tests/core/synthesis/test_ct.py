import numpy as np
import pytest

import myoscope
from myoscope import THIGH_STRUCTURES, Grid, LabelledCase, Segmentation, StructureSet, SynthesisOptions
from myoscope.synthesis import Anatomy, ct_case
from myoscope.synthesis.ct import AIR_HU, FAT_HU

BONES = (28, 29)
COARSE = (8.0, 8.0, 12.0)
SEEDS = range(4)


def case(seed: int, **options: object) -> LabelledCase:
    return myoscope.synthesize("ct_thigh", seed, SynthesisOptions(**{"spacing_mm": COARSE, **options}))


@pytest.fixture(scope="module")
def cases() -> list[LabelledCase]:
    return [case(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def wide() -> list[LabelledCase]:
    return [case(seed, wide=True) for seed in range(12)]


def faces(labels: np.ndarray) -> list[np.ndarray]:
    return [labels.take(end, axis=axis) for axis in range(3) for end in (0, -1)]


def core_of(mask: np.ndarray) -> np.ndarray:
    """Return the voxels whose six neighbors are all in the mask."""
    inner = mask.copy()
    for axis in range(3):
        inner &= np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    return inner


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(cases: list[LabelledCase]) -> None:
    again = case(1)
    assert again.scan.image.tobytes() == cases[1].scan.image.tobytes()
    assert again.segmentation.labels.tobytes() == cases[1].segmentation.labels.tobytes()
    assert again.scan.grid == cases[1].scan.grid
    assert dict(again.facts) == dict(cases[1].facts)
    assert len({c.scan.image.tobytes() for c in cases}) == len(cases)
    assert len({c.segmentation.labels.tobytes() for c in cases}) == len(cases)


def test_scan_and_truth_share_a_grid_and_the_scan_says_what_it_is(cases: list[LabelledCase]) -> None:
    for made in cases:
        assert made.scan.modality == "ct_thigh"
        assert tuple(made.scan.channels) == ("ct",)
        assert made.scan.image.dtype == np.int16
        assert made.segmentation.grid == made.scan.grid
        assert made.segmentation.sides_split
        assert "synthesized" in made.scan.source


def test_a_complete_case_keeps_every_structure_off_the_faces(cases: list[LabelledCase]) -> None:
    for made in cases:
        assert all(not face.any() for face in faces(made.segmentation.labels))
        femur = made.segmentation.labels % 100 == 28
        slices = np.flatnonzero(femur.any(axis=(1, 2)))
        assert slices[0] > 0
        assert slices[-1] < len(femur) - 1
        assert set(made.segmentation.predicted) >= {"femur", "iliac_bone", "vastus_lateralis"}


def test_cut_cases_are_cut_at_the_ends_and_sometimes_at_the_sides() -> None:
    rough = (12.0, 12.0, 24.0)
    made = [case(seed, complete=False, spacing_mm=rough).segmentation.labels for seed in range(9)]
    cut = [[bool(face.any()) for face in faces(labels)] for labels in made]
    assert all(any(ends) for ends in cut)
    assert sum(ends[0] or ends[1] for ends in cut) >= 7
    assert any(any(ends[2:]) for ends in cut)


def test_the_patients_left_carries_100_more_mirrored_or_not(cases: list[LabelledCase]) -> None:
    for made in cases:
        labels = made.segmentation.labels
        where = np.arange(labels.shape[2])
        for structure in THIGH_STRUCTURES:
            columns = [(labels == structure.id + offset).sum(axis=(0, 1)) for offset in (0, 100)]
            if columns[0].any() and columns[1].any():
                right, left = (float((c * where).sum() / c.sum()) for c in columns)
                assert right < left, structure.name


def test_muscle_fat_bone_and_air_have_their_hounsfield_units(cases: list[LabelledCase]) -> None:
    for made in cases:
        hu, labels = made.scan.image.astype(float), made.segmentation.labels
        bone = np.isin(labels % 100, BONES)
        muscle = core_of((labels > 0) & ~bone)
        assert 20 < np.median(hu[muscle]) < 70
        assert hu[bone].mean() > 100
        corners = hu[:, :2, :2]
        assert corners.mean() == pytest.approx(AIR_HU, abs=15)
        fat = core_of((labels == 0) & (hu > -250) & (hu < 0))
        assert np.median(hu[fat]) == pytest.approx(FAT_HU, abs=15)


def test_size_and_spacing_are_obeyed_exactly() -> None:
    made = case(2, size=(31, 29, 23), spacing_mm=(9.0, 8.5, 13.0))
    assert made.scan.grid.size == (31, 29, 23)
    assert made.scan.grid.spacing_mm == (9.0, 8.5, 13.0)
    assert made.scan.image.shape == (23, 29, 31)
    assert made.segmentation.labels.any()


def test_a_finer_scan_of_the_same_seed_shows_the_same_person(cases: list[LabelledCase]) -> None:
    fine = case(3, spacing_mm=(4.0, 4.0, 6.0))
    for value in (3, 103, 11, 111, 28, 128):
        coarse_ml, fine_ml = (
            (c.segmentation.labels == value).sum() * c.scan.grid.voxel_volume_ml for c in (cases[3], fine)
        )
        assert coarse_ml == pytest.approx(fine_ml, rel=0.06)


def test_a_label_map_of_the_users_own_is_rendered() -> None:
    labels = np.zeros((20, 30, 60), dtype=np.uint8)
    labels[3:17, 8:20, 8:22] = 3
    labels[3:17, 8:20, 38:52] = 103
    labels[3:17, 12:16, 13:17] = 28
    labels[3:17, 12:16, 43:47] = 128
    anatomy = Anatomy(labels, Grid.identity((60, 30, 20), (5.0, 5.0, 8.0), (0.0, 0.0, 0.0)), "mine.nrrd")
    made = ct_case(anatomy, StructureSet(THIGH_STRUCTURES), 0, SynthesisOptions(spacing_mm=COARSE))
    assert isinstance(made.segmentation, Segmentation)
    assert made.segmentation.predicted == {"vastus_lateralis", "femur"}
    assert set(np.unique(made.segmentation.labels)) == {0, 3, 28, 103, 128}
    assert made.facts["anatomy"] == "mine.nrrd"


def test_wide_cases_are_slabs_of_all_lengths_that_cut_the_anatomy(wide: list[LabelledCase]) -> None:
    lengths = []
    for made in wide:
        labels = made.segmentation.labels
        assert labels[0].any() or labels[-1].any()
        lengths.append(made.scan.grid.size[2] * COARSE[2])
    assert 96 <= min(lengths) < max(lengths) <= 330 + COARSE[2]


def test_wide_cases_have_bone_and_gas_that_no_structure_names_and_the_others_have_not(
    cases: list[LabelledCase], wide: list[LabelledCase]
) -> None:
    """In the trunk and at the knee, deep inside the body."""

    def unnamed(made: LabelledCase) -> tuple[int, int]:
        from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes

        image, labels = made.scan.image, made.segmentation.labels
        inside = np.stack([binary_erosion(binary_fill_holes(part), iterations=3) for part in image > AIR_HU / 2])
        free = inside & ~binary_dilation(labels > 0, iterations=2)
        return int((image[free] > 350).sum()), int((image[free] < 2 * FAT_HU).sum())

    found = np.array([unnamed(made) for made in wide])
    assert (found.max(axis=0) > 20).all()
    assert (found.min(axis=0) == 0).all()
    assert np.array([unnamed(made) for made in cases]).sum() == 0


def test_muscle_of_wide_cases_is_of_all_densities(wide: list[LabelledCase]) -> None:
    medians = []
    for made in wide:
        muscle = core_of((made.segmentation.labels > 0) & ~np.isin(made.segmentation.labels % 100, BONES))
        medians.append(float(np.median(made.scan.image[muscle])))
    assert min(medians) < 30
    assert max(medians) > 60
