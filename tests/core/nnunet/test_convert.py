"""A raw nnU-Net data set holds the frames and labels that went in, as nnU-Net's own readers see them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from myoscope import (
    ULTRASOUND_STRUCTURES,
    Calibration,
    Grid,
    InputError,
    Recipe,
    Scan,
    Segmentation,
    StructureSet,
    View,
)
from myoscope.nnunet import LabelledFrame, Workspace, convert
from myoscope.nnunet.convert import frame_of

HELD_OUT = ("frame_6", "frame_7")
Frames = tuple[LabelledFrame, ...]


def read_back(workspace: Workspace, name: str) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Read a case by the reader that `dataset.json` names."""
    from nnunetv2.imageio.reader_writer_registry import determine_reader_writer_from_dataset_json

    dataset = json.loads((workspace.raw / "dataset.json").read_text())
    reader = determine_reader_writer_from_dataset_json(dataset, verbose=False)()
    image, facts = reader.read_images([str(workspace.raw / p) for p in dataset["dataset"][name]["images"]])
    label, _ = reader.read_seg(str(workspace.raw / dataset["dataset"][name]["label"]))
    return image, label, [float(s) for s in facts["spacing"]]


def test_frames_without_a_grid_are_read_back_pixel_by_pixel(frames: Frames, recipe: Recipe, tmp_path: Path) -> None:
    convert(frames, recipe, Workspace(tmp_path), held_out=HELD_OUT)
    for frame in frames:
        image, label, spacing = read_back(Workspace(tmp_path), frame.name)
        assert np.array_equal(image[0, 0], frame.image)
        assert np.array_equal(label[0, 0], frame.label)
        assert spacing == [999, 1, 1]


def test_a_recipe_with_a_grid_keeps_the_size_of_pixels(frames: Frames, recipe: Recipe, tmp_path: Path) -> None:
    scaled = tuple(replace(frame, spacing_mm=(0.1, 0.25)) for frame in frames)
    convert(scaled, replace(recipe, spacing_mm=(0.2, 0.2)), Workspace(tmp_path), held_out=HELD_OUT)
    image, label, spacing = read_back(Workspace(tmp_path), "frame_3")
    assert np.array_equal(image[0, 0], frames[3].image)
    assert np.array_equal(label[0, 0], frames[3].label)
    assert spacing[1:] == pytest.approx([0.25, 0.1], abs=1e-6)


def test_labels_follow_the_recipes_order_and_the_split_follows_the_names(
    frames: Frames, recipe: Recipe, tmp_path: Path
) -> None:
    convert(frames, recipe, Workspace(tmp_path), held_out=HELD_OUT)
    raw = Workspace(tmp_path).raw
    dataset = json.loads((raw / "dataset.json").read_text())
    assert dataset["labels"] == {"background": 0, "peroneus_longus": 1, "peroneus_brevis": 2}
    assert dataset["channel_names"] == {"0": "bmode"}
    split = json.loads((raw / "splits_final.json").read_text())
    assert split == [{"train": [f"frame_{n}" for n in range(6)], "val": ["frame_6", "frame_7"]}]


def test_a_second_data_set_leaves_nothing_of_the_first(frames: Frames, recipe: Recipe, tmp_path: Path) -> None:
    convert(frames, recipe, Workspace(tmp_path), held_out=HELD_OUT)
    convert(frames[4:], recipe, Workspace(tmp_path), held_out=HELD_OUT)
    assert len(list((Workspace(tmp_path).raw / "imagesTr").iterdir())) == 4


def refused(frames: Frames, recipe: Recipe, folder: Path, held_out: tuple[str, ...] = HELD_OUT) -> str:
    with pytest.raises(InputError) as caught:
        convert(frames, recipe, Workspace(folder), held_out=held_out)
    return str(caught.value)


def test_a_frame_without_a_scale_is_refused_where_the_recipe_needs_one(
    frames: Frames, recipe: Recipe, tmp_path: Path
) -> None:
    unscaled = (replace(frames[0], spacing_mm=None), *frames[1:])
    assert "frame_0 has no scale" in refused(unscaled, replace(recipe, spacing_mm=(0.2, 0.2)), tmp_path)
    convert(unscaled, recipe, Workspace(tmp_path), held_out=HELD_OUT)


def test_what_cannot_be_learnt_from_is_refused(frames: Frames, recipe: Recipe, tmp_path: Path) -> None:
    black = (*frames[:7], replace(frames[7], image=np.zeros_like(frames[7].image)))
    assert "frame_7 is black" in refused(black, recipe, tmp_path)
    lacking = tuple(replace(frame, label=np.minimum(frame.label, 1)) for frame in frames)
    assert "No frame shows peroneus_brevis" in refused(lacking, recipe, tmp_path)


@pytest.mark.parametrize("held_out", [(), tuple(f"frame_{n}" for n in range(8))])
def test_a_split_with_an_empty_side_is_refused(
    frames: Frames, recipe: Recipe, tmp_path: Path, held_out: tuple[str, ...]
) -> None:
    assert "8 frames with" in refused(frames, recipe, tmp_path, held_out)


def labelled(recipe: Recipe) -> tuple[Scan, Segmentation]:
    """Return a picture of 6 x 4 pixels whose tissue is its middle, with both peronei and biceps in it."""
    structures = StructureSet(ULTRASOUND_STRUCTURES, {})
    grid, view = Grid.picture((6, 4), (0.1, 0.2)), View(left=1, top=1, width=4, height=2)
    labels = np.zeros((4, 6), dtype=np.uint8)
    labels[1, 1:4] = [structures[name].id for name in ("peroneus_brevis", "biceps_brachii", "peroneus_longus")]
    image = np.arange(24, dtype=np.uint8).reshape(4, 6)
    scan = Scan("ultrasound", {"bmode": image}, grid, "case", calibration=Calibration("drawn", view))
    known = frozenset({*recipe.structures, "biceps_brachii"})
    return scan, Segmentation(labels, grid, structures, known, sides_split=False)


def test_a_frame_is_cropped_to_its_tissue_and_foreign_structures_are_background(recipe: Recipe) -> None:
    scan, truth = labelled(recipe)
    frame = frame_of("a", scan, truth, recipe)
    assert frame.image.tolist() == [[7, 8, 9, 10], [13, 14, 15, 16]]
    assert frame.label.tolist() == [[2, 0, 1, 0], [0, 0, 0, 0]]
    assert frame.spacing_mm == (0.1, 0.2)
    assert frame_of("a", replace(scan, grid=Grid.picture((6, 4), None)), truth, recipe).spacing_mm is None


def test_a_video_is_refused(recipe: Recipe) -> None:
    scan, truth = labelled(recipe)
    video = replace(scan, channels={"bmode": np.stack([scan.image] * 2)}, times_s=(0.0, 0.1))
    with pytest.raises(InputError, match="case is not a single picture"):
        frame_of("a", video, truth, recipe)
