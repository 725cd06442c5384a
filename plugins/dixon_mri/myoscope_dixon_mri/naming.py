"""A contrast for every image of a subject: from the headers, else the echo times, else the signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from myoscope import Finding, Severity
from myoscope.io import MRImage
from myoscope_dixon_mri.contrasts import contrast_of, is_magnitude, phases_by_echo
from myoscope_dixon_mri.physics import contrasts_by_signal
from myoscope_dixon_mri.structures import PLAIN

PHASES = frozenset({"in_phase", "opposed_phase"})
#: So many images are named in a sentence.
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image and its contrast, one of `structures.CONTRASTS`, `PDFF` or `PLAIN`."""

    contrast: str
    image: MRImage


@dataclass(frozen=True, slots=True)
class Naming:
    """The images of each place that have a contrast, and what naming them had to do.

    Attributes:
        places: As given, without the places that are left with no image.
        findings: Says which contrast was guessed and why, and which images were left out.
    """

    places: tuple[tuple[NamedImage, ...], ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Notes:
    """What has been noticed so far."""

    left_out: list[MRImage] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def spoken(image: MRImage) -> str:
    """Return what an image is called for people: its series, or the name of its file."""
    facts = image.facts
    if not facts.series_number:
        return facts.description or facts.file or "an image without a name"
    return f"series {facts.series_number} ({facts.description or 'without description'})"


def name_contrasts(places: Sequence[Sequence[MRImage]]) -> Naming:
    """Return the images with their contrasts.

    Where headers or file names tell the contrast of any image, those that say nothing are left out, except two echoes
    whose times tell in phase from opposed. Where all are silent, one image a place is plain MR, and two or four are
    told apart by echo time or signal.

    Args:
        places: The images of each place in the body.

    Raises:
        UnreadableError: All are silent, and their signals fit no or several assignments.
    """
    notes = _Notes()
    shown = []
    for images in places:
        notes.left_out += [image for image in images if not is_magnitude(image.facts)]
        shown.append([image for image in images if is_magnitude(image.facts)])
    if any(contrast_of(image.facts) for images in shown for image in images):
        named = [_by_words(images, notes) for images in shown]
    else:
        named = [_by_signal(images, notes) for images in shown if images]
    if notes.left_out:
        notes.findings.append(_left_out(notes.left_out))
    return Naming(tuple(tuple(images) for images in named if images), tuple(notes.findings))


def _by_words(images: Sequence[MRImage], notes: _Notes) -> list[NamedImage]:
    said = [(contrast_of(image.facts), image) for image in images]
    named = [NamedImage(contrast, image) for contrast, image in said if contrast is not None]
    silent = [image for contrast, image in said if contrast is None]
    if named and len(silent) == 2 and not PHASES & {n.contrast for n in named}:  # noqa: PLR2004
        echoes = _by_echo(silent, notes)
        if echoes:
            return [*named, *echoes]
    notes.left_out += silent
    return named


def _by_signal(images: Sequence[MRImage], notes: _Notes) -> list[NamedImage]:
    if len(images) == 1:
        return [NamedImage(PLAIN, images[0])]
    echoes = _by_echo(images, notes)
    if echoes:
        return echoes
    guess = contrasts_by_signal([image.array for image in images], images[0].grid)
    assigned = ", ".join(f"{spoken(i)} for {c}" for i, c in zip(images, guess.contrasts, strict=True))
    notes.findings.append(
        Finding(
            code="contrast_by_signal",
            severity=Severity.WARNING,
            message=f"No header or name says which contrast is which; by their signal we took {assigned} "
            f"({guess.confidence:.0%} sure: {guess.reason}).",
            action="Look at the pictures; if it is wrong, say it with --water, --fat, --in-phase and --opposed-phase.",
        )
    )
    return [NamedImage(c, i) for i, c in zip(images, guess.contrasts, strict=True)]


def _by_echo(images: Sequence[MRImage], notes: _Notes) -> list[NamedImage]:
    """Return two images as in phase and opposed phase; none when their echo times do not tell."""
    if len(images) != 2:  # noqa: PLR2004
        return []
    times = [image.facts.echo_time_ms for image in images]
    phases = phases_by_echo(*times)
    if phases is None:
        return []
    assigned = ", ".join(f"{t:g} ms for {c}" for t, c in zip(times, phases, strict=True) if t is not None)
    notes.findings.append(
        Finding(
            code="contrast_by_echo_time",
            severity=Severity.INFO,
            message=f"No header says which of {spoken(images[0])} and {spoken(images[1])} is in phase; by their echo "
            f"times we took {assigned}.",
            action="Nothing, unless the order of the phases looks exchanged.",
        )
    )
    return [NamedImage(c, i) for i, c in zip(images, phases, strict=True)]


def _left_out(images: Sequence[MRImage]) -> Finding:
    names = sorted({spoken(image) for image in images})
    listed = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
    return Finding(
        code="images_left_out",
        severity=Severity.INFO,
        message=f"Images that are none of water, fat, in phase and opposed phase were left out: {listed}.",
        action="Nothing, unless one of them is: then say it with --water, --fat, --in-phase or --opposed-phase.",
    )
