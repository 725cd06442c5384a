"""Volume files: NIfTI, NRRD and MetaImage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.errors import GeometryError, UnreadableError
from myoscope.io.headers import (
    BROKEN_FILE_ERRORS,
    NIFTI_SUFFIXES,
    NRRD_SUFFIXES,
    VolumeHeader,
    check_axes,
    check_header,
    open_unpacked,
    reason,
)
from myoscope.io.nifti import parse_header, read_nifti, read_raw_header
from myoscope.io.text_headers import meta_header, nrrd_header
from myoscope.io.values import Volume

if TYPE_CHECKING:
    import SimpleITK as sitk


def read_header(stream: IO[bytes], name: str) -> VolumeHeader:
    """Return the header at the start of `stream`, which holds the (unpacked) volume file called `name`.

    Raises:
        UnreadableError: The bytes are not what the name promises.
    """
    lower = name.lower()
    try:
        if lower.endswith(NIFTI_SUFFIXES):
            return parse_header(read_raw_header(stream, name))
        if lower.endswith(NRRD_SUFFIXES):
            return nrrd_header(stream, name)
        return meta_header(stream, name)
    except BROKEN_FILE_ERRORS as error:
        raise UnreadableError(f"{name} cannot be read: {reason(error)}.") from error


def read_volume_file(path: Path) -> Volume:
    """Return the volume of a NIfTI, NRRD or MetaImage file.

    Raises:
        UnreadableError: Not such a file, truncated, or several values a voxel.
        GeometryError: 2D, 4D, or without trustworthy spacing and orientation.
    """
    with _broken_file_is_unreadable(path), open_unpacked(path) as stream:
        header = read_header(stream, path.name)
    check_header(header, path.name)
    if path.name.lower().endswith(NIFTI_SUFFIXES):
        with _broken_file_is_unreadable(path):
            return Volume(*read_nifti(path, header))
    array, grid = read_layers(path, header)
    return Volume(array[..., 0], grid)


def read_layers(path: Path, header: VolumeHeader) -> tuple[NDArray[Any], Grid]:
    """Return the voxels of an NRRD or MetaImage file, shape (*grid.shape, components), and their grid.

    Raises:
        UnreadableError: Truncated, or in an encoding that nothing here decodes.
        GeometryError: Axes that are not orthogonal.
    """
    check_axes(header, path.name)
    there = path.stat().st_size - header.offset
    if header.offset >= 0 and there < header.stored_bytes:
        raise UnreadableError(
            f"{path.name} is truncated: {there} of {header.stored_bytes} bytes of voxels are there.",
            "Copy or download it again.",
        )
    return layers_of(read_image(path))


def read_image(path: Path) -> sitk.Image:
    """Return a file as SimpleITK reads it, its geometry unchecked, without ITK's warnings on stderr.

    Raises:
        UnreadableError: SimpleITK cannot decode it.
    """
    import SimpleITK as sitk

    warn = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        return sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableError(
            f"{path.name} cannot be decoded: {itk_reason(error)}.", "Copy or download it again."
        ) from error
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(warn)


def layers_of(image: Any) -> tuple[NDArray[Any], Grid]:  # noqa: ANN401
    """Return the voxels of a SimpleITK image, shape (*grid.shape, components), and their grid.

    Raises:
        GeometryError: 2D, 4D, or axes that are not orthogonal.
    """
    import SimpleITK as sitk

    size, n = image.GetSize(), image.GetDimension()
    if any(s > 1 for s in size[3:]):
        raise GeometryError(f"The image is {n}D with size {size}, expected one 3D volume.")
    if n < 3 or min(size[:3]) == 1:  # noqa: PLR2004
        raise GeometryError(f"The image is a 2D picture of size {size}, expected a 3D volume with several slices.")
    grid = Grid(
        size=size[:3],
        spacing_mm=image.GetSpacing()[:3],
        origin=image.GetOrigin()[:3],
        direction=tuple(float(v) for v in np.array(image.GetDirection()).reshape(n, n)[:3, :3].ravel()),
    )
    array = sitk.GetArrayFromImage(image)
    return array.reshape(*grid.shape, image.GetNumberOfComponentsPerPixel()), grid


def itk_reason(error: RuntimeError) -> str:
    """Return the telling line of an ITK exception."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and "itk" not in line.lower()]
    return (lines[-1] if lines else "the image library does not say why").rstrip(".")


@contextmanager
def _broken_file_is_unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN_FILE_ERRORS as error:
        raise UnreadableError(f"{path.name} cannot be read: {reason(error)}.", "Copy or download it again.") from error
