"""Where images lie along the body, and which of them show the same stretch of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from myoscope import Grid
from myoscope.io import MRImage

#: Images whose head-foot extents overlap by this share of both together show one table position; neighbors share less.
SAME_PLACE = 0.7
#: Slices whose normals have a smaller cosine than this are different views; fusion is stricter.
SAME_VIEW = 0.95

Range = tuple[float, float]


def extent_mm(grid: Grid) -> tuple[Range, Range, Range]:
    """Return the lowest and highest edge of the voxels along x, y and z of the patient, in mm."""
    corners = np.array([grid.position(c) for c in product(*((-0.5, n - 0.5) for n in grid.size))])
    x, y, z = ((float(low), float(high)) for low, high in zip(corners.min(axis=0), corners.max(axis=0), strict=True))
    return x, y, z


def overlap(first: Range, second: Range) -> float:
    """Return the length that two ranges share, as a share of the length that they cover together."""
    shared = min(first[1], second[1]) - max(first[0], second[0])
    return max(0.0, shared) / (max(first[1], second[1]) - min(first[0], second[0]))


def group_by_place(images: Sequence[MRImage]) -> tuple[tuple[MRImage, ...], ...]:
    """Return the images of each table position, from the head down, each in the order given."""
    places: list[tuple[Range, list[MRImage]]] = []
    for image in images:
        z = extent_mm(image.grid)[2]
        match = next((members for place, members in places if overlap(place, z) >= SAME_PLACE), None)
        if match is None:
            places.append((z, [image]))
        else:
            match.append(image)
    places.sort(key=lambda place: -sum(place[0]))
    return tuple(tuple(members) for _, members in places)


def same_view(first: Grid, second: Grid) -> bool:
    """Tell whether the slices of two grids have about the same normal, and are not axial and coronal, for example."""
    return bool(abs(first.matrix[:, 2] @ second.matrix[:, 2]) >= SAME_VIEW)


def side_by_side(first: Grid, second: Grid) -> bool:
    """Tell whether two grids at one height show different parts of the body, such as one leg each."""
    return any(
        overlap(a, b) < 1.0 - SAME_PLACE for a, b in list(zip(extent_mm(first), extent_mm(second), strict=True))[:2]
    )
