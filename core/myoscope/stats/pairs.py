"""From what a user gives to columns of numbers and pairs of them, or a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from myoscope.data.agreement import EVERYONE, Skipped
from myoscope.errors import InputError

Column = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Fewer pairs have no interval, nor a standard deviation worth the name.
MIN_PAIRS = 3
#: A column that spreads less than this share of its largest magnitude is rounding error.
CONSTANT_TOLERANCE = 1e-11


def number_column(values: ArrayLike, name: str) -> Column:
    """Return the values as one column; None and NaN are missing.

    Raises:
        InputError: Not numbers, infinite, or not one column.
    """
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is not a number: {error}.") from None
    if column.ndim != 1:
        raise InputError(f"{name} has {column.ndim} dimensions, expected one column of numbers.")
    if np.isinf(column).any():
        raise InputError(f"{name} holds an infinite value.", "Leave a cell empty where there is no value.")
    return column


def paired(x: Column, y: Column, *, names: tuple[str, str] = ("x", "y")) -> tuple[Column, Column]:
    """Return the pairs of which both values are there.

    Raises:
        InputError: Different lengths, fewer than 3 pairs, or a column that does not vary.
    """
    check_lengths(x, y, names)
    both = complete(x, y)
    pairs = int(both.sum())
    if pairs < MIN_PAIRS:
        raise InputError(
            f"{names[0]} and {names[1]} have {pairs} {'pair' if pairs == 1 else 'pairs'} in {x.size} "
            f"{'row' if x.size == 1 else 'rows'}, expected {MIN_PAIRS} or more.",
            "A pair needs a number in both columns of a row.",
        )
    for column, name in zip((x[both], y[both]), names, strict=True):
        if is_constant(column):
            raise InputError(
                f"{name} is {column[0]:g} in every pair: a constant column has no correlation.",
                "Choose another column, or a table in which it varies.",
            )
    return x[both], y[both]


def complete(x: Column, y: Column) -> Mask:
    """Return where both are there."""
    return ~(np.isnan(x) | np.isnan(y))


def is_constant(column: Column) -> bool:
    """Tell whether a column varies by no more than rounding error."""
    return bool(np.ptp(column) <= CONSTANT_TOLERANCE * np.abs(column).max())


def check_lengths(x: Column, y: Column, names: tuple[str, str]) -> None:
    """Refuse columns of different lengths.

    Raises:
        InputError: They differ.
    """
    if x.size != y.size:
        raise InputError(f"{names[0]} has {x.size} values and {names[1]} has {y.size}, expected as many.")


def group_masks(by: Sequence[object], rows: int) -> Iterator[tuple[str, Mask]]:
    """Yield name and rows of each group, sorted by name; a row without a label is in none.

    Raises:
        InputError: Not a label a row.
    """
    if len(by) != rows:
        raise InputError(f"The groups name {len(by)} rows and the columns have {rows}, expected as many.")
    labels = np.array([_label(value) for value in by], dtype=object)
    for label in sorted(set(labels) - {""}):
        if label == EVERYONE:
            raise InputError(f"A group is named '{EVERYONE}', which stands for everyone.", "Rename the group.")
        yield label, labels == label


def without_label(by: Sequence[object]) -> tuple[Skipped, ...]:
    """Return what to tell of the rows without a label; empty when there are none."""
    rows = sum(_label(value) == "" for value in by)
    return (Skipped("", rows, "No group is named in these rows."),) if rows else ()


def _label(value: object) -> str:
    missing = value is None or (isinstance(value, float) and np.isnan(value))
    return "" if missing else str(value).strip()
