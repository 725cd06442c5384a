"""Volumes to files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.errors import GeometryError, OutputError, UsageError
from myoscope.io.flat import as_volume
from myoscope.io.nifti import write_nifti

NRRD_SUFFIX = ".nrrd"
ITK_SUFFIXES = (NRRD_SUFFIX, ".mha")
#: What stands between key and value in an NRRD header.
NRRD_ASSIGNMENT = ":="


def write_volume(array: NDArray[Any], grid: Grid, path: Path, *, metadata: Mapping[str, str] | None = None) -> Path:
    """Write a volume as .nii.gz, .nrrd or .mha, by the name of `path`, and return `path`.

    Args:
        array: Shape `grid.shape`; its type is kept. The frames of a picture or video become slices.
        grid: Where the voxels lie.
        path: In a folder that exists.
        metadata: Keys and values that a .nrrd carries, each one line; 3D Slicer shows them with the image.

    Raises:
        UsageError: Another ending, or metadata that the format cannot hold.
        GeometryError: The array does not fit the grid.
        OutputError: The file cannot be written; nothing is left behind.
    """
    suffix = next((s for s in (".nii.gz", *ITK_SUFFIXES) if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise UsageError(f"{path.name} has an unknown ending.", "Use .nii.gz, .nrrd or .mha.")
    _check_metadata(metadata or {}, path)
    array, grid = as_volume(array, grid)
    if array.shape != grid.shape:
        raise GeometryError(f"The array has shape {array.shape}, its grid {grid.shape}.")
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        if suffix in ITK_SUFFIXES:
            _write_itk(array, grid, partial, metadata or {})
        else:
            write_nifti(array, grid, partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"{path} cannot be written: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _check_metadata(metadata: Mapping[str, str], path: Path) -> None:
    if metadata and not path.name.lower().endswith(NRRD_SUFFIX):
        raise UsageError(f"{path.name} cannot hold metadata.", f"Use {NRRD_SUFFIX}.")
    for key, value in metadata.items():
        if not key.strip() or NRRD_ASSIGNMENT in key or len(f"{key}{value}".splitlines()) > 1:
            raise UsageError(f"{path.name} cannot hold {key!r}: {value!r}.", "Keys need a name, values a single line.")


def _write_itk(array: NDArray[Any], grid: Grid, path: Path, metadata: Mapping[str, str]) -> None:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    for key, value in metadata.items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path), useCompression=True)
