"""NIfTI-1 and NIfTI-2, read without repairs and written without a time stamp."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import PICTURE_AXES, Grid, LengthUnit
from myoscope.errors import GeometryError, UnreadableError
from myoscope.io.flat import FRAMES_INTENT, as_volume
from myoscope.io.headers import VolumeHeader, open_unpacked, read_samples
from myoscope.io.intensities import rescale

HEADER_SIZES = (348, 540)
#: Codes of the header's unit field that are meters and micrometers.
UNITS_NOT_MM = {1: "meters", 3: "micrometers"}
#: Voxel sizes by pixdim and by sform may differ by this share: both are written in float32.
PIXDIM_TOLERANCE = 0.01
#: gzip packs no better than this (DEFLATE's limit).
MAX_COMPRESSION = 1032
#: Flips x and y: NIfTI's RAS to our LPS and back.
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
#: Of gzip: twice as fast as 4, on labels a tenth to a quarter larger.
COMPRESSION_LEVEL = 3


def read_raw_header(stream: IO[bytes], name: str) -> Any:  # noqa: ANN401
    """Return nibabel's header of the stream's first bytes, unchecked and unrepaired.

    Raises:
        UnreadableError: The bytes are not a NIfTI header.
    """
    import nibabel as nib

    block = stream.read(HEADER_SIZES[1])
    if not block:
        raise UnreadableError(f"{name} is empty.")
    for size, kind in zip(HEADER_SIZES, (nib.Nifti1Header, nib.Nifti2Header), strict=True):
        if len(block) >= size and size in (int.from_bytes(block[:4], order) for order in ("little", "big")):
            header = kind(binaryblock=block[:size], check=False)
            if header["pixdim"][0] == 0:  # the standard reads 0 as 1
                header["pixdim"][0] = 1
            return header
    raise UnreadableError(f"{name} is not a NIfTI file: it does not start with a NIfTI header.")


def parse_header(raw: Any) -> VolumeHeader:  # noqa: ANN401
    """Return what nibabel's unrepaired header says.

    Raises:
        UnreadableError: A pixel type or size that NIfTI does not know.
        GeometryError: A unit of length other than mm.
    """
    from nibabel.spatialimages import HeaderDataError

    try:
        dtype, shape = raw.get_data_dtype(), tuple(int(s) for s in raw.get_data_shape())
    except HeaderDataError as error:
        raise UnreadableError(f"The NIfTI header is damaged: {error}.") from error
    if not shape or min(shape) < 1:
        raise UnreadableError(f"The NIfTI header gives the size {shape}, expected three positive numbers.")
    unit = UNITS_NOT_MM.get(int(raw["xyzt_units"]) & 7)
    if unit is not None:
        raise GeometryError(f"The NIfTI header gives its spacing in {unit}.", "Convert it to mm.")
    components = len(dtype.fields) if dtype.fields else 1
    slope, intercept = (float(raw[key]) for key in ("scl_slope", "scl_inter"))
    return VolumeHeader(
        size=shape,
        spacing_mm=tuple(float(s) for s in raw["pixdim"][1 : 1 + min(3, len(shape))]),
        components=components,
        oriented=int(raw["sform_code"]) > 0 or int(raw["qform_code"]) > 0,
        dtype=dtype,
        offset=int(raw["vox_offset"]),
        encoding="raw",
        stored_bytes=math.prod(shape) * dtype.itemsize,
        scale=(slope, intercept) if slope and math.isfinite(slope) and math.isfinite(intercept) else (1.0, 0.0),
    )


def read_nifti(path: Path, header: VolumeHeader) -> tuple[NDArray[Any], Grid]:
    """Return scaled voxels and grid of a file whose header has been checked.

    Raises:
        UnreadableError: Truncated, or values that are not real numbers.
        GeometryError: A transform that shears, or that contradicts the voxel size.
    """
    if header.dtype.kind not in "iuf":
        raise UnreadableError(f"{path.name} holds values of type {header.dtype}, expected real numbers.")
    packed = path.name.lower().endswith(".gz")
    if path.stat().st_size * (MAX_COMPRESSION if packed else 1) < header.stored_bytes:
        raise UnreadableError(f"{path.name} is truncated: its header promises {header.stored_bytes} bytes of voxels.")
    with open_unpacked(path) as stream:
        affine = np.array(read_raw_header(stream, path.name).get_best_affine(), dtype=np.float64)
        samples = _unpacked_at_once(path, header) if packed else None
        if samples is None:
            samples = read_samples(stream, header, math.prod(header.size))
    grid = grid_from_affine(affine, header.size[:3])
    if not np.allclose(grid.spacing_mm, header.spacing_mm, rtol=PIXDIM_TOLERANCE):
        raise GeometryError(
            f"{path.name} contradicts itself: pixdim says {header.spacing_mm} mm, its transform {grid.spacing_mm} mm."
        )
    return rescale(samples, *header.scale).reshape(grid.shape), grid


def _unpacked_at_once(path: Path, header: VolumeHeader) -> NDArray[Any] | None:
    """Return the samples of a file that is one gzip member of the promised size, three times as fast as its stream.

    None for whatever else: only the stream says what is wrong with a file, and stops where its voxels end.
    """
    import imagecodecs

    size, content = header.offset + header.stored_bytes, path.read_bytes()
    if size > len(content) * MAX_COMPRESSION:
        return None
    unpacked = np.empty(size, dtype=np.uint8)
    try:
        found = imagecodecs.gzip_decode(content, out=unpacked.data)
    except imagecodecs.GzipError:
        return None
    if len(found) != len(unpacked):
        return None
    return unpacked[header.offset :].view(header.dtype).astype(header.dtype.newbyteorder("="), copy=False)


def grid_from_affine(affine: NDArray[np.float64], size: tuple[int, ...]) -> Grid:
    """Return the grid of a RAS affine, shape (4, 4).

    Raises:
        GeometryError: The affine shears or is singular.
    """
    lps = RAS_TO_LPS @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    return Grid(
        size=tuple(int(s) for s in size),
        spacing_mm=tuple(float(s) for s in spacing),
        origin=tuple(float(v) for v in lps[:3, 3]),
        direction=tuple(float(v) + 0.0 for v in (lps[:3, :3] / np.where(spacing > 0, spacing, 1.0)).ravel()),
    )


def affine_from_grid(grid: Grid) -> NDArray[np.float64]:
    """Return the RAS affine of a 3D grid, shape (4, 4)."""
    lps = np.eye(4)
    lps[:3, :3] = grid.matrix * np.array(grid.spacing_mm)
    lps[:3, 3] = grid.origin
    return np.asarray(RAS_TO_LPS @ lps)


def write_nifti(array: NDArray[Any], grid: Grid, path: Path) -> None:
    """Write `array`, shape `grid.shape`, as .nii.gz with sform and qform; equal input gives equal bytes.

    The frames of a picture or video become slices, and the header says so; a picture without a scale has no unit.
    """
    import nibabel as nib

    frames = grid.ndim == PICTURE_AXES
    array, grid = as_volume(array, grid)
    header = nib.Nifti1Header()
    header.set_data_dtype(array.dtype)
    header.set_data_shape(grid.size)
    header.set_xyzt_units("mm" if grid.unit is LengthUnit.MM else "unknown")
    affine = affine_from_grid(grid)
    header.set_sform(affine, code="scanner")
    header.set_qform(affine, code="scanner")
    header["pixdim"][1:4] = grid.spacing_mm
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["descrip"] = b"research use only"
    if frames:
        header["intent_name"] = FRAMES_INTENT
    with path.open("wb") as raw, gzip.GzipFile("", "wb", COMPRESSION_LEVEL, raw, mtime=0) as stream:
        stream.write(header.binaryblock + bytes(4))
        for plane in array:
            stream.write(np.ascontiguousarray(plane, dtype=header.get_data_dtype()).data)
