"""What a command says when a case is done."""

from __future__ import annotations

import math
from pathlib import Path

from myoscope.data.result import RESEARCH_USE_ONLY, CaseResult
from myoscope.report.frames import is_picture
from myoscope.report.wording import MAIN_QUANTITIES, plain_letters, quantity_words, structure_title, with_unit


def print_summary(result: CaseResult, folder: Path, *, report: bool) -> None:
    """Print where the files are, how much was measured, every finding, and what the numbers are for."""
    segmentation = result.segmentation
    known = {structure.name for structure in segmentation.structures}
    if is_picture(result):
        # A picture shows one place of many, and no one measures the fascia that its muscle is found by.
        known = {s.name for s in segmentation.structures if s.name in segmentation.predicted and s.kind == "muscle"}
    measured = {row.structure for row in result.measurements if row.structure in known and math.isfinite(row.value)}
    noun = "muscles" if is_picture(result) else "structures"
    print(f"{result.case_id} ({result.modality}): {len(measured)} of {len(known)} {noun} measured")
    if is_picture(result):
        _print_values(result)
    print(f"findings: {len(result.findings) or 'none'}")
    for finding in result.findings:
        print(f"  {finding.severity}: {finding.message}")
        print(f"    {finding.action}")
    _print_agreement(result)
    print(f"files: {folder}")
    if report:
        print(f"report: {folder / 'report.html'}")
    print(RESEARCH_USE_ONLY)


def _print_values(result: CaseResult) -> None:
    """Print the main numbers of a picture or video, which are few."""
    for row in result.measurements:
        if row.quantity in MAIN_QUANTITIES:
            name = f"{structure_title(row.structure)}, {quantity_words(row.quantity)}"
            reason = "" if row.complete else f" (incomplete: {row.reason})"
            print(plain_letters(f"  {name}: {with_unit(row.value, row.unit)}{reason}"))


def _print_agreement(result: CaseResult) -> None:
    """Print the mean of each metric where the segmentation was compared with a reference."""
    total = {} if result.evaluation is None else {r.metric: r for r in result.evaluation.summary if r.level == "all"}
    for metric, title in {"dice": "Dice", "hd95_mm": "HD95, mm", "assd_mm": "ASSD, mm"}.items():
        if (row := total.get(metric)) is not None and row.n:
            print(f"mean {title}: {row.mean:.3f} ({row.n} values, {row.left_out} left out)")
