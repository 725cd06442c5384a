from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage

import myoscope
from myoscope import LengthUnit, LoadOptions, SeriesError, UnreadableError, UsageError, View
from myoscope.cli import main
from myoscope_ultrasound.loading import load, recognize

Frame = NDArray[np.uint8]
SHARED = Path(__file__).parents[4] / "shared" / "data" / "ultrasound"
VIEW = View(60, 40, 300, 200)
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the real frames are not beside the project")


def frame(*views: View) -> Frame:
    """Smooth noise in each view of a black screen."""
    made = np.zeros((300, 480), dtype=np.uint8)
    for view in views or (VIEW,):
        noise = np.random.default_rng(view.left).integers(0, 256, (view.height, view.width)).astype(np.uint8)
        made[view.slices] = cv2.GaussianBlur(noise, (0, 0), 1.0)
    return made


def png(path: Path, pixels: Frame | None = None) -> Path:
    Image.fromarray(frame() if pixels is None else pixels).save(path)
    return path


def dicom(path: Path, pixels: Frame, modality: str = "US", **elements: Any) -> Path:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = UltrasoundImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "2.25.1"
    made.Modality, made.PatientSex = modality, "F"
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    made.PixelData = pixels.tobytes()
    made.save_as(path, enforce_file_format=True)
    return path


def region(view: View, delta_cm: tuple[float, float]) -> Dataset:
    made = Dataset()
    made.RegionSpatialFormat = made.RegionDataType = 1
    made.RegionLocationMinX0, made.RegionLocationMinY0 = view.left, view.top
    made.RegionLocationMaxX1, made.RegionLocationMaxY1 = view.left + view.width - 1, view.top + view.height - 1
    made.PhysicalUnitsXDirection = made.PhysicalUnitsYDirection = 3
    made.PhysicalDeltaX, made.PhysicalDeltaY = delta_cm
    return made


def test_a_picture_is_recognized_less_surely_than_dicom_and_other_things_not_at_all(tmp_path: Path) -> None:
    beliefs = [recognize(png(tmp_path / "a.png")), recognize(dicom(tmp_path / "a.dcm", frame()))]
    assert [belief.confidence for belief in beliefs if belief] == [0.5, 0.95]
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "text.mp4").write_text("hello")
    ct = dicom(tmp_path / "ct.dcm", frame(), "CT")
    assert [recognize(path) for path in (tmp_path / "text.png", tmp_path / "text.mp4", ct)] == [None] * 3


def test_recognizing_reads_headers_alone(tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (3000, 4000)).astype(np.uint8))
    recognize(path)
    start = time.perf_counter()
    assert recognize(path) is not None
    assert time.perf_counter() - start < 0.02


def test_a_picture_keeps_its_own_pixels_whole_and_says_how_large_they_are(tmp_path: Path) -> None:
    scan = load(png(tmp_path / "leg 1.png"), LoadOptions(depth_mm=40.0, site="biceps"))
    np.testing.assert_array_equal(scan.image, frame())
    assert (scan.modality, scan.case_id, scan.site, scan.times_s) == ("ultrasound", "leg_1", "biceps", ())
    assert (scan.grid.unit, scan.grid.spacing_mm) == (LengthUnit.MM, pytest.approx((0.2, 0.2), rel=0.02))
    assert scan.calibration is not None
    assert scan.calibration.source == "--depth-mm over the tissue region's height"
    found, edges = scan.calibration.view, (VIEW.left, VIEW.top, VIEW.width, VIEW.height)
    assert np.abs(np.subtract((found.left, found.top, found.width, found.height), edges)).max() <= 3
    assert pickle.loads(pickle.dumps(scan)).calibration == scan.calibration  # noqa: S301


def test_a_picture_without_a_scale_is_in_pixels_with_a_finding(tmp_path: Path) -> None:
    Image.fromarray(frame()).save(tmp_path / "a.png", dpi=(25.4, 25.4))  # one pixel a millimeter, says the screen
    scan = load(tmp_path / "a.png", LoadOptions())
    assert (scan.grid.unit, scan.grid.spacing_mm) == (LengthUnit.PX, (1.0, 1.0))
    assert [finding.code for finding in scan.findings] == ["no_scale"]
    assert "--depth-mm" in scan.findings[0].action


def test_a_dicom_region_gives_both_spacings_and_the_subject(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", frame(), SequenceOfUltrasoundRegions=[region(VIEW, (0.02, 0.015))])
    scan = load(path, LoadOptions())
    assert scan.grid.spacing_mm == pytest.approx((0.2, 0.15))
    assert (scan.calibration.source if scan.calibration else "") == "DICOM ultrasound region"
    assert (scan.subject.sex, scan.findings) == ("female", ())


def test_a_video_has_a_time_for_each_frame(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (480, 300))
    for shift in range(6):
        writer.write(cv2.cvtColor(np.roll(frame(), shift, axis=1), cv2.COLOR_GRAY2BGR))
    writer.release()
    scan = load(tmp_path / "a.avi", LoadOptions(spacing_mm=0.1))
    assert scan.image.shape == (6, 300, 480)
    assert scan.times_s == pytest.approx([k / 20 for k in range(6)])
    assert scan.grid.shape == (300, 480)


def test_two_images_side_by_side_are_listed_with_place_and_scale_until_one_is_chosen(tmp_path: Path) -> None:
    left, right = View(20, 40, 200, 200), View(240, 40, 220, 200)
    regions = [region(left, (0.02, 0.02)), region(right, (0.03, 0.01))]
    path = dicom(tmp_path / "a.dcm", frame(left, right), SequenceOfUltrasoundRegions=regions)
    with pytest.raises(SeriesError, match="shows 2 images side by side") as caught:
        load(path, LoadOptions())
    assert caught.value.exit_code == 3
    for word in ("--image N", "1: columns 20 to", "0.2 mm a pixel", "2: columns 240 to", "0.3 x 0.1 mm a pixel"):
        assert word in caught.value.hint
    chosen = [load(path, LoadOptions(image=n)) for n in (1, 2)]
    assert [scan.grid.spacing_mm for scan in chosen] == [pytest.approx((0.2, 0.2)), pytest.approx((0.3, 0.1))]
    assert [scan.calibration.view.left for scan in chosen if scan.calibration] == [20, 240]
    for number in (0, 3):
        with pytest.raises(SeriesError, match=f"shows 2 images, not {number}"):
            load(path, LoadOptions(image=number))


def test_what_cannot_be_measured_is_refused_with_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    photo = cv2.GaussianBlur(rng.integers(0, 256, (300, 400, 3)).astype(np.uint8), (0, 0), 3.0)
    photo[..., 0] = np.minimum(photo[..., 0].astype(int) + 90, 255)
    Image.fromarray(photo).save(tmp_path / "photo.jpg")
    png(tmp_path / "black.png", np.zeros((300, 400), dtype=np.uint8))
    png(tmp_path / "small.png", rng.integers(0, 256, (31, 200)).astype(np.uint8))
    dicom(tmp_path / "ct.dcm", frame(), "CT")
    (tmp_path / "text.png").write_text("hello")
    words = {
        "photo.jpg": "is a color picture", "black.png": "black all over", "small.png": "200 x 31 pixels",
        "ct.dcm": "is CT, not ultrasound", "text.png": "not a picture",
    }  # fmt: skip
    for name, word in words.items():
        with pytest.raises(UnreadableError, match=word):
            load(tmp_path / name, LoadOptions())


def test_colored_text_and_an_overlay_do_not_make_a_color_photo(tmp_path: Path) -> None:
    rgb = np.repeat(frame()[..., None], 3, axis=-1)
    cv2.putText(rgb, "MSK 12L", (300, 24), 0, 0.7, (255, 200, 0), 2)
    rgb[90:150, 150:230] = (220, 40, 20)  # color Doppler over 8% of the tissue
    Image.fromarray(rgb).save(tmp_path / "a.png")
    assert load(tmp_path / "a.png", LoadOptions(spacing_mm=0.1)).image.shape == (300, 480)


def test_a_site_that_does_not_exist_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No site is called 'tongue'") as caught:
        load(tmp_path / "absent.png", LoadOptions(site="tongue"))
    assert "rectus_femoris" in caught.value.hint


def test_a_broken_picture_or_video_is_refused_by_the_whole_way_with_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(tmp_path / "b.png").read_bytes()[:3000])
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))
    (tmp_path / "text.jpg").write_text("hello")
    for name, word in {"a.png": "cannot be read", "a.mp4": "cannot be opened", "text.jpg": "not a picture"}.items():
        with pytest.raises(UnreadableError, match=word):
            myoscope.load(tmp_path / name)


def test_the_command_line_hands_site_depth_spacing_and_image_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, labels = png(tmp_path / "a.png"), png(tmp_path / "mask.png", np.zeros((300, 480), dtype=np.uint8))
    for options, code, word in (
        (["--depth-mm", "4000"], 2, "--depth-mm is 4000, expected 5 to 300 mm"),
        (["--spacing-mm", "0"], 2, "--spacing-mm is 0"),
        (["--site", "tongue"], 2, "No site is called 'tongue'"),
        (["--image", "2"], 3, "shows 1 image, not 2"),
    ):
        assert main(["measure", str(path), str(labels), "-o", str(tmp_path / "out"), *options]) == code
        assert word in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize(("number", "left"), [(1, 32), (2, 336)])
def test_the_aloka_frame_is_calibrated_in_each_of_its_two_regions(number: int, left: int) -> None:
    path = SHARED / "us_regions_aloka.dcm"
    with pytest.raises(SeriesError, match="2 images side by side"):
        load(path, LoadOptions())
    scan = load(path, LoadOptions(image=number))
    assert scan.grid.spacing_mm == pytest.approx((0.38265, 0.38265), abs=5e-6)
    assert scan.calibration is not None
    assert scan.calibration.view.left == left
    assert scan.findings == ()
    by_depth = load(path, LoadOptions(image=number, depth_mm=150.0))
    assert by_depth.grid.spacing_mm == pytest.approx(scan.grid.spacing_mm, rel=1e-6)


@pytest.mark.shared
@needs_shared
def test_the_frame_without_regions_is_in_pixels_with_a_finding() -> None:
    scan = load(SHARED / "us_no_regions.dcm", LoadOptions())
    assert scan.grid.unit is LengthUnit.PX
    assert [finding.code for finding in scan.findings] == ["no_scale"]
