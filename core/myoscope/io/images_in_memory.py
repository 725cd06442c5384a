"""Images that another library holds in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from myoscope.errors import GeometryError, UnreadableError
from myoscope.io.nifti import grid_from_affine
from myoscope.io.values import Volume
from myoscope.io.volume_files import layers_of


def volume_from_image(image: object) -> Volume:
    """Return the volume of a SimpleITK or nibabel image; neither library is imported to tell which.

    Raises:
        UnreadableError: Another kind of object, or several values a voxel.
        GeometryError: 2D, 4D, or without a trustworthy place in the patient.
    """
    libraries = {kind.__module__.partition(".")[0] for kind in type(image).__mro__}
    if "SimpleITK" in libraries:
        return _from_simpleitk(image)
    if "nibabel" in libraries:
        return _from_nibabel(image)
    raise UnreadableError(
        f"An object of type {type(image).__name__} is no image.", "Give a path, a SimpleITK image or a nibabel image."
    )


def _from_simpleitk(image: Any) -> Volume:  # noqa: ANN401
    array, grid = layers_of(image)
    if array.shape[-1] > 1:
        raise UnreadableError(f"The image has {array.shape[-1]} values a voxel, expected one: a grayscale volume.")
    return Volume(array[..., 0], grid)


def _from_nibabel(image: Any) -> Volume:  # noqa: ANN401
    import nibabel as nib

    shape = tuple(image.shape)
    if any(s > 1 for s in shape[3:]):
        raise GeometryError(f"The image is {len(shape)}D with size {shape}, expected one 3D volume.")
    if len(shape) < 3 or min(shape[:3]) == 1:  # noqa: PLR2004
        raise GeometryError(f"The image is a 2D picture of size {shape}, expected a 3D volume with several slices.")
    if image.affine is None:
        raise GeometryError("The nibabel image has no affine.", "Give it the one that its axes have in the patient.")
    header = image.header
    if isinstance(header, nib.Nifti1Header) and not (header["sform_code"] or header["qform_code"]):
        raise GeometryError("The nibabel image does not say how its axes lie: sform and qform are unset.")
    array = np.asarray(image.dataobj)
    if array.dtype.kind not in "iuf":
        raise UnreadableError(f"The image holds values of type {array.dtype}, expected real numbers.")
    grid = grid_from_affine(np.asarray(image.affine, dtype=np.float64), shape[:3])
    return Volume(array.reshape(shape[:3]).T, grid)
