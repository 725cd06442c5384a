"""From cases to the rows of the tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from myoscope.anatomy import StructureSet
from myoscope.benchmarking.comparing import CaseOutcome, ValuePair
from myoscope.benchmarking.plan import Entry
from myoscope.benchmarking.values import ALL_CASES, FAILED, BenchmarkRow, MeasureError
from myoscope.evaluation.summary import summarize
from myoscope.evaluation.values import SummaryRow


def measure_errors(entry: Entry, outcomes: Sequence[CaseOutcome]) -> tuple[MeasureError, ...]:
    """Return how far off each quantity is, in the order in which the modality measures them."""
    found: dict[tuple[str, str], list[ValuePair]] = {}
    for outcome in outcomes:
        for pair in outcome.pairs:
            found.setdefault((pair.quantity, pair.unit), []).append(pair)
    return tuple(_error(entry, key, pairs) for key, pairs in found.items())


def benchmark_rows(
    entry: Entry, outcomes: Sequence[CaseOutcome], structures: StructureSet, errors: Sequence[MeasureError]
) -> Iterator[BenchmarkRow]:
    """Yield the sum of a model on a data set, then its failures."""
    failures = [outcome for outcome in outcomes if outcome.reason]
    done = [outcome for outcome in outcomes if not outcome.reason]
    overall = {s.metric: s for s in summarize([r for o in done for r in o.rows], structures) if s.level == "all"}
    nothing = SummaryRow("all", "all", "", *(math.nan,) * 6, n=0, left_out=0)
    dice, hd95, assd = (overall.get(metric, nothing) for metric in ("dice", "hd95_mm", "assd_mm"))
    main = errors[0] if errors else None
    yield BenchmarkRow(
        modality=entry.modality,
        model=entry.model,
        data=entry.data,
        case_id=ALL_CASES,
        cases=len(outcomes),
        failed=len(failures),
        dice=dice.mean,
        dice_sd=dice.sd,
        dice_n=dice.n,
        dice_left_out=dice.left_out,
        hd95_mm=hd95.mean,
        assd_mm=assd.mean,
        surface_n=assd.n,
        surface_left_out=assd.left_out,
        quantity=main.quantity if main else "",
        unit=main.unit if main else "",
        error_median_pct=main.error_median_pct if main else math.nan,
        seconds=float(np.median([o.seconds for o in done])) if done else math.nan,
        peak_memory_mb=max((o.peak_memory_mb for o in done), default=math.nan),
        status="ok" if not failures else f"{len(failures)} of {len(outcomes)} cases failed",
    )
    for outcome in failures:
        yield failure_row(entry, outcome.case_id, outcome.reason)


def failure_row(entry: Entry, case_id: str, reason: str) -> BenchmarkRow:
    """Return the row of a case, or of a whole model or modality, that failed."""
    key = (entry.modality, entry.model, entry.data, case_id)
    cases = 0 if case_id == ALL_CASES else 1
    return BenchmarkRow(*key, cases=cases, failed=cases, status=FAILED + reason)


def _error(entry: Entry, key: tuple[str, str], pairs: Sequence[ValuePair]) -> MeasureError:
    both = [(p.predicted, p.true) for p in pairs if math.isfinite(p.predicted) and math.isfinite(p.true)]
    predicted, true = np.array(both, dtype=np.float64).reshape(-1, 2).T
    nonzero = true != 0
    percents = 100.0 * np.abs(predicted - true)[nonzero] / np.abs(true[nonzero])
    return MeasureError(
        modality=entry.modality,
        model=entry.model,
        data=entry.data,
        quantity=key[0],
        unit=key[1],
        n=true.size,
        left_out=len(pairs) - true.size,
        n_zero=int(true.size - nonzero.sum()),
        error_median_pct=float(np.median(percents)) if percents.size else math.nan,
        bias=float(np.mean(predicted - true)) if true.size else math.nan,
        mean_true=float(np.mean(true)) if true.size else math.nan,
    )
