"""How a model is run: choices of a user about speed, accuracy and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from myoscope.errors import UsageError

BACKENDS = ("auto", "torch", "openvino")
BLENDINGS = ("gaussian", "constant")


@dataclass(frozen=True, slots=True)
class InferenceOptions:
    """Choices about running a model; what is left alone is the recipe's or found out.

    Attributes:
        backend: `auto`, `torch` or `openvino`.
        overlap: Share of a window that neighbors overlap by, 0 to less than 1; the recipe's when None.
        blending: Weight of a window's voxels where windows overlap, `gaussian` or `constant`.
        mirror: Also look at the volume left for right and take the mean; doubles the time.
        confidence: Also give the winning probability of every voxel.
        fast: Take the modality's coarser and faster model instead of its default.

    Raises:
        UsageError: A value is out of its range.
    """

    backend: str = "auto"
    overlap: float | None = None
    blending: str = "gaussian"
    mirror: bool = False
    confidence: bool = False
    fast: bool = False

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise UsageError(f"No backend is called {self.backend!r}.", f"Choose {', '.join(BACKENDS)}.")
        if self.blending not in BLENDINGS:
            raise UsageError(f"No blending is called {self.blending!r}.", f"Choose {', '.join(BLENDINGS)}.")
        if self.overlap is not None and not 0.0 <= self.overlap < 1.0:
            raise UsageError(f"An overlap of {self.overlap} is not a share of a window.", "Give 0 to less than 1.")
