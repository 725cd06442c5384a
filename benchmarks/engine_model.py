"""Cases and the trained network that `engine.py` measures with.

Nobody gives away weights of the papers' UNETR, so a short training makes some, on random windows of synthetic thighs.
They are good enough to label by and no more: what counts is that two ways of running them give the same labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import myoscope
from myoscope.anatomy import LEFT_OFFSET
from myoscope.data.grid import Grid
from myoscope.data.recipe import Recipe
from myoscope.metrics import dice, overlap_counts
from myoscope.models import ModelCard, ModelPackage, write_package
from myoscope.plugins import open_modality
from myoscope.training.cases import prepare

if TYPE_CHECKING:
    import torch

MODALITY, MODEL = "ct_thigh", "ct_thigh/unetr_for_benchmarks"
#: The first case, on which the network is trained along with those that follow; from `UNSEEN` on it saw none.
SEED, UNSEEN = 90_000, 90_500
RATE, WARM_UP, CLIPPED_AT, SAVE_EVERY = 3e-4, 20, 1.0, 50
#: Share of training windows that lie around a labelled voxel.
AROUND_LABELS = 0.8
#: For trying out the scripts themselves.
TINY = {"feature_size": 4, "hidden_size": 96, "mlp_dim": 192, "num_heads": 4}


@dataclass(frozen=True, slots=True)
class Case:
    """A prepared volume, its true classes, both (z, y, x), and its grid."""

    seed: int
    volume: NDArray[np.float32]
    classes: NDArray[np.uint8]
    grid: Grid


def paper_recipe(*, tiny: bool) -> Recipe:
    """Return the recipe of the papers' UNETR, or one as fast as it is useless."""
    recipe = open_modality(MODALITY).describe().recipes["ct_thigh/unetr"]
    if not tiny:
        return recipe
    return replace(recipe, window=(48, 48, 48), network_options={**recipe.network_options, **TINY})


def make_case(seed: int, recipe: Recipe, size: tuple[int, int, int], folder: Path) -> Case:
    """Return a synthetic thigh of so many voxels (x, y, z) on the recipe's grid, made once.

    Its gray values are those of the plugin's `preprocess`, which would also crop it to the body.
    """
    path = folder / f"case_{seed}_{'x'.join(map(str, size))}.npz"
    if not path.exists():
        options = myoscope.SynthesisOptions(size=size, spacing_mm=recipe.spacing_mm)
        made = myoscope.synthesize(MODALITY, seed, options)
        low, high = recipe.preprocessing["hu_low"], recipe.preprocessing["hu_high"]
        image = np.clip((made.scan.image.astype(np.float32) - low) / (high - low), 0, 1)
        volume = (image ** recipe.preprocessing["gamma"]).astype(np.float32)
        table = np.zeros(256, dtype=np.uint8)
        for value, structure, _ in made.segmentation.entries():
            if structure.name in recipe.structures:
                table[value % LEFT_OFFSET] = 1 + recipe.structures.index(structure.name)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, volume=volume, classes=table[made.segmentation.labels % LEFT_OFFSET])
    kept = np.load(path)
    return Case(seed, kept["volume"], kept["classes"], Grid.identity(size, recipe.spacing_mm, (0.0, 0.0, 0.0)))


def embedded_case(package: ModelPackage, seed: int) -> Case:
    """Return a prepared synthetic scan, one channel of it, cut so that every tool lays the same windows."""
    recipe, modality = package.card.recipe, open_modality(package.card.modality)
    made = myoscope.synthesize(package.card.modality, seed, myoscope.SynthesisOptions(spacing_mm=recipe.spacing_mm))
    image, label = prepare(made.scan, made.segmentation, recipe, modality)
    window = recipe.window[::-1]
    wider = [(0, max(0, w - n)) for n, w in zip(label.shape, window, strict=True)]
    steps = [int(w * (1 - recipe.overlap)) for w in window]
    kept = [w + (n + more - w) // s * s for n, (_, more), w, s in zip(label.shape, wider, window, steps, strict=True)]
    box = tuple(slice(n) for n in kept)
    volume, classes = (np.ascontiguousarray(np.pad(a, wider)[box]) for a in (image[0].astype(np.float32), label))
    return Case(seed, volume, classes, Grid.identity(volume.shape[::-1], recipe.spacing_mm, (0.0, 0.0, 0.0)))


def mean_dice(found: NDArray[np.uint8], case: Case) -> float:
    """Return the mean Dice over the structures of a case."""
    counts = overlap_counts(found, case.classes)
    return float(np.mean([dice(count) for count in counts.values() if count.reference]))


def trained_package(folder: Path, recipe: Recipe, cases: list[Case], steps: int) -> ModelPackage:
    """Return the recipe's network after so many steps of training as a package; earlier training is continued."""
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    size = "x".join(map(str, cases[0].grid.size))
    name = f"unetr_{recipe.network_options['hidden_size']}_{len(cases)}_cases_{size}"
    kept = folder / f"{name}.safetensors"
    torch.manual_seed(SEED)
    network = open_modality(MODALITY).build_network(recipe)
    done = 0
    if kept.exists():
        with safe_open(kept, "pt") as opened:
            done = int(opened.metadata()["steps"])
        network.load_state_dict(load_file(kept))

    def save(count: int) -> None:
        beside = kept.with_suffix(".partial")
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, beside, {"steps": str(count)})
        beside.replace(kept)

    if done < steps:
        _train(network, recipe, cases, range(done, steps), save)
    card = ModelCard(
        id=MODEL, modality=MODALITY, recipe=recipe, backend="torch", sha256="",
        trained_on=f"{len(cases)} synthetic thighs, {max(done, steps)} windows", licenses=("Apache-2.0",),
        command="python benchmarks/engine.py", seed=SEED, hours=0.0, device="cpu", held_out="", scores=(),
        limitations=("For benchmarks alone.",), myoscope_version=myoscope.__version__,
    )  # fmt: skip
    return write_package(card, network.state_dict(), folder / "packages" / f"{name}_{max(done, steps)}")


def _train(
    network: torch.nn.Module, recipe: Recipe, cases: list[Case], steps: range, save: Callable[[int], None]
) -> None:
    """Train in bfloat16, one window a step, and save now and then; a later step draws what it would draw unbroken."""
    import torch
    from monai.losses.dice import DiceCELoss

    network.train().to(memory_format=torch.channels_last_3d)
    loss_of = DiceCELoss(to_onehot_y=True, softmax=True, include_background=False, batch=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-5, fused=True)
    started = time.perf_counter()
    for step in steps:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step - steps.start + 1) / WARM_UP)
        image, classes = _window(recipe, cases, step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(image)
        loss = loss_of(logits.float(), classes)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIPPED_AT)
        optimizer.step()
        count = step + 1
        if not count % SAVE_EVERY or count == steps.stop:
            save(count)
            spent = (time.perf_counter() - started) / (count - steps.start)
            print(f"trained {count} of {steps.stop} steps, loss {loss.item():.3f}, {spent:.1f} s a step", flush=True)
    network.eval()


def _window(recipe: Recipe, cases: list[Case], step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return image and classes (1, 1, *window) of a random window, fixed by the step."""
    import torch

    rng = np.random.default_rng([SEED, step])
    case = cases[step % len(cases)]
    window, shape = np.array(recipe.window[::-1]), np.array(case.volume.shape)
    corner = rng.integers(0, shape - window + 1)
    if rng.random() < AROUND_LABELS:
        plane = rng.integers(shape[0])
        inside = np.argwhere(case.classes[plane])
        if len(inside):
            center = np.array([plane, *inside[rng.integers(len(inside))]])
            corner = np.clip(center - window // 2, 0, shape - window)
    box = tuple(slice(c, c + w) for c, w in zip(corner, window, strict=True))
    image, classes = (torch.from_numpy(a[box][None, None].astype(np.float32)) for a in (case.volume, case.classes))
    return image, classes
