"""A person's label map, brought into order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, StructureSet
from myoscope.data.grid import Grid
from myoscope.errors import InputError

#: A slice at either end with less than this share of its neighbor's labelled area is one that the labels failed on;
#: so is one toward the hip with less than this share of the largest slice's.
END_SHARE = 0.5
HIP_SHARE = 0.5
#: Fewer slices do not tell how a thigh runs.
FEWEST_SLICES = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Labels of some structures of both legs; 0 is none of these, which may be any other tissue.

    Attributes:
        labels: Conventions' ids, left + 100; in LPS order, `labels[k, j, i]`, every slice labelled.
        grid: In LPS order; slices may be far apart and oblique.
        name: Who it is.
    """

    labels: NDArray[np.uint8]
    grid: Grid
    name: str


def person_from_file(path: Path, structures: StructureSet) -> Person:
    """Return the person of a label file, sides split where they are not, without slices at the ends that are cut short.

    Raises:
        InputError: The file cannot be read, shows one leg alone, or has too few labelled slices.
    """
    from myoscope.io import case_id_of, read_labels, read_volume
    from myoscope.ops.bilateral import split_sides
    from myoscope.ops.orient import to_lps

    segmentation = read_labels(path, structures, on=read_volume(path).grid)
    labels, grid = to_lps(segmentation.labels, segmentation.grid)
    name = case_id_of(path)
    first, last = _labelled_slices(labels)
    if last - first < FEWEST_SLICES:
        raise InputError(
            f"{name} has {last - first} well labelled slices, its shape needs at least {FEWEST_SLICES}.",
            "Leave this person out.",
        )
    split = labels if segmentation.sides_split else split_sides(labels, grid, anchors={structures["femur"].id})
    if split is None or not ((split > 0) & (split < LEFT_OFFSET)).any() or not (split > LEFT_OFFSET).any():
        raise InputError(f"{name} does not show two legs.", "Leave this person out.")
    cut = replace(grid, size=(*grid.size[:2], last - first), origin=grid.position((0.0, 0.0, float(first))))
    return Person(np.ascontiguousarray(split[first:last]), cut, name)


def _labelled_slices(labels: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the first slice to keep and the one after the last."""
    areas = np.count_nonzero(labels, axis=(1, 2))
    first, last = 0, len(areas)
    while last - first > 1 and areas[first] <= END_SHARE * areas[first + 1]:
        first += 1
    while last - first > 1 and areas[last - 1] <= max(END_SHARE * areas[last - 2], HIP_SHARE * areas.max()):
        last -= 1
    return first, last
