"""The whole command line as parsers; building them imports nothing heavy."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter

import myoscope
from myoscope.cli import agree, analyze, benchmark, evaluate, measure, modalities, models, structures, synthesize, train
from myoscope.cli.command import add_commands
from myoscope.data.result import RESEARCH_USE_ONLY

COMMANDS = (
    analyze.COMMAND,
    measure.COMMAND,
    evaluate.COMMAND,
    agree.COMMAND,
    modalities.COMMAND,
    structures.COMMAND,
    models.COMMAND,
    train.COMMAND,
    synthesize.COMMAND,
    benchmark.COMMAND,
)
DESCRIPTION = f"Measures skeletal muscle on scans. {RESEARCH_USE_ONLY}"
EPILOG = """\
examples:
  myoscope analyze scan/ -o out
  myoscope measure scan.nii.gz labels.nii.gz -o out --sex female --age 71 --height-m 1.58
  myoscope evaluate predictions/ references/ -o out
  myoscope agree table.csv -x model -y manual --by sex -o out
  myoscope benchmark --quick -o out

exit codes:
  0 done; 1 internal error or broken plugin; 2 usage; 3 bad input; 4 model missing or broken;
  5 some cases of a batch failed; 130 interrupted
"""


def build_parser() -> ArgumentParser:
    """Return the parser of `myoscope`; what it parses carries the command's function as `run`."""
    parser = ArgumentParser(
        prog="myoscope",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"myoscope {myoscope.__version__}")
    add_commands(parser, COMMANDS)
    return parser
