"""`evaluate` on labels of pictures and videos, in every kind of file that they come in."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import myoscope
from myoscope import Grid, InputError, Segmentation
from myoscope.evaluation import write_evaluation
from myoscope.evaluation.values import EvaluationRow
from myoscope.io.label_tables import write_table
from myoscope.io.nifti import write_nifti
from myoscope.io.seg_nrrd import write_seg_nrrd
from myoscope.plugins import describe

WIDTH, HEIGHT = 30, 20
STRUCTURES = describe("ultrasound").structures
MUSCLE, RECTUS_FEMORIS = 34, 2
SPACING = (0.5, 0.5)
Write = Callable[..., Path]


def square(left: int = 4, value: int = MUSCLE) -> np.ndarray:
    """A square of 8 x 8 pixels: moved by 2, Dice is 3/4 and the Hausdorff distance 2 pixels."""
    labels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    labels[6:14, left : left + 8] = value
    return labels


def mask(path: Path, labels: np.ndarray) -> Path:
    Image.fromarray(labels).save(path)
    return path


def nifti(path: Path, labels: np.ndarray, spacing: tuple[float, float] | None = None) -> Path:
    write_nifti(labels, Grid.picture((WIDTH, HEIGHT), spacing), path)
    return path


def seg_nrrd(path: Path, labels: np.ndarray, spacing: tuple[float, float] | None = None) -> Path:
    write_seg_nrrd(segmentation(labels, spacing), path)
    return path


def labelme(path: Path, left: int) -> Path:
    points = [[left, 6], [left + 8, 6], [left + 8, 14], [left, 14]]
    shapes = [{"label": "muscle", "points": points, "shape_type": "polygon"}]
    path.write_text(json.dumps({"imageWidth": WIDTH, "imageHeight": HEIGHT, "shapes": shapes}))
    return path


def segmentation(labels: np.ndarray, spacing: tuple[float, float] | None = None) -> Segmentation:
    names = frozenset(STRUCTURES.names) & {s.name for s in STRUCTURES if (labels == s.id).any()}
    return Segmentation(labels, Grid.picture((WIDTH, HEIGHT), spacing), STRUCTURES, names, sides_split=False)


def only_row(prediction: object, reference: object, **options: str) -> EvaluationRow:
    (row,) = myoscope.evaluate(prediction, reference, **options).rows
    return row


@pytest.mark.parametrize("left", ["a.png", "a.tif", "a.bmp", "a.nii.gz", "a.seg.nrrd", "a.json", "memory"])
@pytest.mark.parametrize("right", ["b.png", "b.nii.gz", "b.json", "memory"])
def test_labels_of_a_picture_compare_in_any_mix_of_kinds(tmp_path: Path, left: str, right: str) -> None:
    def made(name: str, start: int) -> object:
        path = tmp_path / name
        if name == "memory":
            return segmentation(square(start))
        if name.endswith(".json"):
            return labelme(path, start)
        write = nifti if name.endswith(".nii.gz") else seg_nrrd if name.endswith(".nrrd") else mask
        return write(path, square(start))

    row = only_row(made(left, 4), made(right, 6))
    assert (row.structure, row.side, row.status, row.dice) == ("muscle", "both", "ok", 0.75)
    assert row.ravd_pct == 0
    assert all(math.isnan(value) for value in (row.hd_mm, row.hd95_mm, row.assd_mm, row.volume_ref_ml))


@pytest.mark.parametrize("write", [nifti, seg_nrrd])
@pytest.mark.parametrize("swapped", [False, True])
def test_one_side_that_knows_the_scale_is_enough_for_distances_in_mm(
    tmp_path: Path, write: Write, swapped: bool
) -> None:
    ending = ".nii.gz" if write is nifti else ".seg.nrrd"
    pair = (write(tmp_path / f"a{ending}", square(4), SPACING), mask(tmp_path / "b.png", square(6)))
    row = only_row(*(pair[::-1] if swapped else pair))
    assert (row.hd_mm, row.dice) == (pytest.approx(1.0), 0.75)
    assert math.isnan(row.volume_pred_ml)


def test_two_scales_that_differ_are_refused_and_two_that_were_rounded_are_not(tmp_path: Path) -> None:
    given = nifti(tmp_path / "a.nii.gz", square(), (0.5, 0.5))
    assert only_row(given, nifti(tmp_path / "b.nii.gz", square(), (0.501, 0.501))).dice == 1
    with pytest.raises(InputError, match=r"differ in scale: pixels of 0\.5 x 0\.5 mm, and of 0\.6 x 0\.5 mm"):
        myoscope.evaluate(given, nifti(tmp_path / "c.nii.gz", square(), (0.6, 0.5)))


def test_pictures_of_other_sizes_are_refused_with_both_sizes(tmp_path: Path) -> None:
    small = mask(tmp_path / "a.png", square()[:, :25])
    with pytest.raises(InputError, match="differ in size: 25 x 20 pixels, and 30 x 20 pixels"):
        myoscope.evaluate(small, nifti(tmp_path / "b.nii.gz", square()))


def test_a_white_mask_is_the_only_structure_of_the_other_side(tmp_path: Path) -> None:
    white = mask(tmp_path / "white.png", square(6, 255))
    row = only_row(nifti(tmp_path / "a.nii.gz", square(4, RECTUS_FEMORIS)), white, modality="ultrasound")
    assert (row.structure, row.dice) == ("rectus_femoris", 0.75)


def test_a_muscle_that_was_searched_for_and_not_found_is_missing_in_the_prediction(tmp_path: Path) -> None:
    empty = segmentation(square() * 0)
    searched = Segmentation(empty.labels, empty.grid, STRUCTURES, frozenset({"rectus_femoris"}), sides_split=False)
    nifti(tmp_path / "a_dseg.nii.gz", searched.labels)
    write_table(searched, tmp_path / "a_labels.tsv")
    white = mask(tmp_path / "a.png", square(6, 255))
    row = only_row(tmp_path / "a_dseg.nii.gz", white, modality="ultrasound")
    assert (row.structure, row.status, row.dice) == ("rectus_femoris", "prediction empty", 0)


def test_a_white_mask_that_could_be_several_structures_is_refused(tmp_path: Path) -> None:
    two = np.maximum(square(4), square(20, RECTUS_FEMORIS))
    with pytest.raises(InputError, match="255"):
        myoscope.evaluate(nifti(tmp_path / "a.nii.gz", two), mask(tmp_path / "b.png", square(6, 255)))


def test_a_picture_is_named_by_a_modality_of_pictures(tmp_path: Path) -> None:
    path = mask(tmp_path / "a.png", square(value=RECTUS_FEMORIS))
    result = myoscope.evaluate(path, path)
    assert result.modality == "ultrasound"
    assert "ct_thigh" in result.also_fits


@pytest.mark.parametrize("write", [nifti, seg_nrrd])
def test_a_video_is_counted_over_all_of_its_frames_and_has_neither_distance_nor_volume(
    tmp_path: Path, write: Write
) -> None:
    ending = ".nii.gz" if write is nifti else ".seg.nrrd"
    predicted, true = (np.stack([square(4), square(a), square(b)]) for a, b in ((4, 6), (8, 10)))
    pair = [write(tmp_path / f"{name}{ending}", v, SPACING) for name, v in (("a", predicted), ("b", true))]
    row = only_row(*pair)
    # Frames overlap by 64, 32 and 32 of 64 pixels.
    assert row.dice == pytest.approx(128 / 192)
    assert (row.structure, row.status) == ("muscle", "ok")
    assert all(math.isnan(value) for value in (row.hd_mm, row.assd_mm, row.volume_pred_ml, row.volume_ref_ml))
    with pytest.raises(InputError, match="30 x 20 pixels in 3 frames, and 30 x 20 pixels in 2 frames"):
        myoscope.evaluate(pair[0], write(tmp_path / f"c{ending}", true[:2], SPACING))
    with pytest.raises(InputError, match="in 3 frames, and 30 x 20 pixels"):
        myoscope.evaluate(pair[0], mask(tmp_path / "d.png", square()))


def test_a_video_in_memory_compares_with_its_file(tmp_path: Path) -> None:
    video = np.stack([square(4), square(6)])
    row = only_row(segmentation(video, SPACING), nifti(tmp_path / "a.nii.gz", video, SPACING))
    assert row.dice == 1
    assert math.isnan(row.hd_mm)


def test_a_folder_of_analyze_is_compared_with_masks_of_its_cases(tmp_path: Path) -> None:
    out, references = tmp_path / "out", tmp_path / "masks"
    (out / "00002").mkdir(parents=True)
    references.mkdir()
    for folder, name in ((out, "00001"), (out / "00002", "00002")):
        nifti(folder / f"{name}_dseg.nii.gz", square(4))
        seg_nrrd(folder / f"{name}.seg.nrrd", square(4))
        mask(folder / "preview.png", square())
        for written in ("run.json", "findings.json", "measurements.json"):
            (folder / written).write_text("{}")
        mask(references / f"{name}.png", square(6))
    mask(references / "00003.png", square(6))
    result = myoscope.evaluate(out, references)
    assert {row.case_id: row.dice for row in result.rows if not row.failed} == {"00001": 0.75, "00002": 0.75}
    assert {row.case_id: row.status for row in result.failures} == {
        "00003": "failed: there is no prediction file of this name"
    }
    assert myoscope.evaluate(out, out).failures == ()


def test_outlines_are_taken_before_the_picture_that_they_were_drawn_on(tmp_path: Path) -> None:
    predictions, references = tmp_path / "p", tmp_path / "r"
    for folder in (predictions, references):
        folder.mkdir()
    mask(predictions / "a_dseg.png", square(4))
    labelme(references / "a.json", 6)
    mask(references / "a.png", np.full((HEIGHT, WIDTH), 200, dtype=np.uint8))
    result = myoscope.evaluate(predictions, references)
    assert [(row.case_id, row.dice) for row in result.rows] == [("a", 0.75)]


def test_a_picture_that_is_no_mask_is_refused(tmp_path: Path) -> None:
    good = mask(tmp_path / "a.png", square())
    Image.fromarray(square()).save(tmp_path / "b.jpg")
    with pytest.raises(InputError, match=r"b\.jpg is not a label file"):
        myoscope.evaluate(good, tmp_path / "b.jpg")
    (tmp_path / "c.png").write_text("no picture")
    with pytest.raises(InputError, match=r"c\.png"):
        myoscope.evaluate(good, tmp_path / "c.png")
    pages = [Image.fromarray(square()), Image.fromarray(square(6))]
    pages[0].save(tmp_path / "d.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match="several pages"):
        myoscope.evaluate(good, tmp_path / "d.tif")


def test_the_page_of_pictures_speaks_of_no_volume_and_shows_published_dice(tmp_path: Path) -> None:
    path = mask(tmp_path / "a.png", square(value=RECTUS_FEMORIS))
    write_evaluation(myoscope.evaluate(path, path, modality="ultrasound"), tmp_path / "out")
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert "Volume r" not in page
    assert "There are no distances" in page
    assert "HD95" not in page
    assert 'Dice<br><span class="unit">unet</span>' in page
    assert "0.826" in page


def test_a_structure_that_nobody_published_has_no_published_values_beside_it(tmp_path: Path) -> None:
    path = mask(tmp_path / "a.png", square())
    write_evaluation(myoscope.evaluate(path, path), tmp_path / "out")
    page = (tmp_path / "out" / "evaluation.html").read_text()
    assert "Muscle" in page
    assert "published" not in page.lower()
