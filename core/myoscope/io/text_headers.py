"""The text headers of NRRD and MetaImage."""

from __future__ import annotations

import math
import re
from typing import IO

import numpy as np

from myoscope.errors import UnreadableError
from myoscope.io.headers import VolumeHeader

#: No sane text header is longer than this.
MAX_HEADER_BYTES = 1 << 20
#: Spaces whose axes are the patient's, as teem abbreviates and spells them.
PATIENT_SPACES = {
    "ras",
    "las",
    "lps",
    "right-anterior-superior",
    "left-anterior-superior",
    "left-posterior-superior",
}
NRRD_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
META_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
#: Fields that give a MetaImage's orientation.
META_DIRECTIONS = ("TransformMatrix", "Orientation", "Rotation")


def nrrd_fields(stream: IO[bytes], name: str) -> tuple[dict[str, str], int]:
    """Return the fields and key-value pairs of an NRRD header, and the position of the first byte after it.

    Raises:
        UnreadableError: The bytes are not an NRRD header.
    """
    if not stream.readline(64).startswith(b"NRRD"):
        raise UnreadableError(f"{name} is not an NRRD file: it does not start with NRRD.")
    fields: dict[str, str] = {}
    while line := stream.readline(MAX_HEADER_BYTES):
        text = line.decode("utf-8", errors="replace").rstrip("\r\n")
        if not text:
            return fields, stream.tell()
        if not text.startswith("#"):
            key, _, value = text.partition(":")
            fields[key if value.startswith("=") else key.strip().lower()] = value.removeprefix("=").strip()
    return fields, -1


def nrrd_header(stream: IO[bytes], name: str) -> VolumeHeader:
    """Return the header of an NRRD file.

    Raises:
        UnreadableError: A field is missing or has a value that NRRD does not know.
    """
    fields, offset = nrrd_fields(stream, name)
    sizes = [int(s) for s in fields["sizes"].split()]
    codes = [code for code, names in NRRD_TYPES.items() if fields["type"].lower() in names]
    if not codes:
        raise UnreadableError(f"{name} has the type {fields['type']!r}, expected numbers.")
    axes = re.findall(r"none|\([^)]*\)", fields.get("space directions", ""))
    spatial = [a != "none" for a in axes] if axes else [True] * len(sizes)
    if len(spatial) != len(sizes):
        raise UnreadableError(f"{name} gives {len(spatial)} space directions for {len(sizes)} axes.")
    spacing = [math.hypot(*(float(v) for v in a.strip("()").split(","))) for a in axes if a != "none"]
    detached = "data file" in fields or "datafile" in fields or "byte skip" in fields or "line skip" in fields
    encoding = {"gz": "gzip"}.get(fields["encoding"].lower(), fields["encoding"].lower())
    dtype = np.dtype(("<" if fields.get("endian", "little") == "little" else ">") + codes[0])
    return VolumeHeader(
        size=tuple(s for s, keep in zip(sizes, spatial, strict=True) if keep),
        spacing_mm=tuple(spacing or (float(s) for s in fields.get("spacings", "").split()))[:3],
        components=math.prod(s for s, keep in zip(sizes, spatial, strict=True) if not keep),
        oriented=bool(axes) and fields.get("space", "").lower() in PATIENT_SPACES,
        dtype=dtype,
        offset=-1 if detached else offset,
        encoding=encoding,
        stored_bytes=math.prod(sizes) * dtype.itemsize if encoding == "raw" else 0,
    )


def meta_header(stream: IO[bytes], name: str) -> VolumeHeader:
    """Return the header of a MetaImage file.

    Raises:
        UnreadableError: A field is missing or has a value that MetaImage does not know.
    """
    fields: dict[str, str] = {}
    while "ElementDataFile" not in fields:
        key, equals, value = stream.readline(MAX_HEADER_BYTES).decode("utf-8", errors="replace").partition("=")
        if not equals:
            raise UnreadableError(f"{name} is not a MetaImage file: its header is not made of 'key = value' lines.")
        fields[key.strip()] = value.strip()
    local = fields["ElementDataFile"].upper() == "LOCAL"
    size = tuple(int(s) for s in fields["DimSize"].split())
    if fields["ElementType"] not in META_TYPES:
        raise UnreadableError(f"{name} has the type {fields['ElementType']!r}, expected a grayscale type.")
    msb = fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False")).lower() == "true"
    dtype = np.dtype((">" if msb else "<") + META_TYPES[fields["ElementType"]])
    components = int(fields.get("ElementNumberOfChannels", "1"))
    packed = fields.get("CompressedData", "False").lower() == "true"
    raw_bytes = math.prod(size) * components * dtype.itemsize
    return VolumeHeader(
        size=size,
        spacing_mm=tuple(float(s) for s in fields.get("ElementSpacing", "").split())[:3],
        components=components,
        oriented=any(key in fields for key in META_DIRECTIONS),
        dtype=dtype,
        offset=stream.tell() if local else -1,
        encoding="zlib" if packed else "raw",
        stored_bytes=int(fields.get("CompressedDataSize", "0")) if packed else raw_bytes,
    )
