"""Memory and time of the engine itself against the size of a scan and the number of classes, with next to no network.

The stand-in for a network is one fixed 1 x 1 x 1 convolution. The volume shows two thighs cut into as many regions as
there are structures, each of its own gray value with some noise; the convolution gives every voxel the squared distance
of its gray value from that of each class. So two to four classes are possible at any place, as with a trained network.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from engine_model import paper_recipe
from engine_ways import import_for
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.data.recipe import Recipe
from myoscope.free_memory import available_memory_mb
from myoscope.inference import label_volume
from myoscope.peak_memory import peak_memory_mb, resident_memory_mb

if TYPE_CHECKING:
    import torch
    from engine_records import Records

SPACING = (0.8, 0.8, 1.25)
CLASSES = (2, 10, 30, 120)
SIZES = ((256, 256, 200), (512, 512, 200), (512, 512, 400), (512, 512, 800))
#: What is alike in both plots when the other grows.
FIXED_CLASSES, FIXED_SIZE = 30, (512, 512, 400)
TOOLS = ("myoscope", "monai")
#: How sharply the convolution tells classes apart, and the noise, both in steps from one class to the next.
SHARPNESS, NOISE = 4.0, 0.25
RINGS = 3
MB = 2**20


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: a tool, the number of classes and the scan's size (x, y, z)."""

    tool: str
    classes: int
    size: tuple[int, int, int]


def points(*, quick: bool) -> list[Point]:
    """Return all numbers of classes at one size, all sizes with one number of classes, and the largest of both."""
    if quick:
        return [Point(tool, n, SIZES[0]) for n in (2, 30) for tool in TOOLS]
    pairs = {(n, FIXED_SIZE) for n in CLASSES} | {(FIXED_CLASSES, size) for size in SIZES}
    pairs |= {(CLASSES[0], SIZES[-1]), (CLASSES[-1], SIZES[-1])}
    return [Point(tool, n, size) for n, size in sorted(pairs, key=lambda p: (math.prod(p[1]), p[0])) for tool in TOOLS]


def measure_growth(records: Records, *, quick: bool) -> None:
    """Measure every point in a process of its own; what does not fit in memory is recorded as such."""
    for point in points(quick=quick):
        key = asdict(point)
        if records.has("growth", key):
            continue
        needed = _needed_by_plain_mb(point)
        if point.tool == "monai" and needed > 0.8 * available_memory_mb():
            records.add("growth", key, {"needs_mb": needed})
            continue
        script = Path(__file__).with_name("engine.py")
        command = [sys.executable, str(script), "--fresh-growth", json.dumps(key)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        found = {"failed": done.stderr[-300:]} if done.returncode else json.loads(done.stdout.splitlines()[-1])
        records.add("growth", key, found)


def grow(point: Point) -> dict[str, float]:
    """Return seconds and memory of one point; for a fresh process."""
    import torch

    native = Grid.identity(point.size, SPACING, (0.0, 0.0, 0.0))
    recipe = paper_recipe(tiny=False)
    recipe = replace(recipe, structures=tuple(f"region_{i}" for i in range(1, point.classes)))
    grid = Grid.identity(_on_model_grid(point.size, recipe.spacing_mm), recipe.spacing_mm, (0.0, 0.0, 0.0))
    network = stand_in(point.classes)
    label = _by_myoscope if point.tool == "myoscope" else _by_plain_monai
    import_for(point.tool)
    with torch.inference_mode():
        network(torch.zeros(1, 1, 8, 8, 8))
        held = resident_memory_mb()
        volume = thighs(grid.shape, point.classes)
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak of making it
        started, worked = time.perf_counter(), time.process_time()
        label(volume, network, recipe, grid, native)
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    return {"seconds": seconds, "cpu": cpu, "held_mb": held, "peak_mb": peak_memory_mb()}


def stand_in(classes: int) -> torch.nn.Module:
    """Return the convolution that tells regions apart by their gray value."""
    import torch

    network = torch.nn.Conv3d(1, classes, 1)
    steps = torch.arange(classes, dtype=torch.float32)
    with torch.no_grad():
        # -s (u - c)^2 for u = (classes - 1) x gray value, without s u^2, which all classes share
        network.weight.copy_((2 * SHARPNESS * steps * (classes - 1)).reshape(-1, 1, 1, 1, 1))
        network.bias.copy_(-SHARPNESS * steps**2)
    return network.eval()


def thighs(shape: tuple[int, ...], classes: int) -> NDArray[np.float32]:
    """Return two ellipses (z, y, x) cut into regions of gray values 1 / (classes - 1), 2 / ... and 1, with noise."""
    depth, height, width = shape
    y, x = np.meshgrid(np.linspace(-1.1, 1.1, height), np.linspace(-2.2, 2.2, width), indexing="ij")
    x = np.abs(x) - 1.1
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    ring = np.minimum(radius**2 * RINGS, RINGS - 1).astype(int)
    sectors = max(1, math.ceil((classes - 1) / RINGS))
    volume = np.zeros(shape, dtype=np.float32)
    rng = np.random.default_rng(0)
    for z in range(depth):
        sector = ((angle / (2 * np.pi) + 0.5 + 0.3 * z / depth) % 1.0 * sectors).astype(int)
        region = np.where(radius < 1, 1 + np.minimum(ring * sectors + sector, classes - 2), 0)
        noisy = region + NOISE * rng.standard_normal(region.shape)
        volume[z] = np.where(radius < 1, noisy, 0.0) / (classes - 1)
    return volume


def plot(rows: list[dict[str, object]], folder: Path) -> Path | None:
    """Draw time and memory against volume size and class count; None where there is too little to draw."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), constrained_layout=True)
    lines = 0
    for tool, style in zip(TOOLS, ("o-", "s--"), strict=True):
        own = [r for r in rows if r["tool"] == tool and "seconds" in r]
        by_size = sorted((math.prod(r["size"]) / 1e6, r) for r in own if r["classes"] == FIXED_CLASSES)
        by_class = sorted((r["classes"], r) for r in own if tuple(r["size"]) == FIXED_SIZE)
        for column, series in enumerate((by_size, by_class)):
            lines += len(series) > 1
            for row, (name, unit) in enumerate((("peak_mb", MB / 1e9), ("seconds", 1.0))):
                axes[row, column].plot([n for n, _ in series], [r[name] * unit for _, r in series], style, label=tool)
    size = " x ".join(map(str, FIXED_SIZE))
    for column, words in enumerate((f"million voxels, {FIXED_CLASSES} classes", f"classes, {size} voxels")):
        axes[0, column].set_ylabel("peak memory, GB")
        axes[1, column].set_ylabel("seconds without the network")
        for row in range(2):
            axes[row, column].set_xlabel(words)
            axes[row, column].set_ylim(bottom=0)
            axes[row, column].grid(alpha=0.3)
            axes[row, column].legend()
    if lines:
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / "engine_growth.png", dpi=110)
    plt.close(figure)
    return folder / "engine_growth.png" if lines else None


def _by_myoscope(
    volume: NDArray[np.float32], network: torch.nn.Module, recipe: Recipe, grid: Grid, native: Grid
) -> NDArray[np.uint8]:
    values = np.arange(len(recipe.structures) + 1, dtype=np.uint8)
    return label_volume([volume], grid, network, recipe, values=values, scan_grid=native, device="cpu").labels


def _by_plain_monai(
    volume: NDArray[np.float32], network: torch.nn.Module, recipe: Recipe, grid: Grid, native: Grid
) -> NDArray[np.uint8]:
    """Return labels as a plain script makes them: blended logits of all classes, interpolated, then the winner."""
    del grid
    import torch
    from monai.inferers.utils import sliding_window_inference

    given, window = torch.from_numpy(volume)[None, None], recipe.window[::-1]
    logits = sliding_window_inference(given, window, 1, network, recipe.overlap, mode="gaussian")
    fine = torch.nn.functional.interpolate(logits, native.shape, mode="trilinear", align_corners=False)
    return fine.argmax(dim=1)[0].numpy().astype(np.uint8)


def _needed_by_plain_mb(point: Point) -> float:
    """Return the MiB of both floats of every class on both grids, and of what argmax gives."""
    model, native = math.prod(_on_model_grid(point.size, paper_recipe(tiny=False).spacing_mm)), math.prod(point.size)
    return (4 * point.classes * (model + native) + 8 * native) / MB


def _on_model_grid(size: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(max(1, round(n * s / t)) for n, s, t in zip(size, SPACING, spacing, strict=True))
