"""The reference page of the command line, made from its parsers: `python -m myoscope.cli.reference > PAGE`."""

from __future__ import annotations

from argparse import Action, ArgumentParser
from collections.abc import Iterator

from myoscope.cli.parser import build_parser

INTRODUCTION = """\
# Command line

<!-- Made from the parsers by `python -m myoscope.cli.reference`; a test holds that it is current. -->

Errors go to standard error as one sentence and a hint; `-v` adds the traceback. Progress goes to standard error,
results to standard output. Files are written all at once or not at all.

| exit code | means |
|---|---|
| 0 | done |
| 1 | internal error, or a plugin that breaks the contract |
| 2 | usage: the call itself is wrong |
| 3 | bad input, or an output folder that cannot be written |
| 4 | a model is missing or broken |
| 5 | some cases of a batch failed; the others are done and written |
| 130 | interrupted |
"""


def reference_page() -> str:
    """Return the page in Markdown."""
    sections = [section for parser in _leaves(build_parser()) for section in _section(parser)]
    return "\n".join([INTRODUCTION, *sections])


def _section(parser: ArgumentParser) -> Iterator[str]:
    actions = [action for action in _actions(parser) if action.dest != "help"]
    needed = [_name(action) for action in actions if action.required]
    optional = ["[options]"] if any(not action.required for action in actions) else []
    yield f"## {parser.prog}\n\n{parser.description}\n"
    yield "```\n" + " ".join([parser.prog, *needed, *optional]) + "\n```\n"
    if actions:
        rows = [f"| `{_spellings(action)}` | {action.help} |" for action in actions]
        yield "\n".join(["| argument | meaning |", "|---|---|", *rows]) + "\n"


def _leaves(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """Yield the parsers that have no commands below them, in order."""
    children = [action.choices for action in _actions(parser) if isinstance(action.choices, dict)]
    if not children:
        yield parser
    for child in children:
        for below in child.values():
            yield from _leaves(below)


def _name(action: Action) -> str:
    """Return how a needed argument is typed, in its shortest spelling."""
    return " ".join([*action.option_strings[:1], *_values(action)])


def _spellings(action: Action) -> str:
    text = " ".join([", ".join(action.option_strings), *_values(action)]).strip()
    return text.replace("|", "\\|")


def _values(action: Action) -> list[str]:
    """Return the words for an argument's values."""
    if action.nargs == 0:
        return []
    if isinstance(action.metavar, tuple):
        return list(action.metavar)
    name = action.metavar or "|".join(action.choices or [action.dest])
    return [f"{name}..."] if action.nargs == "+" else [name]


def _actions(parser: ArgumentParser) -> list[Action]:
    """Return the arguments of a parser: argparse has no public way to ask."""
    return parser._actions  # noqa: SLF001


if __name__ == "__main__":
    print(reference_page(), end="")
