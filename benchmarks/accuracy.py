"""Dice and volume error of a model on synthetic CTs that it has not seen.

    python benchmarks/accuracy.py [--cases 10] [--seed 90000] [--labels MAP] [--model ID]

Seeds from 90000 up are used for no training set. Research use only.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

import myoscope
from myoscope.metrics import dice, overlap_counts

#: A structure of which a case shows less than this is left out of that case's figures.
SMALLEST_REFERENCE_ML = 1.0


def main() -> None:
    """Print one line a structure and the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modality", default="ct_thigh")
    parser.add_argument("--cases", type=int, default=10)
    parser.add_argument("--seed", type=int, default=90_000)
    parser.add_argument("--labels", type=Path, help="render this label map instead of the parametric anatomy")
    parser.add_argument("--model")
    options = parser.parse_args()
    scores: dict[str, list[float]] = defaultdict(list)
    errors: dict[str, list[float]] = defaultdict(list)
    for seed in range(options.seed, options.seed + options.cases):
        case = myoscope.synthesize(options.modality, seed, myoscope.SynthesisOptions(label_map=options.labels))
        result = myoscope.analyze(case.scan, model=options.model)
        counts = overlap_counts(result.segmentation.labels, case.segmentation.labels)
        for value, structure, _ in case.segmentation.entries():
            count = counts.get(value)
            if count is None or count.reference * case.scan.grid.voxel_volume_ml < SMALLEST_REFERENCE_ML:
                continue
            scores[structure.name].append(dice(count))
            errors[structure.name].append(100 * abs(count.prediction - count.reference) / count.reference)
        print(f"seed {seed}: done", flush=True)
    print(f"{'structure':24} {'n':>3} {'Dice':>6} {'volume error %, median':>24}")
    for name, values in scores.items():
        print(f"{name:24} {len(values):3} {np.mean(values):6.3f} {np.median(errors[name]):24.1f}")
    means = [float(np.mean(values)) for values in scores.values()]
    medians = [float(np.median(values)) for values in errors.values()]
    print(f"{'mean over structures':24} {len(means):3} {np.mean(means):6.3f} {np.mean(medians):24.1f}")


if __name__ == "__main__":
    main()
