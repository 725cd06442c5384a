"""Fusion of Dixon stations beside a plain SimpleITK resampling with averages: seconds, memory and accuracy.

    python benchmarks/dixon_fusion.py [--matrix 224 174] [--slices 44] [--step 3.0] [--rounds 5] [--seed 0]

Four stations of four contrasts are cut from one synthetic body at table positions that are no multiples of the slice
distance. The plain way resamples each contrast of each station onto the whole lattice and divides the sum by the number
of stations; it gets the lattice for nothing. Both run in one process, in random order, imports warm; results must be
equal when neither brightness is matched nor overlaps are weighted. Accuracy is told against the body itself, with
stations as bright as they are and with every second one brighter.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import myoscope
from myoscope import Grid
from myoscope.ops.resample import as_image
from myoscope.peak_memory import peak_memory_mb
from myoscope_dixon_mri.fusion import fuse
from myoscope_dixon_mri.lattice import interpolate
from myoscope_dixon_mri.registration import displacement_mm
from myoscope_dixon_mri.stations import StationImages

Channels = Mapping[str, NDArray[np.float32]]
STATIONS, PIXEL_MM = 4, 2.232
#: Overlap of neighbors and where their slices lie between each other, in slices.
OVERLAP, BETWEEN = 8, (0.0, 0.37, 0.71, 0.18)
#: The body is synthesized with slices this many times closer than those of the stations.
FINER = 2
#: Standard deviation, in its voxels (k, j, i), of the blur that leaves the body without noise.
SMOOTH = (1.5, 0.7, 0.7)
#: By how much every second station is brighter in the second comparison.
BRIGHTER = 1.4
#: Tissue is brighter than this in phase.
TISSUE = 60.0
TOLERANCE = 1e-3


def make_body(matrix: Sequence[int], slices: int, step: float, seed: int) -> tuple[Channels, Grid]:
    """Return a synthetic body that holds all stations, smoothed: its noise would count as error of any fusion."""
    from scipy.ndimage import gaussian_filter

    length = STATIONS * slices - (STATIONS - 1) * OVERLAP + 4
    options = myoscope.SynthesisOptions(
        size=(*matrix, FINER * length), spacing_mm=(PIXEL_MM, PIXEL_MM, step / FINER), complete=True
    )
    scan = myoscope.synthesize("dixon_mri", seed, options).scan
    return {name: gaussian_filter(array, SMOOTH) for name, array in scan.channels.items()}, scan.grid


def cut(body: Channels, grid: Grid, bottom: float, slices: int, name: str) -> StationImages:
    """Return the station whose lowest slice lies this many body slices above the body's."""
    k = bottom + FINER * np.arange(slices)
    _, rows, columns = grid.shape
    at = (k, np.arange(rows, dtype=np.float64), np.arange(columns, dtype=np.float64))
    x, y, z = grid.position((0.0, 0.0, bottom))
    spacing = (*grid.spacing_mm[:2], grid.spacing_mm[2] * FINER)
    own = Grid.identity((columns, rows, slices), spacing, (x, y, z))
    return StationImages(name, {c: interpolate(array, at) for c, array in body.items()}, own, "", "")


def plain(stations: Sequence[StationImages], grid: Grid) -> dict[str, NDArray[np.float32]]:
    """Return the paper's fusion as a short script would do it."""
    import SimpleITK as sitk

    def onto(array: NDArray[np.float32], own: Grid) -> NDArray[np.float32]:
        lattice = (grid.size, sitk.Transform(), sitk.sitkLinear, grid.origin, grid.spacing_mm, grid.direction, 0.0)
        return np.asarray(sitk.GetArrayFromImage(sitk.Resample(as_image(array, own), *lattice)))

    count = sum(onto(np.ones(s.grid.shape, np.float32), s.grid) for s in stations)
    count = np.maximum(count, np.float32(1))
    return {name: sum(onto(s.channels[name], s.grid) for s in stations) / count for name in stations[0].channels}


def timed(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return seconds, CPU seconds of all threads and added peak memory in MiB; memory on Linux only."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    before, started, worked = peak_memory_mb(), time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu, memory = time.perf_counter() - started, time.process_time() - worked, peak_memory_mb() - before
    del result
    return seconds, cpu, memory


def error_percent(channels: Channels, truth: Channels) -> float:
    """Return the mean absolute difference over tissue and contrasts in percent of the mean signal, scale removed."""
    tissue = truth["in_phase"] > TISSUE
    scale = truth["in_phase"][tissue].mean() / channels["in_phase"][tissue].mean()
    errors = [np.abs(scale * channels[n][tissue] - truth[n][tissue]).mean() / truth[n][tissue].mean() for n in truth]
    return 100 * float(np.mean(errors))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--matrix", type=int, nargs=2, default=[224, 174])
    parser.add_argument("--slices", type=int, default=44)
    parser.add_argument("--step", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    body, grid = make_body(options.matrix, options.slices, options.step, options.seed)
    bottoms = [FINER * (n * (options.slices - OVERLAP) + BETWEEN[n]) for n in range(STATIONS)]
    stations = [cut(body, grid, b, options.slices, f"station {STATIONS - n}") for n, b in enumerate(bottoms)][::-1]
    fused = fuse(stations)
    ways: dict[str, Callable[[], object]] = {
        "myoscope": lambda: fuse(stations),
        "myoscope, no matching, plain average": lambda: fuse(stations, match=False, blend="mean"),
        "SimpleITK, plain average": lambda: plain(stations, fused.grid),
    }
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name in random.sample(list(ways), len(ways)):
            found[name].append(timed(ways[name]))
    print_speed(found, stations, fused.grid)
    averaged, theirs = fuse(stations, match=False, blend="mean").channels, plain(stations, fused.grid)
    apart = max(float(np.abs(averaged[name] - theirs[name]).max()) for name in theirs)
    print(f"largest difference of the two plain averages: {apart:.1e}")
    if apart > TOLERANCE:
        raise SystemExit("The two plain averages are not equal.")
    k = (fused.grid.origin[2] - grid.origin[2] + fused.grid.spacing_mm[2] * np.arange(fused.grid.size[2])) / (
        grid.spacing_mm[2]
    )
    rows, columns = (np.arange(n, dtype=np.float64) for n in grid.shape[1:])
    print_accuracy(stations, {name: interpolate(array, (k, rows, columns)) for name, array in body.items()})


def print_speed(
    found: Mapping[str, list[tuple[float, float, float]]], stations: Sequence[StationImages], grid: Grid
) -> None:
    """Print seconds (median, range), CPU seconds and memory of each way."""
    first = stations[0]
    sizes = " x ".join(map(str, first.grid.size))
    print(f"{len(stations)} stations of {sizes}, {len(first.channels)} contrasts, to {' x '.join(map(str, grid.size))}")
    print(f"{'way':38} {'s, median (range)':>20} {'CPU s':>6} {'MiB':>6}")
    for name, runs in found.items():
        seconds = [run[0] for run in runs]
        spread = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"
        cpu, memory = statistics.median(run[1] for run in runs), max(run[2] for run in runs)
        print(f"{name:38} {spread:>20} {cpu:6.2f} {memory:6.0f}")


def print_accuracy(stations: Sequence[StationImages], truth: Channels) -> None:
    """Print the distance of each way's result from the body, in percent of signal and in mm."""
    print(f"{'way':38} {'error %, equal':>15} {f'every 2nd x {BRIGHTER}':>16} {'x, y, z mm':>18}")
    gains = [BRIGHTER if n % 2 else 1.0 for n in range(len(stations))]
    uneven = [
        replace(s, channels={name: np.float32(gain) * a for name, a in s.channels.items()})
        for s, gain in zip(stations, gains, strict=True)
    ]
    grid = fuse(stations).grid
    ways: dict[str, Callable[[Sequence[StationImages]], Channels]] = {
        "myoscope": lambda given: fuse(given).channels,
        "SimpleITK, plain average": lambda given: plain(given, grid),
    }
    for name, way in ways.items():
        even = way(stations)
        shift = displacement_mm(even["in_phase"], truth["in_phase"], grid.spacing_mm) or ()
        told = ", ".join(f"{abs(mm):.2f}" for mm in shift)
        print(f"{name:38} {error_percent(even, truth):15.2f} {error_percent(way(uneven), truth):16.2f} {told:>18}")


if __name__ == "__main__":
    main()
