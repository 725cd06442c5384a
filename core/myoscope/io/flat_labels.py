"""Read the labels of a picture or video: masks as pictures, LabelMe outlines, and the label files that we write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import StructureSet
from myoscope.data.grid import PICTURE_AXES, Grid
from myoscope.data.segmentation import Segmentation
from myoscope.errors import GeometryError, UnreadableError
from myoscope.io.headers import NRRD_SUFFIXES, is_volume_name, reason
from myoscope.io.label_tables import named_meaning
from myoscope.io.names import is_picture_name
from myoscope.io.pictures import BROKEN_PICTURE_ERRORS
from myoscope.io.text_headers import nrrd_fields
from myoscope.io.volume_files import read_image

#: A mask of one structure holds 0 and one of these.
WHITE = (1, 255)
LOSSY = (".jpg", ".jpeg")


def read_flat_labels(source: Path, structures: StructureSet, *, on: Grid, only: tuple[str, ...]) -> Segmentation:
    """Return the labels in a PNG, TIFF or BMP mask, a LabelMe file, or a label NIfTI, NRRD or MetaImage file.

    Values are the ids of the structures. A mask of 0 and 1, or 0 and 255, is taken for the only structure in `only`.

    Args:
        source: The label file.
        structures: What the modality knows.
        on: The picture's grid; the labels have as many rows and columns.
        only: What was looked for; what is there when empty.

    Raises:
        UnreadableError: Not a label file, or values or names that mean nothing.
        GeometryError: The labels have another size than the picture.
    """
    if source.suffix.lower() == ".json":
        labels = _outlined(source, structures, on)
    elif is_volume_name(source.name):
        labels = _stored(source, structures)
    elif is_picture_name(source.name) and source.suffix.lower() not in LOSSY:
        labels = _painted(source)
    else:
        raise UnreadableError(
            f"{source.name} is not a label file.",
            "Give a PNG, TIFF or BMP mask, a LabelMe .json, a .seg.nrrd, NIfTI, NRRD or MetaImage file.",
        )
    if labels.shape[-PICTURE_AXES:] != on.shape:
        rows, columns = labels.shape[-PICTURE_AXES:]
        raise GeometryError(
            f"{source.name} has {columns} x {rows} pixels, the picture {on.size[0]} x {on.size[1]}.",
            "Give labels of the whole picture, as large as it is.",
        )
    known = {structure.id: structure.name for structure in structures}
    present = [int(value) for value in np.unique(labels) if value]
    if len(only) == 1 and len(present) == 1 and present[0] in WHITE and present[0] not in known:
        labels = np.where(labels > 0, structures[only[0]].id, 0)
    elif unknown := [value for value in present if value not in known]:
        raise UnreadableError(
            f"{source.name} holds the values {', '.join(map(str, unknown))}, which mean nothing here.",
            "Use the ids of `myoscope structures`; a mask of 0 and 255 needs a site (--site) of one structure.",
        )
    names = only or [known[value] for value in present]
    return Segmentation(labels.astype(np.uint8), on, structures, frozenset(names), sides_split=False)


def _painted(source: Path) -> NDArray[np.uint8]:
    """Return the values of a mask; colors of a palette are not values, their indices are."""
    from PIL import Image

    try:
        with Image.open(source) as picture:
            if picture.mode not in {"1", "L", "P", "I;16", "I"}:
                raise UnreadableError(
                    f"{source.name} is a color picture, expected a mask of one value a pixel.",
                    "Save the ids of the structures as grey values.",
                )
            if getattr(picture, "n_frames", 1) > 1:
                raise UnreadableError(f"{source.name} holds several pages, expected one mask.", "Give one page.")
            values = np.array(picture, dtype=np.int32)
    except BROKEN_PICTURE_ERRORS as error:
        raise UnreadableError(f"{source.name} cannot be read: {reason(error)}.") from error
    if values.min() < 0 or values.max() > np.iinfo(np.uint8).max:
        raise UnreadableError(f"{source.name} holds values up to {values.max()}, expected ids from 0 to 255.")
    return values.astype(np.uint8)


def _stored(source: Path, structures: StructureSet) -> NDArray[np.uint8]:
    """Return the values of a volume file, (y, x), or (frames, y, x) when it has several slices."""
    import SimpleITK as sitk

    values = sitk.GetArrayFromImage(read_image(source))
    values = values.reshape(-1, *values.shape[-PICTURE_AXES:])
    if values.dtype.kind not in "iu" or values.min() < 0 or values.max() > np.iinfo(np.uint8).max:
        raise UnreadableError(f"{source.name} holds values that are no labels: expected whole numbers below 256.")
    lookup = np.arange(256, dtype=np.uint8)
    for value, name in _segment_names(source).items():
        if (meaning := named_meaning(name, structures)) is not None:
            lookup[value] = meaning[0].id
    labels = lookup[values]
    return np.asarray(labels[0] if len(labels) == 1 else labels)


def _segment_names(source: Path) -> Mapping[int, str]:
    """Return label value -> name of the segments of a .seg.nrrd; nothing for other files."""
    if not source.name.lower().endswith(NRRD_SUFFIXES):
        return {}
    with source.open("rb") as stream:
        fields, _ = nrrd_fields(stream, source.name)
    ends = ("_LabelValue", "_Name")
    stems = [key.removesuffix(ends[0]) for key in fields if key.endswith(ends[0])]
    return {int(fields[f"{stem}{ends[0]}"]): fields.get(f"{stem}{ends[1]}", "") for stem in stems}


def _outlined(source: Path, structures: StructureSet, on: Grid) -> NDArray[np.uint8]:
    """Return the polygons of a LabelMe file; a pixel belongs to the last one that its center lies in."""
    from skimage.draw import polygon

    try:
        content: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
        size = (int(content["imageWidth"]), int(content["imageHeight"]))
        shapes = [(str(shape["label"]), np.array(shape["points"], dtype=np.float64)) for shape in content["shapes"]]
        kinds = {str(shape.get("shape_type") or "polygon") for shape in content["shapes"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{source.name} is not a LabelMe file: {reason(error)}.") from error
    if size != on.size:
        raise GeometryError(
            f"{source.name} outlines a picture of {size[0]} x {size[1]} pixels, this one has "
            f"{on.size[0]} x {on.size[1]}.",
            "Give the picture that the outlines were drawn on.",
        )
    if other := sorted(kinds - {"polygon"}):
        raise UnreadableError(f"{source.name} holds a {other[0]}, expected polygons only.")
    labels = np.zeros(on.shape, dtype=np.uint8)
    for name, points in shapes:
        meaning = named_meaning(name, structures)
        if meaning is None or points.ndim != PICTURE_AXES or len(points) < 3 or not np.isfinite(points).all():  # noqa: PLR2004
            raise UnreadableError(
                f"{source.name} outlines {name!r} with {len(points)} points, which means nothing here.",
                "Use the names of `myoscope structures` and polygons of three points or more.",
            )
        # LabelMe counts from the corner of the first pixel, scikit-image from its center.
        labels[polygon(points[:, 1] - 0.5, points[:, 0] - 0.5, on.shape)] = meaning[0].id
    return labels
