"""The Dixon MRI modality: each hook is one call into a module of this package."""

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
from myoscope_dixon_mri.recipes import DEFAULT_MODEL, FAST_MODEL, RECIPES
from myoscope_dixon_mri.structures import STRUCTURES

if TYPE_CHECKING:
    import torch


class DixonMRI:
    """Dixon MRI of hip and thigh, station by station or whole."""

    @hookimpl
    def describe(self) -> ModalityInfo:
        """Return what this plugin offers."""
        return ModalityInfo(
            name="dixon_mri",
            title="Dixon MRI",
            structures=STRUCTURES,
            inputs=(
                "DICOM series of several stations and contrasts (folder or zip, UK Biobank field 20201)",
                "a folder of NIfTI, NRRD or MHA, one file a contrast",
                "one NIfTI, NRRD or MHA of any contrast",
            ),
            recipes=RECIPES,
            default_model=DEFAULT_MODEL,
            fast_model=FAST_MODEL,
            weights_dir=Path(__file__).parent / "weights",
            published=Path(__file__).parent / "published.csv",
        )

    @hookimpl
    def recognize(self, source: Path) -> Recognition | None:
        """Return how sure it is that the source is an MRI."""
        from myoscope_dixon_mri.loading import recognize

        return recognize(source)

    @hookimpl
    def load(self, source: Path, options: LoadOptions) -> Scan:
        """Return every contrast on one grid, stations fused."""
        from myoscope_dixon_mri.loading import load

        return load(source, options)

    @hookimpl
    def preprocess(self, scan: Scan, recipe: Recipe) -> Scan:
        """Return the contrast that the model sees, normalized, on the recipe's grid."""
        from myoscope_dixon_mri.preprocessing import preprocess

        return preprocess(scan, recipe)

    @hookimpl
    def build_network(self, recipe: Recipe) -> torch.nn.Module:
        """Return the recipe's network with fresh weights."""
        from myoscope.networks import build_volume_network

        return build_volume_network(recipe)

    @hookimpl
    def refine(self, scan: Scan, segmentation: Segmentation) -> Segmentation:
        """Return the segmentation without islands, sides split."""
        from myoscope_dixon_mri.refinement import refine

        return refine(scan, segmentation)

    @hookimpl
    def measure(self, scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:
        """Return volumes, areas, fat fractions and balance."""
        from myoscope_dixon_mri.measures import measure

        return measure(scan, segmentation, subject)

    @hookimpl
    def check(self, scan: Scan, segmentation: Segmentation, measurements: Measurements) -> tuple[Finding, ...]:
        """Return what is wrong or worth a look."""
        from myoscope_dixon_mri.checks import check

        return check(scan, segmentation, measurements)

    @hookimpl
    def synthesize(self, seed: int, options: SynthesisOptions) -> LabelledCase:
        """Return a labelled Dixon MRI of a thigh that no one has."""
        from myoscope_dixon_mri.synthesis import synthesize

        return synthesize(seed, options)
