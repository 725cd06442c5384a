"""DICOM series: find the files, choose the series, decode it and apply the rescale."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.errors import SeriesError, UnreadableError
from myoscope.io.dicom_frames import Frame, frames_of
from myoscope.io.dicom_stack import stack_frames, straighten
from myoscope.io.dicom_subject import subject_of
from myoscope.io.headers import BROKEN_FILE_ERRORS, reason
from myoscope.io.intensities import apply_scale, scaled_type
from myoscope.io.sources import walk
from myoscope.io.values import Volume

#: Below this many slices a series is a localizer or a single picture, not a volume to pick unasked.
MIN_VOLUME_SLICES = 4
VOLUME_MODALITIES = ("CT", "MR")
#: Objects with a pixel matrix or a place in space that are no scans.
DERIVED_MODALITIES = ("SEG", "RTDOSE", "RTSTRUCT", "PR", "SR", "KO", "REG")
PREAMBLE_BYTES = 128
#: A file without preamble starts with an element of group 0008, little endian.
BARE_START = b"\x08\x00"


@dataclass(frozen=True, slots=True)
class Series:
    """The images of one series; `frames` counts those of multi-frame files too."""

    uid: str
    number: str
    description: str
    modality: str
    files: tuple[tuple[Path, Any], ...]
    frames: int

    def __str__(self) -> str:
        return f"{self.number or '-'}: {self.description or '-'}, {self.frames} slices, {self.modality}, {self.uid}"


def is_dicom(path: Path) -> bool:
    """Tell whether a file starts like DICOM; a DICOMDIR does not count."""
    if path.name.upper() == "DICOMDIR":
        return False
    try:
        with path.open("rb") as stream:
            start = stream.read(PREAMBLE_BYTES + 4)
    except OSError as error:
        raise UnreadableError(f"{path} cannot be opened: {error.strerror}.") from error
    bare = start[:2] == BARE_START and (start[4:6].isalpha() or start[6:8] == bytes(2))
    return start[PREAMBLE_BYTES:] == b"DICM" or bare


def walk_dicom(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield every file of a folder and its subfolders in the order of names, and whether it is DICOM."""
    for path in walk(folder):
        yield path, is_dicom(path)


def find_dicom(folder: Path) -> list[Path]:
    """Return the DICOM files of a folder and its subfolders, in the order of names."""
    return [path for path, found in walk_dicom(folder) if found]


def read_dicom(paths: Sequence[Path], name: str, series: str | None) -> Volume:
    """Return the volume of the one series among `paths` that is meant.

    Raises:
        UnreadableError: No DICOM, none with pixels, or pixels that cannot be decoded.
        SeriesError: Several series and none chosen, or the chosen one is not there.
        GeometryError: Slices that make no regular 3D grid.
    """
    if not paths:
        raise UnreadableError(f"{name} holds no DICOM files.", "Give the folder that holds the slices of the scan.")
    headers = [(path, read_dicom_header(path)) for path in paths]
    with quiet_decoding(name):
        chosen = choose_series(group_series(headers, name), name, series)
        if len(chosen.files) == 1:
            _read_with_pixels(chosen.files[0][0])
        stack = stack_frames([frame for path, header in chosen.files for frame in frames_of(header, path)])
        subject, noticed = subject_of(chosen.files[0][1])
    array = _scaled(stack.frames)
    grid, findings = stack.grid, stack.findings
    if stack.drift_voxels != (0.0, 0.0):
        array, grid = straighten(array, stack)
    return Volume(array, grid, chosen.modality, subject, (*findings, *noticed))


def read_dicom_header(path: Path) -> Any:  # noqa: ANN401
    """Return pydicom's dataset of a file without its pixels.

    Raises:
        UnreadableError: The file is damaged.
    """
    import pydicom

    with quiet_decoding(path.name):
        return pydicom.dcmread(path, stop_before_pixels=True, force=True)


def group_series(headers: Sequence[tuple[Path, Any]], name: str) -> list[Series]:
    """Return the series among headers, in ascending order of number; what holds no scan is left out.

    Raises:
        UnreadableError: None holds a scan.
    """
    groups: dict[str, list[tuple[Path, Any]]] = {}
    for path, header in headers:
        if header.get("Rows") and str(header.get("Modality", "")) not in DERIVED_MODALITIES:
            groups.setdefault(str(header.get("SeriesInstanceUID", "")), []).append((path, header))
    if not groups:
        raise UnreadableError(
            f"{name} holds {len(headers)} DICOM files without pixels of a scan.", "Give the folder of the image series."
        )
    found = [_series(uid, files) for uid, files in groups.items()]
    return sorted(found, key=lambda s: (len(s.number), s.number, s.uid))


def choose_series(found: Sequence[Series], name: str, wanted: str | None) -> Series:
    """Return the series with the number or UID `wanted`, or else the only one that can be a volume.

    Raises:
        SeriesError: None or several fit; the message lists all.
    """
    if wanted is not None:
        fitting = [s for s in found if wanted in {s.number, s.uid}]
        problem = f"{name} has {len(fitting) or 'no'} series called {wanted!r}."
    else:
        fitting = [s for s in found if s.modality in VOLUME_MODALITIES and s.frames >= MIN_VOLUME_SLICES]
        fitting = fitting or (list(found) if len(found) == 1 else [])
        problem = f"{name} holds {len(found)} series and {len(fitting) or 'none'} of them can be the scan."
    if len(fitting) == 1:
        return fitting[0]
    listing = "\n".join(f"  {s}" for s in found)
    raise SeriesError(problem, f"Choose one with --series NUMBER or UID:\n{listing}")


@contextmanager
def quiet_decoding(name: str) -> Iterator[None]:
    """Turn what pydicom and its decoders raise into one sentence; drop their warnings about odd but legal headers."""
    from pydicom.errors import BytesLengthException

    broken = (*BROKEN_FILE_ERRORS, LookupError, AttributeError, TypeError, RuntimeError, BytesLengthException)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)
        try:
            yield
        except broken as error:
            raise UnreadableError(f"{name} cannot be read as DICOM: {reason(error)}.") from error


def decoded(frames: Sequence[Frame], multi: dict[Path, NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Yield the stored values of each frame, shape (rows, columns).

    Args:
        frames: Of any files.
        multi: Every frame of each multi-frame file decoded so far; what is decoded now is added, so that frames of the
            same file that are asked for later cost nothing.

    Raises:
        UnreadableError: Pixels that are absent, in color or cannot be decoded.
    """
    for frame in frames:
        if frame.index is None:
            yield _pixels(frame.path)
        else:
            if frame.path not in multi:
                multi[frame.path] = _pixels(frame.path).reshape(-1, *frame.size[::-1])
            yield multi[frame.path][frame.index]


def _series(uid: str, files: list[tuple[Path, Any]]) -> Series:
    scans = [(p, h) for p, h in files if "LOCALIZER" not in (h.get("ImageType") or ())] or files
    first = scans[0][1]
    return Series(
        uid=uid,
        number=str(first.get("SeriesNumber") or ""),
        description=str(first.get("SeriesDescription") or ""),
        modality=str(first.get("Modality") or ""),
        files=tuple(scans),
        frames=sum(int(h.get("NumberOfFrames") or 1) for _, h in scans),
    )


def _scaled(frames: Sequence[Frame]) -> NDArray[Any]:
    """Return the frames in real values, shape (slices, rows, columns)."""
    stored = list(decoded(frames, {}))
    parts = [(plane, frame.slope, frame.intercept) for plane, frame in zip(stored, frames, strict=True)]
    if all((slope, intercept) == (1.0, 0.0) for _, slope, intercept in parts):
        return np.stack(stored)
    scaled = np.empty((len(parts), *stored[0].shape), dtype=scaled_type(parts))
    for k, part in enumerate(parts):
        scaled[k] = apply_scale(*part, scaled.dtype)
    return scaled


def _read_with_pixels(path: Path) -> Any:  # noqa: ANN401
    import pydicom

    dataset = pydicom.dcmread(path, force=True)
    if "PixelData" not in dataset:
        raise UnreadableError(f"{path.name} is a DICOM file without pixels.")
    return dataset


def _pixels(path: Path) -> NDArray[Any]:
    from pydicom.pixels import pixel_array

    with quiet_decoding(path.name):
        dataset = _read_with_pixels(path)
        if int(dataset.get("SamplesPerPixel", 1)) != 1:
            raise UnreadableError(f"{path.name} is a color picture, expected grayscale.")
        # The dataset's own attribute of this name costs three times as much: it looks for changes of the dataset.
        pixels: NDArray[Any] = pixel_array(dataset)
        return pixels
