"""Run every modality and model side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.benchmarking.values import ALL_CASES, FIRST_SEED, Benchmark, BenchmarkRow, MeasureError
from myoscope.data.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from myoscope.benchmarking.comparing import CaseOutcome
    from myoscope.benchmarking.plan import Entry
    from myoscope.benchmarking.sources import Source
    from myoscope.benchmarking.worker import Worker
    from myoscope.data.recipe import Recipe
    from myoscope.data.result import ModelReference


def benchmark(
    modalities: tuple[str, ...] = (),
    *,
    quick: bool = False,
    data: str | Path | None = None,
    seed: int = FIRST_SEED,
    device: str = "auto",
    progress: Progress | None = None,
) -> Benchmark:
    """Return accuracy, measurement error, time and memory of every installed modality and model, in one table.

    Each model runs on the same synthetic cases of its modality, and on the user's cases when given. It runs in a
    process of its own. A case, model or modality that fails is a row with its reason.

    Args:
        modalities: Names; every installed modality when empty.
        quick: True for two synthetic cases of each model at the model's own spacing, instead of five realistic ones.
        data: A folder with `images/` and `labels/`, matched by name.
        seed: Of the first synthetic case; from 90000 on, none is in a training set.
        device: As for `analyze`.
        progress: Called as cases are done.

    Raises:
        UsageError: An unknown modality or device.
        InputError: `data` is no folder of labelled cases.
    """
    from datetime import UTC, datetime

    from myoscope.benchmarking.machine import this_machine
    from myoscope.benchmarking.plan import Choice, plan
    from myoscope.inference import choose_device

    torch_device = choose_device(device)
    chosen = Choice(tuple(modalities), quick, seed, None if data is None else Path(data))
    entries = plan(chosen)
    on_case = _counter(sum(len(entry.cases) for entry in entries if entry.package), progress)
    rows: list[BenchmarkRow] = []
    measures: list[MeasureError] = []
    for entry in entries:
        own_rows, own_measures = _run(entry, device, on_case)
        rows += own_rows
        measures += own_measures
    return Benchmark(
        rows=tuple(rows),
        measures=tuple(measures),
        models=tuple(_models(entries)),
        machine=this_machine(),
        device=torch_device,
        quick=quick,
        seed=seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _run(entry: Entry, device: str, on_case: Callable[[], None]) -> tuple[list[BenchmarkRow], tuple[MeasureError, ...]]:
    """Return the rows and the errors of one model on one data set."""
    from myoscope.benchmarking.summing import benchmark_rows, failure_row, measure_errors
    from myoscope.benchmarking.worker import Job, Worker
    from myoscope.plugins import describe

    if entry.package is None:
        names = [case.name for case in entry.cases] or [ALL_CASES]
        return [failure_row(entry, name, entry.reason) for name in names], ()
    outcomes = []
    with Worker(Job(entry.modality, entry.package.folder, device)) as worker:
        for source in entry.cases:
            outcomes.append(_outcome(source, entry.package.card.recipe, worker, modality=entry.modality))
            on_case()
    errors = measure_errors(entry, outcomes)
    return list(benchmark_rows(entry, outcomes, describe(entry.modality).structures, errors)), errors


def _outcome(source: Source, recipe: Recipe, worker: Worker, *, modality: str) -> CaseOutcome:
    """Return what one case gave; whatever goes wrong is its reason."""
    from myoscope.benchmarking.comparing import CaseOutcome, compare_case
    from myoscope.benchmarking.sources import read_case
    from myoscope.benchmarking.worker import Failed
    from myoscope.errors import MyoscopeError

    try:
        case = read_case(source, modality, recipe)
        answer = worker.analyze(case.scan)
        if isinstance(answer, Failed):
            return CaseOutcome(source.name, answer.reason)
        return compare_case(case, answer)
    except MyoscopeError as error:
        return CaseOutcome(source.name, str(error))
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything, and a failure is a row
        return CaseOutcome(source.name, f"{type(error).__name__}: {error}")


def _models(entries: tuple[Entry, ...]) -> Iterator[ModelReference]:
    """Yield each model that ran once."""
    from myoscope.data.result import ModelReference

    packages = {entry.model: entry.package for entry in entries if entry.package is not None}
    for package in packages.values():
        card = package.card
        yield ModelReference(card.id, card.sha256, card.recipe.name, card.backend, card.trained_on)


def _counter(total: int, progress: Progress | None) -> Callable[[], None]:
    """Return a function that reports one more case done each time it is called."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("benchmark", done, total)

    if progress is not None and total:
        progress("benchmark", 0, total)
    return count
