"""How well a bent anatomy fits a person's slices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.grid import Grid
from myoscope.synthesis.people.flow import interpolated

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from myoscope.synthesis.anatomy import Anatomy
    from myoscope.synthesis.people.matching import Affine
    from myoscope.synthesis.people.person import Person

#: Where the Dice is taken: every so many mm in a slice and across slices, up to so far around the labels.
LATTICE_MM = (6.0, 12.0)
NEAR_MM = 15.0
#: A blur reaches this many standard deviations far.
REACH = 2.5
#: The anatomy is averaged over this many voxels along each axis.
COARSER = 2


@dataclass(frozen=True, slots=True)
class Samples:
    """What is compared.

    Attributes:
        places: (n, 3) on the person, in mm.
        hot: Shares of each structure in the anatomy, (structures, z, y, x).
        grid: Of `hot`.
        wanted: The person's labels on every chosen slice, (structures, slices, j, i), 0 or 1.
        chosen: Which pixels of these slices `places` are.
        pixel_mm: (j, i) of the person's slices.
    """

    places: NDArray[np.float64]
    hot: NDArray[np.float32]
    grid: Grid
    wanted: NDArray[np.bool_]
    chosen: tuple[NDArray[np.intp], ...]
    pixel_mm: tuple[float, float]


class Comparison:
    """The Dice of the shared structures at one blur."""

    def __init__(self, samples: Samples, start: Affine, blur_mm: float) -> None:
        import torch
        from scipy.ndimage import gaussian_filter

        single = torch.float32
        spacing = samples.grid.spacing_mm[::-1]
        blurred = partial(gaussian_filter, output=np.float32, truncate=REACH)
        self.hot = torch.from_numpy(np.stack([blurred(hot, [blur_mm / s for s in spacing]) for hot in samples.hot]))
        blur = [0.0, *(blur_mm / s for s in samples.pixel_mm)]
        soft = [blurred(wanted, blur)[samples.chosen] for wanted in samples.wanted]
        self.wanted = torch.from_numpy(np.stack(soft))
        self.places = torch.tensor(samples.places, dtype=single)
        self.matrix = torch.tensor(start.matrix, dtype=single)
        self.offset = torch.tensor(start.offset - np.array(samples.grid.origin), dtype=single)
        self.spacing = torch.tensor(samples.grid.spacing_mm)

    def dice(self, places: torch.Tensor) -> torch.Tensor:
        """Return the mean over structures of 2 |A B| / (|A|^2 + |B|^2), the anatomy being taken from `places`."""
        at = (places @ self.matrix.T + self.offset) / self.spacing
        found = interpolated(self.hot, at[None, None])[:, 0, 0]
        both = (found * self.wanted).sum(dim=1)
        return (2 * both / ((found**2).sum(dim=1) + (self.wanted**2).sum(dim=1))).mean()


def samples_of(anatomy: Anatomy, person: Person, ids: tuple[int, ...]) -> Samples:
    """Return the lattice on the person's slices, and both label maps structure by structure.

    Both sides of a structure are one: they lie apart, and a flow cannot exchange them.
    """
    grid = person.grid
    every = max(1, round(LATTICE_MM[1] / grid.spacing_mm[2]))
    planes = person.labels[::every] % LEFT_OFFSET
    _, rows, columns = planes.nonzero()
    lines = [_lattice(there, grid.size[n], grid.spacing_mm[n]) for n, there in ((1, rows), (0, columns))]
    k, j, i = (index.ravel() for index in np.meshgrid(np.arange(len(planes)), *lines, indexing="ij"))
    offsets = np.stack([i, j, k * every], axis=1) * np.array(grid.spacing_mm)
    hot, coarse = _coarser(anatomy, ids)
    return Samples(
        places=np.array(grid.origin) + offsets @ grid.matrix.T,
        hot=hot,
        grid=coarse,
        wanted=np.stack([planes == value for value in ids]),
        chosen=(k, j, i),
        pixel_mm=(grid.spacing_mm[1], grid.spacing_mm[0]),
    )


def _lattice(labelled: NDArray[np.intp], size: int, spacing_mm: float) -> NDArray[np.intp]:
    """Return the rows or columns of the lattice, from those that hold labels."""
    reach = round(NEAR_MM / spacing_mm)
    first, last = max(int(labelled.min()) - reach, 0), min(int(labelled.max()) + reach, size - 1)
    return np.arange(first, last + 1, max(1, round(LATTICE_MM[0] / spacing_mm)))


def _coarser(anatomy: Anatomy, ids: tuple[int, ...]) -> tuple[NDArray[np.float32], Grid]:
    """Return the share of each structure in blocks of the anatomy's voxels, and the grid of the blocks."""
    n = COARSER
    z, y, x = (size // n for size in anatomy.grid.shape)
    blocks = (anatomy.labels[: z * n, : y * n, : x * n] % LEFT_OFFSET).reshape(z, n, y, n, x, n)
    hot = np.stack([(blocks == i).mean(axis=(1, 3, 5), dtype=np.float32) for i in ids])
    spacing = tuple(n * s for s in anatomy.grid.spacing_mm)
    origin = anatomy.grid.position(((n - 1) / 2,) * 3)
    return hot, Grid.identity((x, y, z), (spacing[0], spacing[1], spacing[2]), origin)
