"""How large a pixel is: what the user says, else what DICOM says, else nobody knows; never a guess."""

from __future__ import annotations

import math
from dataclasses import dataclass

from myoscope import Finding, GeometryError, InputError, LoadOptions, Severity, UsageError
from myoscope.io import PictureScale
from myoscope_ultrasound.limits import DEPTH_LIMITS_MM, SAME_SCALE, SPACING_LIMITS_MM
from myoscope_ultrasound.places import Place

NO_SCALE = "no scale"
#: Pixels whose sides differ by no more than this share are square.
SQUARE = 1e-6


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a pixel and what gave it.

    Attributes:
        spacing_mm: (x, y); None when nobody knows.
        source: A short phrase, which every measurement repeats.
    """

    spacing_mm: tuple[float, float] | None
    source: str

    def __str__(self) -> str:
        if self.spacing_mm is None:
            return self.source
        x, y = self.spacing_mm
        size = f"{y:.4g}" if math.isclose(x, y, rel_tol=SQUARE) else f"{x:.4g} x {y:.4g}"
        return f"{size} mm a pixel by {self.source}"


def check_options(options: LoadOptions) -> None:
    """Refuse a scale that no picture can have.

    Raises:
        UsageError: Spacing and depth are both given, or one lies outside its limits.
    """
    if options.spacing_mm is not None and options.depth_mm is not None:
        raise UsageError("--spacing-mm and --depth-mm exclude each other.", "Give one of them.")
    given = (("--spacing-mm", options.spacing_mm, SPACING_LIMITS_MM), ("--depth-mm", options.depth_mm, DEPTH_LIMITS_MM))
    for option, value, (low, high) in given:
        if value is not None and not low <= value <= high:
            raise UsageError(f"{option} is {value:g}, expected {low:g} to {high:g} mm.", "It is in mm, not cm or m.")


def scale_of(place: Place, header: PictureScale, options: LoadOptions, name: str) -> tuple[Scale, tuple[Finding, ...]]:
    """Return the scale of an image, and findings when a header disagrees with it or when there is none.

    In this order: `--spacing-mm`, `--depth-mm` over the height, the DICOM ultrasound region, DICOM PixelSpacing, DICOM
    DepthOfScanField over the height (Zhang, Methods: spacing = depth / image height). Pixels need not be square: a
    depth gives the vertical spacing, the header's aspect the horizontal one.

    Raises:
        UsageError: An option that makes the picture deeper than any.
        GeometryError: A header that does.
    """
    said = list(_headers(place, header))
    chosen = _given(place, header, options)
    if chosen is not None:
        _check(chosen, place, name, UsageError)
    elif said:
        chosen = said.pop(0)
        _check(chosen, place, name, GeometryError)
    else:
        return Scale(None, NO_SCALE), (_no_scale(name),)
    # A depth is compared with what the user says alone: over a height found in the picture it is the least sure.
    others = said if _is_option(chosen) else [other for other in said if "DepthOfScanField" not in other.source]
    found = tuple(_disagreement(chosen, other, name) for other in others if not _same(chosen, other))[:1]
    return chosen, (*found, _faded(place, name)) if place.fades and "epth" in chosen.source else found


def _given(place: Place, header: PictureScale, options: LoadOptions) -> Scale | None:
    """Return the scale that the user gives."""
    if options.spacing_mm is not None:
        return Scale((options.spacing_mm, options.spacing_mm), "--spacing-mm")
    if options.depth_mm is not None:
        return _by_depth(options.depth_mm, place, header, "--depth-mm")
    return None


def _is_option(scale: Scale) -> bool:
    return scale.source.startswith("--")


def _headers(place: Place, header: PictureScale) -> list[Scale]:
    """Return every scale that the header gives, the surest first."""
    found = []
    if place.spacing_mm is not None:
        found.append(Scale(place.spacing_mm, "DICOM ultrasound region"))
    if header.spacing_mm is not None:
        found.append(Scale(header.spacing_mm, "DICOM PixelSpacing"))
    if header.depth_mm is not None:
        found.append(_by_depth(header.depth_mm, place, header, "DICOM DepthOfScanField"))
    return found


def _by_depth(depth_mm: float, place: Place, header: PictureScale, source: str) -> Scale:
    sizes = (place.spacing_mm, header.spacing_mm, (header.aspect, 1.0))
    x, y = next((s for s in sizes if s is not None and min(s) > 0 and all(map(math.isfinite, s))), (1.0, 1.0))
    vertical = depth_mm / place.rows
    return Scale((vertical * x / y, vertical), f"{source} over {place.rows_of}")


def _check(scale: Scale, place: Place, name: str, kind: type[InputError | UsageError]) -> None:
    """Refuse a scale that no frame of a scanner has."""
    assert scale.spacing_mm is not None
    low, high = SPACING_LIMITS_MM
    shallow, deepest = DEPTH_LIMITS_MM
    depth = scale.spacing_mm[1] * place.rows
    if "DepthOfScanField" in scale.source and not shallow <= depth <= deepest:
        raise kind(
            f"{name} says that it shows a depth of {depth:g} mm, expected {shallow:g} to {deepest:g} mm.",
            "Give the true scale with --depth-mm or --spacing-mm.",
        )
    if not all(low <= s <= high for s in scale.spacing_mm) or depth > deepest:
        raise kind(
            f"{name} would have {scale}, and be {depth:.4g} mm deep; expected pixels of {low:g} to {high:g} mm and at "
            f"most {deepest:g} mm of depth.",
            "Give the true scale with --depth-mm or --spacing-mm.",
        )


def _same(one: Scale, other: Scale) -> bool:
    assert one.spacing_mm is not None
    assert other.spacing_mm is not None
    return all(abs(b - a) <= SAME_SCALE * a for a, b in zip(one.spacing_mm, other.spacing_mm, strict=True))


def _disagreement(chosen: Scale, other: Scale, name: str) -> Finding:
    return Finding(
        code="scale_disagrees",
        severity=Severity.WARNING,
        message=f"{name} has two scales, more than {SAME_SCALE:.0%} apart: {chosen}, which was used, and {other}.",
        action="Find out which is right: every length depends on it.",
    )


def _faded(place: Place, name: str) -> Finding:
    return Finding(
        code="bottom_of_tissue_unsure",
        severity=Severity.WARNING,
        message=f"Echoes of {name} fade out at the bottom: its depth may span more than the {place.rows} rows found.",
        action="Give --spacing-mm instead, or a frame whose bottom edge can be seen.",
    )


def _no_scale(name: str) -> Finding:
    return Finding(
        code="no_scale",
        severity=Severity.WARNING,
        message=f"{name} does not say how large its pixels are: lengths are in pixels.",
        action="Give --depth-mm, the depth that the scanner showed, or --spacing-mm.",
    )
