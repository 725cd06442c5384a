"""Read a segmentation that exists already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, StructureSet
from myoscope.data.finding import Finding, Severity
from myoscope.data.grid import PICTURE_AXES, Grid
from myoscope.data.segmentation import Segmentation
from myoscope.errors import GeometryError, UnreadableError
from myoscope.io.flat_labels import read_flat_labels
from myoscope.io.headers import NRRD_SUFFIXES, is_volume_name
from myoscope.io.label_tables import Meaning, find_table, id_meanings, named_meaning, output_values, read_table
from myoscope.io.text_headers import nrrd_fields
from myoscope.io.volume_files import read_header, read_layers, read_volume_file
from myoscope.ops.orient import from_lps, lps_grid, to_lps

#: Largest label value in a file; an index into the lookup table.
MAX_VALUE = 65535
SEGMENT_KEY = re.compile(r"Segment(\d+)_LabelValue")


@dataclass(frozen=True, slots=True)
class _LabelFile:
    """Labels as stored, on their own grid, and what each value means; a value without meaning must not occur."""

    labels: NDArray[Any]
    grid: Grid
    meanings: Mapping[int, Meaning]
    spoken: Mapping[int, str]
    cropped: bool
    findings: tuple[Finding, ...] = ()


def read_labels(source: Path, structures: StructureSet, *, on: Grid, only: tuple[str, ...] = ()) -> Segmentation:
    """Return the segmentation in a .seg.nrrd or a label NIfTI, NRRD or MetaImage file, on the scan's grid.

    The labels of a picture may also be a mask or LabelMe outlines; see `flat_labels`.

    What a value means is taken from the segment names, else from a table beside the file (`<name>_labels.tsv`), else
    from the ids of the conventions (left adds 100). A table also says which structures were looked for.

    Args:
        source: The label file.
        structures: What the modality knows.
        on: The scan's grid; the labels may lie on it in another axis order, a .seg.nrrd also cropped.
        only: Structures that a mask of a picture can mean; it matters for a mask of one value alone.

    Raises:
        UnreadableError: Not a label file, or values that mean nothing.
        GeometryError: The labels lie on another grid.
    """
    if not source.is_file():
        raise UnreadableError(f"There is no label file at {source}.")
    if on.ndim == PICTURE_AXES:
        return read_flat_labels(source, structures, on=on, only=only)
    if not is_volume_name(source.name):
        raise UnreadableError(f"{source.name} is not a label file.", "Give a .seg.nrrd, NIfTI, NRRD or MetaImage file.")
    path = find_table(source)
    table = None if path is None else read_table(path, structures)
    file = _read_segments(source, structures) or _read_values(source, structures, table)
    present = _present(file.labels)
    unknown = [file.spoken.get(value, str(value)) for value in present if value not in file.meanings]
    if unknown:
        raise UnreadableError(
            f"{source.name} holds labels that mean nothing here: {', '.join(unknown)}.",
            "Use the names or ids of `myoscope structures`, or put a table with index and name beside the file.",
        )
    meanings = file.meanings if table else {value: file.meanings[value] for value in present}
    mapping, sides_split = output_values(meanings, structures, source.name)
    lookup = np.zeros(MAX_VALUE + 1, dtype=np.uint8)
    lookup[list(mapping)] = list(mapping.values())
    return Segmentation(
        labels=_bring(_mapped(file.labels, lookup), file, on, source.name),
        grid=on,
        structures=structures,
        predicted=frozenset(s.name for s, _ in (table or meanings).values()),
        sides_split=sides_split,
        findings=file.findings,
    )


def _read_values(source: Path, structures: StructureSet, table: Mapping[int, Meaning] | None) -> _LabelFile:
    volume = read_volume_file(source)
    labels = _whole_numbers(volume.array, source.name)
    split = any(value > LEFT_OFFSET for value in _present(labels))
    meanings = id_meanings(structures, sides_split=split) if table is None else table
    return _LabelFile(labels, volume.grid, meanings, {}, cropped=False)


def _read_segments(source: Path, structures: StructureSet) -> _LabelFile | None:
    """Return a .seg.nrrd with its segments numbered from 1, or None when the file has no segments."""
    if not source.name.lower().endswith(NRRD_SUFFIXES):
        return None
    with source.open("rb") as stream:
        fields, _ = nrrd_fields(stream, source.name)
        stream.seek(0)
        header = read_header(stream, source.name)
    segments = _segment_fields(fields, source.name)
    if not segments:
        return None
    names, values, places = segments
    layers, grid = read_layers(source, header)
    labels = _numbered(layers, places, source.name)
    meanings: list[Meaning | None] = [named_meaning(name, structures) for name in names]
    findings: tuple[Finding, ...] = ()
    if not any(meanings):
        by_id = id_meanings(structures, sides_split=any(value > LEFT_OFFSET for value in values))
        meanings, findings = [by_id.get(value) for value in values], (_taken_by_id(source.name),)
    return _LabelFile(
        labels=labels,
        grid=grid,
        meanings={number: meaning for number, meaning in enumerate(meanings, 1) if meaning},
        spoken={
            number: f"{name!r} ({value})" for number, (name, value) in enumerate(zip(names, values, strict=True), 1)
        },
        cropped=True,
        findings=findings,
    )


def _segment_fields(fields: Mapping[str, str], name: str) -> tuple[list[str], list[int], list[tuple[int, int]]] | None:
    """Return names, label values and (layer, label value) of the segments, or None without any."""
    numbers = [found[1] for key in fields if (found := SEGMENT_KEY.fullmatch(key))]
    try:
        values = [int(fields[f"Segment{n}_LabelValue"]) for n in numbers]
        layers = [int(fields.get(f"Segment{n}_Layer", "0")) for n in numbers]
    except ValueError as error:
        raise UnreadableError(f"{name} has a segment whose label value or layer is no number.") from error
    if any(not 0 < value <= MAX_VALUE for value in values):
        raise UnreadableError(f"{name} has segments with the label values {values}, expected 1 to {MAX_VALUE}.")
    names = [fields.get(f"Segment{n}_Name", "") for n in numbers]
    return (names, values, list(zip(layers, values, strict=True))) if numbers else None


def _numbered(layers: NDArray[Any], places: list[tuple[int, int]], name: str) -> NDArray[np.uint16]:
    """Return one layer with segments numbered from 1 in the order of `places`, (layer, value)."""
    numbered = np.zeros(layers.shape[:-1], dtype=np.uint16)
    for layer in range(layers.shape[-1]):
        stored = _whole_numbers(layers[..., layer], name)
        lookup = np.zeros(MAX_VALUE + 1, dtype=np.uint16)
        for number, place in enumerate(places, 1):
            if place[0] == layer:
                lookup[place[1]] = number
        nameless = [value for value in _present(stored) if not lookup[value]]
        if nameless:
            raise UnreadableError(f"{name} holds the values {nameless}, which belong to no segment.")
        found = _mapped(stored, lookup)
        if (found.astype(bool) & numbered.astype(bool)).any():
            raise UnreadableError(f"{name} has segments that overlap.", "Save it without overlapping segments.")
        numbered += found
    return numbered


def _whole_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return label values as an integer type that indexes the lookup table.

    Raises:
        UnreadableError: Fractions, negative values, or values beyond `MAX_VALUE`.
    """
    if array.dtype in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        return array
    whole = array.dtype.kind in "iu" or bool((np.isfinite(array) & (array == np.floor(array))).all())
    if not whole or array.min() < 0 or array.max() > MAX_VALUE:
        raise UnreadableError(f"{name} holds values that are no labels: expected whole numbers from 0 to {MAX_VALUE}.")
    return array.astype(np.uint16)


def _mapped(labels: NDArray[Any], lookup: NDArray[Any]) -> NDArray[Any]:
    """Return `lookup[labels]`, a plane at a time."""
    mapped = np.empty(labels.shape, dtype=lookup.dtype)
    for plane, result in zip(labels, mapped, strict=True):
        result[...] = lookup[plane]
    return mapped


def _present(labels: NDArray[Any]) -> list[int]:
    """Return the values above 0, ascending."""
    seen = np.zeros(MAX_VALUE + 1, dtype=bool)
    for plane in labels:  # indexing widens to int64: a plane at a time
        seen[plane] = True
    return [int(value) for value in np.flatnonzero(seen) if value]


def _bring(labels: NDArray[np.uint8], file: _LabelFile, on: Grid, name: str) -> NDArray[np.uint8]:
    """Return `labels`, which lie on the file's grid, on the scan's grid; no value is interpolated."""
    if file.grid.is_same(on):
        return np.ascontiguousarray(labels)
    straight, own = to_lps(labels, file.grid)
    target = lps_grid(on)
    steps = target.matrix.T @ (np.array(own.origin) - np.array(target.origin)) / np.array(target.spacing_mm)
    start = tuple(round(float(step)) for step in steps)
    inside = all(a >= 0 and a + n <= m for a, n, m in zip(start, own.size, target.size, strict=True))
    piece = replace(target, size=own.size, origin=target.position(tuple(float(a) for a in start)))
    if not (inside and piece.is_same(own)) or (own.size != target.size and not file.cropped):
        raise GeometryError(
            f"{name} lies on another grid than the scan: {_spoken(own)}, the scan {_spoken(target)}.",
            "Resample the labels to the scan (nearest neighbor), or give the scan that they were drawn on.",
        )
    whole = np.zeros(target.shape, dtype=np.uint8)
    whole[tuple(slice(a, a + n) for a, n in zip(start[::-1], own.shape, strict=True))] = straight
    return np.ascontiguousarray(from_lps(whole, on))


def _spoken(grid: Grid) -> str:
    spacing = " x ".join(f"{s:.4g}" for s in grid.spacing_mm)
    origin = ", ".join(f"{v:.2f}" for v in grid.origin)
    return f"{' x '.join(str(s) for s in grid.size)} voxels of {spacing} mm from ({origin})"


def _taken_by_id(name: str) -> Finding:
    return Finding(
        code="segments_named_by_value",
        severity=Severity.WARNING,
        message=f"No segment of {name} has a name that is known here; their label values were taken as structure ids.",
        action="Check in the picture that each structure is what it is called, or name the segments.",
    )
