from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage, MRSpectroscopyStorage

from myoscope import Grid
from myoscope.io import MRFacts, read_mr_images, write_mr_series
from myoscope.io.mr_headers import highest_storable, is_mr_image

GRID = Grid.identity((6, 4, 5), (2.0, 2.5, 3.0), (-31.5, 40.25, -612.0))
WATER, FAT = ("DERIVED", "PRIMARY", "DIXON", "WATER"), ("DERIVED", "PRIMARY", "DIXON", "FAT")


def values(seed: int) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, 4000, GRID.shape).astype(np.uint16)


def item(**fields: object) -> Dataset:
    dataset = Dataset()
    for name, value in fields.items():
        setattr(dataset, name, value)
    return dataset


def groups(frame_type: Sequence[str], position: Sequence[float], echo: float, stack: str) -> Dataset:
    """Return what an enhanced file says of one frame."""
    return item(
        PlanePositionSequence=[item(ImagePositionPatient=list(position))],
        MRImageFrameTypeSequence=[item(FrameType=list(frame_type))],
        MREchoSequence=[item(EffectiveEchoTime=echo)],
        FrameContentSequence=[item(StackID=stack)],
        PixelValueTransformationSequence=[item(RescaleSlope="2", RescaleIntercept="1", RescaleType="US")],
    )


def enhanced(folder: Path, frames: Sequence[tuple[NDArray[np.uint16], Dataset]]) -> Path:
    """Write one enhanced multi-frame file."""
    write_mr_series(
        values(0), GRID, folder, facts=MRFacts(series_number="6", description="mDIXON", study_date="20260203")
    )
    dataset = pydicom.dcmread(folder / "IM0001.dcm")
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "EchoTime", "SequenceName"):
        delattr(dataset, name)
    dataset.ImageType = ["DERIVED", "PRIMARY", "DIXON", "MIXED"]
    dataset.PulseSequenceName = "mFFE"
    dataset.NumberOfFrames = len(frames)
    dataset.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[item(PixelSpacing=[2.5, 2.0], SliceThickness="3")],
            PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [found for _, found in frames]
    dataset.PixelData = np.stack([plane for plane, _ in frames]).astype("<u2").tobytes()
    dataset.save_as(folder / "enhanced.dcm")
    for path in folder.glob("IM*"):
        path.unlink()
    return folder / "enhanced.dcm"


def stack(
    array: NDArray[np.uint16], grid: Grid, frame_type: Sequence[str], *, echo: float = 2.4, name: str = "1"
) -> list[tuple[NDArray[np.uint16], Dataset]]:
    return [(plane, groups(frame_type, grid.position((0, 0, k)), echo, name)) for k, plane in enumerate(array)]


def test_an_enhanced_file_of_two_frame_types_gives_two_images(tmp_path: Path) -> None:
    pairs = zip(stack(values(1), GRID, WATER), stack(values(2), GRID, FAT), strict=True)
    path = enhanced(tmp_path / "series", [frame for pair in pairs for frame in pair])
    images, _ = read_mr_images(path)
    assert [image.facts.image_type for image in images] == [FAT, WATER]
    for image, seed in zip(images, (2, 1), strict=True):
        np.testing.assert_array_equal(image.array, 2 * values(seed).astype(np.float32) + 1)
        assert image.grid.is_same(GRID)
        assert (image.facts.sequence_name, image.facts.echo_time_ms) == ("mFFE", 2.4)
        assert (image.facts.description, image.facts.study_date) == ("mDIXON", "20260203")
        assert image.facts.file == "enhanced.dcm"


def test_an_enhanced_file_of_two_echoes_gives_two_images(tmp_path: Path) -> None:
    magnitude = ("ORIGINAL", "PRIMARY", "M", "NONE")
    frames = [*stack(values(1), GRID, magnitude, echo=4.6), *stack(values(2), GRID, magnitude, echo=2.3)]
    images, _ = read_mr_images(enhanced(tmp_path / "series", frames))
    assert [image.facts.echo_time_ms for image in images] == [2.3, 4.6]


def test_an_enhanced_file_of_overlapping_stacks_gives_an_image_a_stack(tmp_path: Path) -> None:
    lower = replace(GRID, origin=(-31.5, 40.25, -622.0))
    frames = [*stack(values(1), GRID, WATER, name="1"), *stack(values(2), lower, WATER, name="2")]
    images, _ = read_mr_images(enhanced(tmp_path / "series", frames))
    assert [image.grid.origin for image in images] == [GRID.origin, lower.origin]
    np.testing.assert_array_equal(images[1].array, 2 * values(2).astype(np.float32) + 1)


def test_overlapping_enhanced_files_of_one_series_give_an_image_a_file(tmp_path: Path) -> None:
    lower = replace(GRID, origin=(-31.5, 40.25, -622.0))
    for n, grid in enumerate((GRID, lower)):
        path = enhanced(tmp_path / str(n), stack(values(n), grid, WATER))
        dataset = pydicom.dcmread(path)
        dataset.SOPInstanceUID = f"1.2.{n}"
        dataset.save_as(path)
    images, _ = read_mr_images(tmp_path)
    assert [image.grid.origin for image in images] == [GRID.origin, lower.origin]


def test_localizers_among_the_frames_are_passed_over(tmp_path: Path) -> None:
    scout = ("ORIGINAL", "PRIMARY", "LOCALIZER", "NONE")
    frames = [*stack(values(1), GRID, WATER), *stack(values(2)[:1], GRID, scout)]
    (image,), _ = read_mr_images(enhanced(tmp_path / "series", frames))
    assert (image.facts.image_type, image.findings) == (WATER, ())


def test_a_spectrum_is_no_image(tmp_path: Path) -> None:
    write_mr_series(values(0), GRID, tmp_path, facts=MRFacts())
    header = pydicom.dcmread(tmp_path / "IM0001.dcm")
    assert is_mr_image(header)
    header.SOPClassUID = MRSpectroscopyStorage
    assert not is_mr_image(header)


@pytest.mark.parametrize(("bits", "signed", "highest"), [(12, 0, 4095), (12, 1, 2047), (16, 0, 65535), (16, 1, 32767)])
def test_the_highest_value_that_can_be_stored(bits: int, signed: int, highest: int) -> None:
    assert highest_storable(item(BitsStored=bits, PixelRepresentation=signed)) == highest
