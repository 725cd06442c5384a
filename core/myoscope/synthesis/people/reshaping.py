"""A whole anatomy with a person's shape, and how well it fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.grid import Grid
from myoscope.metrics import dice, overlap_counts
from myoscope.synthesis.anatomy import Anatomy
from myoscope.synthesis.people.bones import slimmed
from myoscope.synthesis.people.matching import Affine, matched, shared_ids
from myoscope.synthesis.people.warping import Warp, warped

if TYPE_CHECKING:
    import SimpleITK as sitk
    from numpy.typing import NDArray

    from myoscope.synthesis.people.person import Person

#: Grid of the new anatomy, (x, y, z) mm.
SPACING_MM = (1.5, 1.5, 2.0)
#: Grid on which the extent of the new anatomy is looked up.
LOOK_MM = (6.0, 6.0, 8.0)


@dataclass(frozen=True, slots=True)
class Reshaped:
    """An anatomy with a person's shape.

    Attributes:
        anatomy: The whole of it, in the person's coordinates.
        dice_before: Label value -> Dice on the person's slices, of each structure that both show: placed, not yet bent.
        dice: The same, of the final anatomy.
        smallest_jacobian: Above 0 nothing has folded.
    """

    anatomy: Anatomy
    dice_before: dict[int, float]
    dice: dict[int, float]
    smallest_jacobian: float


def reshaped(anatomy: Anatomy, person: Person) -> Reshaped:
    """Return the anatomy, deformed onto the person.

    Raises:
        InputError: They have too few structures in common.
    """
    ids = shared_ids(anatomy, person)
    start = matched(anatomy, person, ids)
    warp = warped(anatomy, person, ids, start)
    transform = _transform(warp)
    grid = _filled(_on(anatomy, _grid_of(warp, LOOK_MM), transform), warp)
    bent = Anatomy(_on(anatomy, grid, transform), grid, f"{anatomy.name} as {person.name}")
    final = replace(bent, labels=slimmed(bent, warp))
    before = _dice(_on(anatomy, person.grid, _affine(start)), person, ids)
    after = _dice(_on(final, person.grid, None), person, ids)
    return Reshaped(final, before, after, float(warp.jacobian.min()))


def _dice(found: NDArray[np.uint8], person: Person, ids: tuple[int, ...]) -> dict[int, float]:
    """Return the Dice of each shared structure and side on the person's slices."""
    counts = overlap_counts(found, person.labels)
    return {value: dice(counts[value]) for value in sorted(v for i in ids for v in (i, i + LEFT_OFFSET))}


def _on(anatomy: Anatomy, grid: Grid, transform: sitk.Transform | None) -> NDArray[np.uint8]:
    """Return the anatomy's labels on a grid, whose places `transform` maps into the anatomy; None leaves them."""
    import SimpleITK as sitk

    from myoscope.ops.resample import as_image

    result = sitk.Resample(
        as_image(anatomy.labels, anatomy.grid),
        grid.size,
        transform or sitk.Transform(),
        sitk.sitkNearestNeighbor,
        grid.origin,
        grid.spacing_mm,
        grid.direction,
        0,
    )
    return np.asarray(sitk.GetArrayFromImage(result), dtype=np.uint8)


def _affine(start: Affine) -> sitk.Transform:
    import SimpleITK as sitk

    transform = sitk.AffineTransform(3)
    transform.SetMatrix(start.matrix.ravel().tolist())
    transform.SetTranslation(start.offset.tolist())
    return transform


def _transform(warp: Warp) -> sitk.Transform:
    import SimpleITK as sitk

    field = sitk.GetImageFromArray(np.moveaxis(warp.displacement, 0, -1).astype(np.float64), isVector=True)
    field.SetOrigin(warp.grid.origin)
    field.SetSpacing(warp.grid.spacing_mm)
    # The one added last is the first to act.
    return sitk.CompositeTransform([_affine(warp.affine), sitk.DisplacementFieldTransform(field)])


def _grid_of(warp: Warp, spacing_mm: tuple[float, float, float]) -> Grid:
    """Return a grid of another spacing with the extent of the warp's."""
    extents = [(n - 1) * s for n, s in zip(warp.grid.size, warp.grid.spacing_mm, strict=True)]
    size = tuple(int(extent / s) + 1 for extent, s in zip(extents, spacing_mm, strict=True))
    return Grid.identity(size, spacing_mm, warp.grid.origin)


def _filled(labels: NDArray[np.uint8], warp: Warp) -> Grid:
    """Return the grid of the new anatomy: the part of the warp's extent that holds these labels, seen at `LOOK_MM`."""
    spans = [np.flatnonzero(labels.any(axis=axes)) for axes in ((0, 1), (0, 2), (1, 2))]
    low = [max(int(span[0]) - 1, 0) * s for span, s in zip(spans, LOOK_MM, strict=True)]
    high = [(int(span[-1]) + 1) * s for span, s in zip(spans, LOOK_MM, strict=True)]
    size = tuple(int((b - a) / s) + 1 for a, b, s in zip(low, high, SPACING_MM, strict=True))
    return Grid.identity(size, SPACING_MM, tuple(o + a for o, a in zip(warp.grid.origin, low, strict=True)))
