"""Labels to compare, whatever holds them, on one grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from myoscope.anatomy import LEFT_OFFSET, Structure, StructureSet
from myoscope.data.grid import Grid
from myoscope.data.segmentation import Segmentation
from myoscope.errors import GeometryError, UnreadableError
from myoscope.ops.orient import from_lps, lps_grid, to_lps

#: What `evaluate` takes: a path, a SimpleITK or nibabel image, or a `Segmentation`.
Labels = str | Path | Segmentation | object


def read_pair(prediction: Labels, reference: Labels, structures: StructureSet) -> tuple[Segmentation, Segmentation]:
    """Return both label maps on the grid of the reference; no value is interpolated.

    A cropped .seg.nrrd is laid out on the grid of the other. Labels of pictures and videos: see `read_flat_pair`.

    Raises:
        UnreadableError: Not labels, or labels that mean nothing among `structures`.
        GeometryError: They do not lie on the same grid in some axis order.
    """
    from myoscope.evaluation.flat_reading import read_flat_pair, shows_pictures

    if shows_pictures(prediction) or shows_pictures(reference):
        return read_flat_pair(prediction, reference, structures)
    grids = [_grid_of(labels) for labels in (reference, prediction)]
    refused: list[GeometryError] = []
    for grid in grids:
        try:
            return _read(prediction, structures, grid), _read(reference, structures, grid)
        except GeometryError as error:
            refused.append(error)
    raise GeometryError(
        f"Prediction and reference lie on different grids: {_spoken(grids[1])}, and {_spoken(grids[0])}.",
        "Bring one onto the grid of the other (nearest neighbor) first.",
    ) from refused[0]


def generic_structures() -> StructureSet:
    """Return `label_1` to `label_99`, for labels that no modality names."""
    return StructureSet(
        tuple(Structure(i, f"label_{i}", str(i), "label", "", (110, 130, 145)) for i in range(1, LEFT_OFFSET))
    )


def _grid_of(labels: Labels) -> Grid:
    from myoscope.io import volume_from_image
    from myoscope.io.headers import NRRD_SUFFIXES, is_volume_name, open_unpacked
    from myoscope.io.volume_files import read_header, read_layers, read_volume_file

    if isinstance(labels, Segmentation):
        return labels.grid
    if not isinstance(labels, str | Path):
        return volume_from_image(labels).grid
    path = Path(labels)
    if not path.is_file() or not is_volume_name(path.name):
        raise UnreadableError(
            f"{path} is not a label file.",
            "Give a .seg.nrrd, NIfTI, NRRD or MetaImage file, a picture's mask or LabelMe .json, or a folder of them.",
        )
    if not path.name.lower().endswith(NRRD_SUFFIXES):
        return read_volume_file(path).grid
    with open_unpacked(path) as stream:
        header = read_header(stream, path.name)
    return read_layers(path, header)[1]


def _read(labels: Labels, structures: StructureSet, grid: Grid) -> Segmentation:
    if isinstance(labels, str | Path):
        from myoscope.io import read_labels

        return read_labels(Path(labels), structures, on=grid)
    found = labels if isinstance(labels, Segmentation) else _of_image(labels, structures)
    if found.grid.is_same(grid):
        return found
    if not lps_grid(found.grid).is_same(lps_grid(grid)):
        raise GeometryError(f"The labels lie on another grid: {_spoken(found.grid)}, expected {_spoken(grid)}.")
    return Segmentation(
        labels=np.ascontiguousarray(from_lps(to_lps(found.labels, found.grid)[0], grid)),
        grid=grid,
        structures=found.structures,
        predicted=found.predicted,
        sides_split=found.sides_split,
    )


def _of_image(image: object, structures: StructureSet) -> Segmentation:
    """Return the labels of an image in memory, by the ids of the conventions."""
    from myoscope.io import volume_from_image
    from myoscope.io.label_tables import id_meanings

    volume = volume_from_image(image)
    array = volume.array
    present = [value for value in np.unique(array).tolist() if value != 0]
    split = any(value > LEFT_OFFSET for value in present)
    meanings = id_meanings(structures, sides_split=split)
    unknown = [f"{value:g}" for value in present if value not in meanings]
    if unknown:
        raise UnreadableError(f"The image holds labels that mean nothing here: {', '.join(unknown)}.")
    named = frozenset(meanings[int(value)][0].name for value in present)
    return Segmentation(array.astype(np.uint8), volume.grid, structures, named, sides_split=split)


def _spoken(grid: Grid) -> str:
    sizes, spacings = (" x ".join(f"{v:.4g}" for v in values) for values in (grid.size, grid.spacing_mm))
    return f"{sizes} voxels of {spacings} mm from ({', '.join(f'{v:.2f}' for v in grid.origin)})"
