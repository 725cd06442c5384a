"""`myoscope structures`: what a modality measures."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from myoscope.anatomy import StructureSet
from myoscope.cli.command import Command
from myoscope.cli.options import add_talk_options
from myoscope.cli.table import print_table
from myoscope.errors import ModelError


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("modality", metavar="MODALITY", help="a name from `myoscope modalities`")
    add_talk_options(parser, quiet=False)
    parser.set_defaults(run=run)


def run(args: Namespace) -> None:
    """Print id, name, kind and groups of every structure, and whether the default model finds it."""
    from myoscope.models import find_model
    from myoscope.plugins import describe

    info = describe(args.modality)
    found: frozenset[str] | None
    try:
        found = frozenset(find_model(info.default_model, info.name).card.recipe.structures)
        note = f"default model: {info.default_model}"
    except ModelError as error:
        found, note = None, f"default model: {info.default_model}, which cannot be used: {error}"
    rows = [
        (str(s.id), s.name, s.kind, _answer(s.name, found), ", ".join(groups_of(s.name, info.structures)))
        for s in info.structures
    ]
    print_table(("id", "name", "kind", "default_model_finds_it", "groups"), rows)
    print(note)


def groups_of(name: str, structures: StructureSet) -> list[str]:
    """Return the groups that a structure is summed in, as `scheme:group`."""
    return [
        f"{scheme}:{group}"
        for scheme, grouping in structures.groupings.items()
        for group, members in grouping.items()
        if name in members
    ]


def _answer(name: str, found: frozenset[str] | None) -> str:
    if found is None:
        return "unknown"
    return "yes" if name in found else "no"


COMMAND = Command("structures", "List the structures that a modality measures.", configure)
