"""`myoscope synthesize`: labelled cases whose every answer is known."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from myoscope.cli.command import Command
from myoscope.cli.options import add_talk_options, natural, positive_float, positive_int
from myoscope.cli.progress import show_progress


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("modality", metavar="MODALITY", help="a name from `myoscope modalities`")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="gets images/, labels/, facts/")
    parser.add_argument("-n", "--number", metavar="N", type=positive_int, required=True, help="how many cases")
    parser.add_argument(
        "--seed",
        metavar="S",
        type=natural,
        required=True,
        help="seed of the first case; the next have S + 1, ...",
    )
    parser.add_argument("--labels", metavar="LABELMAP", type=Path, help="label map to render as scans")
    parser.add_argument("--cut", action="store_true", help="let the field of view cut the anatomy anywhere")
    parser.add_argument(
        "--wide",
        action="store_true",
        help="people and scans beyond the usual, for training (ct_thigh, dixon_mri)",
    )
    axes = "x, y and, of volumes, z"
    parser.add_argument("--spacing", metavar="N", nargs="+", type=positive_float, help=f"spacing in mm: {axes}")
    parser.add_argument("--size", metavar="N", nargs="+", type=positive_int, help=f"size in voxels or pixels: {axes}")
    parser.add_argument("--site", metavar="NAME", default="", help="site of the modality, such as biceps (ultrasound)")
    parser.add_argument(
        "--frames", metavar="N", type=positive_int, default=0, help="make videos of N frames (ultrasound)"
    )
    add_talk_options(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Write labelled cases, each at once."""
    import myoscope
    from myoscope.io import check_writable, write_labelled_case

    check_writable(args.output)
    options = myoscope.SynthesisOptions(
        label_map=args.labels,
        spacing_mm=None if args.spacing is None else tuple(args.spacing),
        size=None if args.size is None else tuple(args.size),
        complete=not args.cut,
        wide=args.wide,
        site=args.site,
        frames=args.frames,
    )
    with show_progress(quiet=args.quiet) as progress:
        progress("synthesize", 0, args.number)
        for index in range(args.number):
            write_labelled_case(myoscope.synthesize(args.modality, args.seed + index, options), args.output)
            progress("synthesize", index + 1, args.number)
    if not args.quiet:
        print(f"{args.number} labelled {'case' if args.number == 1 else 'cases'} in {args.output}")


COMMAND = Command("synthesize", "Write labelled cases whose every answer is known.", configure)
