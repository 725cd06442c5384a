"""The files of an evaluation, written at once."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

from myoscope.evaluation.values import Evaluation, SummaryRow, VolumeCorrelation

NUMBERS = "%.6g"


def write_rows(evaluation: Evaluation, path: Path) -> None:
    """Write `evaluation.csv`, a row a case, structure and side."""
    evaluation.to_frame().to_csv(path, index=False, float_format=NUMBERS, lineterminator="\n")


def write_evaluation(evaluation: Evaluation, folder: Path) -> Path:
    """Write `evaluation.csv`, `summary.csv`, `volume_correlation.csv` and `evaluation.html`; return `folder`.

    Raises:
        OutputError: The folder cannot be written; nothing is left behind.
    """
    import pandas as pd

    from myoscope.io.atomic import check_writable, written_together
    from myoscope.report.evaluation_page import evaluation_html

    check_writable(folder)
    page = evaluation_html(evaluation)
    tables = {
        "summary.csv": pd.DataFrame(
            [asdict(row) for row in evaluation.summary], columns=[f.name for f in fields(SummaryRow)]
        ),
        "volume_correlation.csv": pd.DataFrame(
            [asdict(row) for row in evaluation.correlations], columns=[f.name for f in fields(VolumeCorrelation)]
        ),
    }
    with written_together(folder) as partial:
        write_rows(evaluation, partial / "evaluation.csv")
        for name, table in tables.items():
            table.to_csv(partial / name, index=False, float_format=NUMBERS, lineterminator="\n")
        (partial / "evaluation.html").write_text(page, encoding="utf-8")
    return folder
