"""`myoscope benchmark`: every modality and model into one table and page."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.benchmarking.values import FIRST_SEED
from myoscope.cli.command import Command
from myoscope.cli.options import add_talk_options, natural
from myoscope.cli.progress import show_progress
from myoscope.cli.table import print_table
from myoscope.data.result import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from myoscope.benchmarking import Benchmark

HEADER = ("model", "data", "cases", "Dice", "HD95 mm", "ASSD mm", "error %", "of", "s/case", "MiB", "status")


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "-m", "--modality", metavar="NAME", nargs="+", default=[], help="modalities to run; every installed one if none"
    )
    parser.add_argument(
        "--quick", action="store_true", help="two synthetic cases a model, at its own spacing, instead of five"
    )
    parser.add_argument(
        "--data", metavar="DIR", type=Path, help="labelled cases of your own: images/, and labels/ of the same names"
    )
    parser.add_argument(
        "--seed",
        metavar="S",
        type=natural,
        default=FIRST_SEED,
        help=f"of the first synthetic case; {FIRST_SEED} when not given; none from there to 95999 was trained on",
    )
    parser.add_argument(
        "-d", "--device", metavar="DEVICE", default="auto", help="auto, cpu, gpu, gpu:N or mps; auto when not given"
    )
    add_talk_options(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Run everything and write; fail at the end when something failed."""
    import myoscope
    from myoscope.errors import BatchError
    from myoscope.io import check_writable

    check_writable(args.output)
    with show_progress(quiet=args.quiet) as progress:
        result = myoscope.benchmark(
            tuple(args.modality),
            quick=args.quick,
            data=args.data,
            seed=args.seed,
            device=args.device,
            progress=progress,
        )
    result.save(args.output)
    if not args.quiet:
        _print(result, args.output)
    if result.failures:
        named = "; ".join(
            f"{' '.join(filter(None, (row.modality, row.model, row.data, row.case_id)))}: {row.reason}"
            for row in result.failures
        )
        raise BatchError(f"{len(result.failures)} failed, the rest is done and written. {named}")


def _print(result: Benchmark, folder: Path) -> None:
    rows = [
        (
            row.model,
            row.data,
            str(row.cases),
            _text(row.dice, 3),
            _text(row.hd95_mm, 1),
            _text(row.assd_mm, 2),
            _text(row.error_median_pct, 1),
            row.quantity,
            _text(row.seconds, 1),
            _text(row.peak_memory_mb, 0),
            row.status,
        )
        for row in result.sums
    ]
    if rows:
        print_table(HEADER, rows)
    print(f"files: {folder}")
    print(f"page: {folder / 'benchmark.html'}")
    print(RESEARCH_USE_ONLY)


def _text(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else "-"


COMMAND = Command("benchmark", "Run every modality and model on cases with known answers, side by side.", configure)
