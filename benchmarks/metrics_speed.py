"""Dice, HD95 and ASSD of 28 structures: seconds and memory beside MONAI, surface-distance, SimpleITK and MedPy.

    python benchmarks/metrics_speed.py [--rounds 3] [--seed 0] [--tools myoscope monai ...]

One pair of label maps of a synthetic thigh, 250 x 256 x 256 voxels at 2 x 1.5 x 1.5 mm; the prediction is the reference
bent smoothly by some millimeters, with a far island in every fourth structure. Each tool runs in a process of its own,
in random order, and is given one mask a structure: MONAI and surface-distance crop for themselves, SimpleITK and MedPy
are handed the box of both masks, since on whole volumes they take minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import myoscope

SIZE, SPACING = (256, 256, 250), (1.5, 1.5, 2.0)
STRUCTURES = 28
#: The spacing of array axes, (z, y, x).
STEPS = SPACING[::-1]
KIB_IN_MIB = 1024

Mask = NDArray[np.bool_]
Labels = NDArray[np.uint8]
#: Label -> Dice, HD95, ASSD.
Scores = dict[int, tuple[float, float, float]]


def make_pair(path: Path, seed: int) -> None:
    """Write reference and prediction as compressed arrays."""
    case = myoscope.synthesize("ct_thigh", seed, myoscope.SynthesisOptions(size=SIZE, spacing_mm=SPACING))
    labels = case.segmentation.labels
    volumes = np.bincount(labels.ravel(), minlength=256)
    volumes[0] = 0
    kept = np.sort(np.argsort(volumes)[-STRUCTURES:])
    reference = np.where(np.isin(labels, kept), labels, 0).astype(np.uint8)
    prediction = np.zeros_like(reference)
    rows, columns = np.indices(reference.shape[1:], dtype=np.float32)
    draw = np.random.default_rng(seed)
    for k, plane in enumerate(prediction):
        source = round(k + 1.2 * np.sin(k / 17))
        j = rows + 1.5 * np.sin(columns / 19 + k / 23) + 0.5 * np.sin(rows / 7)
        i = columns + 1.5 * np.cos(rows / 21 - k / 29) + 0.5 * np.sin(columns / 5)
        j, i = (np.clip(np.rint(v), 0, n - 1).astype(int) for v, n in ((j, rows.shape[0]), (i, rows.shape[1])))
        plane[...] = reference[np.clip(source, 0, len(reference) - 1)][j, i]
    for value in kept[::4]:
        corner = [int(draw.integers(0, n - 4)) for n in prediction.shape]
        prediction[tuple(slice(c, c + 4) for c in corner)] = value
    np.savez(path, prediction=prediction, reference=reference)


def masks(prediction: Labels, reference: Labels) -> Iterator[tuple[int, Mask, Mask]]:
    """Yield label, prediction and reference of each structure."""
    for value in np.unique(reference):
        if value:
            yield int(value), prediction == value, reference == value


def boxed(p: Mask, r: Mask) -> tuple[Mask, Mask]:
    """Return both masks in the box of both, with a margin of one voxel."""
    both = p | r
    box = []
    for axis in range(both.ndim):
        filled = np.flatnonzero(both.any(axis=tuple(a for a in range(both.ndim) if a != axis)))
        box.append(slice(max(filled[0] - 1, 0), filled[-1] + 2))
    return np.pad(p[tuple(box)], 1), np.pad(r[tuple(box)], 1)


def by_myoscope(prediction: Labels, reference: Labels) -> Scores:
    """Run this project."""
    from myoscope.metrics import assd, dice, hausdorff_95, overlap_counts, surface_distances

    counts = overlap_counts(prediction, reference)
    found = surface_distances(prediction, reference, STEPS)
    return {value: (dice(counts[value]), hausdorff_95(found[value]), assd(found[value])) for value in found}


def by_monai(prediction: Labels, reference: Labels) -> Scores:
    """Run MONAI's functional metrics."""
    import torch
    from monai.metrics import compute_average_surface_distance, compute_dice, compute_hausdorff_distance

    scores = {}
    for value, p, r in masks(prediction, reference):
        a, b = torch.from_numpy(p)[None, None], torch.from_numpy(r)[None, None]
        shared = {"include_background": True, "spacing": STEPS}
        scores[value] = (
            float(compute_dice(a, b)),
            float(compute_hausdorff_distance(a, b, percentile=95, **shared)),
            float(compute_average_surface_distance(a, b, symmetric=True, **shared)),
        )
    return scores


def by_surface_distance(prediction: Labels, reference: Labels) -> Scores:
    """Run google-deepmind/surface-distance; its two averages are averaged."""
    import surface_distance as peer

    scores = {}
    for value, p, r in masks(prediction, reference):
        found = peer.compute_surface_distances(r, p, STEPS)
        average = sum(peer.compute_average_surface_distance(found)) / 2
        scores[value] = (peer.compute_dice_coefficient(r, p), peer.compute_robust_hausdorff(found, 95), average)
    return scores


def by_medpy(prediction: Labels, reference: Labels) -> Scores:
    """Run MedPy."""
    from medpy.metric.binary import assd, dc, hd95

    scores = {}
    for value, p, r in masks(prediction, reference):
        a, b = boxed(p, r)
        scores[value] = (float(dc(a, b)), float(hd95(a, b, STEPS)), float(assd(a, b, STEPS)))
    return scores


def by_simpleitk(prediction: Labels, reference: Labels) -> Scores:
    """Run the recipe of SimpleITK's notebooks: distance maps, read on contours."""
    import SimpleITK as sitk

    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(sitk.GetImageFromArray(prediction), sitk.GetImageFromArray(reference))
    scores = {}
    for value, *pair in masks(prediction, reference):
        images = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in boxed(*pair)]
        contours, maps = [], []
        for image in images:
            image.SetSpacing(SPACING)
            contour = sitk.LabelContour(image, fullyConnected=False)
            contours.append(sitk.GetArrayViewFromImage(contour).astype(bool))
            distance = sitk.SignedMaurerDistanceMap(contour, squaredDistance=False, useImageSpacing=True)
            maps.append(np.abs(sitk.GetArrayViewFromImage(distance)))
        one, other = maps[1][contours[0]], maps[0][contours[1]]
        hd95 = max(float(np.percentile(d, 95)) for d in (one, other))
        scores[value] = (overlap.GetDiceCoefficient(value), hd95, float(np.concatenate((one, other)).mean()))
    return scores


TOOLS: dict[str, Callable[[Labels, Labels], Scores]] = {
    "myoscope": by_myoscope,
    "monai": by_monai,
    "surface-distance": by_surface_distance,
    "simpleitk": by_simpleitk,
    "medpy": by_medpy,
}


def memory_mib(kind: str) -> float:
    """Return what this process holds (`VmRSS`) or held at most (`VmHWM`); Linux only."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / KIB_IN_MIB


def run_tool(tool: str, path: Path) -> None:
    """Print the scores, seconds, CPU seconds and added peak memory of one tool as JSON; imports are warm."""
    pair = np.load(path)
    prediction, reference = pair["prediction"], pair["reference"]
    small = np.zeros((2, 30, 30, 30), dtype=np.uint8)
    small[0, 2, 2, 2] = small[1, 25, 25, 25] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        TOOLS[tool](*small)
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        before = memory_mib("VmRSS")
        started, worked = time.perf_counter(), time.process_time()
        scores = TOOLS[tool](prediction, reference)
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
        memory = memory_mib("VmHWM") - before
    print(json.dumps({"seconds": seconds, "cpu": cpu, "memory": memory, "scores": list(scores.items())}))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_tool(options.run[0], Path(options.run[1]))
        return
    found: dict[str, list[dict[str, object]]] = {tool: [] for tool in options.tools}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.npz"
        make_pair(path, options.seed)
        for _ in range(options.rounds):
            for tool in random.sample(options.tools, len(options.tools)):
                command = [sys.executable, __file__, "--run", tool, str(path)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found[tool].append(json.loads(done.stdout.splitlines()[-1]))
    print_table(found)


def print_table(found: dict[str, list[dict[str, object]]]) -> None:
    """Print seconds (median, range), CPU seconds of all threads, memory, mean scores and the largest difference."""
    first = next(iter(found))
    own = dict(found[first][0]["scores"])
    base = statistics.median(run["seconds"] for run in found[first])
    print(f"{len(own)} structures, {' x '.join(map(str, SIZE[::-1]))} voxels of {' x '.join(map(str, STEPS))} mm")
    head = f"{'tool':17} {'s, median (range)':>22} {'x':>6} {'CPU s':>7} {'MiB':>6} {'Dice':>7} {'HD95':>7} {'ASSD':>7}"
    print(f"{head}  largest difference")
    for tool, runs in found.items():
        seconds = [run["seconds"] for run in runs]
        scores = dict(runs[0]["scores"])
        means = np.mean([scores[value] for value in own], axis=0)
        apart = np.max([np.abs(np.subtract(scores[value], own[value])) for value in own], axis=0)
        median, cpu = statistics.median(seconds), statistics.median(run["cpu"] for run in runs)
        spread = f"{median:.2f} ({min(seconds):.2f}-{max(seconds):.2f})"
        print(
            f"{tool:17} {spread:>22} {median / base:6.1f} {cpu:7.2f} {max(run['memory'] for run in runs):6.0f} "
            f"{means[0]:7.4f} {means[1]:7.3f} {means[2]:7.4f}  {apart[0]:.1e} {apart[1]:.1e} {apart[2]:.1e}"
        )


if __name__ == "__main__":
    main()
