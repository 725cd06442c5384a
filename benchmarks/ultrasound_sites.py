"""The five sites of Zhang on generated frames that no model has seen, in the form of the paper's Table 2.

    python benchmarks/ultrasound_sites.py [--frames 40] [--seed 90000]

Seeds from 90000 up are used for no training set. The frames are generated, the paper's are real: the columns beside
each other show what is measured, not which is better. HD95 is in pixels of the frame, as in the paper. A frame in which
the model finds nothing counts as Dice 0 and as a failure; r and R2 are over the others.
"""

from __future__ import annotations

import argparse
import csv
import math
from pathlib import Path

import numpy as np
from scipy import stats

import myoscope
from myoscope.metrics import dice, hausdorff_95, iou, overlap_counts, surface_distances
from myoscope.plugins import describe

SITES = ("rectus_femoris", "rectus_abdominis", "biceps", "triceps", "peroneus")
QUANTITIES = ("thickness", "csa")


def published() -> dict[tuple[str, str], float]:
    """Return the paper's values by structure and metric."""
    table = describe("ultrasound").published
    assert table is not None
    with Path(table).open(encoding="utf-8", newline="") as stream:
        return {(row["structure"], row["metric"]): float(row["value"]) for row in csv.DictReader(stream)}


def measured(result: myoscope.CaseResult, structure: str, quantity: str) -> float:
    """Return a value, NaN when it was not measured."""
    rows = result.measurements.select(structure=structure, quantity=quantity).rows
    return rows[0].value if rows else math.nan


def site_rows(site: str, seeds: range, paper: dict[tuple[str, str], float]) -> list[str]:
    """Return one line a structure of a site."""
    scores: dict[str, list[tuple[float, ...]]] = {}
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for seed in seeds:
        case = myoscope.synthesize("ultrasound", seed, myoscope.SynthesisOptions(site=site))
        found, truth = myoscope.analyze(case.scan, device="cpu"), myoscope.measure(case.scan, case.segmentation)
        labels, reference = found.segmentation.labels, case.segmentation.labels
        counts, distances = overlap_counts(labels, reference), surface_distances(labels, reference, (1.0, 1.0))
        for value, structure, _ in case.segmentation.entries():
            count = counts.get(value)
            if count is None or not count.reference:
                continue
            far = hausdorff_95(distances[value]) if count.prediction else math.nan
            scores.setdefault(structure.name, []).append((dice(count), iou(count), far))
            for quantity in QUANTITIES:
                both = (measured(found, structure.name, quantity), measured(truth, structure.name, quantity))
                pairs.setdefault((structure.name, quantity), []).append(both)
    return [_line(name, values, pairs, paper) for name, values in scores.items()]


def _line(
    name: str,
    values: list[tuple[float, ...]],
    pairs: dict[tuple[str, str], list[tuple[float, float]]],
    paper: dict[tuple[str, str], float],
) -> str:
    table = np.array(values)
    cells = []
    for i, metric in enumerate(("dice", "iou", "hd95_px")):
        mean, spread = np.nanmean(table[:, i]), np.nanstd(table[:, i], ddof=1)
        cells.append(f"{mean:7.3f} ±{spread:6.3f} ({paper.get((name, metric), math.nan):.3f})")
    for quantity in QUANTITIES:
        both = np.array(pairs[name, quantity])
        both = both[np.isfinite(both).all(axis=1)]
        r = float(stats.pearsonr(*both.T).statistic) if len(both) > 2 else math.nan  # noqa: PLR2004
        error = float(np.median(np.abs(both[:, 0] / both[:, 1] - 1)) * 100) if len(both) else math.nan
        theirs = paper.get((name, f"{quantity}_r"), math.nan)
        cells.append(f"r {r:.3f} ({theirs:.3f}) R2 {r * r:.3f} error {error:4.1f}%")
    failures = int(np.sum(table[:, 0] == 0))
    return f"{name:18} {len(values):4} {failures:4}  " + "  ".join(cells)


def main() -> None:
    """Print the table; the paper's value stands in brackets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--seed", type=int, default=90_000)
    parser.add_argument("--sites", nargs="+", default=list(SITES), choices=SITES)
    args = parser.parse_args()
    paper = published()
    print("structure             n fail  Dice (paper)  IoU (paper)  HD95 px (paper)  thickness  CSA")
    for site in args.sites:
        for line in site_rows(site, range(args.seed, args.seed + args.frames), paper):
            print(line, flush=True)


if __name__ == "__main__":
    main()
