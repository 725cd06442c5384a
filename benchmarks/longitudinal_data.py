"""Turn pictures with masks of all aponeuroses (as DL_Track keeps them) into labelled cases for `myoscope train`.

    python benchmarks/longitudinal_data.py SOURCE -o DIR

SOURCE holds images/ and masks/ of the same name. The topmost line becomes the superficial aponeurosis, the next one
below it the deep one, what lies between their inner borders the muscle; frames with fewer than two lines are left out.
No scale and no person is known: pictures of one size are taken to be of one machine, and `subjects.csv` keeps machines
apart. With --synthetic N, N generated frames are added; no fold holds them out.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import myoscope

IDS = {structure.name: structure.id for structure in myoscope.ULTRASOUND_STRUCTURES}
#: Seed of the first generated frame.
SEED = 50_000
#: Smaller specks of a mask are no line, in pixels.
SPECK = 60
#: Pieces belong to one line when they hardly share columns and lie at about the same depth (shares of width, height).
SHARED, APART = 0.2, 0.06
#: Two lines closer than this share of the height are one double layer: the lower one bounds the muscle.
LEAST_GAP = 0.06
#: Both lines must be seen over this share of the wider one.
SEEN = 0.4
#: Width x height -> fold that holds the machine out.
FOLDS = {(512, 512): 0, (640, 522): 1, (640, 539): 2, (640, 357): 3, (640, 480): 4, (640, 410): 4}
FACTS = {
    "description": "real longitudinal B-mode frames of vastus lateralis, tibialis anterior, gastrocnemius medialis and "
    "soleus from several machines (DL_Track), with masks of the aponeuroses, and generated frames",
    "licenses": ["Apache-2.0 (DL_Track training images)"],
    "limitations": [
        "The machines are known by their picture size alone, the people not at all.",
        "Where a third aponeurosis is seen, the muscle between the first and the second is measured.",
    ],
}


@dataclass
class Line:
    """Pieces of a mask that make one aponeurosis."""

    mask: NDArray[np.bool_]

    @property
    def columns(self) -> NDArray[np.bool_]:
        """Columns that it is seen in."""
        return self.mask.any(axis=0)

    @property
    def depth(self) -> float:
        """Mean row."""
        return float(np.argwhere(self.mask)[:, 0].mean())


def lines_of(mask: NDArray[np.bool_]) -> list[Line]:
    """Return the aponeuroses of a mask, from the skin down."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    found = [Line(pieces == i) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= SPECK]
    lines: list[Line] = []
    for piece in sorted(found, key=lambda line: line.depth):
        for line in lines:
            shared = (line.columns & piece.columns).sum() / max(1, piece.columns.sum())
            if shared < SHARED and abs(line.depth - piece.depth) < APART * mask.shape[0]:
                line.mask = line.mask | piece.mask
                break
        else:
            lines.append(piece)
    return lines


def labels_of(mask: NDArray[np.bool_]) -> NDArray[np.uint8] | None:
    """Return the label map of a mask, or None when it does not show two aponeuroses."""
    lines = lines_of(mask)
    if len(lines) < 2:  # noqa: PLR2004
        return None
    double = len(lines) > 2 and lines[1].depth - lines[0].depth < LEAST_GAP * mask.shape[0]  # noqa: PLR2004
    upper, lower = (line.mask for line in lines[double : double + 2])
    both = upper.any(axis=0) & lower.any(axis=0)
    if both.sum() < SEEN * max(upper.any(axis=0).sum(), lower.any(axis=0).sum()):
        return None
    rows = np.arange(mask.shape[0])[:, None]
    bottom = mask.shape[0] - 1 - upper[::-1].argmax(axis=0)
    top = lower.argmax(axis=0)
    labels = np.zeros(mask.shape, dtype=np.uint8)
    labels[(rows > bottom) & (rows < top) & both] = IDS["muscle"]
    labels[upper] = IDS["superficial_aponeurosis"]
    labels[lower] = IDS["deep_aponeurosis"]
    return labels


def synthetic(seed: int, output: Path) -> dict[str, object]:
    """Write a generated frame and return its row of the table; every third may be cut by its field of view."""
    options = myoscope.SynthesisOptions(site="longitudinal", complete=seed % 3 > 0)
    case = myoscope.synthesize("ultrasound", seed, options)
    name = f"{case.scan.case_id}.png"
    cv2.imwrite(str(output / "images" / name), case.scan.image)
    cv2.imwrite(str(output / "labels" / name), case.segmentation.labels)
    return {"file": name, "subject": f"seed {seed}", "fold": ""}


def main() -> None:
    """Write images/, labels/, subjects.csv and dataset.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--synthetic", metavar="N", type=int, default=0)
    args = parser.parse_args()
    for part in ("images", "labels"):
        (args.output / part).mkdir(parents=True, exist_ok=True)
    rows = []
    for path in sorted((args.source / "images").glob("*.png")):
        mask = cv2.imread(str(args.source / "masks" / path.name), cv2.IMREAD_GRAYSCALE) > 0
        labels = labels_of(mask)
        if labels is None:
            print(f"{path.name}: fewer than two aponeuroses, left out")
            continue
        shutil.copyfile(path, args.output / "images" / path.name)
        cv2.imwrite(str(args.output / "labels" / path.name), labels)
        size = mask.shape[::-1]
        rows.append({"file": path.name, "subject": f"machine_{size[0]}x{size[1]}", "fold": FOLDS[size]})
    rows += [synthetic(SEED + n, args.output) for n in range(args.synthetic)]
    with (args.output / "subjects.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ("file", "subject", "fold"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (args.output / "dataset.json").write_text(json.dumps(FACTS, indent=2) + "\n", encoding="utf-8")
    print(f"{len(rows)} cases in {args.output}")


if __name__ == "__main__":
    main()
