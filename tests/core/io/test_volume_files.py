from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from myoscope import GeometryError, UnreadableError
from myoscope.io import Volume, read_volume, write_volume

TEXT_FORMATS = (".nrrd", ".mha")


def nifti(path: Path, array: np.ndarray, **fields: object) -> Path:
    """Write an uncompressed NIfTI and then set raw header fields behind the library's back."""
    nib.save(nib.Nifti1Image(array, np.diag([1.0, 2.0, 3.0, 1.0])), path)
    block = bytearray(path.read_bytes())
    header = nib.Nifti1Header(bytes(block[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    block[:348] = header.binaryblock
    path.write_bytes(block)
    return path


CUBE = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def edited(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    return path


@pytest.mark.parametrize("name", ["scan.nii.gz", "scan.nii", "scan.nrrd", "scan.mha", "scan.mhd", "scan.nhdr"])
def test_a_text_file_with_an_image_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("this is no image\n" * 100)
    with pytest.raises(UnreadableError, match=name.replace(".", r"\.")):
        read_volume(tmp_path / name)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_a_truncated_file_is_refused(
    tmp_path: Path, phantom: Volume, suffix: str, keep: float, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = write_volume(phantom.array, phantom.grid, tmp_path / f"whole{suffix.replace('.nii', '.nii.gz')[:7]}")
    content = whole.read_bytes()
    if suffix == ".nii":
        content = gzip.decompress(content)
    path = tmp_path / f"scan{suffix}"
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(UnreadableError):
        read_volume(path)
    assert capfd.readouterr() == ("", "")


def test_a_nifti_that_ends_early_inside_intact_gzip_is_refused(tmp_path: Path) -> None:
    raw = nifti(tmp_path / "raw.nii", CUBE).read_bytes()
    (tmp_path / "scan.nii.gz").write_bytes(gzip.compress(raw[:-20]))
    with pytest.raises(UnreadableError, match="truncated: 100 of 120 bytes"):
        read_volume(tmp_path / "scan.nii.gz")


def test_a_nifti_in_several_gzip_members_or_with_more_behind_it_is_read(tmp_path: Path) -> None:
    raw = nifti(tmp_path / "raw.nii", CUBE).read_bytes()
    ways = {"two": gzip.compress(raw[:400]) + gzip.compress(raw[400:]), "more": gzip.compress(raw + bytes(40))}
    for name, content in ways.items():
        (tmp_path / f"{name}.nii.gz").write_bytes(content)
        np.testing.assert_array_equal(read_volume(tmp_path / f"{name}.nii.gz").array, CUBE.T)


def test_a_nifti_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(nifti(tmp_path / "raw.nii", CUBE).read_bytes()))
    content[-6] ^= 0xFF
    (tmp_path / "scan.nii.gz").write_bytes(content)
    with pytest.raises(UnreadableError, match=r"scan\.nii\.gz cannot be read"):
        read_volume(tmp_path / "scan.nii.gz")


def test_a_nifti_whose_voxels_begin_far_beyond_its_end_is_refused(tmp_path: Path) -> None:
    raw = nifti(tmp_path / "raw.nii", CUBE, vox_offset=2.0**50).read_bytes()
    (tmp_path / "scan.nii.gz").write_bytes(gzip.compress(raw))
    with pytest.raises(UnreadableError, match="truncated"):
        read_volume(tmp_path / "scan.nii.gz")


@pytest.mark.parametrize("spacing", [0.0, -1.0, float("nan"), float("inf")])
def test_a_nifti_with_impossible_spacing_is_refused(tmp_path: Path, spacing: float) -> None:
    path = nifti(tmp_path / "scan.nii", CUBE, pixdim=[1, 1, spacing, 3, 0, 0, 0, 0])
    with pytest.raises(GeometryError, match="spacing of"):
        read_volume(path)


def test_a_nifti_whose_voxel_size_contradicts_its_transform_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "scan.nii", CUBE, pixdim=[1, 1, 2, 4, 0, 0, 0, 0])
    with pytest.raises(GeometryError, match="contradicts itself"):
        read_volume(path)


def test_a_nifti_without_orientation_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "scan.nii", CUBE, sform_code=0, qform_code=0)
    with pytest.raises(GeometryError, match="how its axes lie"):
        read_volume(path)


def test_a_nifti_in_meters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="meters"):
        read_volume(nifti(tmp_path / "scan.nii", CUBE, xyzt_units=1))


def test_a_nifti_that_shears_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "scan.nii", CUBE, srow_x=[1, 0, 1.5, 0])
    with pytest.raises(GeometryError):
        read_volume(path)


def test_a_4d_nifti_is_refused_and_a_trailing_axis_of_one_is_dropped(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="4D"):
        read_volume(nifti(tmp_path / "four.nii", np.zeros((3, 4, 5, 2), np.int16)))
    back = read_volume(nifti(tmp_path / "three.nii", CUBE[..., None]))
    np.testing.assert_array_equal(back.array, CUBE.T)


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 1), (1, 6, 7)])
def test_a_2d_nifti_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(GeometryError, match="2D picture"):
        read_volume(nifti(tmp_path / "scan.nii", np.zeros(shape, np.int16)))


@pytest.mark.parametrize("suffix", TEXT_FORMATS)
def test_4d_and_2d_and_color_are_refused(tmp_path: Path, suffix: str) -> None:
    path = str(tmp_path / f"scan{suffix}")
    four = sitk.JoinSeries([sitk.Image([4, 5, 6], sitk.sitkInt16)] * 2)
    for image, reason in (
        (four, "4D|2 values a voxel"),
        (sitk.Image([4, 5], sitk.sitkInt16), "2D picture"),
        (sitk.Image([4, 5, 6], sitk.sitkVectorUInt8, 3), "3 values a voxel"),
    ):
        sitk.WriteImage(image, path)
        with pytest.raises((GeometryError, UnreadableError), match=reason):
            read_volume(Path(path))


def test_a_4d_nrrd_with_one_sample_on_the_last_axis_is_read(tmp_path: Path) -> None:
    image = sitk.JoinSeries([sitk.Image([4, 5, 6], sitk.sitkInt16)])
    sitk.WriteImage(image, str(tmp_path / "scan.mha"))
    assert read_volume(tmp_path / "scan.mha").array.shape == (6, 5, 4)


@pytest.mark.parametrize(
    "new", [b"ElementSpacing = 0 1.25 2.5", b"ElementSpacing = -1 1.25 2.5", b"ElementSpacing = nan 1 1"]
)
def test_a_metaimage_with_impossible_spacing_is_refused(tmp_path: Path, phantom: Volume, new: bytes) -> None:
    path = write_volume(phantom.array, phantom.grid, tmp_path / "scan.mha")
    with pytest.raises(GeometryError, match="spacing of"):
        read_volume(edited(path, b"ElementSpacing = 0.75 1.25 2.5", new))


def test_a_metaimage_without_spacing_or_orientation_is_refused(tmp_path: Path, phantom: Volume) -> None:
    for key, reason in ((b"ElementSpacing", "no spacing"), (b"TransformMatrix", "how its axes lie")):
        path = write_volume(phantom.array, phantom.grid, tmp_path / "scan.mha")
        with pytest.raises(GeometryError, match=reason):
            read_volume(edited(path, key, b"Comment"))


def test_an_nrrd_without_orientation_or_with_zero_spacing_is_refused(tmp_path: Path, phantom: Volume) -> None:
    path = write_volume(phantom.array, phantom.grid, tmp_path / "scan.nrrd")
    with pytest.raises(GeometryError, match="spacing of"):
        read_volume(edited(path, b"(0,1.25,0)", b"(0,0,0)"))
    path = write_volume(phantom.array, phantom.grid, tmp_path / "scan.nrrd")
    with pytest.raises(GeometryError, match="how its axes lie"):
        read_volume(edited(path, b"space: left-posterior-superior", b"space: 3D-right-handed"))


def test_detached_headers_are_read(tmp_path: Path, phantom: Volume) -> None:
    image = sitk.GetImageFromArray(phantom.array)
    image.SetSpacing(phantom.grid.spacing_mm)
    for name in ("scan.mhd", "scan.nhdr"):
        sitk.WriteImage(image, str(tmp_path / name))
        np.testing.assert_array_equal(read_volume(tmp_path / name).array, phantom.array)


def test_scaled_nifti_gives_real_values_in_the_smallest_type(tmp_path: Path) -> None:
    whole = read_volume(nifti(tmp_path / "whole.nii", CUBE, scl_slope=2, scl_inter=-1024))
    assert whole.array.dtype == np.int16
    np.testing.assert_array_equal(whole.array, CUBE.T * 2 - 1024)
    half = read_volume(nifti(tmp_path / "half.nii", CUBE, scl_slope=0.5, scl_inter=0))
    assert half.array.dtype == np.float32
    np.testing.assert_array_equal(half.array, CUBE.T / 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_the_type_of_the_file_is_kept(tmp_path: Path, phantom: Volume, suffix: str, dtype: type) -> None:
    array = (phantom.array % 200).astype(dtype)
    back = read_volume(write_volume(array, phantom.grid, tmp_path / f"scan{suffix}")).array
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)


def test_big_endian_and_nifti_2_are_read(tmp_path: Path) -> None:
    affine = np.diag([-1.0, -2.0, 3.0, 1.0])
    header = nib.Nifti1Header(endianness=">")
    nib.save(nib.Nifti1Image(CUBE, affine, header), tmp_path / "big.nii")
    nib.save(nib.Nifti2Image(CUBE, affine), tmp_path / "two.nii.gz")
    for name in ("big.nii", "two.nii.gz"):
        back = read_volume(tmp_path / name)
        np.testing.assert_array_equal(back.array, CUBE.T)
        assert back.grid.spacing_mm == (1.0, 2.0, 3.0)
        assert back.grid.direction == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
