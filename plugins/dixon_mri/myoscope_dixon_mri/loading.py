"""Which sources are MRI of the thigh, and how they become a scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from myoscope import Finding, LoadOptions, Recognition, Scan, Severity
from myoscope.io import Peek, case_id_of, peek
from myoscope.io.headers import volume_stem
from myoscope_dixon_mri.contrasts import contrast_of_words
from myoscope_dixon_mri.corrections import correct
from myoscope_dixon_mri.fusion import fuse
from myoscope_dixon_mri.plausibility import falls_below_zero, looks_like_labels
from myoscope_dixon_mri.reading import read_given, read_source
from myoscope_dixon_mri.stations import find_stations
from myoscope_dixon_mri.structures import PLAIN

AXES = 3
CONTRAST_UNKNOWN = Finding(
    code="contrast_unknown",
    severity=Severity.INFO,
    message="Nothing says which contrast the image has: it is measured without fat fractions.",
    action="Nothing, or say it: --water F, --fat F, --in-phase F or --opposed-phase F.",
)


def recognize(source: Path) -> Recognition | None:
    """Return how sure it is that the source is an MRI: DICOM or the names of files say so, or the first slice may."""
    seen = peek(source)
    if seen is None or seen.dicom_modality not in {None, "MR"}:
        return None
    if seen.dicom_modality is not None:
        return Recognition(0.9, "DICOM modality MR")
    if seen.kind not in {"volume", "volumes", "archive"} or seen.ndim != AXES:
        return None
    return _by_names(seen) or _by_values(seen)


def load(source: Path, options: LoadOptions) -> Scan:
    """Return every contrast on one grid, the stations of hip and thigh fused.

    Args:
        source: DICOM series of one visit in a folder, zip or file; a folder or zip of volume files, one a contrast and
            station; or one volume file. With `options.contrasts` those files are read instead.
        options: Which series of a DICOM source, files by contrast, whether brightness is matched between stations, and
            whether swapped water and fat are exchanged back.

    Raises:
        UnreadableError: No MR image, contrasts that cannot be told apart, or values that no magnitude image has.
        SeriesError: Several visits, an ambiguous repetition, or a series that is not there.
        GeometryError: Contrasts on different grids, or stations that are not parallel.
        UsageError: A contrast that does not exist.
        InputError: Anything else that cannot be trusted; see `myoscope.io`.
    """
    reading = read_given(options) if options.contrasts else read_source(source, options)
    found = find_stations(reading.images, source.name)
    corrected = correct(found.stations, swaps=options.correct_swaps)
    fused = fuse(corrected.stations, match=options.match_stations)
    findings = (*reading.findings, *found.findings, *corrected.findings, *fused.findings)
    if PLAIN in fused.channels:
        findings = (*findings, CONTRAST_UNKNOWN)
    return Scan(
        "dixon_mri",
        fused.channels,
        fused.grid,
        options.case_id or case_id_of(source),
        source.name,
        reading.subject,
        findings,
        stations=fused.stations if len(fused.stations) > 1 else (),
        oriented=reading.oriented,
    )


def _by_names(seen: Peek) -> Recognition | None:
    """Return how sure the names of volume files make it: two contrasts are hardly a coincidence."""
    named = sorted({c for name in seen.description.splitlines() if (c := contrast_of_words(volume_stem(name)))})
    if len(named) > 1:
        return Recognition(0.85, f"volumes called {', '.join(named)}")
    return Recognition(0.7, f"a volume called {named[0]}") if named and _may_be_magnitude(seen) else None


def _by_values(seen: Peek) -> Recognition | None:
    if not _may_be_magnitude(seen):
        return None
    return Recognition(0.5, "a volume without negative values, as magnitudes of MR are")


def _may_be_magnitude(seen: Peek) -> bool:
    """Tell whether the first slice can be one of an MRI: not negative, no segmentation, and there at all."""
    if seen.sample is None or np.isnan(seen.sample).all():
        return False
    return not falls_below_zero(seen.sample) and not looks_like_labels(seen.sample)
