"""What a command says when a case is done."""

from __future__ import annotations

import math
from pathlib import Path

from myoscope.data.result import RESEARCH_USE_ONLY, CaseResult


def print_summary(result: CaseResult, folder: Path, *, report: bool) -> None:
    """Print where the files are, how much was measured, every finding, and what the numbers are for."""
    known = {structure.name for structure in result.segmentation.structures}
    measured = {row.structure for row in result.measurements if row.structure in known and math.isfinite(row.value)}
    print(f"{result.case_id} ({result.modality}): {len(measured)} of {len(known)} structures measured")
    print(f"findings: {len(result.findings) or 'none'}")
    for finding in result.findings:
        print(f"  {finding.severity}: {finding.message}")
        print(f"    {finding.action}")
    print(f"files: {folder}")
    if report:
        print(f"report: {folder / 'report.html'}")
    print(RESEARCH_USE_ONLY)
