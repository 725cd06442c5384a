"""`myoscope evaluate`: predictions and references in, tables and a page out."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.cli.command import Command
from myoscope.cli.options import add_talk_options
from myoscope.cli.progress import show_progress
from myoscope.cli.table import print_table

if TYPE_CHECKING:
    from myoscope.evaluation import Evaluation

SHOWN = {"dice": "Dice", "hd95_mm": "HD95 mm", "assd_mm": "ASSD mm", "ravd_pct": "RAVD %"}


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("prediction", metavar="PRED", type=Path, help="label file, or folder of them")
    parser.add_argument("reference", metavar="REF", type=Path, help="label file, or folder of them, matched by name")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "-m", "--modality", metavar="NAME", help="whose structures name the labels; the first that fits when not given"
    )
    parser.add_argument(
        "--surface", action=BooleanOptionalAction, default=True, help="measure surface distances, or leave them out"
    )
    add_talk_options(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Compare and write; fail at the end when some cases could not be compared."""
    import myoscope
    from myoscope.errors import BatchError
    from myoscope.evaluation import write_evaluation
    from myoscope.io import check_writable

    check_writable(args.output)
    with show_progress(quiet=args.quiet) as progress:
        result = myoscope.evaluate(
            args.prediction, args.reference, modality=args.modality, surface=args.surface, progress=progress
        )
    write_evaluation(result, args.output)
    if not args.quiet:
        _print(result, args.output)
    if result.failures:
        named = "; ".join(f"{row.case_id}: {row.status.removeprefix('failed: ')}" for row in result.failures)
        raise BatchError(f"{len(result.failures)} of {len(result.failures) + len(result.cases)} cases failed. {named}")


def _print(result: Evaluation, folder: Path) -> None:
    total = {row.metric: row for row in result.summary if row.level == "all"}
    print(f"cases: {len(result.cases)}; names: {result.modality or 'none fits, labels are numbered'}")
    if result.also_fits:
        print(f"the names of {', '.join(result.also_fits)} fit as well: -m chooses groups and published values")
    rows = [
        (title, f"{row.mean:.3f}", f"{row.sd:.3f}", f"{row.median:.3f}", str(row.n), str(row.left_out))
        for metric, title in SHOWN.items()
        if (row := total.get(metric)) is not None and row.n
    ]
    if rows:
        print_table(("metric", "mean", "SD", "median", "n", "left out"), rows)
    print(f"files: {folder}")
    print(f"page: {folder / 'evaluation.html'}")


COMMAND = Command("evaluate", "Compare segmentations with their references.", configure)
