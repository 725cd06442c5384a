from __future__ import annotations

from collections.abc import Callable

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from myoscope import GeometryError, UnreadableError
from myoscope.io import Volume, volume_from_image
from myoscope.io.nifti import affine_from_grid

Same = Callable[[Volume, Volume], None]


def test_a_simpleitk_image_keeps_voxels_and_place(phantom: Volume, same_volume: Same) -> None:
    image = sitk.GetImageFromArray(phantom.array)
    image.SetSpacing(phantom.grid.spacing_mm)
    image.SetOrigin(phantom.grid.origin)
    same_volume(volume_from_image(image), phantom)


def test_a_nibabel_image_keeps_voxels_and_place(phantom: Volume, same_volume: Same) -> None:
    image = nib.Nifti1Image(phantom.array.T, affine_from_grid(phantom.grid))
    same_volume(volume_from_image(image), phantom)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (sitk.Image([4, 5], sitk.sitkInt16), "2D picture"),
        (sitk.JoinSeries([sitk.Image([4, 5, 6], sitk.sitkInt16)] * 2), "4D"),
        (nib.Nifti1Image(np.zeros((4, 5, 1), np.int16), np.eye(4)), "2D picture"),
        (nib.Nifti1Image(np.zeros((4, 5, 6, 2), np.int16), np.eye(4)), "4D"),
        (nib.Nifti1Image(np.zeros((4, 5, 6), np.int16), None), "how its axes lie|no affine"),
    ],
)
def test_an_image_that_is_no_placed_volume_is_refused(image: object, reason: str) -> None:
    with pytest.raises(GeometryError, match=reason):
        volume_from_image(image)


def test_colors_are_refused() -> None:
    with pytest.raises(UnreadableError, match="3 values a voxel"):
        volume_from_image(sitk.Image([4, 5, 6], sitk.sitkVectorUInt8, 3))


def test_another_object_is_refused() -> None:
    with pytest.raises(UnreadableError, match="type list is no image"):
        volume_from_image([1, 2, 3])
