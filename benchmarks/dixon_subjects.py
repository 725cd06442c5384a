"""A synthetic UK Biobank subject, from a zip of 24 DICOM series to measurements, against its known truth.

    python benchmarks/dixon_subjects.py [--subjects 2] [--seed 90000] [--swaps 20] [--clean 50]

Fusion: place and brightness of the fused water image against the scan before it was cut into stations. Fat fraction:
every muscle against the fraction without noise. Swaps: single stations, coarser so that many can be tried. Seeds from
90000 up are used for no training set. Research use only.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import myoscope
from myoscope import LoadOptions, SynthesisOptions
from myoscope_dixon_mri.swaps import find_swaps
from myoscope_dixon_mri.ukbiobank import POSITIONS, synthetic_subject, table_positions, write_subject_zip

COARSE_MM = (3.0, 3.0, 6.0)
#: Darker than this share of muscle is not compared.
TISSUE = 60.0


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=2)
    parser.add_argument("--seed", type=int, default=90_000)
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--clean", type=int, default=50)
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.subjects):
        _subject(seed)
    _swaps(options.seed, options.swaps, options.clean)


def _subject(seed: int) -> None:
    """Print how a subject comes out of its zip, with one station swapped and exchanged back."""
    case = synthetic_subject(seed)
    swapped = 4 + seed % 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "subject.zip"
        write_subject_zip(table_positions(case.scan, seed, swapped=(swapped,)), path, name=f"subject {seed}")
        started = time.perf_counter()
        scan = myoscope.load(path, modality="dixon_mri", options=LoadOptions(correct_swaps=True))
        seconds = time.perf_counter() - started
    true, fused = case.scan.channels["water"], scan.channels["water"]
    offset = max(
        abs(a - b) / s for a, b, s in zip(scan.grid.origin, case.scan.grid.origin, scan.grid.spacing_mm, strict=True)
    )
    print(f"seed {seed}: {len(scan.stations)} stations in {seconds:.1f} s; grid off by {offset:.3f} voxels", end="; ")
    tissue = (true > TISSUE) & (fused > TISSUE)
    scale = float(np.median(fused[tissue] / true[tissue]))
    error = np.abs(fused[tissue] / scale - true[tissue]) / true[tissue] * 100
    print(f"water in tissue: median error {np.median(error):.2f}%, 95th percentile {np.percentile(error, 95):.2f}%")
    found = [finding.message for finding in scan.findings if finding.code == "water_fat_swap"]
    print(f"  swapped station {swapped}: {found}")
    measured = myoscope.measure(scan, myoscope.Segmentation(
        case.segmentation.labels, scan.grid, case.segmentation.structures, case.segmentation.predicted, sides_split=True
    ))  # fmt: skip
    _compare_volumes(case, measured)
    _compare_fractions(case, measured)


def _compare_volumes(case: myoscope.LabelledCase, measured: myoscope.CaseResult) -> None:
    errors = []
    for value, structure, side in case.segmentation.entries():
        true = np.count_nonzero(case.segmentation.labels == value) * case.scan.grid.voxel_volume_ml
        rows = measured.measurements.select(structure=structure.name, side=side, quantity="volume").rows
        errors += [abs(row.value - true) / true * 100 for row in rows if true > 0]
    print(f"  volume of {len(errors)} structures on true labels: largest error {max(errors):.3f}%")


def _compare_fractions(case: myoscope.LabelledCase, measured: myoscope.CaseResult) -> None:
    true, errors = case.facts["fat_fraction_of_sums_pct"], {}
    for value, structure, side in case.segmentation.entries():
        for row in measured.measurements.select(structure=structure.name, side=side, quantity="fat_fraction_of_sums"):
            errors[f"{side} {structure.name}"] = row.value - true[str(value)]
    worst = max(errors, key=lambda name: abs(errors[name]))
    print(f"  fat fraction of {len(errors)} muscles: largest error {errors[worst]:+.2f} points ({worst})")


def _swaps(seed: int, swaps: int, clean: int) -> None:
    """Print how many of the swapped stations are found, and how many are invented in clean ones."""
    missed, invented = [], []
    for index in range(max(swaps, clean)):
        case = myoscope.synthesize("dixon_mri", seed + index, SynthesisOptions(spacing_mm=COARSE_MM))
        count = case.scan.grid.size[2]
        which = index % POSITIONS
        part = slice(which * count // (POSITIONS + 1), (which + 2) * count // (POSITIONS + 1))
        water, fat = case.scan.channels["water"][part], case.scan.channels["fat"][part]
        grid = myoscope.Grid(
            (*case.scan.grid.size[:2], len(water)), COARSE_MM, case.scan.grid.origin, case.scan.grid.direction
        )
        if index < clean and find_swaps(water, fat, grid):
            invented.append(seed + index)
        if index < swaps and not any(swap.region == "whole station" for swap in find_swaps(fat, water, grid)):
            missed.append(seed + index)
    print(f"swapped stations found: {swaps - len(missed)} of {swaps} {missed or ''}")
    print(f"swaps invented in clean stations: {len(invented)} of {clean} {invented or ''}")


if __name__ == "__main__":
    main()
