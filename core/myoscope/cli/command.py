"""What a command is to the parser."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the command line.

    Attributes:
        name: What users type.
        help: One line.
        configure: Adds arguments, and sets `run` to the function that takes them.
    """

    name: str
    help: str
    configure: Callable[[ArgumentParser], None]


def add_commands(parser: ArgumentParser, commands: Iterable[Command]) -> None:
    """Give a parser commands, one of which must be named."""
    choices = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        child = choices.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        command.configure(child)
