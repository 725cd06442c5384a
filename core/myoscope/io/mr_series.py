"""Every MR image of a subject: DICOM series, each split by contrast and table position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding, Severity
from myoscope.data.subject import Subject
from myoscope.errors import GeometryError, UnreadableError
from myoscope.io.dicom import (
    MIN_VOLUME_SLICES,
    Series,
    decoded,
    group_series,
    is_dicom,
    quiet_decoding,
    read_dicom_header,
)
from myoscope.io.dicom_stack import Stack, straighten
from myoscope.io.dicom_subject import subject_of
from myoscope.io.intensities import apply_scale
from myoscope.io.mr_headers import MRSlice, facts_of, highest_storable, is_mr_image, slices_of
from myoscope.io.mr_positions import stacks_of, why_no_volume
from myoscope.io.sources import files_in
from myoscope.io.values import MRImage

FLOAT32 = np.dtype(np.float32)


def read_mr_images(source: Path) -> tuple[tuple[MRImage, ...], Subject]:
    """Return every MR image in a DICOM folder, zip or file, and what the headers say of the person.

    A series is split into its contrasts, by image type and echo time, and these into table positions. Images come in
    the order of series number, series UID, contrast and acquisition. Localizers and what is no MR image are left out;
    so is, with a finding, a series that is no volume: slices in several orientations, fewer than a volume has, or each
    place again and again. Findings about all series are those of the first image.

    Args:
        source: A folder or zip is searched with all its subfolders.

    Raises:
        UnreadableError: No DICOM, no MR image that is a volume, or pixels that cannot be decoded.
        GeometryError: A series whose slices make no regular grid.
        ArchiveError: A zip that escapes its folder or expands beyond the limit.
    """
    with files_in(source) as files:
        all_series = _mr_series([path for path in files if is_dicom(path)], source.name)
        with quiet_decoding(source.name):
            subject, noticed = subject_of(all_series[0].files[0][1])
        findings = list(noticed)
        images = [image for series in all_series for image in _images_of(series, findings)]
    if not images:
        reasons = " ".join(f.message for f in findings if f.code == "series_left_out")
        raise UnreadableError(
            f"{source.name} holds no MR volume. {reasons}".strip(), "Give the folder of the image series."
        )
    first = images[0]
    images[0] = replace(first, findings=(*findings, *first.findings))
    return tuple(images), subject


def _mr_series(paths: Sequence[Path], name: str) -> list[Series]:
    if not paths:
        raise UnreadableError(f"{name} holds no DICOM files.", "Give the folder that holds the slices of the scan.")
    headers = [(path, read_dicom_header(path)) for path in paths]
    with quiet_decoding(name):
        images = [(path, header) for path, header in headers if is_mr_image(header)]
        if not images:
            found = sorted({str(header.get("Modality") or "unknown") for _, header in headers})
            raise UnreadableError(
                f"{name} holds no MR images, only files of modality {', '.join(found)}.",
                "Give the folder of the image series; localizers, screenshots and spectra do not count.",
            )
        return group_series(images, name)


def _images_of(series: Series, findings: list[Finding]) -> list[MRImage]:
    """Return the images of a series; what is left out is added to `findings`."""
    if series.frames < MIN_VOLUME_SLICES:
        findings.append(_left_out(series, _too_few(series.frames)))
        return []
    files = _without_copies(series, findings)
    multi: dict[Path, NDArray[Any]] = {}
    with _named(series), quiet_decoding("one of its files"):
        contrasts = _contrasts([s for path, header in files for s in slices_of(header, path)])
        stacks = [(slices[0], stack) for slices in contrasts for stack in _stacks(series, slices, findings)]
        return [_image(series, one, stack, multi) for one, stack in stacks]


def _image(series: Series, one: MRSlice, stack: Stack, multi: dict[Path, NDArray[Any]]) -> MRImage:
    """Return a stack in real values; `one` is any slice of its contrast, `multi` as in `decoded`."""
    headers = dict(series.files)
    array = np.empty(stack.grid.shape, dtype=FLOAT32)
    saturated = 0
    for k, (plane, frame) in enumerate(zip(decoded(stack.frames, multi), stack.frames, strict=True)):
        saturated += int(np.count_nonzero(plane == highest_storable(headers[frame.path])))
        array[k] = apply_scale(plane, frame.slope, frame.intercept, FLOAT32)
    first = stack.frames[0].path
    facts = facts_of(series, one, (first, headers[first]), saturated_share=saturated / array.size)
    grid = stack.grid
    if stack.drift_voxels != (0.0, 0.0):
        array, grid = straighten(array, stack)
    return MRImage(array, grid, facts, stack.findings)


def _without_copies(series: Series, findings: list[Finding]) -> list[tuple[Path, Any]]:
    """Return the files of a series, each slice once: the same UID at the same place is the same slice."""
    kept: dict[tuple[str, str], tuple[Path, Any]] = {}
    for path, header in series.files:
        uid = str(header.get("SOPInstanceUID") or path)
        kept.setdefault((uid, str(header.get("ImagePositionPatient"))), (path, header))
    copies = len(series.files) - len(kept)
    if copies:
        findings.append(
            Finding(
                code="copies_left_out",
                severity=Severity.INFO,
                message=f"{_title(series)} holds {copies} of its slices twice; the copies were left out.",
                action="Nothing.",
            )
        )
    return list(kept.values())


def _contrasts(slices: Sequence[MRSlice]) -> list[list[MRSlice]]:
    groups: dict[tuple[tuple[str, ...], float], list[MRSlice]] = {}
    for found in slices:
        groups.setdefault(found.contrast, []).append(found)
    return [groups[contrast] for contrast in sorted(groups)]


def _stacks(series: Series, slices: Sequence[MRSlice], findings: list[Finding]) -> list[Stack]:
    """Return the stacks of one contrast; none, and a finding, for what is no volume."""
    if len(slices) < MIN_VOLUME_SLICES:
        findings.append(_left_out(series, _too_few(len(slices))))
        return []
    try:
        return stacks_of(slices)
    except GeometryError:
        problem = why_no_volume(slices)
        if not problem:
            raise
    findings.append(_left_out(series, problem))
    return []


def _too_few(count: int) -> str:
    return f"{count} slices of one contrast, expected at least {MIN_VOLUME_SLICES}"


def _left_out(series: Series, problem: str) -> Finding:
    return Finding(
        code="series_left_out",
        severity=Severity.INFO,
        message=f"{_title(series)} was left out: {problem}.",
        action="Nothing, unless it is the scan: then export it again, each contrast as a series of its own.",
    )


@contextmanager
def _named(series: Series) -> Iterator[None]:
    """Say in an error which series it is about."""
    try:
        yield
    except (GeometryError, UnreadableError) as error:
        raise type(error)(f"{_title(series)}: {error.message}", error.hint) from error


def _title(series: Series) -> str:
    return f"Series {series.number or series.uid} ({series.description or 'without description'})"
