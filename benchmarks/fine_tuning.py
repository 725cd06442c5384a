"""What five labelled scans of a look that a model never saw are worth: Dice before and after fine-tuning.

    python benchmarks/fine_tuning.py -o DIR

The site is made up: synthetic CT as an uncalibrated cone-beam scanner might give it, fat where muscle should be, half
the contrast and much noise, which no training of ours draws. The model is fine-tuned with the words of the README and
tried on as many other scans of the site. Research use only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from accuracy import scored

import myoscope
from myoscope.io import write_labelled_case

MODEL, MODALITY, EPOCHS = "ct_thigh/unet_slices", "ct_thigh", 20
TRAINED_SEED, TRIED_SEED, CASES = 95_100, 95_200, 5
#: From Hounsfield units to the site's numbers.
SLOPE, OFFSET, NOISE = 0.5, 120.0, 25.0
SPACING_MM = (2.6, 2.6, 6.0)


def main() -> None:
    """Print the mean Dice before and after, and the minutes between."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    site, tuned = options.output / "site", options.output / "tuned"
    for seed in range(TRAINED_SEED, TRAINED_SEED + CASES):
        write_labelled_case(site_case(seed), site)
    tried = [site_case(seed) for seed in range(TRIED_SEED, TRIED_SEED + CASES)]
    print(f"before: mean Dice {mean_dice(tried, MODEL):.3f} on {CASES} other scans of the site", flush=True)
    started = time.monotonic()
    command = ["train", MODEL, "--data", str(site), "-o", str(tuned), "--init", MODEL]
    subprocess.run([sys.executable, "-m", "myoscope", *command, "--max-epochs", str(EPOCHS)], check=True)
    minutes = (time.monotonic() - started) / 60
    print(f"after {minutes:.1f} min: mean Dice {mean_dice(tried, str(tuned / 'model')):.3f}")


def site_case(seed: int) -> myoscope.LabelledCase:
    """Return a case of the made-up site, whose numbers are no Hounsfield units."""
    case = myoscope.synthesize(MODALITY, seed, myoscope.SynthesisOptions(spacing_mm=SPACING_MM))
    noise = np.random.default_rng(seed).normal(0.0, NOISE, case.scan.image.shape)
    image = np.rint(case.scan.image * SLOPE + OFFSET + noise).astype(np.int16)
    return replace(case, scan=replace(case.scan, channels={"ct": image}))


def mean_dice(cases: list[myoscope.LabelledCase], model: str) -> float:
    """Return the mean over structures, sides and cases of the Dice of a model."""
    rows = [row for case in cases for row in scored(case, myoscope.analyze(case.scan, model=model).segmentation)]
    return float(np.mean([row["dice"] for row in rows]))


if __name__ == "__main__":
    main()
