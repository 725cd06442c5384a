"""Options that several commands share, and the values that they stand for."""

from __future__ import annotations

import math
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from myoscope.data.inference import BACKENDS, BLENDINGS, InferenceOptions
from myoscope.data.modality import LoadOptions
from myoscope.data.subject import Sex, Subject
from myoscope.errors import UsageError

INPUT_HELP = (
    "DICOM file, folder or zip; NIfTI; NRRD; MHA or MHD, for MRI a folder or zip of them; "
    "PNG, JPEG, TIFF or BMP; MP4 or AVI"
)
#: Contrasts of a Dixon MRI that a file can be given for.
CONTRASTS = ("water", "fat", "in_phase", "opposed_phase")
#: Option name -> field of `Subject`.
FACTS = ("sex", "age", "height_m", "weight_kg", "grip_strength_kg")


class InsteadOfInput(Action):
    """Stores a file by contrast, and lets one positional argument be left out: INPUT."""

    def __init__(self, *, last: Action, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self.last = last

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: object, option_string: str | None = None
    ) -> None:
        """Store the file; argparse asks for what is required when it has seen all."""
        del parser, option_string
        setattr(namespace, self.dest, values)
        self.last.required = False


def add_case_options(parser: ArgumentParser, *, last: Action) -> None:
    """Add the options of a command that takes a scan and writes the files of a case.

    Args:
        parser: Of the command.
        last: The last positional argument: when INPUT is left out, the others move up and it is the one without value.
    """
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="folder for the results")
    parser.add_argument("-m", "--modality", metavar="NAME", help="modality of the scan; found out when not given")
    parser.add_argument("--series", metavar="UID|NUMBER", help="DICOM series to take when there are several")
    parser.add_argument("--no-report", action="store_true", help="do not write report.html")
    _add_dixon_options(parser, last)
    _add_picture_options(parser)
    group = parser.add_argument_group("subject", "Facts about the person; they go before what the headers say.")
    group.add_argument("--subject", metavar="FILE.json", type=Path, help="all facts in one file")
    group.add_argument("--sex", choices=[sex.value for sex in Sex], help="sex")
    group.add_argument("--age", metavar="YEARS", type=float, help="age at the scan")
    group.add_argument("--height-m", metavar="METERS", type=float, help="body height; adds volumes by height squared")
    group.add_argument("--weight-kg", metavar="KILOGRAMS", type=float, help="body weight")
    group.add_argument(
        "--grip-strength-kg", metavar="KILOGRAMS", type=float, help="hand grip; adds strength by muscle volume"
    )
    group.add_argument("--subject-id", metavar="ID", help="pseudonym")


def _add_dixon_options(parser: ArgumentParser, last: Action) -> None:
    group = parser.add_argument_group("Dixon MRI", "Files by contrast, instead of INPUT, and what loading corrects.")
    for name in CONTRASTS:
        spoken = name.replace("_", "-")
        group.add_argument(
            f"--{spoken}",
            metavar="FILE",
            type=Path,
            action=InsteadOfInput,
            last=last,
            help=f"{spoken} image, instead of INPUT",
        )
    group.add_argument(
        "--correct-swaps", action="store_true", help="exchange water and fat back where they are swapped"
    )
    group.add_argument(
        "--no-station-matching", action="store_true", help="leave the brightness of stations as it is when fusing them"
    )


def _add_picture_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group(
        "pictures and videos", "What a frame does not say of itself; it goes before what a DICOM header says."
    )
    group.add_argument("--site", metavar="NAME", default="", help="where it was taken, such as rectus_femoris")
    group.add_argument("--depth-mm", metavar="MM", type=float, help="depth that it shows")
    group.add_argument("--spacing-mm", metavar="MM", type=float, help="size of a pixel")
    group.add_argument("--image", metavar="N", type=int, help="which of several images side by side, from 1")


def add_inference_options(parser: ArgumentParser) -> None:
    """Add the options of a command that runs a model."""
    group = parser.add_argument_group("running the model", "What is left alone is found out, or the model's own.")
    group.add_argument("--fast", action="store_true", help="use a coarser and faster model (ct_thigh, dixon_mri)")
    group.add_argument("--backend", choices=BACKENDS, default="auto", help="what computes; auto when not given")
    group.add_argument(
        "--overlap", metavar="SHARE", type=float, help="share of a window that neighbors overlap by, 0 to less than 1"
    )
    group.add_argument(
        "--blending",
        choices=BLENDINGS,
        default="gaussian",
        help="weight of a window's voxels where windows overlap; gaussian when not given",
    )
    group.add_argument(
        "--mirror", action="store_true", help="look at the volume left for right too and take the mean: twice the time"
    )
    group.add_argument(
        "--confidence", action="store_true", help="also write the winning probability of every voxel, 0 to 255"
    )


def add_talk_options(parser: ArgumentParser, *, quiet: bool = True) -> None:
    """Add `-v`, and `-q` where a command talks while it works."""
    if quiet:
        parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show tracebacks and the warnings of other libraries"
    )


def subject_of(args: Namespace) -> Subject:
    """Return the checked facts about the person.

    Raises:
        UsageError: A file and single facts are given.
        InputError: A fact that no person can have.
    """
    from myoscope.io import read_subject

    facts = {name: getattr(args, name) for name in FACTS if getattr(args, name) is not None}
    if args.subject is not None and facts:
        named = ", ".join("--" + name.replace("_", "-") for name in facts)
        raise UsageError(f"--subject and {named} exclude each other.", "Put all facts into the file, or none.")
    subject = read_subject(facts if args.subject is None else args.subject)
    return subject if args.subject_id is None else replace(subject, id=args.subject_id)


def source_of(args: Namespace) -> Path:
    """Return INPUT, or the first of the files that are given by contrast.

    Raises:
        UsageError: Both are given.
    """
    contrasts = _contrasts_of(args)
    if not contrasts:
        return Path(args.input)
    if args.input is not None:
        named = ", ".join("--" + name.replace("_", "-") for name in contrasts)
        raise UsageError(f"INPUT ({args.input}) and {named} exclude each other.", "Give the one or the other.")
    return next(iter(contrasts.values()))


def load_options_of(args: Namespace) -> LoadOptions:
    """Return what the user adds to a source."""
    return LoadOptions(
        series=args.series,
        site=args.site,
        depth_mm=args.depth_mm,
        spacing_mm=args.spacing_mm,
        image=args.image,
        contrasts=_contrasts_of(args),
        match_stations=not args.no_station_matching,
        correct_swaps=args.correct_swaps,
    )


def inference_options_of(args: Namespace) -> InferenceOptions:
    """Return how the model is run.

    Raises:
        UsageError: A value is out of its range.
    """
    return InferenceOptions(args.backend, args.overlap, args.blending, args.mirror, args.confidence, args.fast)


def _contrasts_of(args: Namespace) -> dict[str, Path]:
    return {name: getattr(args, name) for name in CONTRASTS if getattr(args, name) is not None}


def positive_int(text: str) -> int:
    """Return a whole number above 0, for argparse."""
    if (number := int(text)) <= 0:
        raise ArgumentTypeError(f"{text} is not above 0")
    return number


def natural(text: str) -> int:
    """Return a whole number from 0, for argparse."""
    if (number := int(text)) < 0:
        raise ArgumentTypeError(f"{text} is below 0")
    return number


def positive_float(text: str) -> float:
    """Return a finite number above 0, for argparse."""
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise ArgumentTypeError(f"{text} is not a finite number above 0")
    return number


# argparse names a type by this when a text is no number at all.
positive_int.__name__ = natural.__name__ = "whole number"
positive_float.__name__ = "number"
