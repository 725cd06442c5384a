"""From labelled frames to a raw nnU-Net data set."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import LengthUnit
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.errors import InputError
from myoscope.nnunet.workspace import Workspace
from myoscope.training.cases import channel_labels

#: nnU-Net's readers: one that knows pixels alone, one that reads their size.
PIXELS, MILLIMETERS = "NaturalImage2DIO", "SimpleITKIO"


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """A picture as nnU-Net sees it: its tissue alone, on its own pixels.

    Attributes:
        name: Of its files.
        image: (y, x).
        label: (y, x), channel indices of the recipe, 0 background.
        spacing_mm: (x, y); None when nobody knows it.
    """

    name: str
    image: NDArray[np.uint8]
    label: NDArray[np.uint8]
    spacing_mm: tuple[float, float] | None


def frame_of(name: str, scan: Scan, truth: Segmentation, recipe: Recipe) -> LabelledFrame:
    """Return a labelled picture, cropped to its tissue; structures that the recipe does not know become background.

    Raises:
        InputError: A video.
    """
    if scan.times_s or scan.calibration is None:
        raise InputError(f"{scan.case_id} is not a single picture; nnU-Net trains on pictures here.")
    view = scan.calibration.view.slices
    spacing = (scan.grid.spacing_mm[0], scan.grid.spacing_mm[1]) if scan.grid.unit is LengthUnit.MM else None
    return LabelledFrame(name, scan.image[view], channel_labels(truth, recipe)[view], spacing)


def convert(
    frames: Iterable[LabelledFrame], recipe: Recipe, workspace: Workspace, *, held_out: Collection[str]
) -> None:
    """Write the raw data set: `imagesTr`, `labelsTr`, `dataset.json` and `splits_final.json`.

    A recipe with a spacing gets NIfTI files with the size of their pixels, one without gets PNG.

    Args:
        frames: Read one after another.
        recipe: Names channel and labels.
        workspace: Gets the data set, in place of the one it has.
        held_out: Names of the frames that validate.

    Raises:
        InputError: A frame without a scale where the recipe needs one, an empty frame, a structure that no frame shows,
            or a split with an empty side.
    """
    shutil.rmtree(workspace.raw, ignore_errors=True)
    for name in ("imagesTr", "labelsTr"):
        (workspace.raw / name).mkdir(parents=True)
    names, seen = [], np.zeros(len(recipe.structures) + 1, dtype=np.int64)
    for frame in frames:
        _refuse_useless(frame, recipe)
        for part, array in (("imagesTr", frame.image), ("labelsTr", frame.label)):
            _write(array, frame, recipe, workspace.raw / part / _file_name(frame.name, part, recipe))
        names.append(frame.name)
        seen += np.bincount(frame.label.ravel(), minlength=len(seen))
    absent = [name for name, count in zip(recipe.structures, seen[1:], strict=True) if not count]
    if absent:
        raise InputError(f"No frame shows {absent[0]}, which {recipe.name} is to learn.")
    kept = [name for name in names if name not in held_out]
    if not kept or len(kept) == len(names):
        raise InputError(f"{len(names)} frames with {len(names) - len(kept)} held out cannot be trained on.")
    split = [{"train": kept, "val": [name for name in names if name in held_out]}]
    _write_json(_dataset(names, recipe), workspace.raw / "dataset.json")
    _write_json(split, workspace.raw / "splits_final.json")


def _dataset(names: list[str], recipe: Recipe) -> dict[str, object]:
    """Return `dataset.json`; files are listed, because nnU-Net looks for them with a dozen processes otherwise."""
    listed = {
        name: {
            "images": [f"imagesTr/{_file_name(name, 'imagesTr', recipe)}"],
            "label": f"labelsTr/{_file_name(name, 'labelsTr', recipe)}",
        }
        for name in names
    }
    return {
        "channel_names": {"0": recipe.channels[0]},
        "labels": {"background": 0, **{name: channel for channel, name in enumerate(recipe.structures, 1)}},
        "numTraining": len(names),
        "file_ending": _ending(recipe),
        "overwrite_image_reader_writer": MILLIMETERS if recipe.spacing_mm else PIXELS,
        "dataset": listed,
    }


def _ending(recipe: Recipe) -> str:
    return ".nii.gz" if recipe.spacing_mm else ".png"


def _file_name(name: str, part: str, recipe: Recipe) -> str:
    return f"{name}{'_0000' if part == 'imagesTr' else ''}{_ending(recipe)}"


def _refuse_useless(frame: LabelledFrame, recipe: Recipe) -> None:
    if recipe.spacing_mm and frame.spacing_mm is None:
        raise InputError(f"The frame {frame.name} has no scale, which {recipe.name} needs.")
    if not frame.image.any():
        raise InputError(f"The frame {frame.name} is black.", "Leave it out.")


def _write(array: NDArray[np.uint8], frame: LabelledFrame, recipe: Recipe, path: Path) -> None:
    if not recipe.spacing_mm:
        import cv2

        path.write_bytes(cv2.imencode(".png", array)[1].tobytes())
        return
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(frame.spacing_mm)
    sitk.WriteImage(image, str(path))


def _write_json(data: object, path: Path) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
