from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from myoscope import UnreadableError
from myoscope.io import PictureRegion, peek, read_picture
from myoscope.io import video as video_module

GREY = np.arange(256, dtype=np.uint8).reshape(8, 32)


def dataset(pixels: np.ndarray, photometric: str = "MONOCHROME2", **elements: Any) -> Dataset:
    """Pixels are (y, x), (frames, y, x), (y, x, 3) or (frames, y, x, 3)."""
    color = pixels.shape[-1] == 3
    plane = pixels.shape[-3:-1] if color else pixels.shape[-2:]
    frames = pixels.shape[0] if pixels.ndim == (4 if color else 3) else 0
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = UltrasoundMultiFrameImageStorage if frames else UltrasoundImageStorage
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = "2.25.1"
    made.Modality = "US"
    made.Rows, made.Columns = plane
    made.SamplesPerPixel = 3 if color else 1
    made.PhotometricInterpretation = photometric
    made.BitsAllocated = made.BitsStored = pixels.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = 0
    if color:
        made.PlanarConfiguration = 0
    if frames:
        made.NumberOfFrames = frames
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    made.PixelData = pixels.tobytes()
    return made


def written(made: Dataset, path: Path) -> Path:
    made.save_as(path, enforce_file_format=True)
    return path


def gray_ybr(grey: np.ndarray) -> np.ndarray:
    """Full-range YBR of grey: the value, and 128 twice."""
    return np.stack([grey, np.full_like(grey, 128), np.full_like(grey, 128)], axis=-1)


def halved(ybr: np.ndarray) -> np.ndarray:
    """YBR_FULL_422 as it is stored: two lumas, then the color that they share."""
    rows, columns, _ = ybr.shape
    pairs = ybr.reshape(rows, columns // 2, 2, 3)
    stored = np.stack([pairs[:, :, 0, 0], pairs[:, :, 1, 0], pairs[:, :, 0, 1], pairs[:, :, 0, 2]], axis=-1)
    return stored.reshape(-1)


def test_monochrome_keeps_every_value_and_monochrome1_is_turned(tmp_path: Path) -> None:
    plain = read_picture(written(dataset(GREY), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(plain.frames, GREY)
    assert (plain.dicom_modality, plain.times_s, plain.findings) == ("US", (), ())
    turned = read_picture(written(dataset(GREY, "MONOCHROME1"), tmp_path / "b.dcm"))
    np.testing.assert_array_equal(turned.frames, 255 - GREY)


def test_values_of_12_bits_are_scaled_by_the_bits_that_are_stored(tmp_path: Path) -> None:
    stored = np.array([[0, 819, 1638, 2047]], dtype=np.uint16)
    made = dataset(stored, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read_picture(written(made, tmp_path / "a.dcm")).frames, [[0, 51, 102, 127]])


def test_rgb_of_grey_keeps_every_value_and_color_is_said(tmp_path: Path) -> None:
    rgb = np.repeat(GREY[..., None], 3, axis=-1)
    rgb[0, :4] = (255, 0, 0)
    picture = read_picture(written(dataset(rgb, "RGB"), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(picture.frames[1:], GREY[1:])
    np.testing.assert_array_equal(picture.frames[0, :4], [76] * 4)
    assert picture.colored.sum() == 4


def test_ybr_full_and_its_half_color_keep_every_grey(tmp_path: Path) -> None:
    ybr = gray_ybr(GREY)
    full = read_picture(written(dataset(ybr, "YBR_FULL"), tmp_path / "a.dcm"))
    made = dataset(ybr, "YBR_FULL_422")
    made.PixelData = halved(ybr).tobytes()
    half = read_picture(written(made, tmp_path / "b.dcm"))
    for picture in (full, half):
        np.testing.assert_array_equal(picture.frames, GREY)
        assert not picture.colored.any()


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    table = (np.arange(256)[::-1] * 257).astype("<u2")
    made = dataset(GREY, "PALETTE COLOR")
    for color in ("Red", "Green", "Blue"):
        setattr(made, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(made, f"{color}PaletteColorLookupTableData", table.tobytes())
    np.testing.assert_array_equal(read_picture(written(made, tmp_path / "a.dcm")).frames, 255 - GREY)


@pytest.mark.parametrize(
    ("elements", "times"),
    [
        ({"FrameTime": "40.0"}, (0.0, 0.04, 0.08)),
        ({"FrameTimeVector": [0, 30, 70]}, (0.0, 0.03, 0.1)),
        ({"CineRate": 50}, (0.0, 0.02, 0.04)),
        ({"FrameTime": "0", "RecommendedDisplayFrameRate": 10}, (0.0, 0.1, 0.2)),
    ],
)
def test_frames_come_in_order_with_the_times_of_the_header(
    tmp_path: Path, elements: dict[str, Any], times: tuple[float, ...]
) -> None:
    frames = np.stack([GREY, 255 - GREY, GREY // 2])
    picture = read_picture(written(dataset(frames, **elements), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(picture.frames, frames)
    assert picture.times_s == pytest.approx(times)
    assert picture.findings == ()


def test_a_cine_in_color_is_read_frame_by_frame(tmp_path: Path) -> None:
    frames = np.repeat(np.stack([GREY, 255 - GREY])[..., None], 3, axis=-1)
    picture = read_picture(written(dataset(frames, "RGB", FrameTime="20"), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(picture.frames, frames[..., 0])


def test_a_cine_without_times_counts_frames_and_says_so(tmp_path: Path) -> None:
    frames = np.stack([GREY, GREY])
    picture = read_picture(written(dataset(frames), tmp_path / "a.dcm"))
    assert (picture.times_s, [f.code for f in picture.findings]) == ((0.0, 1.0), ["no_frame_times"])
    odd = read_picture(written(dataset(frames, FrameTimeVector=[0, 10, 20]), tmp_path / "b.dcm"))
    assert [f.code for f in odd.findings] == ["no_frame_times", "frame_times_incomplete"]


def test_what_the_header_says_of_scale_is_handed_on_unchecked(tmp_path: Path) -> None:
    region = Dataset()
    for keyword, value in {
        "RegionSpatialFormat": 1, "RegionDataType": 1, "RegionFlags": 0, "RegionLocationMinX0": 2,
        "RegionLocationMinY0": 1, "RegionLocationMaxX1": 29, "RegionLocationMaxY1": 6, "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3, "PhysicalDeltaX": 0.02, "PhysicalDeltaY": -0.01,
    }.items():  # fmt: skip
        setattr(region, keyword, value)
    made = dataset(
        GREY, SequenceOfUltrasoundRegions=[region], PixelSpacing=[0.1, 0.2], DepthOfScanField=40,
        PixelAspectRatio=[2, 3],
    )  # fmt: skip
    scale = read_picture(written(made, tmp_path / "a.dcm")).scale
    assert scale.regions == (PictureRegion(2, 1, 29, 6, 1, 1, (3, 3), (0.02, -0.01)),)
    assert (scale.spacing_mm, scale.depth_mm, scale.aspect) == ((0.2, 0.1), 40.0, 1.5)


def test_damaged_and_missing_pixels_are_refused(tmp_path: Path) -> None:
    none = dataset(GREY)
    del none.PixelData
    half = dataset(GREY)
    half.PixelData = GREY.tobytes()[:100]
    for made in (none, half):
        with pytest.raises(UnreadableError, match=r"a\.dcm"):
            read_picture(written(made, tmp_path / "a.dcm"))


def test_more_frames_than_the_memory_should_hold_are_refused_by_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(dataset(np.stack([GREY] * 3)), tmp_path / "a.dcm")
    monkeypatch.setattr(video_module, "MAX_BYTES", 3 * GREY.size - 1)
    with pytest.raises(UnreadableError, match="holds 3 frames of 32 x 8 pixels"):
        read_picture(path)


def test_a_cine_that_breaks_off_gives_the_frames_so_far(tmp_path: Path) -> None:
    from pydicom.encaps import encapsulate
    from pydicom.uid import RLELossless

    frames = np.stack([GREY, 255 - GREY, GREY])
    made = dataset(frames, FrameTime="40")
    made.compress(RLELossless, generate_instance_uid=False)
    whole = list(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=3))
    made.PixelData = encapsulate([*whole[:2], whole[2][:70]])
    picture = read_picture(written(made, tmp_path / "a.dcm"))
    np.testing.assert_array_equal(picture.frames, frames[:2])
    assert picture.times_s == (0.0, 0.04)
    assert [f.code for f in picture.findings] == ["video_breaks_off"]


def test_a_glance_tells_the_modality(tmp_path: Path) -> None:
    glance = peek(written(dataset(np.stack([GREY, GREY])), tmp_path / "a.dcm"))
    assert glance is not None
    assert (glance.dicom_modality, glance.ndim, glance.size) == ("US", 3, (32, 8, 2))
