"""The files of a benchmark, written at once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.data.result import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from myoscope.benchmarking.values import Benchmark

NUMBERS = "%.6g"


def write_benchmark(result: Benchmark, folder: Path) -> Path:
    """Write `benchmark.csv`, `benchmark_measures.csv`, `benchmark.json` and `benchmark.html`; return `folder`.

    Raises:
        OutputError: The folder cannot be written; nothing is left behind.
    """
    from myoscope.io.atomic import check_writable, written_together
    from myoscope.io.tables import write_json
    from myoscope.report.benchmark_page import benchmark_html

    check_writable(folder)
    page = benchmark_html(result)
    tables = {"benchmark.csv": result.to_frame(), "benchmark_measures.csv": result.measures_frame()}
    head = {"notice": RESEARCH_USE_ONLY, "created": result.created, "quick": result.quick, "seed": result.seed}
    facts = head | {
        "device": result.device,
        "machine": asdict(result.machine),
        "models": [asdict(model) for model in result.models],
        "rows": [asdict(row) for row in result.rows],
        "measures": [asdict(row) for row in result.measures],
    }
    with written_together(folder) as partial:
        for name, table in tables.items():
            table.to_csv(partial / name, index=False, float_format=NUMBERS, lineterminator="\n")
        write_json(partial / "benchmark.json", facts)
        (partial / "benchmark.html").write_text(page, encoding="utf-8")
    return folder
