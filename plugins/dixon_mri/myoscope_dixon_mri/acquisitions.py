"""Which images were taken together: one visit, and one acquisition of each table position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from myoscope import Finding, GeometryError, Grid, SeriesError, Severity
from myoscope.io import MRImage
from myoscope_dixon_mri.naming import NamedImage, spoken
from myoscope_dixon_mri.places import extent_mm, side_by_side
from myoscope_dixon_mri.structures import CONTRASTS, PDFF, PLAIN

#: Contrasts in the order of a scan's channels.
ORDER = (*CONTRASTS, PDFF, PLAIN)
#: Contrasts by how bright muscle is in them.
MUSCLE_BRIGHT = ("in_phase", "water", PLAIN, "opposed_phase", "fat", PDFF)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """The images of one table position that were taken together.

    Attributes:
        name: Of the position, for people.
        images: One a contrast, all on one grid, in the order of a scan's channels.
    """

    name: str
    images: tuple[NamedImage, ...]

    @property
    def grid(self) -> Grid:
        """Where the voxels of all images lie."""
        return self.images[0].image.grid

    @property
    def brightest(self) -> NDArray[np.float32]:
        """The image in which muscle is brightest."""
        return min(self.images, key=lambda named: MUSCLE_BRIGHT.index(named.contrast)).image.array


def check_one_visit(images: Sequence[MRImage], source: str) -> None:
    """Refuse images of several studies.

    Raises:
        SeriesError: It lists the studies.
    """
    for fact, what in (("study_uid", "studies"), ("study_date", "days")):
        groups = _by_fact(images, fact)
        if len(groups) > 1:
            raise _mixed(groups, source, what)


def check_one_frame(taken: Sequence[Acquisition], source: str) -> tuple[Finding, ...]:
    """Refuse acquisitions between which the patient was positioned anew.

    Where even the contrasts of one acquisition have different frames of reference, as some exports give each series its
    own, these say nothing: that is a finding.

    Raises:
        SeriesError: It lists the frames of reference.
    """
    groups = _by_fact([named.image for acquisition in taken for named in acquisition.images], "frame_of_reference")
    if len(groups) < 2:  # noqa: PLR2004
        return ()
    if all(len(_by_fact([n.image for n in a.images], "frame_of_reference")) < 2 for a in taken):  # noqa: PLR2004
        raise _mixed(groups, source, "frames of reference")
    return (
        Finding(
            code="frames_of_reference_differ",
            severity=Severity.WARNING,
            message=f"Images that were taken together have {len(groups)} different frames of reference, which say "
            f"nothing then of where they lie to each other: their positions were taken as they are.",
            action="Check in the pictures that stations and contrasts fit together.",
        ),
    )


def latest_whole(place: Sequence[NamedImage], name: str) -> tuple[Acquisition, tuple[Finding, ...]]:
    """Return the acquisition of a table position that counts: the latest of those with the most contrasts.

    Args:
        place: The images of the position, each with its contrast.
        name: Of the position, for people.

    Raises:
        SeriesError: Two images of one contrast of which nothing says which is later, or that lie side by side.
        GeometryError: Contrasts on different grids.
    """
    acquisitions = _acquisitions(place, name)
    chosen = max(enumerate(acquisitions), key=lambda pair: (len(pair[1]), pair[0]))[1]
    others = [acquisition[0].image for acquisition in acquisitions if acquisition is not chosen]
    for other in others:
        if side_by_side(other.grid, chosen[0].image.grid):
            pair = f"{spoken(other)} and {spoken(chosen[0].image)}"
            raise SeriesError(f"{pair} lie side by side at one height.", "Give the images of one field of view.")
    _check_one_grid(chosen, name)
    taken = Acquisition(name, tuple(sorted(chosen, key=lambda named: ORDER.index(named.contrast))))
    return taken, _repeated(taken, others)


def _by_fact(images: Sequence[MRImage], fact: str) -> dict[str, list[MRImage]]:
    """Return the images of each value of a fact that is not empty."""
    groups: dict[str, list[MRImage]] = {}
    for image in images:
        if value := str(getattr(image.facts, fact)):
            groups.setdefault(value, []).append(image)
    return groups


def _mixed(groups: dict[str, list[MRImage]], source: str, what: str) -> SeriesError:
    listing = "\n".join(f"  {_visit(members)}, {value}" for value, members in sorted(groups.items()))
    return SeriesError(
        f"{source} mixes images of {len(groups)} {what}, whose places in the body cannot be compared.",
        f"Give the images of one visit:\n{listing}",
    )


def _acquisitions(place: Sequence[NamedImage], name: str) -> list[list[NamedImage]]:
    """Return the images of one position, those of each acquisition together, the latest last."""
    acquisitions: list[list[NamedImage]] = [[]]
    for named in sorted(place, key=_when):
        earlier = next((n for n in acquisitions[-1] if n.contrast == named.contrast), None)
        if earlier is not None:
            if _when(earlier) == _when(named):
                raise SeriesError(
                    f"{spoken(earlier.image)} and {spoken(named.image)} are both the {named.contrast} image of {name}, "
                    f"and nothing says which is later.",
                    "Leave one of them out.",
                )
            acquisitions.append([])
        acquisitions[-1].append(named)
    return acquisitions


def _when(named: NamedImage) -> tuple[str, int]:
    """Return what images sort by: the time of their series, then its number."""
    number = named.image.facts.series_number
    return named.image.facts.series_time, int(number) if number.isdigit() else 0


def _check_one_grid(images: Sequence[NamedImage], name: str) -> None:
    first = images[0]
    for other in images[1:]:
        if not other.image.grid.is_same(first.image.grid):
            told = [f"{n.contrast} ({spoken(n.image)}) has {_described(n.image.grid)}" for n in (first, other)]
            raise GeometryError(
                f"The contrasts of {name} do not lie on one grid: {told[0]}, {told[1]}.",
                "Give the images of one acquisition, as the scanner reconstructed them.",
            )


def _repeated(taken: Acquisition, others: Sequence[MRImage]) -> tuple[Finding, ...]:
    if not others:
        return ()
    first = spoken(taken.images[0].image)
    return (
        Finding(
            code="station_repeated",
            severity=Severity.INFO,
            message=f"{taken.name.capitalize()} was scanned {len(others) + 1} times: the latest whole acquisition was "
            f"taken, with {first}, not that with {', '.join(map(spoken, others))}.",
            action="Nothing, unless another one is better: then remove the series that should not count.",
        ),
    )


def _visit(images: Sequence[MRImage]) -> str:
    return f"{images[0].facts.study_date or 'without date'}, {len(images)} images such as {spoken(images[0])}"


def _described(grid: Grid) -> str:
    low, high = extent_mm(grid)[2]
    size, spacing = " x ".join(map(str, grid.size)), " x ".join(f"{s:.4g}" for s in grid.spacing_mm)
    return f"{size} voxels of {spacing} mm from {low:.1f} to {high:.1f} mm"
