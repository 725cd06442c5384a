"""Measurements, slices, findings and provenance as CSV and JSON."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from myoscope.data.frames import FrameValue
from myoscope.data.measurement import Measurement
from myoscope.data.result import RESEARCH_USE_ONLY, CaseResult, SliceRow

MEASUREMENT_COLUMNS = ("case_id", "modality", *(f.name for f in fields(Measurement)))
SLICE_COLUMNS = ("case_id", *(f.name for f in fields(SliceRow)))
FRAME_COLUMNS = ("case_id", *(f.name for f in fields(FrameValue)))
SIGNIFICANT_DIGITS = 6


def write_measurements(result: CaseResult, csv_path: Path, json_path: Path) -> None:
    """Write `measurements.csv` and `measurements.json`; NaN is an empty cell, or null."""
    case = {"case_id": result.case_id, "modality": result.modality}
    rows = [case | asdict(row) for row in result.measurements]
    _write_csv(csv_path, MEASUREMENT_COLUMNS, rows)
    content = case | {"notice": RESEARCH_USE_ONLY, "subject": asdict(result.subject), "measurements": rows}
    write_json(json_path, content)


def write_slices(result: CaseResult, path: Path) -> None:
    """Write `slices.csv`, a row a structure and slice."""
    # A scan has thousands of these rows, all of plain values: `asdict` copies each value deeply.
    rows = (
        {"case_id": result.case_id} | {name: getattr(row, name) for name in SLICE_COLUMNS[1:]} for row in result.slices
    )
    _write_csv(path, SLICE_COLUMNS, rows)


def write_frames(result: CaseResult, path: Path) -> None:
    """Write `frames.csv`, a row a frame, structure and quantity of a video."""
    rows = ({"case_id": result.case_id} | asdict(row) for row in result.measurements.frames)
    _write_csv(path, FRAME_COLUMNS, rows)


def write_findings(result: CaseResult, path: Path) -> None:
    """Write `findings.json`, a list that is empty when all is well."""
    write_json(path, [asdict(finding) for finding in result.findings])


def write_run(result: CaseResult, path: Path) -> None:
    """Write `run.json`: how the result came to be, and how certain the model was."""
    head = {
        "notice": RESEARCH_USE_ONLY,
        "case_id": result.case_id,
        "modality": result.modality,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    certainty = result.segmentation.certainty
    sure = {"certainty": None if certainty is None else asdict(certainty)}
    write_json(path, head | asdict(result.provenance) | sure)


def write_json(path: Path, content: object) -> None:
    """Write JSON with rounded numbers; NaN and infinity are null."""
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(["" if value is None else value for value in (_plain(row[name]) for name in columns)])


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value as JSON has it, numbers rounded to significant digits."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
    return value
