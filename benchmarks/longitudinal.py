"""How well a longitudinal model does on frames held out by machine, and what its worst ten look like.

    python benchmarks/longitudinal.py DATA OUT RUN [RUN ...]

DATA is a folder of labelled cases with subjects.csv, each RUN a folder of `myoscope train` on it. For every frame that
a run held out: Dice of both aponeuroses, how far the inner borders lie from the reference's (in % of the reference's
thickness), and the error of the thickness. A frame whose thickness cannot be measured is a failure, counted and never
dropped from the count.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import myoscope
from myoscope.models.package import read_package
from myoscope.plugins import open_modality
from myoscope.training.cases import prepare_folder, split

LINES = ("superficial_aponeurosis", "deep_aponeurosis")
IDS = {structure.name: structure.id for structure in myoscope.ULTRASOUND_STRUCTURES}
COLORS = {"superficial_aponeurosis": (0, 255, 255), "deep_aponeurosis": (255, 200, 0), "muscle": (60, 60, 220)}
WORST = 10
LARGE_PCT = 10


@dataclass
class Score:
    """Figures of one frame."""

    file: str
    machine: str
    dice: float
    dice_muscle: float
    border_error_pct: float
    thickness_error_pct: float
    confidence: float
    findings: str


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the Dice of two masks."""
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


def borders(labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the row of the first and of the last muscle pixel in each column, NaN where there is none."""
    muscle = labels == IDS["muscle"]
    seen = muscle.any(axis=0)
    first = np.where(seen, muscle.argmax(axis=0), np.nan)
    last = np.where(seen, len(muscle) - 1 - muscle[::-1].argmax(axis=0), np.nan)
    return np.stack([first, last])


def thickness(result: myoscope.CaseResult) -> float:
    """Return the measured thickness, NaN when it was not measured."""
    rows = list(result.measurements.select(structure="muscle", quantity="thickness"))
    return rows[0].value if rows else math.nan


def scored(image: Path, label: Path, model: Path, machine: str) -> tuple[Score, NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the figures of a frame, what the model found and what the reference says."""
    options = myoscope.LoadOptions(site="longitudinal")
    found = myoscope.analyze(image, modality="ultrasound", model=str(model), options=options, device="cpu")
    truth = myoscope.measure(image, label, modality="ultrasound", options=options)
    a, b = found.segmentation.labels, truth.segmentation.labels
    true_thickness = thickness(truth)
    apart = np.abs(borders(a) - borders(b))
    return (
        Score(
            image.name,
            machine,
            float(np.mean([dice(a == IDS[name], b == IDS[name]) for name in LINES])),
            dice(a == IDS["muscle"], b == IDS["muscle"]),
            float(np.nanmean(apart) / true_thickness * 100) if np.isfinite(apart).any() else math.nan,
            abs(thickness(found) / true_thickness - 1) * 100,
            found.segmentation.confidence[0],
            " ".join(f.code for f in found.findings),
        ),
        a,
        b,
    )


def outlined(image: Path, labels: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """Return a picture with outlines and a line of text."""
    picture = cv2.cvtColor(cv2.imread(str(image), cv2.IMREAD_GRAYSCALE), cv2.COLOR_GRAY2BGR)
    for name, color in COLORS.items():
        edges, _ = cv2.findContours((labels == IDS[name]).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, edges, -1, color, 2 if name != "muscle" else 1)
    cv2.putText(picture, text, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
    return np.asarray(cv2.resize(picture, (480, 400)), dtype=np.uint8)


def contact_sheet(rows: list[tuple[Score, Path, NDArray[np.uint8], NDArray[np.uint8]]], path: Path) -> None:
    """Write pairs of pictures, what was found beside the reference."""
    pairs = [
        np.hstack(
            [
                outlined(image, found, f"{score.file} {score.thickness_error_pct:.1f}%"),
                outlined(image, truth, "reference"),
            ]
        )
        for score, image, found, truth in rows
    ]
    if len(pairs) % 2:
        pairs.append(np.zeros_like(pairs[0]))
    cv2.imwrite(str(path), np.vstack([np.hstack(pairs[i : i + 2]) for i in range(0, len(pairs), 2)]))


def summary(scores: list[Score]) -> dict[str, float]:
    """Return the figures of a group of frames."""
    errors = np.array([s.thickness_error_pct for s in scores])
    good = errors[np.isfinite(errors)]
    return {
        "frames": len(scores),
        "failures": int(np.sum(~np.isfinite(errors))),
        "dice_aponeuroses": round(float(np.mean([s.dice for s in scores])), 3),
        "dice_muscle": round(float(np.mean([s.dice_muscle for s in scores])), 3),
        "border_error_pct_median": round(float(np.nanmedian([s.border_error_pct for s in scores])), 2),
        "thickness_error_pct_median": round(float(np.median(good)), 2) if len(good) else math.nan,
        "thickness_error_pct_90th": round(float(np.percentile(good, 90)), 2) if len(good) else math.nan,
        "share_above_10_pct": round(float(np.mean(good > LARGE_PCT)), 3) if len(good) else math.nan,
    }


def main() -> None:
    """Score every run on what it held out; write figures and the worst ten."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    plugin = open_modality("ultrasound")
    rows = []
    for run in args.runs:
        card = read_package(run / "model").card
        fold = int(re.search(r"--fold (\d)", card.command)[1])  # type: ignore[index]
        cases = prepare_folder(args.data, run / "cache", card.recipe, plugin)
        rows += [
            (*scored(*case.files, run / "model", case.member.subject), case.files[0]) for case in split(cases, fold)[1]
        ]
    scores = [row[0] for row in rows]
    machines = sorted({s.machine for s in scores})
    groups = {machine: summary([s for s in scores if s.machine == machine]) for machine in machines}
    groups["all"] = summary(scores)
    for name, figures in groups.items():
        print(f"{name:20s}", figures)
    figures = {"groups": groups, "frames": [asdict(s) for s in scores]}
    (args.output / "scores.json").write_text(json.dumps(figures, indent=1))
    worst = sorted(rows, key=lambda row: np.nan_to_num(row[0].thickness_error_pct, nan=math.inf), reverse=True)
    contact_sheet([(s, image, found, truth) for s, found, truth, image in worst[:WORST]], args.output / "worst_ten.png")


if __name__ == "__main__":
    main()
