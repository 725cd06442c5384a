"""The raw header of a volume file, read without the repairs that image libraries make in silence."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from myoscope.errors import GeometryError, UnreadableError

NIFTI_SUFFIXES = (".nii", ".nii.gz")
NRRD_SUFFIXES = (".nrrd", ".nhdr")
META_SUFFIXES = (".mha", ".mhd")
VOLUME_SUFFIXES = (*NIFTI_SUFFIXES, *NRRD_SUFFIXES, *META_SUFFIXES)

#: Libraries quote whole headers in their errors; a sentence holds so many characters of them.
LONGEST_REASON = 160
#: What reading a damaged file raises, whichever layer notices it first.
BROKEN_FILE_ERRORS = (OSError, EOFError, zlib.error, ValueError, KeyError)


@dataclass(frozen=True, slots=True)
class VolumeHeader:
    """What a volume file says of itself.

    Attributes:
        size: Samples along each index axis, as many axes as the file has.
        spacing_mm: Spacing of up to three axes as written, which may be zero or NaN; empty when absent.
        components: Values a voxel.
        oriented: True when the file says how its axes lie in the patient.
        dtype: Type of the stored values, with byte order.
        offset: Position of the first value in the (unpacked NIfTI, else raw) file; -1 when the values lie elsewhere.
        encoding: `raw`, `gzip` or `zlib` for the values after `offset`; anything else is left to the image library.
        stored_bytes: Bytes that must follow `offset`; 0 when unknown.
        scale: Slope and intercept of the stored values.
    """

    size: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    components: int
    oriented: bool
    dtype: np.dtype[Any]
    offset: int
    encoding: str
    stored_bytes: int
    scale: tuple[float, float] = (1.0, 0.0)


def is_volume_name(name: str) -> bool:
    """Tell whether a file name ends like a volume file."""
    return name.lower().endswith(VOLUME_SUFFIXES)


def volume_stem(name: str) -> str:
    """Return the name of a volume file without its ending; `.nii.gz` goes as one."""
    endings = sorted(VOLUME_SUFFIXES, key=len, reverse=True)
    return name[: -next(len(ending) for ending in endings if name.lower().endswith(ending))]


@contextmanager
def open_unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Yield the file's bytes, unpacked when its name ends in .gz."""
    with path.open("rb") as raw:
        if path.name.lower().endswith(".gz"):
            with gzip.open(raw) as stream:
                yield cast("IO[bytes]", stream)
        else:
            yield raw


def check_header(header: VolumeHeader, name: str) -> None:
    """Refuse whatever is not one 3D image with trustworthy geometry.

    Raises:
        UnreadableError: Several values a voxel.
        GeometryError: 4D, 2D, or spacing or orientation that is absent or impossible.
    """
    if header.components > 1:
        raise UnreadableError(f"{name} has {header.components} values a voxel, expected one: a grayscale volume.")
    check_axes(header, name)


def check_axes(header: VolumeHeader, name: str) -> None:
    """Refuse all that `check_header` does but several values a voxel.

    Raises:
        GeometryError: 4D, 2D, or spacing or orientation that is absent or impossible.
    """
    size = header.size
    if any(s > 1 for s in size[3:]):
        raise GeometryError(
            f"{name} is {len(size)}D with size {size}, expected one 3D volume.", "Extract one volume from the series."
        )
    if len(size) < 3 or min(size[:3]) == 1:  # noqa: PLR2004
        raise GeometryError(f"{name} is a 2D picture of size {size}, expected a 3D volume with several slices.")
    if len(header.spacing_mm) < 3:  # noqa: PLR2004
        raise GeometryError(
            f"{name} gives no spacing.", "Export it again with its spacing; myoscope never assumes one."
        )
    if not all(math.isfinite(s) and s > 0 for s in header.spacing_mm):
        raise GeometryError(
            f"{name} gives a spacing of {header.spacing_mm} mm, expected three positive numbers.",
            "Correct the header; myoscope never assumes a spacing.",
        )
    if not header.oriented:
        raise GeometryError(
            f"{name} does not say how its axes lie in the patient.",
            "Export it with one (NIfTI: sform or qform; NRRD: space directions; MetaImage: TransformMatrix).",
        )


def read_samples(stream: IO[bytes], header: VolumeHeader, count: int) -> NDArray[Any]:
    """Return the first `count` values in the file's order, native byte order, not yet scaled.

    Raises:
        UnreadableError: The file ends before.
    """
    stream.seek(header.offset)
    needed = count * header.dtype.itemsize
    if header.encoding == "raw":
        array = np.empty(count, dtype=header.dtype)
        got = _fill(stream, array.view(np.uint8).data)
    else:
        window_bits = 31 if header.encoding == "gzip" else 15
        data = zlib.decompressobj(window_bits).decompress(stream.read(needed + needed // 8 + 1024), needed)
        array, got = (
            np.frombuffer(data[: len(data) // header.dtype.itemsize * header.dtype.itemsize], header.dtype),
            len(data),
        )
    if got < needed:
        raise UnreadableError(
            f"The file is truncated: {got} of {needed} bytes of voxels are there.", "Copy or download it again."
        )
    return array.astype(header.dtype.newbyteorder("="), copy=False)


def _fill(stream: IO[bytes], view: memoryview) -> int:
    """Read into `view` until it is full or the stream ends, and return the bytes read."""
    got = 0
    while got < len(view):
        step: int = stream.readinto(view[got:])  # type: ignore[attr-defined]
        if not step:
            break
        got += step
    return got


def reason(error: BaseException) -> str:
    """Return an error's text as the end of a sentence."""
    text = " ".join(str(error).split()).rstrip(".") or "it ends too early"
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}..."
