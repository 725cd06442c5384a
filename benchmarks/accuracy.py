"""Dice and volume error of a model on synthetic scans that it has not seen.

    python benchmarks/accuracy.py [--modality dixon_mri] [--cases 10] [--seed 90000] [--labels MAP] [--model ID]

Seeds from 90000 to 95999 are used for no training set. Research use only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

import myoscope
from myoscope.metrics import dice, overlap_counts
from myoscope.training.scoring import SMALLEST_REFERENCE_ML


def main() -> None:
    """Print one line a structure and the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modality", default="ct_thigh")
    parser.add_argument("--cases", type=int, default=10)
    parser.add_argument("--seed", type=int, default=90_000)
    parser.add_argument("--labels", type=Path, help="render this label map instead of the parametric anatomy")
    parser.add_argument("--spacing", type=float, nargs=3, help="of the scans; the modality's own without")
    parser.add_argument("--model")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    totals: list[float] = []
    drawn = myoscope.SynthesisOptions(
        label_map=options.labels, spacing_mm=None if options.spacing is None else tuple(options.spacing)
    )
    for seed in range(options.seed, options.seed + options.cases):
        case = myoscope.synthesize(options.modality, seed, drawn)
        result = myoscope.analyze(case.scan, model=options.model)
        rows += scored(case, result.segmentation)
        totals += _total_errors(result, case)
        print(f"seed {seed}: done", flush=True)
    table = pd.DataFrame(rows).groupby("structure", sort=False).agg(
        n=("dice", "size"), dice=("dice", "mean"), error_pct=("error_pct", "median")
    )  # fmt: skip
    print(table.to_string(float_format="%.3f"))
    means = table.mean()
    print(f"mean over {len(table)} structures: Dice {means.dice:.3f}, median volume error {means.error_pct:.1f}%")
    if totals:
        known = [error for error in totals if np.isfinite(error)]
        print(
            f"thigh muscle volume, error % of both legs: median {np.median(known):.1f}, largest {max(known):.1f}; "
            f"not found in {len(totals) - len(known)} of {len(totals)}"
        )


def scored(case: myoscope.LabelledCase, found: myoscope.Segmentation) -> Iterable[dict[str, object]]:
    """Yield Dice and volume error, in percent, of each side of each structure that a case shows."""
    counts = overlap_counts(found.labels, case.segmentation.labels)
    for value, structure, side in case.segmentation.entries():
        count = counts.get(value)
        if count is None or count.reference * case.scan.grid.voxel_volume_ml < SMALLEST_REFERENCE_ML:
            continue
        error = 100 * abs(count.prediction - count.reference) / count.reference
        yield {"structure": structure.name, "side": str(side), "dice": dice(count), "error_pct": error}


def _total_errors(result: myoscope.CaseResult, case: myoscope.LabelledCase) -> list[float]:
    """Return the error of the thigh muscle volume in percent, where the modality measures it."""
    found = result.measurements.select(quantity="tmv", side="both").rows
    if not found:
        return []
    (true,) = myoscope.measure(case.scan, case.segmentation).measurements.select(quantity="tmv", side="both").rows
    return [100 * abs(found[0].value - true.value) / true.value]


if __name__ == "__main__":
    main()
