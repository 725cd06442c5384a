"""One prediction against one reference."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import LEFT_OFFSET, Side
from myoscope.data.grid import LengthUnit
from myoscope.data.segmentation import Segmentation
from myoscope.errors import GeometryError
from myoscope.evaluation.values import EvaluationRow
from myoscope.metrics import (
    Overlap,
    SurfaceDistances,
    assd,
    dice,
    hausdorff,
    hausdorff_95,
    iou,
    overlap_counts,
    precision,
    ravd_pct,
    recall,
    status_of,
    surface_distances,
)

SOLID = 3


def compare(
    prediction: Segmentation, reference: Segmentation, case_id: str, *, surface: bool = True
) -> tuple[EvaluationRow, ...]:
    """Return a row for every structure and side that either segmentation looked for.

    Where only one of them splits sides, both sides are compared as one. A picture without a scale has no distances. A
    video's overlap is counted over all of its frames; it has no distances, for nothing measures from frame to frame.

    Raises:
        GeometryError: They lie on different grids, or show different numbers of frames.
    """
    grid = reference.grid
    if not prediction.grid.is_same(grid):
        raise GeometryError(
            f"{case_id}: the prediction has {prediction.grid.size} voxels of {prediction.grid.spacing_mm} mm, the "
            f"reference {grid.size} of {grid.spacing_mm} mm, or they lie elsewhere.",
            "Bring one onto the grid of the other (nearest neighbor) first.",
        )
    if prediction.labels.shape != reference.labels.shape:
        raise GeometryError(
            f"{case_id}: the prediction has the shape {prediction.labels.shape}, "
            f"the reference {reference.labels.shape}.",
            "A video needs labels for each of its frames.",
        )
    split = prediction.sides_split and reference.sides_split
    predicted, true = (s.labels if s.sides_split == split else _unsplit(s.labels) for s in (prediction, reference))
    counts = overlap_counts(predicted, true)
    measurable = grid.unit is LengthUnit.MM and reference.labels.shape == grid.shape
    distances = surface_distances(predicted, true, grid.spacing_mm[::-1]) if surface and measurable else {}
    none = Overlap(0, 0, 0)
    millilitres = grid.voxel_volume_ml if grid.ndim == SOLID else nan
    names = prediction.predicted | reference.predicted
    return tuple(
        _row((case_id, structure.name, side), counts.get(label, none), distances.get(label), millilitres)
        for side in ((Side.RIGHT, Side.LEFT) if split else (Side.BOTH,))
        for structure in reference.structures
        if structure.name in names
        for label in (reference.structures.label(structure.name, side),)
    )


def _row(
    key: tuple[str, str, Side], counts: Overlap, distances: SurfaceDistances | None, millilitres: float
) -> EvaluationRow:
    case_id, structure, side = key
    return EvaluationRow(
        case_id=case_id,
        structure=structure,
        side=side.value,
        dice=dice(counts),
        iou=iou(counts),
        precision=precision(counts),
        recall=recall(counts),
        hd_mm=nan if distances is None else hausdorff(distances),
        hd95_mm=nan if distances is None else hausdorff_95(distances),
        assd_mm=nan if distances is None else assd(distances),
        ravd_pct=ravd_pct(counts),
        volume_pred_ml=counts.prediction * millilitres,
        volume_ref_ml=counts.reference * millilitres,
        status=status_of(counts).value,
    )


def _unsplit(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    values = np.arange(256, dtype=np.uint8)
    values[LEFT_OFFSET + 1 :] -= LEFT_OFFSET
    return values[labels]
