from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from myoscope import ULTRASOUND_STRUCTURES, GeometryError, Grid, Segmentation, StructureSet, UnreadableError
from myoscope.io import read_labels
from myoscope.io.nifti import write_nifti
from myoscope.io.seg_nrrd import write_seg_nrrd

STRUCTURES = StructureSet(ULTRASOUND_STRUCTURES)
FEMORIS, LONGUS, BREVIS, DEEP = 2, 32, 33, 36
GRID = Grid.picture((40, 30), (0.1, 0.08))
PIXELS = Grid.picture((40, 30), None)


def drawn() -> np.ndarray:
    labels = np.zeros((30, 40), dtype=np.uint8)
    labels[5:12, 8:30], labels[12:20, 8:25] = LONGUS, BREVIS
    return labels


def painted(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


def outlined(path: Path, *shapes: dict[str, Any], size: tuple[int, int] = (40, 30)) -> Path:
    content = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imageWidth": size[0], "imageHeight": size[1]}
    path.write_text(json.dumps(content | {"imagePath": "a.png", "imageData": None}))
    return path


def shape(label: str, *points: tuple[float, float], kind: str = "polygon") -> dict[str, Any]:
    return {"label": label, "points": [list(p) for p in points], "shape_type": kind, "group_id": None, "flags": {}}


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_a_mask_of_ids_is_read_as_it_is(tmp_path: Path, suffix: str) -> None:
    back = read_labels(painted(tmp_path / f"a{suffix}", drawn()), STRUCTURES, on=GRID)
    np.testing.assert_array_equal(back.labels, drawn())
    assert (back.predicted, back.sides_split, back.by_model) == ({"peroneus_longus", "peroneus_brevis"}, False, False)


def test_the_indices_of_a_palette_and_the_values_of_16_bits_are_ids(tmp_path: Path) -> None:
    palette = Image.fromarray(drawn())
    palette.putpalette(list(range(256)) * 3)
    palette.save(tmp_path / "a.png")
    painted(tmp_path / "b.png", drawn().astype(np.uint16))
    for name in ("a.png", "b.png"):
        np.testing.assert_array_equal(read_labels(tmp_path / name, STRUCTURES, on=GRID).labels, drawn())


@pytest.mark.parametrize("top", [1, 255])
def test_a_mask_of_one_value_is_the_only_structure_of_the_site(tmp_path: Path, top: int) -> None:
    path = painted(tmp_path / "a.png", (drawn() > 0).astype(np.uint8) * top)
    back = read_labels(path, STRUCTURES, on=GRID, only=("rectus_femoris",))
    np.testing.assert_array_equal(back.labels, np.where(drawn() > 0, FEMORIS, 0))
    assert back.predicted == {"rectus_femoris"}
    for ambiguous in ((), ("peroneus_longus", "peroneus_brevis")):
        with pytest.raises(UnreadableError, match=rf"values {top}, which mean nothing.*--site"):
            read_labels(path, STRUCTURES, on=GRID, only=ambiguous)


def test_two_tones_count_as_0_and_1(tmp_path: Path) -> None:
    back = read_labels(painted(tmp_path / "a.png", drawn() > 0), STRUCTURES, on=GRID, only=("rectus_femoris",))
    np.testing.assert_array_equal(back.labels, np.where(drawn() > 0, FEMORIS, 0))


def test_an_empty_mask_was_looked_at_for_the_structures_of_the_site(tmp_path: Path) -> None:
    path = painted(tmp_path / "a.png", np.zeros((30, 40), dtype=np.uint8))
    back = read_labels(path, STRUCTURES, on=GRID, only=("rectus_femoris",))
    assert (back.labels.max(), back.predicted) == (0, {"rectus_femoris"})


def test_a_rectangle_of_labelme_has_the_area_of_its_corners(tmp_path: Path) -> None:
    path = outlined(tmp_path / "a.json", shape("rectus_femoris", (10, 5), (30, 5), (30, 20), (10, 20)))
    back = read_labels(path, STRUCTURES, on=GRID)
    expected = np.zeros((30, 40), dtype=np.uint8)
    expected[5:20, 10:30] = FEMORIS
    np.testing.assert_array_equal(back.labels, expected)


def test_a_triangle_of_labelme_has_half_the_area_of_its_rectangle(tmp_path: Path) -> None:
    grid = Grid.picture((400, 300), None)
    path = outlined(tmp_path / "a.json", shape("Rectus femoris", (20, 30), (380, 30), (20, 270)), size=(400, 300))
    area = np.count_nonzero(read_labels(path, STRUCTURES, on=grid).labels)
    assert area == pytest.approx(360 * 240 / 2, rel=0.002)


def test_the_later_of_two_outlines_lies_on_top(tmp_path: Path) -> None:
    path = outlined(
        tmp_path / "a.json",
        shape("peroneus_longus", (0, 0), (20, 0), (20, 10), (0, 10)),
        shape("peroneus_brevis", (10, 0), (30, 0), (30, 10), (10, 10)),
    )
    labels = read_labels(path, STRUCTURES, on=GRID).labels
    assert (np.count_nonzero(labels == LONGUS), np.count_nonzero(labels == BREVIS)) == (100, 200)


@pytest.mark.parametrize("grid", [GRID, PIXELS], ids=["mm", "px"])
@pytest.mark.parametrize("frames", [0, 3])
def test_what_we_write_of_pictures_and_videos_reads_back(tmp_path: Path, grid: Grid, frames: int) -> None:
    labels = drawn()
    labels[25:, 3:9] = DEEP  # has no terminology
    if frames:
        labels = np.stack([np.roll(labels, k, axis=1) for k in range(frames)])
    names = frozenset({"peroneus_longus", "peroneus_brevis", "deep_aponeurosis"})
    segmentation = Segmentation(labels, grid, STRUCTURES, names, sides_split=False)
    write_nifti(labels, grid, tmp_path / "a.nii.gz")
    write_seg_nrrd(segmentation, tmp_path / "a.seg.nrrd")
    for name in ("a.nii.gz", "a.seg.nrrd"):
        back = read_labels(tmp_path / name, STRUCTURES, on=grid)
        np.testing.assert_array_equal(back.labels, labels)
        assert back.predicted == names
    stored = nib.load(tmp_path / "a.nii.gz")
    assert stored.shape == (40, 30, frames or 1)
    assert stored.header.get_xyzt_units()[0] == ("mm" if grid is GRID else "unknown")
    np.testing.assert_allclose(stored.header.get_zooms()[:2], grid.spacing_mm, rtol=1e-6)
    text = (tmp_path / "a.seg.nrrd").read_bytes().split(b"\n\n")[0].decode()
    assert text.count("_Tags:=") == 2  # the aponeurosis is a segment without a code


def test_labels_of_another_size_or_without_meaning_are_refused(tmp_path: Path) -> None:
    rgb = np.zeros((30, 40, 3), dtype=np.uint8)
    rgb[..., 1] = 200
    painted(tmp_path / "color.png", rgb)
    painted(tmp_path / "turned.png", drawn().T.copy())
    painted(tmp_path / "strange.png", np.full((30, 40), 77, dtype=np.uint8))
    painted(tmp_path / "lossy.jpg", drawn())
    (tmp_path / "broken.png").write_bytes((tmp_path / "turned.png").read_bytes()[:60])
    (tmp_path / "text.json").write_text("hello")
    (tmp_path / "other.json").write_text('{"shapes": 3}')
    square = ((0, 0), (9, 0), (9, 9))
    outlined(tmp_path / "large.json", shape("rectus_femoris", *square), size=(80, 60))
    outlined(tmp_path / "unknown.json", shape("tongue", *square))
    outlined(tmp_path / "circle.json", shape("rectus_femoris", *square[:2], kind="circle"))
    words = {
        "color.png": "color picture", "strange.png": "values 77", "lossy.jpg": "not a label file",
        "broken.png": "cannot be read", "text.json": "not a LabelMe file", "other.json": "not a LabelMe file",
        "unknown.json": "'tongue'", "circle.json": "circle", "absent.png": "no label file",
    }  # fmt: skip
    for name, word in words.items():
        with pytest.raises(UnreadableError, match=word):
            read_labels(tmp_path / name, STRUCTURES, on=GRID)
    for name, word in {"turned.png": "30 x 40 pixels", "large.json": "80 x 60 pixels"}.items():
        with pytest.raises(GeometryError, match=word):
            read_labels(tmp_path / name, STRUCTURES, on=GRID)
