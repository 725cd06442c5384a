"""`myoscope modalities`: what is installed, from metadata alone."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from importlib.metadata import EntryPoint, entry_points

from myoscope.cli.command import Command
from myoscope.cli.options import add_talk_options
from myoscope.cli.table import print_table
from myoscope.hookspecs import ENTRY_POINT_GROUP

FIELDS = ("name", "distribution", "version", "entry_point")


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    add_talk_options(parser, quiet=False)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Print every installed modality; no plugin is imported."""
    rows = sorted(_row(point) for point in entry_points(group=ENTRY_POINT_GROUP))
    if args.json:
        print(json.dumps([dict(zip(FIELDS, row, strict=True)) for row in rows], indent=2))
    else:
        print_table(FIELDS, rows)


def _row(point: EntryPoint) -> tuple[str, ...]:
    distribution = point.dist
    known = ("", "") if distribution is None else (distribution.name, distribution.version)
    return (point.name, *known, point.value)


COMMAND = Command("modalities", "List the installed modalities.", configure)
