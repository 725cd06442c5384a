"""A network that knows one body, tried on another: Dice and volume error on an anatomy kept out of all training.

    python benchmarks/held_out_anatomy.py MODALITY --train MAP [--people MAP ...] --test MAP -o DIR [--init MODEL]
        [--without septa contrast girth muon] [--slabs 240] [--epochs 4]

Renders slabs of the first map, half of them in the shape of people (`people.py`), trains `MODALITY/unet_slices` on them
and tries it on the other map: whole scans as usual ones are, and wide slabs of any build, posture, contrast and fault.
`--without` leaves a part of the physics out of training, not out of the tests, or trains with AdamW instead of Muon.
What is in DIR is not made again. Research use only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import chain, cycle, islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from accuracy import scored

import myoscope
from myoscope.io import write_labelled_case
from myoscope.synthesis import mr
from myoscope.training import TrainingRun, train
from myoscope.training.fit import find_recipe

SPACING_MM = (2.6, 2.6, 6.0)
#: Seeds of slabs for training and of both kinds of test; every twelfth slab chooses the weights.
TRAIN_SEED, WHOLE_SEED, WIDE_SEED = 61_000, 91_000, 92_000
VALIDATED = 12
WHOLE_CASES, WIDE_CASES = 4, 12
ADAMW_RATE = 1e-3


def main() -> None:
    """Train and print a table, a line a structure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modality", choices=["ct_thigh", "dixon_mri"])
    parser.add_argument("--train", type=Path, required=True, help="label map of the anatomy to train on")
    parser.add_argument("--people", type=Path, nargs="*", default=[], help="the same in the shape of people")
    parser.add_argument("--test", type=Path, required=True, help="label map of the anatomy kept out")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--init", help="model to start from; it must not have seen the anatomy kept out either")
    parser.add_argument("--without", nargs="*", default=[], choices=["septa", "contrast", "girth", "muon"])
    parser.add_argument("--slabs", type=int, default=240)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    data, run = options.output / "data", options.output / "run"
    pairs = ((options.train, person) for person in options.people)
    maps = list(chain.from_iterable(pairs)) or [options.train]
    with ExitStack() as stack:
        for part in left_out(options.without):
            stack.enter_context(part)
        make_slabs(options.modality, list(islice(cycle(maps), options.slabs)), data)
    if not (run / "model" / "card.json").exists():
        last = run / "checkpoints" / "last.ckpt"
        train(
            TrainingRun(
                recipe=f"{options.modality}/unet_slices", data=data, out=run, fold=0, max_epochs=options.epochs,
                resume=last.exists(), device="cpu", seed=0, init=options.init,
            )
        )  # fmt: skip
    whole = myoscope.SynthesisOptions(label_map=options.test, spacing_mm=SPACING_MM)
    tests = {
        "whole": (range(WHOLE_SEED, WHOLE_SEED + WHOLE_CASES), whole),
        "wide": (range(WIDE_SEED, WIDE_SEED + WIDE_CASES), replace(whole, wide=True)),
    }
    rows = [row for name, test in tests.items() for row in score(name, options.modality, run / "model", *test)]
    table = pd.DataFrame(rows)
    table.to_csv(options.output / "scores.csv", index=False)
    shown = table.pivot_table(
        ["dice", "error_pct"], "structure", "test", aggfunc={"dice": "mean", "error_pct": "median"}
    )
    shown.loc["mean over structures"] = shown.mean()
    print(shown.to_string(float_format="%.3f"))


def left_out(parts: Iterable[str]) -> list[AbstractContextManager[object]]:
    """Return patches that leave out a part of the physics or of training."""
    patches: list[AbstractContextManager[object]] = []
    if "septa" in parts:
        nothing = lambda labels, *_: np.zeros(labels.shape, dtype=np.float32)  # noqa: E731
        patches += [patch(f"myoscope.synthesis.{name}.septa", nothing) for name in ("protons", "ct")]
        patches.append(patch("myoscope.synthesis.mr.INK_CHANCE", 0.0))
    if "contrast" in parts:
        usual = mr.draw_scanner
        patches.append(patch("myoscope.synthesis.mr.draw_scanner", lambda rng, **_: usual(rng, wide=False)))
        patches.append(patch("myoscope.synthesis.mr.WIDE_CHANCES", {"water": 1.0}))
    if "girth" in parts:
        patches.append(patch("myoscope.synthesis.pose.GIRTH_CHANCE", 0.0))
        patches.append(patch("myoscope.synthesis.build.SWOLLEN_CHANCE", 0.0))
    if "muon" in parts:
        patches.append(patch("myoscope.training.fit.find_recipe", with_adamw))
    return patches


def with_adamw(name: str) -> myoscope.Recipe:
    """Return the recipe called `name` as it was before it had Muon."""
    recipe = find_recipe(name)
    return replace(recipe, training=replace(recipe.training, optimizer="adamw", learning_rate=ADAMW_RATE))


def make_slabs(modality: str, maps: list[Path], data: Path) -> None:
    """Write a wide slab of each map, and which of them choose the weights."""
    kept = []
    for number, label_map in enumerate(maps):
        seed = TRAIN_SEED + number
        file = f"{modality}_{seed:05d}.nii.gz"
        kept.append({"file": file, "subject": seed, "fold": "" if (number + 1) % VALIDATED else 0})
        if not (data / "labels" / file).exists():
            options = myoscope.SynthesisOptions(label_map=label_map, spacing_mm=SPACING_MM, wide=True)
            write_labelled_case(myoscope.synthesize(modality, seed, options), data)
    pd.DataFrame(kept).to_csv(data / "subjects.csv", index=False)


def score(
    test: str, modality: str, model: Path, seeds: range, options: myoscope.SynthesisOptions
) -> Iterable[dict[str, object]]:
    """Yield Dice and volume error of each side of each structure of each case."""
    for seed in seeds:
        case = myoscope.synthesize(modality, seed, options)
        found = myoscope.analyze(case.scan, model=str(model)).segmentation
        yield from ({"test": test, "seed": seed} | row for row in scored(case, found))


if __name__ == "__main__":
    main()
