"""`myoscope train`: a recipe and labelled cases in, a model package out."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from myoscope.cli.command import Command
from myoscope.cli.options import add_talk_options, natural, positive_int
from myoscope.cli.progress import show_progress


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("recipe", metavar="RECIPE", help="recipe to train, such as ct_thigh/unetr_small")
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        required=True,
        help="labelled cases: images/ and labels/, or a folder of nnU-Net, MONAI Label or LabelMe",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="run folder; the model ends up in OUT/model"
    )
    parser.add_argument(
        "--init", metavar="MODEL", help="start from the weights of this model (id or path), at half the learning rate"
    )
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint in OUT")
    parser.add_argument("--fold", metavar="K", type=natural, default=0, help="fifth of the cases to hold out, 0 to 4")
    parser.add_argument("--max-epochs", metavar="N", type=positive_int, help="instead of the recipe's")
    parser.add_argument(
        "-d", "--device", metavar="DEVICE", default="auto", help="auto, cpu, gpu, gpu:N or mps; auto when not given"
    )
    parser.add_argument(
        "--devices", metavar="N", type=positive_int, default=1, help="GPUs that train together; 1 when not given"
    )
    parser.add_argument("--seed", metavar="S", type=natural, default=0, help="of weights and windows; 0 when not given")
    add_talk_options(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Train one recipe."""
    from myoscope.io import check_writable
    from myoscope.training import TrainingRun, train

    check_writable(args.output)
    training = TrainingRun(
        recipe=args.recipe,
        data=args.data,
        out=args.output,
        fold=args.fold,
        max_epochs=args.max_epochs,
        resume=args.resume,
        device=args.device,
        seed=args.seed,
        init=args.init,
        devices=args.devices,
    )
    with show_progress(quiet=args.quiet) as progress:
        package = train(training, progress=progress)
    if not args.quiet:
        print(f"model: {package.folder}")
        print(f"held out: {package.card.held_out}")


COMMAND = Command("train", "Train a recipe on labelled cases and write a model package.", configure)
