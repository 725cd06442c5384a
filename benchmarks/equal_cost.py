"""Networks of equal cost: each is trained for as many minutes on the same slabs, from random weights.

    python benchmarks/equal_cost.py MODALITY --data DIR -o DIR [--minutes 15] [--runs unet_slices unetr ...]

DATA is a folder of labelled cases whose `subjects.csv` holds some out. `unet_slices` sees slices at 2.6 x 2.6 x 6 mm,
the others windows of 80 x 48 x 80 voxels of 5 x 5 x 6 mm: the small UNETR, and nnU-Net's plain and residual-encoder
U-Nets. A name with `-adamw` is trained with AdamW instead of Muon. How many steps fit into the minutes is told by three
that are timed before. Research use only.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from held_out_anatomy import ADAMW_RATE
from training_speed import rendered_case, seconds, training_step

from myoscope.data.recipe import Recipe
from myoscope.models import read_package
from myoscope.networks import build_volume_network
from myoscope.training import TrainingRun, train
from myoscope.training.fit import find_recipe
from myoscope.training.module import Windows

#: Channels of each level, each with half the voxels of the one before along every axis.
LEVELS = (16, 32, 64, 128)
RUNS = ("unet_slices", "unetr", "unetr-adamw", "plain", "residual")
#: Windows a step of the networks for volumes.
BATCH = 2


def main() -> None:
    """Print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modality", choices=["ct_thigh", "dixon_mri"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--runs", nargs="+", default=list(RUNS), choices=RUNS)
    options = parser.parse_args()
    trained = int(pd.read_csv(options.data / "subjects.csv").fold.isna().sum())
    print("run | million parameters | s a step | steps | hours | mean Dice | median volume error %")
    for name in options.runs:
        recipe = recipe_of(options.modality, name)
        with (
            patch("myoscope.training.fit.find_recipe", lambda _, recipe=recipe: recipe),
            patch("myoscope.networks.build_volume_network", build),
        ):
            windows = Windows((rendered_case(recipe),), recipe, seed=0)
            step = seconds(training_step(recipe, windows, "cpu"), 3) + recipe.training.batch_size * seconds(
                lambda windows=windows: windows[0], 3
            )  # fmt: skip
            batches = trained * recipe.training.crops_per_case / recipe.training.batch_size
            epochs = max(1, round(60 * options.minutes / step / batches))
            run = TrainingRun(
                recipe=recipe.name, data=options.data, out=options.output / name, max_epochs=epochs, device="cpu"
            )
            if not (run.out / "model" / "card.json").exists():
                train(replace(run, resume=(run.out / "checkpoints" / "last.ckpt").exists()))
            size = sum(weights.numel() for weights in build(recipe).parameters()) / 1e6
        card = read_package(run.out / "model").card
        score = np.mean([row.dice_mean for row in card.scores])
        error = np.mean([row.volume_error_median_pct for row in card.scores])
        figures = (f"{size:.1f}", f"{step:.2f}", f"{epochs * batches:.0f}", f"{card.hours:.2f}", f"{score:.3f}")
        print(" | ".join((name, *figures, f"{error:.1f}")), flush=True)


def recipe_of(modality: str, name: str) -> Recipe:
    """Return the recipe of a run; every one has the loss, schedule and average of `unet_slices`."""
    network, _, optimizer = name.partition("-")
    slices = find_recipe(f"{modality}/unet_slices")
    plan = slices.training
    if optimizer:
        plan = replace(plan, optimizer=optimizer, learning_rate=ADAMW_RATE)
    if network == "unet_slices":
        return replace(slices, training=plan)
    small = find_recipe(f"{modality}/unetr_small")
    plan = replace(plan, batch_size=BATCH, crops_per_case=BATCH, crop=())
    small = replace(small, preprocessing=slices.preprocessing, training=plan)
    return small if network == "unetr" else replace(small, network=network, network_options={})


def build(recipe: Recipe) -> torch.nn.Module:
    """Return a recipe's network with fresh weights, nnU-Net's too."""
    makers: dict[str, Callable[[Recipe], torch.nn.Module]] = {"plain": plain, "residual": residual}
    return makers.get(recipe.network, build_volume_network)(recipe)


def plain(recipe: Recipe) -> torch.nn.Module:
    """Return nnU-Net's U-Net with two convolutions a level."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet

    network: torch.nn.Module = PlainConvUNet(n_conv_per_stage=2, **_levels(recipe))
    return network


def residual(recipe: Recipe) -> torch.nn.Module:
    """Return nnU-Net's U-Net with residual blocks in the encoder, as many a level as in its preset."""
    from dynamic_network_architectures.architectures.unet import ResidualEncoderUNet

    network: torch.nn.Module = ResidualEncoderUNet(n_blocks_per_stage=(1, 3, 4, 6), **_levels(recipe))
    return network


def _levels(recipe: Recipe) -> dict[str, object]:
    """Return what both of nnU-Net's networks are made with (its planner's choices)."""
    return {
        "input_channels": len(recipe.channels), "n_stages": len(LEVELS), "features_per_stage": LEVELS,
        "conv_op": torch.nn.Conv3d, "kernel_sizes": 3, "strides": (1, 2, 2, 2),
        "num_classes": len(recipe.structures) + 1, "n_conv_per_stage_decoder": (1,) * (len(LEVELS) - 1),
        "conv_bias": True, "norm_op": torch.nn.InstanceNorm3d, "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "nonlin": torch.nn.LeakyReLU, "nonlin_kwargs": {"inplace": True},
    }  # fmt: skip


if __name__ == "__main__":
    main()
