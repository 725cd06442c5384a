"""Integer labels on a grid, with what the integers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from myoscope.anatomy import Side, Structure, StructureSet
from myoscope.data.finding import Finding
from myoscope.data.grid import Grid
from myoscope.errors import GeometryError

#: A volume has three axes, a video two and time.
MAX_AXES = 3


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a model is of what it found, as 1 - entropy / log(classes): 1 without doubt, 0 when all is as likely.

    Attributes:
        mean: Over all voxels of the model's grid that are not background; NaN when it found nothing.
        by_structure: Over the voxels of each structure that it found.
        expected_dice: What that certainty meant on held-out cases, by structure; empty for a model whose card does not
            say.
    """

    mean: float
    by_structure: Mapping[str, float]
    expected_dice: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A label map.

    Attributes:
        labels: Shape `grid.shape`, uint8; 0 is background; (frames, *`grid.shape`) for a video.
        grid: Where the voxels lie.
        structures: Every structure of the modality.
        predicted: Names that the model was trained to find; the others are 'not predicted', which is not 'absent'.
        sides_split: True when left structures carry `id + 100`; False when both sides share one value.
        by_model: True for a network's output, which `refine` may clean; labels that a person gave are never changed.
        findings: What splitting and clean-up noticed.
        confidence: The model's own for each frame, 0 to 1; empty for volumes and for labels that a person gave.
        confidence_map: Probability times 255 of what the model called each voxel, before anything was cleaned, 0 where
            it did not look; uint8, as `labels`; None unless asked for.
        certainty: Of a model in a volume; None for pictures and for labels that a person gave.

    Raises:
        GeometryError: Labels whose shape is not the grid's, or a map of confidence whose shape is not the labels'.
    """

    labels: NDArray[np.uint8]
    grid: Grid
    structures: StructureSet
    predicted: frozenset[str]
    sides_split: bool
    by_model: bool = False
    findings: tuple[Finding, ...] = field(default=())
    confidence: tuple[float, ...] = ()
    confidence_map: NDArray[np.uint8] | None = None
    certainty: Certainty | None = None

    def __post_init__(self) -> None:
        if self.labels.shape[-self.grid.ndim :] != self.grid.shape or self.labels.ndim > MAX_AXES:
            raise GeometryError(f"The labels have shape {self.labels.shape}, their grid {self.grid.shape}.")
        if self.confidence_map is not None and self.confidence_map.shape != self.labels.shape:
            raise GeometryError(
                f"The map of confidence has shape {self.confidence_map.shape}, the labels {self.labels.shape}."
            )

    def entries(self) -> Iterator[tuple[int, Structure, Side]]:
        """Yield label value, structure and side of everything that the model was trained to find, present or not."""
        sides = (Side.RIGHT, Side.LEFT) if self.sides_split else (Side.BOTH,)
        for side in sides:
            for structure in self.structures:
                if structure.name in self.predicted:
                    yield self.structures.label(structure.name, side), structure, side
