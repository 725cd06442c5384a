"""Seconds of a training step, of the windows that it needs and of the scans that they come from, recipe by recipe.

    python benchmarks/training_speed.py [--device cpu] [--steps 5] [--recipes ct_thigh/unetr ...]

A step is forward, loss, backward and optimizer on one batch in the recipe's network and precision, on a CPU bfloat16
where the recipe says half precision and the processor gains by it. The last column is what all epochs of the recipe
would take at that pace with as many training cases as its paper had.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

import myoscope
from myoscope.data.recipe import Recipe
from myoscope.inference.engine import choose_device
from myoscope.plugins import open_modality
from myoscope.training.cases import PreparedCase, prepare
from myoscope.training.checking import LabelFacts
from myoscope.training.fit import SINGLE, find_recipe, precision_on
from myoscope.training.module import SegmentationModule, Windows
from myoscope.training.subjects import Membership

RECIPES = (
    "ct_thigh/unet_slices", "ct_thigh/unetr_small", "ct_thigh/unet3d", "ct_thigh/unetr",
    "dixon_mri/unet_slices", "dixon_mri/unetr",
)  # fmt: skip
SEED = 95_000
#: Training cases of the CT paper, of which a fold holds out 12 of 72; the Dixon paper does not say how many it had.
PAPER_CASES = 60
Timed = TypeVar("Timed")


def main() -> None:
    """Print a line a recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES))
    options = parser.parse_args()
    device = choose_device(options.device)
    print(f"{device}, {torch.get_num_threads()} threads, median of {options.steps}")
    head = (
        "recipe",
        "windows a step",
        "s a step",
        "windows/s",
        "s to cut a window",
        "s to render a scan",
        "all epochs, h",
    )
    print(" | ".join(head))
    for name in options.recipes:
        recipe = find_recipe(name)
        rendered, case = timed(lambda recipe=recipe: rendered_case(recipe))  # type: ignore[misc]
        windows, plan = Windows((case,), recipe, seed=0), recipe.training
        cut = seconds(lambda windows=windows: windows[0], options.steps)  # type: ignore[misc]
        step = seconds(training_step(recipe, windows, device), options.steps)
        hours = step * PAPER_CASES * plan.crops_per_case / plan.batch_size * plan.max_epochs / 3600
        rate = plan.batch_size / step
        figures = (f"{step:.2f}", f"{rate:.2f}", f"{cut:.3f}", f"{rendered:.1f}", f"{hours:.1f}")
        print(" | ".join((name, str(plan.batch_size), *figures)), flush=True)


def rendered_case(recipe: Recipe) -> PreparedCase:
    """Return a synthetic case as training would read it."""
    modality = open_modality(recipe.name.split("/", maxsplit=1)[0])
    options = myoscope.SynthesisOptions(spacing_mm=recipe.spacing_mm, wide=True)
    made = myoscope.synthesize(recipe.name.split("/", maxsplit=1)[0], SEED, options)
    image, label = prepare(made.scan, made.segmentation, recipe, modality)
    facts = LabelFacts(frozenset(recipe.structures), sides_split=True, named=True)
    return PreparedCase("case", (Path("case"), Path("case")), Membership("case"), image, label, facts)


def training_step(recipe: Recipe, windows: Windows, device: str) -> Callable[[], object]:
    """Return what takes one step on one batch, the same every time."""
    network = open_modality(recipe.name.split("/", maxsplit=1)[0]).build_network(recipe)
    module = SegmentationModule(network, recipe, (), steps=1000).to(device).train()
    made = module.configure_optimizers()
    optimizer = made["optimizer"] if isinstance(made, dict) else made
    batch = [windows[i % len(windows)] for i in range(recipe.training.batch_size)]
    image, label = (torch.stack(part).to(device) for part in zip(*batch, strict=True))
    half = precision_on(torch.device(device).type, recipe.training) != SINGLE
    kind = torch.float16 if device.startswith("cuda") else torch.bfloat16

    def step() -> float:
        with torch.autocast(torch.device(device).type, dtype=kind, enabled=half):
            logits = module.network(image)
        margin = (label.shape[2] - logits.shape[2]) // 2
        loss = module.loss(logits.float(), label[:, :, margin : margin + logits.shape[2]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the median seconds of some work, after it was done once."""
    work()
    return statistics.median(timed(work)[0] for _ in range(times))


def timed(work: Callable[[], Timed]) -> tuple[float, Timed]:
    """Return the seconds that some work took, and what it gave."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


if __name__ == "__main__":
    main()
