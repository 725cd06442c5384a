"""`myoscope measure`: a scan and its labels in, every file of a case out; no model needed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from myoscope.cli.command import Command
from myoscope.cli.options import (
    INPUT_HELP,
    add_case_options,
    add_talk_options,
    load_options_of,
    source_of,
    subject_of,
)
from myoscope.cli.progress import show_progress
from myoscope.cli.summary import print_summary


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("input", metavar="INPUT", help=INPUT_HELP)
    labels = parser.add_argument(
        "labels",
        metavar="LABELS",
        help="segmentation of INPUT: .seg.nrrd, NIfTI, NRRD or MHA; a mask or LabelMe file for pictures",
    )
    add_case_options(parser, last=labels)
    add_talk_options(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Measure one segmentation."""
    import myoscope
    from myoscope.io import check_writable

    if args.labels is None:  # files by contrast stand for INPUT, so the one argument is LABELS
        args.input, args.labels = None, args.input
    source = source_of(args)
    check_writable(args.output)
    subject = subject_of(args)
    with show_progress(quiet=args.quiet) as progress:
        result = myoscope.measure(
            source,
            args.labels,
            modality=args.modality,
            subject=subject,
            options=load_options_of(args),
            progress=progress,
        )
        progress("write", 0, 1)
        result.save(args.output, report=not args.no_report)
        progress("write", 1, 1)
    if not args.quiet:
        print_summary(result, args.output, report=not args.no_report)


COMMAND = Command("measure", "Measure a segmentation that exists already; no model is needed.", configure)
