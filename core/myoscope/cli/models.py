"""`myoscope models`: the model packages of this machine."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from myoscope.cli.command import Command, add_commands
from myoscope.cli.options import add_talk_options
from myoscope.cli.table import print_table
from myoscope.errors import OutputError

if TYPE_CHECKING:
    from myoscope.models import ModelPackage

#: The same package gives the same zip: every member carries the first date that a zip can hold.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def configure(parser: ArgumentParser) -> None:
    """Add the commands."""
    add_commands(
        parser,
        (
            Command("list", "List embedded and imported models, each verified.", _plain(run_list)),
            Command("show", "Print the card of a model as JSON.", _of_model(run_show)),
            Command("verify", "Check that the weights of a model match its card.", _of_model(run_verify)),
            Command("import", "Copy a model package into the models folder.", _configure_import),
            Command("export", "Copy a model package into a zip file.", _configure_export),
            Command("path", "Print the folder of a model.", _of_model(run_path)),
        ),
    )


def run_list(args: Namespace) -> None:  # noqa: ARG001
    """Print id, backend, training data and folder of every installed model."""
    from myoscope.models import installed_models

    rows = [(p.card.id, p.card.backend, str(p.folder), p.card.trained_on) for p in installed_models()]
    print_table(("id", "backend", "folder", "trained_on"), rows)


def run_show(args: Namespace) -> None:
    """Print a card."""
    from myoscope.models.card import card_json

    print(card_json(_package(args.model).card), end="")


def run_verify(args: Namespace) -> None:
    """Tell that a model is whole; raise when it is not."""
    card = _package(args.model).card
    print(f"{card.id}: the weights match the card, sha256 {card.sha256}")


def run_path(args: Namespace) -> None:
    """Print where a model lies."""
    print(_package(args.model).folder)


def run_import(args: Namespace) -> None:
    """Import a package."""
    from myoscope.models import import_model

    package = import_model(args.package)
    print(f"{package.card.id}: {package.folder}")


def run_export(args: Namespace) -> None:
    """Write a package as a zip, at once."""
    target: Path = args.output
    package = _package(args.model)
    if target.is_dir() or target.suffix.lower() != ".zip":
        raise OutputError(f"{target} is not the name of a zip file.", "End it with .zip.")
    beside = target.with_name(f".{target.name}-part")
    try:
        try:
            _zip(package.folder, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror}.", "Choose another folder.") from error
    print(target)


def _package(name: str) -> ModelPackage:
    from myoscope.models import find_model, read_package

    return read_package(Path(name)) if Path(name).is_dir() else find_model(name, name.split("/", maxsplit=1)[0])


def _zip(folder: Path, archive: Path) -> None:
    import zipfile

    with zipfile.ZipFile(archive, "w") as bundle:
        for path in sorted(p for p in folder.iterdir() if p.is_file()):
            info = zipfile.ZipInfo(f"{folder.name}/{path.name}", ZIP_DATE)
            bundle.writestr(info, path.read_bytes())


def _plain(run: Callable[[Namespace], None]) -> Callable[[ArgumentParser], None]:
    def configure_plain(parser: ArgumentParser) -> None:
        add_talk_options(parser, quiet=False)
        parser.set_defaults(run=run)

    return configure_plain


def _of_model(run: Callable[[Namespace], None]) -> Callable[[ArgumentParser], None]:
    def configure_model(parser: ArgumentParser) -> None:
        parser.add_argument("model", metavar="ID|PATH", help="a model of `myoscope models list`, or a package folder")
        _plain(run)(parser)

    return configure_model


def _configure_import(parser: ArgumentParser) -> None:
    parser.add_argument("package", metavar="PATH", type=Path, help="zip file of a model package")
    _plain(run_import)(parser)


def _configure_export(parser: ArgumentParser) -> None:
    _of_model(run_export)(parser)
    parser.add_argument("-o", "--output", metavar="FILE.zip", type=Path, required=True, help="zip file to write")


COMMAND = Command("models", "List, show, verify, import and export models.", configure)
