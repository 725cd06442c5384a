"""Labels of pictures and videos to compare: masks, LabelMe outlines and our label files, in any mix."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from myoscope.anatomy import StructureSet
from myoscope.data.grid import PICTURE_AXES, Grid, LengthUnit
from myoscope.data.segmentation import Segmentation
from myoscope.errors import GeometryError, InputError, UnreadableError
from myoscope.io.flat_headers import FlatHeader, flat_header
from myoscope.io.label_tables import find_table, read_table

#: Pixel sizes of two files that differ by less than this share were rounded differently.
SCALE_TOLERANCE = 0.01


def shows_pictures(labels: object) -> bool:
    """Tell whether labels are surely those of a picture or video; what cannot be read is not."""
    try:
        header = _header(labels)
    except InputError:  # told when it is read to be compared
        return False
    return header is not None and header.sure


def read_flat_pair(
    prediction: object, reference: object, structures: StructureSet
) -> tuple[Segmentation, Segmentation]:
    """Return both label maps on one grid: in mm when one of them knows the scale, else in pixels.

    They need as many columns, rows and frames. A mask of 0 and 1, or 0 and 255, is taken for the only structure that
    the other one holds or was searched for.

    Raises:
        UnreadableError: Not labels of a picture, or labels that mean nothing among `structures`.
        GeometryError: Their sizes, frames or scales differ.
    """
    grid = _grid(*(_needed(labels) for labels in (prediction, reference)))
    pair = (prediction, reference)
    read: list[Segmentation | UnreadableError] = []
    for labels in pair:
        try:
            read.append(_read(labels, structures, grid, _searched(labels, structures)))
        except UnreadableError as error:
            read.append(error)
    first, second = (
        found if isinstance(found, Segmentation) else _as_the_other(labels, structures, found, other)
        for found, labels, other in zip(read, pair, read[::-1], strict=True)
    )
    return first, second


def _header(labels: object) -> FlatHeader | None:
    """Return what labels say of their picture; None for images in memory, which are volumes, and for other files."""
    if isinstance(labels, Segmentation):
        grid = labels.grid
        size, spacing = (grid.size[0], grid.size[1]), (grid.spacing_mm[0], grid.spacing_mm[1])
        known = spacing if grid.unit is LengthUnit.MM else None
        return FlatHeader(size, math.prod(labels.labels.shape[:-PICTURE_AXES]), known, sure=grid.ndim == PICTURE_AXES)
    if isinstance(labels, str | Path) and Path(labels).is_file():
        return flat_header(Path(labels))
    return None


def _needed(labels: object) -> FlatHeader:
    header = _header(labels)
    if header is None:
        raise UnreadableError(
            f"{labels if isinstance(labels, str | Path) else type(labels).__name__} holds no labels of a picture.",
            "Give a PNG, TIFF or BMP mask, a LabelMe .json, a .seg.nrrd, NIfTI, NRRD or MetaImage file.",
        )
    return header


def _grid(prediction: FlatHeader, reference: FlatHeader) -> Grid:
    """Return the grid that both lie on."""
    if (prediction.size, prediction.frames) != (reference.size, reference.frames):
        raise GeometryError(
            f"Prediction and reference differ in size: {_spoken(prediction)}, and {_spoken(reference)}.",
            "Give labels of the same, whole picture, or of each frame of the same video.",
        )
    scales = [header.spacing_mm for header in (reference, prediction) if header.spacing_mm is not None]
    if len(scales) > 1 and not np.allclose(scales[0], scales[1], rtol=SCALE_TOLERANCE, atol=0):
        true, predicted = (" x ".join(f"{v:.4g}" for v in scale) for scale in scales)
        raise GeometryError(
            f"Prediction and reference differ in scale: pixels of {predicted} mm, and of {true} mm.",
            "Correct the scale of the one that is wrong.",
        )
    return Grid.picture(reference.size, scales[0] if scales else None)


def _searched(labels: object, structures: StructureSet) -> tuple[str, ...]:
    """Return what was looked for, from the table beside a file; nothing without one."""
    table = find_table(Path(labels)) if isinstance(labels, str | Path) else None
    found = {} if table is None else read_table(table, structures)
    return tuple(dict.fromkeys(structure.name for structure, _ in found.values()))


def _read(labels: object, structures: StructureSet, grid: Grid, only: tuple[str, ...]) -> Segmentation:
    if isinstance(labels, Segmentation):
        array = labels.labels
        return replace(labels, grid=grid, labels=array[0] if len(array) == 1 and array.ndim > PICTURE_AXES else array)
    from myoscope.io import read_labels

    return read_labels(Path(str(labels)), structures, on=grid, only=only)


def _as_the_other(
    labels: object, structures: StructureSet, error: UnreadableError, other: Segmentation | UnreadableError
) -> Segmentation:
    """Return a mask of one value as the only structure of the other side; else raise what reading it alone raised."""
    if isinstance(other, UnreadableError) or len(other.predicted) != 1:
        raise error
    return _read(labels, structures, other.grid, tuple(other.predicted))


def _spoken(header: FlatHeader) -> str:
    frames = "" if header.frames == 1 else f" in {header.frames} frames"
    return f"{header.size[0]} x {header.size[1]} pixels{frames}"
