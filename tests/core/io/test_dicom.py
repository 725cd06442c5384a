from __future__ import annotations

from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

from myoscope import GeometryError, Grid, SeriesError, Sex, Subject, UnreadableError
from myoscope.io import Volume, read_volume, write_dicom_series

JPEG_SYNTAXES = {
    "jpeg_lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "jpeg_ls": gdcm.TransferSyntax.JPEGLSLossless,
    "jpeg_2000": gdcm.TransferSyntax.JPEG2000Lossless,
}


def series(phantom: Volume, folder: Path, **changes: object) -> Path:
    """Write the phantom as a series, with some header fields changed in every file."""
    write_dicom_series(phantom.array, phantom.grid, folder)
    for path in folder.iterdir():
        change(path, **changes)
    return folder


def change(path: Path, **changes: object) -> None:
    dataset = pydicom.dcmread(path)
    for name, value in changes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    dataset.save_as(path)


def compress(path: Path, syntax: int) -> None:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    converter = gdcm.ImageChangeTransferSyntax()
    converter.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    converter.SetInput(reader.GetImage())
    assert converter.Change()
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetImage(converter.GetOutput())
    writer.SetFileName(str(path))
    assert writer.Write()


@pytest.mark.parametrize("name", JPEG_SYNTAXES)
def test_jpeg_compressed_slices_read_the_same(tmp_path: Path, phantom: Volume, name: str) -> None:
    folder = series(phantom, tmp_path / "series")
    for path in folder.iterdir():
        compress(path, JPEG_SYNTAXES[name])
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.is_compressed
    np.testing.assert_array_equal(read_volume(folder).array, phantom.array)


def test_rle_compressed_slices_read_the_same(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series")
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.save_as(path)
    np.testing.assert_array_equal(read_volume(folder).array, phantom.array)


def test_slices_are_sorted_by_position_and_other_files_are_skipped(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series")
    (folder / "deeper").mkdir()
    for number, path in enumerate(sorted(folder.glob("*.dcm"))):
        path.rename(folder / "deeper" / f"{(number * 3) % 7}")
    (folder / "notes.txt").write_text("not DICOM")
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    np.testing.assert_array_equal(read_volume(folder).array, phantom.array)


def test_a_fractional_slope_gives_float32(tmp_path: Path, phantom: Volume) -> None:
    back = read_volume(series(phantom, tmp_path / "series", RescaleSlope="0.5"))
    assert back.array.dtype == np.float32
    np.testing.assert_array_equal(back.array, (phantom.array + 1024) / 2 - 1024)


def test_each_slice_has_its_own_rescale(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series")
    change(folder / "IM0003.dcm", RescaleSlope="2")
    np.testing.assert_array_equal(read_volume(folder).array[2], 2 * (phantom.array[2].astype(int) + 1024) - 1024)


def test_an_mr_without_rescale_keeps_its_values(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series", Modality="MR", RescaleSlope=None, RescaleIntercept=None)
    back = read_volume(folder)
    assert (back.dicom_modality, back.array.dtype) == ("MR", np.uint16)
    np.testing.assert_array_equal(back.array, phantom.array + 1024)


def test_a_ct_without_rescale_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with pytest.raises(UnreadableError, match="not HU"):
        read_volume(series(phantom, tmp_path / "series", RescaleIntercept=None))


def test_a_single_classic_slice_is_refused(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series")
    with pytest.raises(GeometryError, match="single 2D slice"):
        read_volume(folder / "IM0001.dcm")


def test_dicom_without_pixels_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with pytest.raises(UnreadableError, match="without pixels"):
        read_volume(series(phantom, tmp_path / "header", PixelData=None))
    with pytest.raises(UnreadableError, match="without pixels"):
        read_volume(series(phantom, tmp_path / "report", PixelData=None, Rows=None, Columns=None, Modality="SR"))


def test_a_truncated_slice_is_refused(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series")
    path = folder / "IM0004.dcm"
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(UnreadableError, match="IM0004"):
        read_volume(folder)


def test_a_header_with_a_broken_number_is_refused(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series")
    path = folder / "IM0004.dcm"
    content = path.read_bytes()
    assert b"-604.5" in content
    path.write_bytes(content.replace(b"-604.5", b"-6x4.5"))
    with pytest.raises(UnreadableError):
        read_volume(folder)


def test_the_only_volume_among_series_is_taken(tmp_path: Path, phantom: Volume) -> None:
    series(phantom, tmp_path / "all" / "scan")
    short = Grid.identity((11, 9, 2), (1.0, 1.0, 5.0), (0.0, 0.0, 0.0))
    write_dicom_series(phantom.array[:2], short, tmp_path / "all" / "scout")
    np.testing.assert_array_equal(read_volume(tmp_path / "all").array, phantom.array)


def test_localizers_inside_a_series_are_left_out(tmp_path: Path, phantom: Volume) -> None:
    folder = series(phantom, tmp_path / "series")
    write_dicom_series(phantom.array, phantom.grid, tmp_path / "other")
    (tmp_path / "other" / "IM0002.dcm").rename(folder / "scout.dcm")
    change(
        folder / "scout.dcm",
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
    )
    np.testing.assert_array_equal(read_volume(folder).array, phantom.array)


def test_several_volumes_are_listed_and_one_can_be_chosen(tmp_path: Path, phantom: Volume) -> None:
    series(phantom, tmp_path / "all" / "a", SeriesNumber=3, SeriesDescription="bone kernel")
    series(phantom, tmp_path / "all" / "b", SeriesNumber=12, SeriesDescription="soft kernel", SeriesInstanceUID="1.2.3")
    with pytest.raises(
        SeriesError, match=r"(?s)holds 2 series.*--series.*3: bone kernel, 7 slices, CT.*12: soft.*1\.2\.3"
    ):
        read_volume(tmp_path / "all")
    for name in ("12", "1.2.3"):
        np.testing.assert_array_equal(read_volume(tmp_path / "all", series=name).array, phantom.array)
    with pytest.raises(SeriesError, match="no series called '5'"):
        read_volume(tmp_path / "all", series="5")


def test_facts_of_the_subject_are_read_and_names_are_not(tmp_path: Path, phantom: Volume) -> None:
    subject = Subject(sex=Sex.FEMALE, age=71, height_m=1.58, weight_kg=62.5)
    back = read_volume(write_dicom_series(phantom.array, phantom.grid, tmp_path / "series", subject=subject))
    assert back.subject == subject
    assert back.findings == ()


def test_a_height_in_centimeters_is_left_out_with_a_finding(tmp_path: Path, phantom: Volume) -> None:
    back = read_volume(series(phantom, tmp_path / "series", PatientSize="158", PatientWeight="0", PatientAge="018M"))
    assert back.subject == Subject(age=1.5)
    assert [finding.code for finding in back.findings] == ["subject_header_implausible"]


@pytest.mark.shared
def test_a_real_jpeg_2000_series_is_read(shared_data: Path) -> None:
    back = read_volume(shared_data / "ct" / "dicom_series")
    assert back.grid.size == (512, 512, 20)
    assert back.grid.spacing_mm == (0.9765625, 0.9765625, 2.0)
    assert back.array.dtype == np.int16
    assert back.array[:, 0, 0].max() < -900  # air in the corner
