"""Columns of a table in a text file, as numbers or labels."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from myoscope.errors import InputError, UnreadableError

#: Ending -> what parts the cells; None is found in the header.
DELIMITERS = {".csv": None, ".tsv": "\t"}
#: Cells that say that there is no value, in lower case.
MISSING = {"", "na", "n/a", "nan", "null", "none", "."}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table as its file has it.

    Attributes:
        path: Where it was read.
        header: Names of the columns.
        rows: Line number and cells of each row.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return a column of numbers; a missing cell is NaN.

        Raises:
            InputError: No such column, or a cell that is not a number.
        """
        place = self._place(name)
        return tuple(self._number(cells[place], name, line) for line, cells in self.rows)

    def labels(self, name: str) -> tuple[str, ...]:
        """Return a column of text; a missing cell is empty.

        Raises:
            InputError: No such column.
        """
        place = self._place(name)
        return tuple("" if cells[place].lower() in MISSING else cells[place] for _, cells in self.rows)

    def _place(self, name: str) -> int:
        found = [index for index, title in enumerate(self.header) if title == name]
        if len(found) != 1:
            said = "no column" if not found else f"{len(found)} columns"
            raise InputError(f"{self.path.name} has {said} '{name}'.", f"Its columns are {', '.join(self.header)}.")
        return found[0]

    def _number(self, cell: str, name: str, line: int) -> float:
        if cell.lower() in MISSING:
            return math.nan
        try:
            number = float(cell)
        except ValueError:
            number = math.inf
        if math.isinf(number) or "_" in cell:
            raise InputError(
                f"Column {name} of {self.path.name} holds '{cell}' in line {line}, expected a number.",
                "Write numbers with a decimal point and without units; leave a cell empty where there is none.",
            )
        return number


def read_text_table(path: Path) -> TextTable:
    """Return the table in a CSV (comma or semicolon) or TSV file, in UTF-8; empty lines are left out.

    Raises:
        UnreadableError: No such file, not a table in UTF-8, or a row with more or fewer cells than the header.
    """
    if path.suffix.lower() not in DELIMITERS:
        raise UnreadableError(f"{path.name} is not a table that can be read.", "Save it as .csv or .tsv, in UTF-8.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError(f"{path.name} is not text in UTF-8.", "Save it as CSV in UTF-8.") from None
    except OSError as error:
        raise UnreadableError(f"The table {path} cannot be read: {error.strerror}.") from error
    rows = _parsed(text, path)
    if not rows:
        raise UnreadableError(f"{path.name} is empty, expected a header and rows.")
    (_, header), *body = rows
    for line, cells in body:
        if len(cells) != len(header):
            raise UnreadableError(
                f"Line {line} of {path.name} has {len(cells)} cells and the header has {len(header)}.",
                "Put text that holds the delimiter in double quotes.",
            )
    return TextTable(path, header, tuple(body))


def _parsed(text: str, path: Path) -> list[tuple[int, tuple[str, ...]]]:
    """Return line number and stripped cells of every line that is not empty."""
    first = text.partition("\n")[0]
    delimiter = DELIMITERS[path.suffix.lower()] or (";" if ";" in first and "," not in first else ",")
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, tuple(cell.strip() for cell in cells)) for cells in reader]
    except csv.Error as error:
        raise UnreadableError(f"Line {reader.line_num} of {path.name} cannot be read: {error}.") from None
    return [(line, cells) for line, cells in rows if any(cells)]
