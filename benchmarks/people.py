"""Whole anatomies with the shape of people, of whom only some muscles are labelled.

    python benchmarks/people.py --anatomies FILE [FILE ...] --people FOLDER -o DIR [--limit 0.8]

Deforms every anatomy onto every person. DIR gets `<anatomy>_as_<person>.nii.gz` for those that fit, to be rendered by
`myoscope synthesize --labels`, and `people.csv` with a row for each pair. Pairs in the table are not done again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from myoscope import THIGH_STRUCTURES, InputError, StructureSet
from myoscope.io import write_volume
from myoscope.synthesis import Anatomy, anatomy_from_file
from myoscope.synthesis.people import person_from_file, reshaped


def main() -> None:
    """Print a line a pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--anatomies", type=Path, nargs="+", required=True)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--limit", type=float, default=0.8, help="smallest mean Dice of what is kept")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    table = options.output / "people.csv"
    rows = pd.read_csv(table).to_dict("records") if table.exists() else []
    done = {(row["anatomy"], row["subject"]) for row in rows}
    structures = StructureSet(THIGH_STRUCTURES)
    for file in sorted(options.people.glob("*.nii.gz")):
        for source in options.anatomies:
            pair = source.name.partition("_")[0], file.name.partition(".")[0]
            if pair in done:
                continue
            row = _row(anatomy_from_file(source, structures), file, structures, options, pair)
            rows.append(row)
            pd.DataFrame(rows).to_csv(table, index=False, float_format="%.3f")
            print(" ".join(f"{key} {value}" for key, value in row.items()), flush=True)


def _row(
    anatomy: Anatomy, file: Path, structures: StructureSet, options: argparse.Namespace, pair: tuple[str, str]
) -> dict[str, object]:
    """Return what became of one pair; what fits is written."""
    start = time.process_time()
    row: dict[str, object] = {"subject": pair[1], "anatomy": pair[0]}
    try:
        person = person_from_file(file, structures)
        result = reshaped(anatomy, person)
    except InputError as error:
        return row | {"kept": False, "reason": str(error)}
    mean = float(np.mean(list(result.dice.values())))
    worst = min(result.dice, key=lambda value: result.dice[value])
    structure, side = structures.decode(worst) or (None, None)
    shared = np.isin(result.anatomy.labels, list(result.dice))
    kept = mean >= options.limit and result.smallest_jacobian > 0
    if kept:
        name = f"{pair[0]}_as_{pair[1]}.nii.gz"
        write_volume(result.anatomy.labels, result.anatomy.grid, options.output / name)
    return row | {
        "slices": len(person.labels),
        "dice_before": round(float(np.mean(list(result.dice_before.values()))), 3),
        "dice": round(mean, 3),
        "lowest_dice": round(result.dice[worst], 3),
        "lowest": f"{structure.name if structure else worst} {side}",
        "smallest_jacobian": round(result.smallest_jacobian, 3),
        "shared_muscles_ml": round(float(shared.sum() * result.anatomy.grid.voxel_volume_ml)),
        "seconds": round(time.process_time() - start, 1),
        "kept": kept,
        "reason": "" if kept else f"mean Dice below {options.limit:g}" if mean < options.limit else "folds",
    }


if __name__ == "__main__":
    main()
