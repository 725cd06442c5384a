"""How sure a network is of what it found, from the entropy of its probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding, Severity
from myoscope.data.segmentation import Certainty, Segmentation
from myoscope.inference.blending import BACKGROUND, Piece
from myoscope.inference.shares import entropy, leaders, slabs
from myoscope.models.card import USUAL_SHARE
from myoscope.ops.regions import label_boxes

if TYPE_CHECKING:
    import torch

    from myoscope.models.card import Calibration

#: Certain, in a map of confidence.
SURE = 255
#: With less overlap than this an outline shows where a structure is and no more.
DOUBTFUL_DICE = 0.6


def doubts(model: str, certainty: Certainty | None, usual: float | None) -> tuple[Finding, ...]:
    """Return a finding where a model is less sure of a volume than it usually is of those held out of its training.

    Over the volumes held out from either embedded default Dice went with certainty (Spearman 0.9). Whole scans turned
    front to back and real CTs of the trunk lay below what is usual, scans turned upside down did not.

    Args:
        model: Id of the model.
        certainty: Of the model in the volume.
        usual: `ModelCard.usual_certainty`; None where it is not known.
    """
    if certainty is None or usual is None or not certainty.mean < usual:
        return ()
    sure = math.floor(100 * certainty.mean) / 100  # as `usual`, down
    return (
        Finding(
            code="low_confidence",
            severity=Severity.WARNING,
            message=f"{model} is less sure of this scan ({sure:.2f}) than of {USUAL_SHARE:.0%} of those that it was "
            f"tested on ({usual:.2f} or more).",
            action="Look whether the scan is of the kind that the model is made for, and the right way up; look at "
            "every outline before using the values.",
        ),
    )


def calibrated(certainty: Certainty | None, calibration: Calibration | None) -> Certainty | None:
    """Return the certainty with the Dice that it meant on held-out cases, where the card says so."""
    if certainty is None or calibration is None:
        return certainty
    expected = {name: round(calibration.expected_dice(sure), 3) for name, sure in certainty.by_structure.items()}
    return replace(certainty, expected_dice=expected)


def doubtful_structures(segmentation: Segmentation) -> tuple[Finding, ...]:
    """Return a finding that lists the labelled structures of which a Dice below `DOUBTFUL_DICE` is to be expected."""
    expected = {} if segmentation.certainty is None else segmentation.certainty.expected_dice
    doubtful = {name: value for name, value in expected.items() if value < DOUBTFUL_DICE}
    if doubtful:
        labelled = label_boxes(segmentation.labels)
        there = {structure.name for value, structure, _ in segmentation.entries() if value in labelled}
        doubtful = {name: value for name, value in doubtful.items() if name in there}
    if not doubtful:
        return ()
    listed = ", ".join(f"{name} ({value:.2f})" for name, value in sorted(doubtful.items(), key=lambda item: item[1]))
    return (
        Finding(
            code="structures_doubtful",
            severity=Severity.WARNING,
            message=f"As sure as the model is of them here, these had a Dice below {DOUBTFUL_DICE} on held-out cases: "
            f"{listed}.",
            action="Look at their outlines before using their values.",
        ),
    )


class Tally:
    """Sums of 1 - entropy / log(classes) over the voxels of each class but background, on the model's grid.

    Args:
        classes: Output channels of the network.
        shape: (z, y, x) of the volume.
    """

    def __init__(self, classes: int, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.voxels: NDArray[np.int64] = np.zeros(classes, dtype=np.int64)
        self.sums: NDArray[np.float64] = np.zeros(classes)

    def counting(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Yield the pieces as they are, each counted."""
        for piece in pieces:
            self._count(piece)
            yield piece

    def certainty(self, structures: tuple[str, ...]) -> Certainty:
        """Return the means, given the structure of each class but background."""
        total = int(self.voxels.sum())
        found = [(name, i) for i, name in enumerate(structures, 1) if self.voxels[i]]
        by_structure = {name: float(self.sums[i] / self.voxels[i]) for name, i in found}
        return Certainty(float(self.sums.sum() / total) if total else math.nan, by_structure)

    def _count(self, piece: Piece) -> None:
        if piece.classes == (BACKGROUND,):
            return
        # The border that a column shares with the next counts there, but at the end of the grid.
        rows = slice(piece.shares.shape[2] - (piece.rows.stop < self.shape[1]))
        columns = slice(piece.shares.shape[3] - (piece.columns.stop < self.shape[2]))
        for some in slabs(piece.shares):
            self._count_voxels(piece.classes, piece.shares[:, some], (slice(None), rows, columns))

    def _count_voxels(self, classes: tuple[int, ...], shares: torch.Tensor, where: tuple[slice, ...]) -> None:
        """Count some planes, of which `where` gives the voxels that count."""
        winners = leaders(shares)[0][where].flatten().cpu().numpy()
        voxels = np.bincount(winners, minlength=len(classes))
        found = [(i, c) for i, c in enumerate(classes) if c != BACKGROUND and voxels[i]]
        if not found:
            return
        doubt = np.bincount(winners, entropy(shares)[where].flatten().cpu().numpy(), len(classes))
        for i, c in found:
            self.voxels[c] += voxels[i]
            self.sums[c] += voxels[i] - doubt[i] / math.log(len(self.sums))
