"""Held-out figures of a trained network, on the scans' own grids, as `analyze` would give them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.metrics import dice, overlap_counts
from myoscope.training.cases import read_labelled

if TYPE_CHECKING:
    import torch

    from myoscope.hookspecs import Modality
    from myoscope.models import StructureScore

#: A structure of which a case shows less than this is left out of that case's figures: it is cut away.
SMALLEST_REFERENCE_ML = 1.0
SMALLEST_REFERENCE_PX = 100


def score_cases(
    pairs: Iterable[tuple[Path, Path]], network: torch.nn.Module, recipe: Recipe, modality: Modality, device: str
) -> tuple[tuple[StructureScore, ...], float | None]:
    """Return Dice and volume error by structure, each side of each case counted on its own, and the least certainty.

    Args:
        pairs: Image and label files.
        network: In evaluation mode, on `device`.
        recipe: Of the network.
        modality: That loads, prepares and refines.
        device: A torch device.
    """
    from myoscope.inference import segment

    structures = modality.describe().structures
    sure: list[float] = []

    def label(scan: Scan) -> NDArray[np.uint8]:
        found = segment(scan, modality.preprocess(scan, recipe), network, recipe, structures, device=device)
        if found.certainty is not None and not math.isnan(found.certainty.mean):
            sure.append(found.certainty.mean)
        return found.labels

    scores = score_labels(pairs, label, recipe, modality)
    return scores, math.floor(100 * min(sure)) / 100 if sure else None


def score_labels(
    pairs: Iterable[tuple[Path, Path]],
    label_scan: Callable[[Scan], NDArray[np.uint8]],
    recipe: Recipe,
    modality: Modality,
) -> tuple[StructureScore, ...]:
    """Return Dice and volume error as `score_cases` does, whatever labels the scans.

    Args:
        pairs: Image and label files.
        label_scan: Gives structure ids on a scan's own grid.
        recipe: Names the structures.
        modality: That loads and refines.
    """
    from myoscope.models import StructureScore

    structures = modality.describe().structures
    scores: dict[str, list[float]] = defaultdict(list)
    errors: dict[str, list[float]] = defaultdict(list)
    for image, label in pairs:
        scan, truth = read_labelled(image, label, recipe, modality)
        raw = label_scan(scan)
        found = Segmentation(raw, scan.grid, structures, frozenset(recipe.structures), sides_split=False, by_model=True)
        counts = overlap_counts(modality.refine(scan, found).labels, truth.labels)
        for value, structure, _ in truth.entries():
            count = counts.get(value)
            if count is None or _is_cut_away(count.reference, scan):
                continue
            scores[structure.name].append(dice(count))
            errors[structure.name].append(abs(count.prediction - count.reference) / count.reference * 100)
    return tuple(
        StructureScore(name, len(scores[name]), round(float(np.mean(scores[name])), 4), _median(errors[name]))
        for name in recipe.structures
        if scores[name]
    )


def _is_cut_away(count: int, scan: Scan) -> bool:
    """Tell whether so few samples of a structure are left that its figures would mean nothing."""
    if scan.grid.ndim == PICTURE_AXES:
        return count < SMALLEST_REFERENCE_PX
    return count * scan.grid.voxel_volume_ml < SMALLEST_REFERENCE_ML


def _median(values: list[float]) -> float:
    return round(float(np.median(values)), 2)
