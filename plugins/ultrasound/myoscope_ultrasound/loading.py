"""Which sources are muscle ultrasound, and how they become a scan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from myoscope import (
    Calibration,
    Finding,
    Grid,
    LoadOptions,
    Recognition,
    Scan,
    SeriesError,
    UnreadableError,
    UsageError,
)
from myoscope.io import Picture, case_id_of, peek, read_picture
from myoscope_ultrasound.calibration import Scale, check_options, scale_of
from myoscope_ultrasound.limits import LEAST_TISSUE_PIXELS, MOST_COLOR, MOST_OF_ONE_GREY
from myoscope_ultrasound.places import Place, find_places
from myoscope_ultrasound.structures import SITES

#: What DICOM calls ultrasound, and what captured screens of it come as.
MODALITIES = ("US", "OT")
#: Rows and columns are skipped in telling whether a picture shows anything.
SPARSE = 3


def recognize(source: Path) -> Recognition | None:
    """Return how sure it is that the source is ultrasound: DICOM says so, or it is a picture or video at all."""
    seen = peek(source)
    if seen is None:
        return None
    if seen.dicom_modality is not None:
        return Recognition(0.95, "DICOM modality US") if seen.dicom_modality == "US" else None
    if seen.kind in {"picture", "video"}:
        return Recognition(0.5, f"a {seen.kind}")
    return None


def load(source: Path, options: LoadOptions) -> Scan:
    """Return the whole frames in grey, with their scale and the part that shows tissue.

    Raises:
        UsageError: A site that does not exist, or a scale that no picture can have.
        SeriesError: Several images side by side and none chosen, or the chosen one is not there.
        GeometryError: A header whose scale cannot be trusted.
        UnreadableError: No tissue, too little of it, a color photo, or another modality.
        InputError: See `myoscope.io.read_picture`.
    """
    if options.site and options.site not in SITES:
        raise UsageError(f"No site is called {options.site!r}.", f"Choose one of: {', '.join(SITES)}.")
    check_options(options)
    picture = read_picture(source)
    _check_picture(picture, source.name)
    scale_given = options.spacing_mm is not None or options.depth_mm is not None
    places, noticed = find_places(picture, source.name, scale_given=scale_given)
    _check_grey(picture, places, source.name)
    scaled = [scale_of(place, picture.scale, options, source.name) for place in places]
    number = _chosen(places, [scale for scale, _ in scaled], options, source.name)
    place, (scale, findings) = places[number], scaled[number]
    _check_size(place.view.width, place.view.height, source.name)
    return _scan(source, options, picture, place, scale, found=(*picture.findings, *noticed, *findings))


def _scan(
    source: Path, options: LoadOptions, picture: Picture, place: Place, scale: Scale, *, found: tuple[Finding, ...]
) -> Scan:
    height, width = picture.frames.shape[-2:]
    return Scan(
        "ultrasound",
        {"bmode": picture.frames},
        Grid.picture((width, height), scale.spacing_mm),
        options.case_id or case_id_of(source),
        source.name,
        picture.subject,
        found,
        picture.times_s,
        Calibration(scale.source, place.view),
        options.site,
    )


def _check_picture(picture: Picture, name: str) -> None:
    """Refuse what is no ultrasound, too small for tissue, or shows nothing."""
    if picture.dicom_modality not in {None, *MODALITIES}:
        raise UnreadableError(
            f"{name} is {picture.dicom_modality}, not ultrasound (US).",
            "Analyze it with the modality that it is, or omit -m.",
        )
    height, width = picture.frames.shape[-2:]
    _check_size(width, height, name)
    counts = np.bincount(picture.frames[..., ::SPARSE, ::SPARSE].ravel())
    if counts.max() >= MOST_OF_ONE_GREY * counts.sum():
        shade = "black" if counts.argmax() == 0 else "of one grey"
        raise UnreadableError(f"{name} shows no tissue: it is {shade} all over.", "Give a B-mode frame.")


def _check_size(width: int, height: int, name: str) -> None:
    if min(width, height) < LEAST_TISSUE_PIXELS:
        raise UnreadableError(
            f"{name} shows {width} x {height} pixels of tissue, expected at least {LEAST_TISSUE_PIXELS} both ways.",
            "Export the frame at the size in which the scanner shows it.",
        )


def _check_grey(picture: Picture, places: Sequence[Place], name: str) -> None:
    """Refuse what could be tissue, but is in color."""
    pixels = np.concatenate([picture.colored[place.view.slices].ravel() for place in places])
    if pixels.mean() >= MOST_COLOR:
        raise UnreadableError(
            f"{name} is a color picture: {pixels.mean():.0%} of what could be tissue is colored, expected gray B-mode.",
            "Give the frame that the scanner exports, with any tint switched off; a photo cannot be measured.",
        )


def _chosen(places: Sequence[Place], scales: Sequence[Scale], options: LoadOptions, name: str) -> int:
    """Return the index of the image that is meant."""
    if options.image is None and len(places) == 1:
        return 0
    if options.image is not None and 1 <= options.image <= len(places):
        return options.image - 1
    listing = "\n".join(f"  {n}: {_spoken(*pair)}" for n, pair in enumerate(zip(places, scales, strict=True), 1))
    if options.image is None:
        problem = f"{name} shows {len(places)} images side by side and none was chosen."
    else:
        problem = f"{name} shows {len(places)} {'image' if len(places) == 1 else 'images'}, not {options.image}."
    raise SeriesError(problem, f"Choose one with --image N:\n{listing}")


def _spoken(place: Place, scale: Scale) -> str:
    view = place.view
    where = f"columns {view.left} to {view.left + view.width - 1}, rows {view.top} to {view.top + view.height - 1}"
    return f"{where}, {scale}"
