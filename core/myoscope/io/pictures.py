"""One way in for pictures and videos, and the plain picture files: PNG, JPEG, TIFF and BMP."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding, Severity
from myoscope.errors import SeriesError, UnreadableError
from myoscope.io.archives import is_archive_name, unpacked
from myoscope.io.dicom import find_dicom, is_dicom
from myoscope.io.dicom_pictures import read_dicom_picture
from myoscope.io.grey import colored, grey_of, to_bytes
from myoscope.io.headers import reason
from myoscope.io.names import PICTURE_SUFFIXES, VIDEO_SUFFIXES, is_picture_name, is_video_name
from myoscope.io.values import Picture
from myoscope.io.video import read_video

if TYPE_CHECKING:
    from PIL.Image import Image

#: A larger picture is no frame of a scanner.
MAX_PIXELS = 100_000_000
#: What Pillow raises for damaged files, by format.
BROKEN_PICTURE_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error, zlib.error,
)  # fmt: skip
#: Modes of Pillow with one value a pixel, of up to 16 bits or more.
WIDE_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")
#: Number of bits that scanners store.
BIT_DEPTHS = (8, 10, 12, 14, 16)
#: Exif tag, and its value when rows are stored from top to bottom.
ORIENTATION_TAG, UPRIGHT = 0x0112, 1


def read_picture(source: Path) -> Picture:
    """Return the picture or video in a PNG, JPEG, TIFF, BMP, MP4, AVI or DICOM file.

    A folder or zip must hold one such file.

    Raises:
        UnreadableError: Nothing there that can be read.
        SeriesError: A folder or zip with several.
        ArchiveError: A zip that escapes its folder or expands beyond the limit.
    """
    if source.is_dir():
        return _read_only_one(source, source.name)
    if not source.is_file():
        raise UnreadableError(f"There is no file or folder at {source}.")
    if source.stat().st_size == 0:
        raise UnreadableError(f"{source.name} is empty.")
    if is_archive_name(source.name):
        with unpacked(source) as folder:
            return _read_only_one(folder, source.name)
    if is_picture_name(source.name):
        return read_still(source)
    if is_video_name(source.name):
        return read_video(source)
    if is_dicom(source):
        return read_dicom_picture(source)
    raise UnreadableError(
        f"{source.name} is not a picture or video that myoscope reads.",
        f"Give a DICOM file, or a file ending in {', '.join((*PICTURE_SUFFIXES, *VIDEO_SUFFIXES))}.",
    )


def read_still(path: Path) -> Picture:
    """Return the picture in a PNG, JPEG, TIFF or BMP file.

    Color becomes luma, transparent pixels black. Values of more than 8 bits are scaled by their number of bits.

    Raises:
        UnreadableError: Damaged, several pages, stored rotated, or values that are no grey.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _check(image, path.name)
                image.load()
                return _picture(image, path.name)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(path.name) from None
    except UnidentifiedImageError as error:
        raise UnreadableError(
            f"{path.name} is not a picture: its bytes are of no format that myoscope reads."
        ) from error
    except BROKEN_PICTURE_ERRORS as error:
        raise UnreadableError(f"{path.name} cannot be read: {reason(error)}.", "Copy or export it again.") from error


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height from the header of a picture file.

    Raises:
        OSError: It is no picture.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            return image.size


def _check(image: Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(name)
    pages = getattr(image, "n_frames", 1)
    if pages > 1:
        raise UnreadableError(f"{name} holds {pages} pages, expected one picture.", "Give one page, or a video.")
    orientation = image.getexif().get(ORIENTATION_TAG, UPRIGHT)
    if orientation not in {0, UPRIGHT}:
        raise UnreadableError(
            f"{name} is stored turned or mirrored (Exif orientation {orientation}).", "Save it as it is to be seen."
        )
    if image.mode == "F":
        raise UnreadableError(f"{name} holds fractions, expected grey values.", "Export it with 8 bits.")


def _too_large(name: str) -> UnreadableError:
    return UnreadableError(
        f"{name} has more than {MAX_PIXELS // 10**6} million pixels, which no frame of a scanner has."
    )


def _picture(image: Image, name: str) -> Picture:
    if image.mode in WIDE_MODES:
        grey, findings = _from_wide(np.asarray(image), name)
        return Picture(grey, (), np.zeros(grey.shape, dtype=np.bool_), findings=findings)
    if image.mode in {"1", "L"} and "transparency" not in image.info:
        grey = np.array(image.convert("L"))
        return Picture(grey, (), np.zeros(grey.shape, dtype=np.bool_))
    from PIL import Image

    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    rgb = np.asarray(image.convert("RGB"))
    return Picture(grey_of(rgb), (), colored(rgb))


def _from_wide(values: NDArray[Any], name: str) -> tuple[NDArray[np.uint8], tuple[Finding, ...]]:
    """Return grey of values that are stored with more than 8 bits, by the least usual depth that holds them."""
    highest = int(values.max())
    if int(values.min()) < 0 or highest >= 1 << BIT_DEPTHS[-1]:
        raise UnreadableError(
            f"{name} holds values from {int(values.min())} to {highest}, expected grey values of up to 16 bits."
        )
    bits = next(depth for depth in BIT_DEPTHS if highest < 1 << depth)
    doubt = bits < BIT_DEPTHS[-1]
    finding = Finding(
        code="scaled_to_8_bits",
        severity=Severity.WARNING if doubt else Severity.INFO,
        message=f"{name} stores 16 bits and its values reach {highest}; 0 to {(1 << bits) - 1} became 0 to 255.",
        action="Export the frame with 8 bits if echo intensity matters."
        if doubt
        else "Nothing; thickness is the same.",
    )
    return to_bytes(values, bits), (finding,)


def _read_only_one(folder: Path, name: str) -> Picture:
    plain = [p for p in sorted(folder.rglob("*")) if p.is_file() and (is_picture_name(p.name) or is_video_name(p.name))]
    found = find_dicom(folder) or plain
    if len(found) == 1:
        return read_picture(found[0])
    if not found:
        raise UnreadableError(f"{name} holds no picture, video or DICOM file.")
    raise SeriesError(
        f"{name} holds {len(found)} pictures or videos, and each is a case of its own.",
        f"Give one of its files, such as {found[0].relative_to(folder)}.",
    )
