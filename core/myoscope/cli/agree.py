"""`myoscope agree`: a table in, agreement of two columns or correlation of many out."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.cli.command import Command
from myoscope.cli.options import add_talk_options
from myoscope.data.agreement import Agreement, CorrelationTable
from myoscope.data.result import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from myoscope.io.columns import TextTable


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("table", metavar="TABLE", type=Path, help="CSV or TSV file with a header, a row a subject")
    for flag, what in (("-x", "first measurement"), ("-y", "second measurement, or reference")):
        parser.add_argument(
            flag,
            metavar="COL",
            nargs="+",
            action="extend",
            required=True,
            help=f"column of the {what}; several on either side give a correlation table",
        )
    parser.add_argument("--by", metavar="COL", help="column of groups, such as sex: the same again for each")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="folder for agreement.csv and agreement.html"
    )
    add_talk_options(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Write the statistics of one table."""
    from myoscope.io import check_writable
    from myoscope.io.atomic import written_together
    from myoscope.io.columns import read_text_table
    from myoscope.report.agreement_page import agreement_html

    check_writable(args.output)
    result = _result(read_text_table(args.table), args.x, args.y, args.by)
    page = agreement_html(result, source=args.table.name, by=args.by)
    with written_together(args.output) as folder:
        result.to_frame().to_csv(
            folder / "agreement.csv", index=False, float_format="%.6g", lineterminator="\n", encoding="utf-8"
        )
        (folder / "agreement.html").write_text(page, encoding="utf-8")
    if not args.quiet:
        _print_summary(result)
        print(f"files: {args.output}")
        print(f"report: {args.output / 'agreement.html'}")
        print(RESEARCH_USE_ONLY)


def _result(table: TextTable, x: Sequence[str], y: Sequence[str], by: str | None) -> Agreement | CorrelationTable:
    from myoscope.stats import agree, agree_many

    groups = None if by is None else table.labels(by)
    left, right = ({name: table.numbers(name) for name in names} for names in (x, y))
    if len(left) == 1 and len(right) == 1:
        return agree(left[x[0]], right[y[0]], by=groups, names=(x[0], y[0]))
    return agree_many(left, right, by=groups)


def _print_summary(result: Agreement | CorrelationTable) -> None:
    if isinstance(result, CorrelationTable):
        print(f"{len(result.measures)} x {len(result.references)} columns, groups: {', '.join(result.groups)}")
    else:
        for one in (result, *result.groups):
            found = one.bland_altman
            print(
                f"{one.group}: {one.x_name} and {one.y_name}, {one.n} pairs (rows left out: {one.left_out}): "
                f"r {one.pearson.estimate.value:.3f}, {one.icc[1].name} {one.icc[1].estimate.value:.3f} "
                f"({one.icc[1].band}), bias {found.bias.value:.4g} "
                f"({found.lower.value:.4g} to {found.upper.value:.4g})"
            )
    for skipped in result.skipped:
        print(f"left out: {skipped.group or 'rows without a group'}, rows: {skipped.n}. {skipped.reason}")


COMMAND = Command("agree", "Compare two columns of a table, or correlate many with many.", configure)
