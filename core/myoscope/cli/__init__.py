"""The command line: one command a file, each a thin call of the Python API."""

from __future__ import annotations

from collections.abc import Sequence

from myoscope.cli.failures import exit_code_of
from myoscope.cli.parser import build_parser
from myoscope.cli.quiet import third_parties_quiet

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` and return its exit code; `sys.argv` when None.

    Raises:
        SystemExit: 2 for arguments that cannot be understood; 0 after `--help` and `--version`.
    """
    args = build_parser().parse_args(argv)

    def work() -> None:
        with third_parties_quiet(spoken=args.verbose):
            args.run(args)

    return exit_code_of(work, verbose=args.verbose)
