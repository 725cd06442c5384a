"""The contract of a modality, whole: implement these, name the class in the entry-point group `myoscope.modalities`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pluggy

from myoscope.data.finding import Finding
from myoscope.data.measurement import Measurements
from myoscope.data.modality import LabelledCase, LoadOptions, ModalityInfo, Recognition, SynthesisOptions
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation
from myoscope.data.subject import Subject

if TYPE_CHECKING:
    import torch

ENTRY_POINT_GROUP = "myoscope.modalities"

hookspec = pluggy.HookspecMarker("myoscope")
hookimpl = pluggy.HookimplMarker("myoscope")


class Modality(Protocol):
    """One kind of scan, from file to measurements."""

    @hookspec(firstresult=True)
    def describe(self) -> ModalityInfo:
        """Return structures, accepted inputs, recipes and the default model; data only, no work."""

    @hookspec(firstresult=True)
    def recognize(self, source: Path) -> Recognition | None:
        """Return how sure it is that `source` is this modality, from headers alone in milliseconds, or None."""

    @hookspec(firstresult=True)
    def load(self, source: Path, options: LoadOptions) -> Scan:
        """Return the scan with its true geometry; raise an `InputError` rather than guess."""

    @hookspec(firstresult=True)
    def preprocess(self, scan: Scan, recipe: Recipe) -> Scan:
        """Return a new scan on the recipe's grid, a float32 channel for each of its own; `scan` is untouched."""

    @hookspec(firstresult=True)
    def build_network(self, recipe: Recipe) -> torch.nn.Module:
        """Return the recipe's network with fresh weights: (N, C, z, y, x) to (N, 1 + structures, z, y, x) logits."""

    @hookspec(firstresult=True)
    def refine(self, scan: Scan, segmentation: Segmentation) -> Segmentation:
        """Return the segmentation after anatomy-aware clean-up, sides split where geometry tells them."""

    @hookspec(firstresult=True)
    def measure(self, scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:
        """Return every measurement with unit, method and completeness."""

    @hookspec(firstresult=True)
    def check(self, scan: Scan, segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
        """Return what is wrong or worth a look; empty when all is well."""

    @hookspec(firstresult=True)
    def synthesize(self, seed: int, options: SynthesisOptions) -> LabelledCase:
        """Return a labelled case whose every answer is known; the same seed gives the same bytes."""
