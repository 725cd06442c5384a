"""The ultrasound modality: each hook is one call into a module of this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from myoscope import (
    Finding,
    LabelledCase,
    LoadOptions,
    Measurements,
    ModalityInfo,
    Recipe,
    Recognition,
    Scan,
    Segmentation,
    Subject,
    SynthesisOptions,
    hookimpl,
)
from myoscope_ultrasound.recipes import MODELS, RECIPES
from myoscope_ultrasound.structures import STRUCTURES

if TYPE_CHECKING:
    import torch


class Ultrasound:
    """B-mode muscle ultrasound, pictures and videos (Zhang)."""

    @hookimpl
    def describe(self) -> ModalityInfo:
        """Return what this plugin offers."""
        return ModalityInfo(
            name="ultrasound",
            title="Muscle ultrasound",
            structures=STRUCTURES,
            inputs=("PNG, JPEG, TIFF, BMP", "DICOM single- and multi-frame", "MP4, AVI"),
            recipes=RECIPES,
            default_model="",
            weights_dir=Path(__file__).parent / "weights",
            sites=MODELS,
            published=Path(__file__).parent / "published.csv",
        )

    @hookimpl
    def recognize(self, source: Path) -> Recognition | None:
        """Return how sure it is that the source is an ultrasound picture or video."""
        from myoscope_ultrasound.loading import recognize

        return recognize(source)

    @hookimpl
    def load(self, source: Path, options: LoadOptions) -> Scan:
        """Return the frames with their calibration."""
        from myoscope_ultrasound.loading import load

        return load(source, options)

    @hookimpl
    def preprocess(self, scan: Scan, recipe: Recipe) -> Scan:
        """Return the tissue on the recipe's window."""
        from myoscope_ultrasound.preprocessing import preprocess

        return preprocess(scan, recipe)

    @hookimpl
    def build_network(self, recipe: Recipe) -> torch.nn.Module:
        """Return the recipe's network with fresh weights."""
        from myoscope_ultrasound.network import build

        return build(recipe)

    @hookimpl
    def refine(self, scan: Scan, segmentation: Segmentation) -> Segmentation:
        """Return the segmentation without islands, the muscle between two aponeuroses filled in."""
        from myoscope_ultrasound.refinement import refine

        return refine(scan, segmentation)

    @hookimpl
    def measure(self, scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:
        """Return thickness, area and echo intensity."""
        from myoscope_ultrasound.measures import measure

        return measure(scan, segmentation, subject)

    @hookimpl
    def check(self, scan: Scan, segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
        """Return what is wrong or worth a look."""
        from myoscope_ultrasound.checks import check

        return check(scan, segmentation, measurements)

    @hookimpl
    def synthesize(self, seed: int, options: SynthesisOptions) -> LabelledCase:
        """Return a labelled frame or video of a muscle that no one has."""
        from myoscope_ultrasound.synthesis import synthesize

        return synthesize(seed, options)
