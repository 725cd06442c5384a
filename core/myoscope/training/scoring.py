"""Held-out figures of a trained network, on the scans' own grids, as `analyze` would give them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Certainty, Segmentation
from myoscope.metrics import dice, overlap_counts
from myoscope.models.card import USUAL_SHARE
from myoscope.training.cases import read_labelled

if TYPE_CHECKING:
    import torch

    from myoscope.hookspecs import Modality
    from myoscope.models import Calibration, StructureScore


class Figure(NamedTuple):
    """What a network made of one side of a structure in a case.

    Attributes:
        dice: 0 to 1.
        error_pct: |V - V_ref| / V_ref x 100.
        found: Whether it has labels at all, refinement done.
    """

    dice: float
    error_pct: float
    found: bool


#: Structure -> a figure a side, in one case.
Figures = Mapping[str, Sequence[Figure]]
#: A line through fewer structures of cases would say little.
FEWEST_PAIRS = 30
#: A structure of which a case shows less than this is left out of that case's figures: it is cut away.
SMALLEST_REFERENCE_ML = 1.0
SMALLEST_REFERENCE_PX = 100


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a trained network did on held-out cases.

    Attributes:
        scores: Dice and volume error by structure, each side of each case counted on its own.
        usual_certainty: That `USUAL_SHARE` of the volumes reach, rounded down; None for pictures.
        calibration: From its certainty of a structure to its Dice there; None for pictures and for too few structures.
    """

    scores: tuple[StructureScore, ...]
    usual_certainty: float | None
    calibration: Calibration | None


def score_cases(
    pairs: Iterable[tuple[Path, Path]], network: torch.nn.Module, recipe: Recipe, modality: Modality, device: str
) -> HeldOut:
    """Return how a network does on labelled cases, and how sure it is of that.

    Args:
        pairs: Image and label files.
        network: In evaluation mode, on `device`.
        recipe: Of the network.
        modality: That loads, prepares and refines.
        device: A torch device.
    """
    from myoscope.inference import segment

    structures = modality.describe().structures
    sure: list[Certainty] = []

    def label(scan: Scan) -> NDArray[np.uint8]:
        found = segment(scan, modality.preprocess(scan, recipe), network, recipe, structures, device=device)
        if found.certainty is not None:
            sure.append(found.certainty)
        return found.labels

    cases = [_figures(pair, label, recipe, modality) for pair in pairs]
    return HeldOut(_summed(cases, recipe), usual_certainty(sure), calibration_of(sure, cases) if sure else None)


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
    return _summed([_figures(pair, label_scan, recipe, modality) for pair in pairs], recipe)


def usual_certainty(sure: Sequence[Certainty]) -> float | None:
    """Return the mean certainty that `USUAL_SHARE` of volumes reach, rounded down to hundredths; None without any.

    One hard volume among many does not set it, as it would set the least.
    """
    means = [certainty.mean for certainty in sure if not math.isnan(certainty.mean)]
    return math.floor(100 * np.quantile(means, 1 - USUAL_SHARE)) / 100 if means else None


def calibration_of(sure: Sequence[Certainty], cases: Sequence[Figures]) -> Calibration | None:
    """Return the line of least squares from the certainty of a structure in a case to its Dice there, mean of sides.

    Structures that refinement took away do not count: nobody is told what to expect of them. None when fewer than
    `FEWEST_PAIRS` structures were found, or all with one certainty.

    Args:
        sure: Of the network, a case each.
        cases: Figures of the same cases.
    """
    from myoscope.models import Calibration

    pairs = [
        (certainty.by_structure[name], float(np.mean([figure.dice for figure in figures])))
        for certainty, case in zip(sure, cases, strict=True)
        for name, figures in case.items()
        if name in certainty.by_structure and any(figure.found for figure in figures)
    ]
    x, y = np.array(pairs, dtype=float).reshape(-1, 2).T
    if len(pairs) < FEWEST_PAIRS or np.ptp(x) == 0:
        return None
    slope, intercept = np.polyfit(x, y, 1)
    spread = float(np.std(y - (intercept + slope * x)))
    return Calibration(round(float(slope), 3), round(float(intercept), 3), round(spread, 3), len(pairs))


def _figures(
    pair: tuple[Path, Path], label_scan: Callable[[Scan], NDArray[np.uint8]], recipe: Recipe, modality: Modality
) -> Figures:
    """Return Dice and volume error in percent of each side of each structure that a case shows."""
    scan, truth = read_labelled(*pair, recipe, modality)
    structures = modality.describe().structures
    raw = label_scan(scan)
    found = Segmentation(raw, scan.grid, structures, frozenset(recipe.structures), sides_split=False, by_model=True)
    counts = overlap_counts(modality.refine(scan, found).labels, truth.labels)
    figures: dict[str, list[Figure]] = defaultdict(list)
    for value, structure, _ in truth.entries():
        count = counts.get(value)
        if count is not None and not _is_cut_away(count.reference, scan):
            error = abs(count.prediction - count.reference) / count.reference * 100
            figures[structure.name].append(Figure(dice(count), error, count.prediction > 0))
    return figures


def _summed(cases: Sequence[Figures], recipe: Recipe) -> tuple[StructureScore, ...]:
    from myoscope.models import StructureScore

    scores = []
    for name in recipe.structures:
        figures = [figure for case in cases for figure in case.get(name, ())]
        if figures:
            mean = float(np.mean([figure.dice for figure in figures]))
            median = float(np.median([figure.error_pct for figure in figures]))
            scores.append(StructureScore(name, len(figures), round(mean, 4), round(median, 2)))
    return tuple(scores)


def _is_cut_away(count: int, scan: Scan) -> bool:
    """Tell whether so few samples of a structure are left that its figures would mean nothing."""
    if scan.grid.ndim == PICTURE_AXES:
        return count < SMALLEST_REFERENCE_PX
    return count * scan.grid.voxel_volume_ml < SMALLEST_REFERENCE_ML
