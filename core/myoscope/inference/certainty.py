"""How sure a network is of what it found, from the entropy of its probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from myoscope.data.finding import Finding, Severity
from myoscope.data.segmentation import Certainty
from myoscope.inference.blending import BACKGROUND, Piece

#: Certain, in a map of confidence.
SURE = 255


def doubts(model: str, certainty: Certainty | None, least: float | None) -> tuple[Finding, ...]:
    """Return a finding where a model is less sure of a volume than of any that was held out of its training.

    Over the volumes held out from either embedded default Dice went with certainty (Spearman 0.9). Whole scans turned
    front to back and real CTs of the trunk lay below them all, scans turned upside down did not.

    Args:
        model: Id of the model.
        certainty: Of the model in the volume.
        least: Of the held-out volumes, that of which it was least sure; None where it is not known.
    """
    if certainty is None or least is None or not certainty.mean < least:
        return ()
    sure = math.floor(100 * certainty.mean) / 100  # as `least`, down
    return (
        Finding(
            code="low_confidence",
            severity=Severity.WARNING,
            message=f"{model} is less sure of this scan ({sure:.2f}) than of any that it was tested on ({least:.2f}).",
            action="Look whether the scan is of the kind that the model is made for, and the right way up; look at "
            "every outline before using the values.",
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
        import torch

        if piece.classes == (BACKGROUND,):
            return
        # The border that a column shares with the next counts there, but at the end of the grid.
        rows = slice(piece.shares.shape[2] - (piece.rows.stop < self.shape[1]))
        columns = slice(piece.shares.shape[3] - (piece.columns.stop < self.shape[2]))
        shares = piece.shares[:, :, rows, columns]
        winners = torch.tensor(piece.classes, device=shares.device)[shares.max(dim=0).indices]
        found = winners != BACKGROUND
        if not bool(found.any()):
            return
        sure = 1 - torch.special.entr(shares[:, found]).sum(dim=0).double() / math.log(len(self.sums))
        which, count = winners[found].cpu().numpy(), len(self.sums)
        self.voxels += np.bincount(which, minlength=count)
        self.sums += np.bincount(which, weights=sure.cpu().numpy(), minlength=count)
