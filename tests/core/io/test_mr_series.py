from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import SecondaryCaptureImageStorage

from myoscope import ArchiveError, GeometryError, Grid, Severity, Sex, Subject, UnreadableError
from myoscope.io import MRFacts, read_mr_images, write_dicom_series, write_mr_series

IMAGE_TYPES = {
    "in": ("ORIGINAL", "PRIMARY", "DIXON", "IN_PHASE"),
    "opp": ("ORIGINAL", "PRIMARY", "DIXON", "OPP_PHASE"),
    "F": ("DERIVED", "PRIMARY", "DIXON", "FAT"),
    "W": ("DERIVED", "PRIMARY", "DIXON", "WATER"),
}
SLICES, STATIONS = 5, 6
SUBJECT = Subject(sex=Sex.FEMALE, age=71, height_m=1.58, weight_kg=62.5)
GRID = Grid.identity((6, 4, SLICES), (2.0, 2.5, 3.0), (-31.5, 40.25, -612.0))


def values(seed: int, slices: int = SLICES) -> NDArray[np.uint16]:
    """Return magnitudes of which all differ."""
    return (np.random.default_rng(seed).permutation(slices * 24).reshape(slices, 4, 6) + seed).astype(np.uint16)


def write(folder: Path, array: NDArray[np.uint16], grid: Grid = GRID, **facts: Any) -> Path:
    """Write a series whose file names start with its number."""
    known = replace(MRFacts(series_number="1", study_uid="1.2.3", frame_of_reference="1.2.4"), **facts)
    return write_mr_series(array, grid, folder, facts=known, subject=SUBJECT, prefix=f"s{known.series_number}_")


def change(path: Path, **changes: object) -> None:
    dataset = pydicom.dcmread(path)
    for name, value in changes.items():
        setattr(dataset, name, value)
    dataset.save_as(path)


def whole_body() -> Iterator[tuple[int, str, Grid]]:
    """Yield number, contrast and grid of the 24 series of UK Biobank field 20201, positions from the head down."""
    for station in range(STATIONS):
        grid = replace(GRID, origin=(-31.5, 40.25, -12.0 * station))
        for offset, contrast in enumerate(IMAGE_TYPES):
            yield 4 * station + offset + 1, contrast, grid


@pytest.fixture(scope="module")
def biobank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a zip of 24 series, half of the files flat, half in folders."""
    folder = tmp_path_factory.mktemp("biobank")
    for number, contrast, grid in whole_body():
        facts = {"series_number": str(number), "description": f"Dixon_BH_17s_{contrast}", "sequence_name": "fl3d2"}
        time, echo = f"1012{number:02d}.5", 2.39 if contrast == "opp" else 4.77
        image_type = IMAGE_TYPES[contrast]
        write(folder / "all", values(number), grid, **facts, image_type=image_type, series_time=time, echo_time_ms=echo)
    with zipfile.ZipFile(folder / "20201.zip", "w") as bundle:
        for n, path in enumerate(sorted((folder / "all").iterdir())):
            bundle.write(path, path.name if n % 2 else f"visit/{path.name[:3]}/{path.name}")
    return folder / "20201.zip"


def test_24_series_in_a_zip_come_back_in_the_order_of_their_numbers(biobank: Path) -> None:
    images, subject = read_mr_images(biobank)
    assert subject == SUBJECT
    assert len(images) == 4 * STATIONS
    for image, (number, contrast, grid) in zip(images, whole_body(), strict=True):
        assert image.array.dtype == np.float32
        np.testing.assert_array_equal(image.array, values(number))
        assert image.grid.is_same(grid)
        assert image.findings == ()
        assert image.facts == MRFacts(
            series_uid=image.facts.series_uid,
            series_number=str(number),
            description=f"Dixon_BH_17s_{contrast}",
            image_type=IMAGE_TYPES[contrast],
            sequence_name="fl3d2",
            echo_time_ms=2.39 if contrast == "opp" else 4.77,
            study_uid="1.2.3",
            series_time=f"1012{number:02d}.5",
            frame_of_reference="1.2.4",
            file=f"s{number}_0001.dcm",
        )
    assert len({image.facts.series_uid for image in images}) == 4 * STATIONS


def test_a_folder_reads_the_same_as_its_zip_and_survives_pickle(biobank: Path) -> None:
    zipped, _ = read_mr_images(biobank)
    images, _ = pickle.loads(pickle.dumps(read_mr_images(biobank.parent / "all")))  # noqa: S301
    for image, other in zip(images, zipped, strict=True):
        np.testing.assert_array_equal(image.array, other.array)
        assert (image.grid, image.facts) == (other.grid, other.facts)


def test_a_series_of_two_echoes_gives_two_images(tmp_path: Path) -> None:
    for name, echo, seed in (("late", 4.6, 1), ("early", 2.3, 2)):
        write(tmp_path / name, values(seed), series_uid="1.5", echo_time_ms=echo, series_number="3")
    images, _ = read_mr_images(tmp_path)
    assert [image.facts.echo_time_ms for image in images] == [2.3, 4.6]
    for image, seed in zip(images, (2, 1), strict=True):
        np.testing.assert_array_equal(image.array, values(seed))


def test_a_series_of_four_contrasts_gives_four_images(tmp_path: Path) -> None:
    for seed, (name, image_type) in enumerate(IMAGE_TYPES.items()):
        write(tmp_path / name, values(seed), series_uid="1.5", image_type=image_type)
    images, _ = read_mr_images(tmp_path)
    assert {image.facts.image_type for image in images} == set(IMAGE_TYPES.values())
    for image in images:
        seed = list(IMAGE_TYPES.values()).index(image.facts.image_type)
        np.testing.assert_array_equal(image.array, values(seed))


def test_signed_values_and_a_slope_give_real_values(tmp_path: Path) -> None:
    write(tmp_path, values(0))
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        stored = dataset.pixel_array.astype("<i2") - 50
        dataset.PixelData, dataset.PixelRepresentation = stored.tobytes(), 1
        dataset.RescaleSlope, dataset.RescaleIntercept = "0.5", "10"
        dataset.save_as(path)
    (image,), _ = read_mr_images(tmp_path)
    np.testing.assert_array_equal(image.array, (values(0).astype(np.float32) - 50) / 2 + 10)


@pytest.mark.parametrize(("representation", "highest"), [(0, 4095), (1, 2047)])
def test_the_share_of_saturated_pixels_is_counted(tmp_path: Path, representation: int, highest: int) -> None:
    array = values(0)
    array[1, :3] = highest
    write(tmp_path, array)
    for path in tmp_path.iterdir():
        change(path, PixelRepresentation=representation, BitsStored=12, HighBit=11)
    (image,), _ = read_mr_images(tmp_path)
    assert image.facts.saturated_share == 18 / array.size


def test_copies_of_slices_are_left_out_with_a_finding(tmp_path: Path) -> None:
    folder = write(tmp_path / "series", values(1), series_number="4", description="Dixon_W")
    (tmp_path / "copies").mkdir()
    for name in ("s4_0002.dcm", "s4_0003.dcm"):
        (tmp_path / "copies" / name).write_bytes((folder / name).read_bytes())
    (image,), _ = read_mr_images(tmp_path)
    np.testing.assert_array_equal(image.array, values(1))
    assert [(f.code, f.severity) for f in image.findings] == [("copies_left_out", Severity.INFO)]
    assert "Series 4 (Dixon_W) holds 2 of its slices twice" in image.findings[0].message


def test_another_slice_at_the_same_place_is_refused_with_the_series(tmp_path: Path) -> None:
    folder = write(tmp_path, values(1), series_number="4", description="Dixon_W")
    (folder / "again.dcm").write_bytes((folder / "s4_0002.dcm").read_bytes())
    change(folder / "again.dcm", SOPInstanceUID="1.2.9")
    with pytest.raises(GeometryError, match=r"Series 4 \(Dixon_W\): Two slices lie at the same place"):
        read_mr_images(tmp_path)


def test_a_marked_localizer_a_screenshot_and_a_ct_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "scan", values(1), series_number="4")
    write(tmp_path / "scout", values(2), series_number="1", image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))
    screenshot = write(tmp_path / "screenshot", values(3), series_number="99")
    for path in screenshot.iterdir():
        change(path, SOPClassUID=SecondaryCaptureImageStorage, ImagePositionPatient=None)
    write_dicom_series(values(4), GRID, tmp_path / "ct")
    (image,), _ = read_mr_images(tmp_path)
    assert (image.facts.series_number, image.findings) == ("4", ())


def test_what_is_no_volume_is_left_out_with_a_finding(tmp_path: Path) -> None:
    write(tmp_path / "scan", values(1), series_number="4")
    for n, direction in enumerate([(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1)]):
        along, down = np.array(direction[:3]), np.array(direction[3:])
        matrix = np.stack([along, down, np.cross(along, down)], axis=1)
        grid = replace(GRID, direction=tuple(float(v) for v in matrix.ravel()))
        write(tmp_path / f"survey{n}", values(n), grid, series_number="1", series_uid="1.6", description="survey")
    write(tmp_path / "one", values(1)[:2], replace(GRID, size=(6, 4, 2)), series_number="2", description="pair")
    for n in range(4):
        write(tmp_path / f"moment{n}", values(n), series_number="7", series_uid="1.7", description="dynamic")
    for path in tmp_path.glob("moment*/*"):
        change(path, InstanceNumber=1)
    (image,), _ = read_mr_images(tmp_path)
    np.testing.assert_array_equal(image.array, values(1))
    assert {f.code for f in image.findings} == {"series_left_out"}
    assert [f.message for f in image.findings] == [
        "Series 1 (survey) was left out: its slices have 3 orientations.",
        "Series 2 (pair) was left out: 2 slices of one contrast, expected at least 4.",
        "Series 7 (dynamic) was left out: its 20 slices show 5 places, each again and again.",
    ]


def test_a_source_of_nothing_but_that_is_refused_with_the_reasons(tmp_path: Path) -> None:
    write(tmp_path / "one", values(1)[:2], replace(GRID, size=(6, 4, 2)), series_number="2", description="pair")
    with pytest.raises(UnreadableError, match=r"no MR volume\. Series 2 \(pair\) was left out: 2 slices"):
        read_mr_images(tmp_path)


def test_a_ct_is_refused_with_its_modality(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no MR images, only files of modality CT"):
        read_mr_images(write_dicom_series(values(1), GRID, tmp_path / "ct"))


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UnreadableError, match="holds no DICOM files"):
        read_mr_images(tmp_path)


def test_a_missing_slice_is_refused_with_the_series(tmp_path: Path) -> None:
    write(tmp_path, values(1, 11), replace(GRID, size=(6, 4, 11)), series_number="4", description="Dixon_W")
    (tmp_path / "s4_0004.dcm").unlink()
    with pytest.raises(GeometryError, match=r"Series 4 \(Dixon_W\): A slice is missing"):
        read_mr_images(tmp_path)


def test_a_truncated_slice_is_refused_with_series_and_file(tmp_path: Path) -> None:
    write(tmp_path, values(1), series_number="4", description="Dixon_W")
    path = tmp_path / "s4_0002.dcm"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UnreadableError, match=r"Series 4 \(Dixon_W\): s4_0002\.dcm cannot be read"):
        read_mr_images(tmp_path)


def test_a_slice_without_its_place_is_refused_with_the_series(tmp_path: Path) -> None:
    write(tmp_path, values(1), series_number="4", description="Dixon_W")
    change(tmp_path / "s4_0003.dcm", ImagePositionPatient=None)
    with pytest.raises(GeometryError, match=r"Series 4 \(Dixon_W\): s4_0003\.dcm has no ImagePositionPatient"):
        read_mr_images(tmp_path)


def test_a_zip_that_escapes_its_folder_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as bundle:
        bundle.writestr("../s1.dcm", b"DICM")
    with pytest.raises(ArchiveError, match="leaves its folder"):
        read_mr_images(tmp_path / "bad.zip")


def test_an_impossible_height_is_a_finding_of_the_first_image(tmp_path: Path) -> None:
    for number in ("3", "5"):
        write(tmp_path, values(1), series_number=number, description=number)
    for path in tmp_path.iterdir():
        change(path, PatientSize="158")
    images, subject = read_mr_images(tmp_path)
    assert subject.height_m is None
    assert [[f.code for f in image.findings] for image in images] == [["subject_header_implausible"], []]
