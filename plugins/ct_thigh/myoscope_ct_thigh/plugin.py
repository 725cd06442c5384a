"""The CT modality: each hook is one call into a module of this package."""

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
from myoscope_ct_thigh.recipes import DEFAULT_MODEL, FAST_MODEL, RECIPES
from myoscope_ct_thigh.structures import STRUCTURES

if TYPE_CHECKING:
    import torch


class CTThigh:
    """Whole-thigh CT, hip to knee (Kim 2024)."""

    @hookimpl
    def describe(self) -> ModalityInfo:
        """Return what this plugin offers."""
        return ModalityInfo(
            name="ct_thigh",
            title="Thigh CT",
            structures=STRUCTURES,
            inputs=("DICOM series (folder, zip, enhanced file)", "NIfTI, NRRD, MHA in Hounsfield units"),
            recipes=RECIPES,
            default_model=DEFAULT_MODEL,
            fast_model=FAST_MODEL,
            weights_dir=Path(__file__).parent / "weights",
            published=Path(__file__).parent / "published.csv",
        )

    @hookimpl
    def recognize(self, source: Path) -> Recognition | None:
        """Return how sure it is that the source is a CT."""
        from myoscope_ct_thigh.loading import recognize

        return recognize(source)

    @hookimpl
    def load(self, source: Path, options: LoadOptions) -> Scan:
        """Return the CT in Hounsfield units."""
        from myoscope_ct_thigh.loading import load

        return load(source, options)

    @hookimpl
    def preprocess(self, scan: Scan, recipe: Recipe) -> Scan:
        """Return the body, windowed, on the recipe's grid."""
        from myoscope_ct_thigh.preprocessing import preprocess

        return preprocess(scan, recipe)

    @hookimpl
    def build_network(self, recipe: Recipe) -> torch.nn.Module:
        """Return the recipe's network with fresh weights."""
        from myoscope.networks import build_volume_network

        return build_volume_network(recipe)

    @hookimpl
    def refine(self, scan: Scan, segmentation: Segmentation) -> Segmentation:
        """Return the segmentation without islands, sides split."""
        from myoscope_ct_thigh.refinement import refine

        return refine(scan, segmentation)

    @hookimpl
    def measure(self, scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:
        """Return volumes, areas, density and fat."""
        from myoscope_ct_thigh.measures import measure

        return measure(scan, segmentation, subject)

    @hookimpl
    def check(self, scan: Scan, segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
        """Return what is wrong or worth a look."""
        from myoscope_ct_thigh.checks import check

        return check(scan, segmentation, measurements)

    @hookimpl
    def synthesize(self, seed: int, options: SynthesisOptions) -> LabelledCase:
        """Return a labelled CT of a thigh that no one has."""
        from myoscope_ct_thigh.synthesis import synthesize

        return synthesize(seed, options)
