"""`myoscope analyze`: a scan in, every file of a case out."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from myoscope.cli.command import Command
from myoscope.cli.options import (
    INPUT_HELP,
    add_case_options,
    add_inference_options,
    add_talk_options,
    inference_options_of,
    load_options_of,
    source_of,
    subject_of,
)
from myoscope.cli.progress import show_progress
from myoscope.cli.summary import print_summary


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    scan = parser.add_argument("input", metavar="INPUT", help=INPUT_HELP)
    add_case_options(parser, last=scan)
    parser.add_argument("--model", metavar="ID|PATH", help="model to use instead of the modality's default")
    parser.add_argument(
        "-d", "--device", metavar="DEVICE", default="auto", help="auto, cpu, gpu, gpu:N or mps; auto when not given"
    )
    parser.add_argument(
        "-rs", "--roi-subset", metavar="NAME", nargs="+", default=[], help="keep only these structures in the result"
    )
    parser.add_argument(
        "--reference", metavar="LABELS", help="labels of a person on INPUT's grid, to compare the segmentation with"
    )
    add_inference_options(parser)
    add_talk_options(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Analyze one scan."""
    import myoscope
    from myoscope.io import check_writable

    source = source_of(args)
    check_writable(args.output)
    subject = subject_of(args)
    with show_progress(quiet=args.quiet) as progress:
        result = myoscope.analyze(
            source,
            modality=args.modality,
            model=args.model,
            device=args.device,
            subject=subject,
            roi_subset=tuple(args.roi_subset),
            reference=args.reference,
            options=load_options_of(args),
            inference=inference_options_of(args),
            progress=progress,
        )
        progress("write", 0, 1)
        result.save(args.output, report=not args.no_report)
        progress("write", 1, 1)
    if not args.quiet:
        print_summary(result, args.output, report=not args.no_report)


COMMAND = Command("analyze", "Segment and measure a scan.", configure)
