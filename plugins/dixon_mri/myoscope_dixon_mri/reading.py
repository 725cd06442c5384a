"""The MR images of a source, whatever it is: DICOM series, or volume files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from myoscope import (
    Finding,
    GeometryError,
    Grid,
    LoadOptions,
    SeriesError,
    Severity,
    Subject,
    UnreadableError,
    UsageError,
)
from myoscope.io import MRFacts, MRImage, Volume, peek, read_mr_images, read_volume, read_volumes
from myoscope.io.headers import is_volume_name
from myoscope_dixon_mri.contrasts import contrast_of_words
from myoscope_dixon_mri.naming import spoken
from myoscope_dixon_mri.plausibility import looks_like_ct, looks_like_labels
from myoscope_dixon_mri.structures import CONTRASTS, PDFF

#: Contrasts that a user can name a file for.
GIVEN = (*CONTRASTS, PDFF)
#: Direction cosines of a matrix that may be nominal.
NOMINAL = frozenset({-1.0, 0.0, 1.0})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source holds.

    Attributes:
        images: Every MR image, in any contrast and at any place.
        subject: What the headers say of the person.
        findings: What reading had to do or noticed.
        oriented: False when nothing but a nominal matrix says how the images lie in the patient.
    """

    images: tuple[MRImage, ...]
    subject: Subject
    findings: tuple[Finding, ...]
    oriented: bool


def read_source(source: Path, options: LoadOptions) -> Reading:
    """Return the MR images of a DICOM source, or of the volume files of a folder, zip or single file.

    Raises:
        UnreadableError: No MR image, or a volume that is a segmentation or a CT.
        SeriesError: The series in `options` is not there, or is asked for where there are none.
        InputError: See `myoscope.io.read_mr_images` and `myoscope.io.read_volumes`.
    """
    seen = peek(source)
    if is_volume_name(source.name) or (seen is not None and seen.dicom_modality is None):
        return _of_volumes(source, options)
    images, subject = read_mr_images(source)
    if options.series is not None:
        images = _chosen(images, source.name, options.series)
    return Reading(images, subject, _findings(images), oriented=True)


def read_given(options: LoadOptions) -> Reading:
    """Return the images that the user names a contrast for.

    Raises:
        UsageError: A contrast that does not exist.
        UnreadableError: A file that is no MR image.
        GeometryError: Images on different grids.
        InputError: See `myoscope.io.read_volume`.
    """
    unknown = sorted(set(options.contrasts) - set(GIVEN))
    if unknown:
        raise UsageError(f"No contrast is called {unknown[0]!r}.", f"Choose from: {', '.join(GIVEN)}.")
    volumes = {contrast: read_volume(path, series=options.series) for contrast, path in options.contrasts.items()}
    for contrast, volume in volumes.items():
        if volume.dicom_modality not in {None, "MR"}:
            raise UnreadableError(
                f"{options.contrasts[contrast].name}, given as {contrast}, is {volume.dicom_modality}, not MR.",
                "Give an MR image.",
            )
    _check_one_grid({options.contrasts[contrast].name: volume.grid for contrast, volume in volumes.items()})
    images = tuple(
        _image(volume, MRFacts(description=options.contrasts[contrast].name, image_type=(contrast.upper(),)))
        for contrast, volume in volumes.items()
    )
    return _reading(images, list(volumes.values()))


def _of_volumes(source: Path, options: LoadOptions) -> Reading:
    if options.series is not None:
        raise SeriesError(f"{source.name} holds no DICOM series to choose {options.series!r} from.", "Omit --series.")
    named = read_volumes(source)
    images = tuple(_image(volume, MRFacts(description=name, file=name)) for name, volume in named)
    reading = _reading(images, [volume for _, volume in named])
    if len(named) > 1:
        return reading
    return replace(reading, findings=(*reading.findings, *_by_name(*named[0])))


def _by_name(name: str, volume: Volume) -> tuple[Finding, ...]:
    """Return a finding about the contrast that a volume's name gives; refuse what can be no MRI when it gives none.

    Raises:
        UnreadableError: A segmentation, or a CT with an offset.
    """
    contrast = contrast_of_words(name)
    if contrast is not None:
        return (
            Finding(
                code="contrast_by_name",
                severity=Severity.INFO,
                message=f"The only image, {name}, was taken for {contrast} because it is called so.",
                action="Nothing, if it is; else rename it.",
            ),
        )
    if looks_like_labels(volume.array):
        raise UnreadableError(
            f"{name} holds a few whole numbers, like a segmentation, expected an image.", "Give the image itself."
        )
    if looks_like_ct(volume.array):
        raise UnreadableError(
            f"{name} looks like a CT that was stored with an offset: all of its soft tissue lies near 1024.",
            "Give the CT in Hounsfield units, with -m ct_thigh.",
        )
    return ()


def _reading(images: tuple[MRImage, ...], volumes: Sequence[Volume]) -> Reading:
    oriented = any(v.dicom_modality is not None or not NOMINAL.issuperset(v.grid.direction) for v in volumes)
    return Reading(images, volumes[0].subject, _findings(images), oriented)


def _image(volume: Volume, facts: MRFacts) -> MRImage:
    """Return a volume as an MR image.

    Raises:
        UnreadableError: NaN or infinite values, which nothing after this could stand.
    """
    if not np.isfinite(volume.array.sum(dtype=np.float64)):
        raise UnreadableError(
            f"{facts.description} holds NaN or infinite values.", "Export the image again, without masked voxels."
        )
    return MRImage(volume.array.astype(np.float32, copy=False), volume.grid, facts, volume.findings)


def _findings(images: Sequence[MRImage]) -> tuple[Finding, ...]:
    """Return what reading noticed, each once."""
    return tuple(dict.fromkeys(finding for image in images for finding in image.findings))


def _chosen(images: Sequence[MRImage], name: str, series: str) -> tuple[MRImage, ...]:
    chosen = tuple(i for i in images if series in {i.facts.series_number, i.facts.series_uid})
    if not chosen:
        listing = "\n".join(sorted({f"  {spoken(i)}, {i.facts.series_uid}" for i in images}))
        raise SeriesError(f"{name} has no MR series called {series!r}.", f"It has:\n{listing}")
    return chosen


def _check_one_grid(grids: dict[str, Grid]) -> None:
    (first, grid), *others = grids.items()
    for name, other in others:
        if not other.is_same(grid):
            raise GeometryError(
                f"{first} and {name} do not lie on one grid: {grid.size} voxels of {grid.spacing_mm} mm from "
                f"{grid.origin}, and {other.size} of {other.spacing_mm} mm from {other.origin}.",
                "Give the images of one acquisition, not resampled.",
            )
