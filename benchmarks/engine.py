"""The engine beside plain MONAI and nnU-Net's predictor: the same network, volume and windows, step by step.

    python benchmarks/engine.py [--full] [--parts floor starting time memory embedded growth] [--resume]

A few minutes without options; `--full` measures what the documentation reports, in an hour or two. The network is the
papers' UNETR (92.8 M parameters, windows of 96 voxels a side, 30 channels). Nobody gives away its weights, so this
trains it for a short while on synthetic thighs, keeps the weights in the working folder and continues there next time.

Time is taken side by side in one process in random order, networks opened and warm; memory in a fresh process each.
Every measurement is added to a file as soon as it is made; `--resume` goes on where an interrupted run stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from engine_growth import Point, grow, measure_growth, plot
from engine_model import (
    SEED,
    UNSEEN,
    Case,
    embedded_case,
    make_case,
    mean_dice,
    paper_recipe,
    trained_package,
)  # fmt: skip
from engine_pace import measure_floor, measure_starting
from engine_records import Records, machine_line
from engine_tables import print_tables
from engine_ways import AUTO, PLAIN, PROBABILITIES, WAYS, Networks, Way, peaks, run, warm_up, widened, windows_of

from myoscope.models import ModelPackage, find_model, read_package

PARTS = ("floor", "starting", "time", "memory", "embedded", "growth")
EMBEDDED = ("ct_thigh/unet_slices", "ct_thigh/unetr_small", "dixon_mri/unet_slices")
#: What the embedded models are also tried with: windows that overlap less.
LESS = tuple(replace(AUTO, name=f"myoscope, overlap {share:g}", overlap=share) for share in (0.25, 0.0))
QUICK_SIZE, FULL_SIZE = (144, 144, 144), (288, 192, 240)
TRAINED_ON = 3


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured with: the model, its cases and where results go."""

    package: ModelPackage
    size: tuple[int, int, int]
    tiny: bool
    folder: Path
    records: Records

    @property
    def setting(self) -> dict[str, object]:
        """What a measurement depends on besides its way."""
        return {"size": list(self.size), "model": self.package.folder.name}

    def case(self, seed: int, *, wide: bool = False) -> Case:
        """Return a case, with air beside it or without."""
        recipe = self.package.card.recipe
        case = make_case(seed, recipe, self.size, self.folder)
        return widened(case, recipe.window[0]) if wide else case

    def labels_file(self, seed: int, way: Way) -> Path:
        """Return where the labels of a way are kept to be compared."""
        name = "".join(c if c.isalnum() else "_" for c in way.name)
        return self.folder / "labels" / f"{self.package.folder.name}_{seed}" / f"{name}.npy"


def measure_time(bench: Bench, ways: list[Way], seed: int, rounds: int) -> None:
    """Run every way in every round, in random order, and then compare the labels."""
    networks = Networks(bench.package)
    shown = {way: bench.case(seed, wide=way.wide) for way in ways}
    warm = set()
    for number in range(rounds):
        for way in random.sample(ways, len(ways)):
            key = bench.setting | {"seed": seed, "way": way.name, "round": number}
            if bench.records.has("time", key):
                continue
            if (way.backend, way.precision) not in warm:
                warm_up(way, networks)
                warm.add((way.backend, way.precision))
            found = run(way, shown[way], networks)
            file = bench.labels_file(seed, way)
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, found.classes)
            ran_by = getattr(networks.open(way.backend, way.precision), "name", "torch cpu float32, plain")
            facts = {"windows": windows_of(way, shown[way], bench.package), "ran_by": ran_by}
            bench.records.add("time", key, {"seconds": found.seconds, "cpu": found.cpu_seconds} | facts)
    for way in ways:
        key = bench.setting | {"seed": seed, "way": way.name}
        if not bench.records.has("labels", key):
            bench.records.add("labels", key, compare_labels(bench, way, shown[way]))


def compare_labels(bench: Bench, way: Way, case: Case) -> dict[str, float]:
    """Return the Dice of a way and how its labels agree with MONAI's; with air beside, with those of no skipping."""
    labels = np.load(bench.labels_file(case.seed, way))
    found = {"dice": mean_dice(labels, case)}
    sole = next(w for w in WAYS if w.wide)
    for name, other in (("equal", sole if way.wide else PLAIN), ("equal_probabilities", PROBABILITIES)):
        file = bench.labels_file(case.seed, other)
        if file.exists() and other.wide == way.wide:
            found |= agreement(labels, np.load(file), name)
    return found


def agreement(labels: np.ndarray, other: np.ndarray, name: str) -> dict[str, float]:
    """Return the share of equal labels, of all and of those that are not background for either."""
    same, inside = labels == other, (labels > 0) | (other > 0)
    return {name: float(same.mean()), f"{name}_inside": float(same[inside].mean()) if inside.any() else 1.0}


def measure_memory(bench: Bench, ways: list[Way]) -> None:
    """Run every way in a process of its own for its peak of memory."""
    bench.case(SEED)
    for way in ways:
        key = bench.setting | {"seed": SEED, "way": way.name}
        if bench.records.has("memory", key):
            continue
        told = {"way": asdict(way), "size": bench.size, "folder": str(bench.folder), "tiny": bench.tiny}
        told["package"] = str(bench.package.folder)
        command = [sys.executable, __file__, "--fresh-way", json.dumps(told)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        found = {"failed": done.stderr[-300:]} if done.returncode else json.loads(done.stdout.splitlines()[-1])
        bench.records.add("memory", key, found)


def fresh_way(told: dict[str, object]) -> dict[str, float]:
    """Return the peak of memory of one way; for a fresh process."""
    way = Way(**told["way"])
    recipe = paper_recipe(tiny=told["tiny"])

    def read() -> Case:
        case = make_case(SEED, recipe, tuple(told["size"]), Path(told["folder"]))
        return widened(case, recipe.window[0]) if way.wide else case

    return peaks(way, read, read_package(Path(told["package"])))


def measure_embedded(records: Records, rounds: int, unseen: int) -> None:
    """Run the embedded models, whose weights are really trained, MONAI's way and by themselves; then with less overlap.

    Time is taken with the first case; labels and Dice with all, none of which any of them was trained on.
    """
    for model in EMBEDDED:
        package = find_model(model, model.split("/", maxsplit=1)[0])
        networks, usual = Networks(package), package.card.recipe.overlap
        ways = [replace(way, overlap=usual) for way in (PLAIN, PROBABILITIES, AUTO)] + list(LESS)
        for way in ways:
            warm_up(way, networks)
        for seed in range(SEED, SEED + 1 + unseen):
            if records.has("embedded labels", {"model": model, "seed": seed, "way": ways[-1].name}):
                continue
            case, labels = embedded_case(package, seed), {}
            for number in range(rounds if seed == SEED else 1):
                for way in random.sample(ways, len(ways)):
                    found = run(way, case, networks)
                    labels[way.name] = found.classes
                    key = {"model": model, "seed": seed, "way": way.name, "round": number}
                    ran_by = getattr(networks.open(way.backend, way.precision), "name", "torch cpu float32, plain")
                    facts = {"windows": windows_of(way, case, package), "ran_by": ran_by}
                    records.add("embedded", key, {"seconds": found.seconds, "cpu": found.cpu_seconds} | facts)
            for way in ways:
                facts = {"size": list(case.grid.size), "dice": mean_dice(labels[way.name], case)}
                facts |= agreement(labels[way.name], labels[PLAIN.name], "equal")
                facts |= agreement(labels[way.name], labels[PROBABILITIES.name], "equal_probabilities")
                records.add("embedded labels", {"model": model, "seed": seed, "way": way.name}, facts)


def arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all ways, sizes and cases instead of a few")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--size", type=int, nargs=3, help="of the volume, x y z")
    parser.add_argument("--rounds", type=int, help="1, 3 with --full")
    parser.add_argument("--unseen", type=int, help="cases that the network was not trained on; 0, 2 with --full")
    parser.add_argument("--train-steps", type=int, help="40, 400 with --full")
    parser.add_argument("--folder", type=Path, default=Path("runs/bench"), help="for weights, cases and results")
    parser.add_argument("--resume", action="store_true", help="measure only what the file of results lacks")
    parser.add_argument("--plot", type=Path, help="folder for the plot; that of the results without")
    parser.add_argument("--tiny", action="store_true", help="a tiny network, to try out this script itself")
    parser.add_argument("--fresh-way", help=argparse.SUPPRESS)
    parser.add_argument("--fresh-growth", help=argparse.SUPPRESS)
    options = parser.parse_args()
    usual = (FULL_SIZE, 3, 2, 400) if options.full else (QUICK_SIZE, 1, 0, 40)
    for name, value in zip(("size", "rounds", "unseen", "train_steps"), usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def measure(options: argparse.Namespace, records: Records) -> None:
    """Measure the parts asked for."""
    rounds, parts = options.rounds, options.parts
    if "starting" in parts:
        measure_starting(records, rounds)
    if {"floor", "time", "memory"} & set(parts):
        recipe, size = paper_recipe(tiny=options.tiny), tuple(options.size)
        learned = [make_case(SEED + i, recipe, size, options.folder) for i in range(TRAINED_ON)]
        package = trained_package(options.folder, recipe, learned, options.train_steps)
        bench = Bench(package, size, options.tiny, options.folder, records)
        ways = [way for way in WAYS if options.full or way.quick]
        if "floor" in parts:
            measure_floor(records, Networks(package), 1 + 2 * rounds)
        if "time" in parts:
            measure_time(bench, ways, SEED, rounds)
            for seed in range(UNSEEN, UNSEEN + options.unseen):
                measure_time(bench, [way for way in ways if way.unseen], seed, 1)
        if "memory" in parts:
            measure_memory(bench, ways if options.full else [PLAIN, AUTO])
    if "embedded" in parts:
        measure_embedded(records, rounds, options.unseen)
    if "growth" in parts:
        measure_growth(records, quick=not options.full)


def main() -> None:
    """Measure, print tables and draw the plot."""
    options = arguments()
    if options.fresh_way or options.fresh_growth:
        told = json.loads(options.fresh_way or options.fresh_growth)
        print(json.dumps(fresh_way(told) if options.fresh_way else grow(Point(**told))))
        return
    # Networks converted here are kept here, not in the user's cache.
    os.environ.setdefault("MYOSCOPE_CACHE", str(options.folder.resolve() / "cache"))
    records = Records(options.folder / "engine.jsonl", resume=options.resume)
    print(machine_line())
    try:
        measure(options, records)
    finally:
        print_tables(records)
    drawn = plot(records.of("growth"), options.plot or options.folder)
    print(f"\n{machine_line()}\nresults: {records.path}" + (f"\nplot: {drawn}" if drawn else ""))


if __name__ == "__main__":
    main()
