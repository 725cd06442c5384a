"""Write the model package of the limb phantom: two thresholds, set by hand, as a 1x1x1 convolution."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import torch
from myoscope_limb_phantom.network import ThresholdNetwork
from myoscope_limb_phantom.plugin import LimbPhantom
from myoscope_limb_phantom.recipes import THRESHOLDS

from myoscope.models import ModelCard, write_package

#: Scaled intensities halfway between air and muscle, and between muscle and bone.
MUSCLE_FROM, BONE_FROM = 0.15, 0.55
STEEPNESS = 40.0


def main() -> None:
    """Write the package beside the plugin's code."""
    info = LimbPhantom().describe()
    network = ThresholdNetwork(classes=len(THRESHOLDS.structures) + 1)
    with torch.no_grad():
        # Air: 0. Muscle: rises above air at its threshold. Bone: rises above muscle at its own, twice as steep.
        network.layer.weight[:] = torch.tensor([0.0, STEEPNESS, 2 * STEEPNESS]).reshape(-1, 1, 1, 1, 1)
        network.layer.bias[:] = torch.tensor([0.0, -STEEPNESS * MUSCLE_FROM, -STEEPNESS * (MUSCLE_FROM + BONE_FROM)])
    card = ModelCard(
        id=THRESHOLDS.name,
        modality=info.name,
        recipe=THRESHOLDS,
        backend="torch",
        sha256="",
        trained_on="nothing: its two thresholds were set by hand",
        licenses=("Apache-2.0",),
        command="python make_model.py",
        seed=0,
        hours=0.0,
        device="cpu",
        held_out="",
        scores=(),
        limitations=("Knows this phantom and nothing else.",),
        myoscope_version=version("myoscope"),
    )
    folder = info.weights_dir / "thresholds"
    shutil.rmtree(folder, ignore_errors=True)
    write_package(card, network.state_dict(), Path(folder))


if __name__ == "__main__":
    main()
