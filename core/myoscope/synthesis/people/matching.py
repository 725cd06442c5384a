"""Where an anatomy lies on a person, before anything is bent: which level each slice shows, and how it lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from myoscope.data.grid import Grid
    from myoscope.synthesis.anatomy import Anatomy
    from myoscope.synthesis.people.person import Person

#: Lengths of the anatomy tried, in parts of the person's, and steps of its height, in mm.
SCALES = np.arange(0.70, 1.401, 0.025)
STEP_MM = 4.0
#: A smaller section says little about where a structure lies.
SMALLEST_SECTION_MM2 = 100.0
#: Structures that both show; with fewer, levels look too much alike.
FEWEST_STRUCTURES = 4

Array = "NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Affine:
    """From a place on the person to the place in the anatomy: `matrix @ place + offset`, LPS in mm.

    Attributes:
        matrix: (3, 3).
        offset: (3,).
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]


def shared_ids(anatomy: Anatomy, person: Person) -> tuple[int, ...]:
    """Return the ids, ascending, of the structures that both show on both sides.

    Raises:
        InputError: Too few of them.
    """
    present = [set(np.unique(labels).tolist()) for labels in (anatomy.labels, person.labels)]
    both = present[0] & present[1]
    ids = tuple(sorted(i for i in both if 0 < i < LEFT_OFFSET and i + LEFT_OFFSET in both))
    if len(ids) < FEWEST_STRUCTURES:
        raise InputError(
            f"{person.name} and {anatomy.name} have {len(ids)} structures in common on both sides, "
            f"at least {FEWEST_STRUCTURES} are needed.",
            "Leave this person out.",
        )
    return ids


def matched(anatomy: Anatomy, person: Person, ids: tuple[int, ...]) -> Affine:
    """Return the affine map from the person to the anatomy.

    Height and length follow from how the areas of the structures change from slice to slice, whatever their size; roll
    and tilt from the centers of the legs. In a slice the anatomy is scaled evenly, halfway between the thigh's length
    and the spread of the muscles: where muscles are wasted, bones and hip are not.
    """
    heights = np.array([_center(person.grid, k)[2] for k in range(len(person.labels))])
    scale, middle = _levels(anatomy, person, ids, heights)
    legs = _legs(anatomy, person, ids, middle + scale * (heights - heights.mean()))
    here, there = (np.array([leg[n].mean(axis=0) for leg in legs]) for n in (0, 1))
    spread = [_spread([leg[n] for leg in legs]) for n in (0, 1)]
    roll = _roll(there) - _roll(here)
    width = np.sqrt(scale * spread[1] / spread[0])
    turn = width * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    tilt = np.column_stack([here[:, 2], np.ones(len(here))])
    rest = np.linalg.lstsq(tilt, there[:, :2] - here[:, :2] @ turn.T, rcond=None)[0]
    matrix = np.array([[*turn[0], rest[0, 0]], [*turn[1], rest[0, 1]], [0.0, 0.0, scale]])
    return Affine(matrix, np.array([*rest[1], middle - scale * heights.mean()]))


def _levels(
    anatomy: Anatomy, person: Person, ids: tuple[int, ...], heights: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the anatomy's length in parts of the person's, and its height where the person's middle slice lies."""
    wanted, areas = _areas(person.labels, ids), _areas(anatomy.labels, ids)
    z = anatomy.grid.origin[2] + anatomy.grid.spacing_mm[2] * np.arange(len(areas))
    best, found = -1.0, (1.0, 0.0)
    for scale in SCALES:
        for middle in np.arange(z[0], z[-1], STEP_MM):
            at = middle + scale * (heights - heights.mean())
            there = np.stack([np.interp(at, z, column, left=0.0, right=0.0) for column in areas.T], axis=1)
            norms = np.linalg.norm(there, axis=0) * np.linalg.norm(wanted, axis=0)
            likeness = float(np.mean((there * wanted).sum(axis=0) / np.maximum(norms, 1.0)))
            if likeness > best:
                best, found = likeness, (float(scale), float(middle))
    return found


def _areas(labels: NDArray[np.uint8], ids: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the voxels of each structure in each slice, both sides together, shape (slices, structures)."""
    counts = np.stack([np.bincount(plane.ravel(), minlength=2 * LEFT_OFFSET) for plane in labels]).astype(np.float64)
    columns = np.array(ids)
    return np.asarray(counts[:, columns] + counts[:, columns + LEFT_OFFSET])


def _legs(
    anatomy: Anatomy, person: Person, ids: tuple[int, ...], levels: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return centers of the same sections on the person and in the anatomy, (n, 3) mm: right, left, slice by slice."""
    indices = np.rint((levels - anatomy.grid.origin[2]) / anatomy.grid.spacing_mm[2]).astype(int)
    legs = []
    for k, level in enumerate(indices):
        if not 0 <= level < len(anatomy.labels):
            continue
        here, there = _centers(person.labels, person.grid, k), _centers(anatomy.labels, anatomy.grid, level)
        both = [i for i in ids if all(v in centers for v in (i, i + LEFT_OFFSET) for centers in (here, there))]
        if len(both) >= FEWEST_STRUCTURES:
            sides = both, [i + LEFT_OFFSET for i in both]
            legs += [(np.array([here[v] for v in leg]), np.array([there[v] for v in leg])) for leg in sides]
    if not legs:
        raise InputError(
            f"No slice of {person.name} shows {FEWEST_STRUCTURES} structures of both legs that lie side by side in "
            f"{anatomy.name}.",
            "Leave this person out.",
        )
    return legs


def _roll(legs: NDArray[np.float64]) -> float:
    """Return the angle of the line from right leg to left leg in a slice, from centers (2 slices, 3) in turn."""
    across = (legs[1::2] - legs[::2]).mean(axis=0)
    return float(np.arctan2(across[1], across[0]))


def _spread(legs: list[NDArray[np.float64]]) -> float:
    """Return how far from their leg's center the structures of a slice lie, root mean square in mm."""
    return float(np.sqrt(np.mean(np.concatenate([((leg - leg.mean(axis=0))[:, :2] ** 2).sum(axis=1) for leg in legs]))))


def _centers(labels: NDArray[np.uint8], grid: Grid, k: int) -> dict[int, tuple[float, ...]]:
    """Return the center in mm of each structure's section in slice `k`, but of the smallest."""
    j, i = labels[k].nonzero()
    values = labels[k][j, i]
    counts = np.bincount(values, minlength=2 * LEFT_OFFSET)
    x, y = (np.bincount(values, places, 2 * LEFT_OFFSET) / np.maximum(counts, 1) for places in (i, j))
    large = np.flatnonzero(counts * grid.spacing_mm[0] * grid.spacing_mm[1] >= SMALLEST_SECTION_MM2)
    return {int(v): grid.position((float(x[v]), float(y[v]), float(k))) for v in large}


def _center(grid: Grid, k: int) -> tuple[float, ...]:
    return grid.position(((grid.size[0] - 1) / 2, (grid.size[1] - 1) / 2, float(k)))
