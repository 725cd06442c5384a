"""The modality: each hook is one call into a module of this package."""

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
from myoscope_limb_phantom import loading, measures, network, preprocessing, synthesis
from myoscope_limb_phantom.recipes import THRESHOLDS
from myoscope_limb_phantom.structures import STRUCTURES

if TYPE_CHECKING:
    import torch


class LimbPhantom:
    """A cylinder of muscle-like plastic with a rod of bone-like plastic in it."""

    @hookimpl
    def describe(self) -> ModalityInfo:
        """Return what this plugin offers."""
        return ModalityInfo(
            name="limb_phantom",
            title="Limb phantom",
            structures=STRUCTURES,
            inputs=("NIfTI, NRRD, MHA with the scanner's stamp in the first slice",),
            recipes={THRESHOLDS.name: THRESHOLDS},
            default_model=THRESHOLDS.name,
            weights_dir=Path(__file__).parent / "weights",
        )

    @hookimpl
    def recognize(self, source: Path) -> Recognition | None:
        """Return how sure it is that the source is the phantom: certain when the first slice is stamped."""
        return loading.recognize(source)

    @hookimpl
    def load(self, source: Path, options: LoadOptions) -> Scan:
        """Return the phantom's image."""
        return loading.load(source, options)

    @hookimpl
    def preprocess(self, scan: Scan, recipe: Recipe) -> Scan:
        """Return the image without its stamp, scaled, on the recipe's grid."""
        return preprocessing.preprocess(scan, recipe)

    @hookimpl
    def build_network(self, recipe: Recipe) -> torch.nn.Module:
        """Return the threshold network."""
        return network.build(recipe)

    @hookimpl
    def refine(self, scan: Scan, segmentation: Segmentation) -> Segmentation:  # noqa: ARG002
        """Return the segmentation as it is: a phantom has no sides and no islands."""
        return segmentation

    @hookimpl
    def measure(self, scan: Scan, segmentation: Segmentation, subject: Subject) -> Measurements:  # noqa: ARG002
        """Return the volume of each insert."""
        return measures.measure(scan, segmentation)

    @hookimpl
    def check(
        self,
        scan: Scan,  # noqa: ARG002
        segmentation: Segmentation,  # noqa: ARG002
        measurements: Measurements,
    ) -> tuple[Finding, ...]:
        """Return a finding for inserts that the field of view cuts."""
        return measures.check(measurements)

    @hookimpl
    def synthesize(self, seed: int, options: SynthesisOptions) -> LabelledCase:
        """Return a phantom whose volumes have a closed form."""
        return synthesis.synthesize(seed, options)
