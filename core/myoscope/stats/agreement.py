"""Everything about how two columns agree, and how many columns correlate with many others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from myoscope.data.agreement import EVERYONE, Agreement, CorrelationCell, CorrelationTable, Skipped
from myoscope.errors import InputError
from myoscope.stats.bland_altman import bland_altman
from myoscope.stats.concordance import concordance
from myoscope.stats.correlation import corrected, pearson, regression, spearman
from myoscope.stats.icc import intraclass_correlations
from myoscope.stats.pairs import (
    Column,
    Mask,
    check_lengths,
    complete,
    group_masks,
    number_column,
    paired,
    without_label,
)
from myoscope.stats.repeatability import repeatability


def agree(
    x: ArrayLike, y: ArrayLike, *, by: Sequence[object] | None = None, names: tuple[str, str] = ("x", "y")
) -> Agreement:
    """Return agreement and correlation of two measurements of the same subjects, for everyone and by group.

    Differences are x - y, the line is of y on x. A row without x or y is left out and counted. A group that has no
    answer is listed with its reason.

    Args:
        x: One number a subject; None or NaN where there is none.
        y: The other, same order.
        by: A group label a subject, such as the sex.
        names: What to call them.

    Raises:
        InputError: Not numbers, different lengths, fewer than 3 pairs, or a column that does not vary.
    """
    first, second = number_column(x, names[0]), number_column(y, names[1])
    whole = _agreement(first, second, names, EVERYONE)
    if by is None:
        return whole
    groups, skipped = [], list(without_label(by))
    for group, mask in group_masks(by, first.size):
        try:
            groups.append(_agreement(first[mask], second[mask], names, group))
        except InputError as error:
            skipped.append(Skipped(group, int(complete(first[mask], second[mask]).sum()), error.message))
    return replace(whole, groups=tuple(groups), skipped=tuple(skipped))


def agree_many(
    measures: Mapping[str, ArrayLike], references: Mapping[str, ArrayLike], *, by: Sequence[object] | None = None
) -> CorrelationTable:
    """Return the correlation of every measure with every reference, for everyone and by group.

    p-values are corrected by Holm and by Benjamini & Hochberg; a family is all tests of one coefficient in one group,
    which is one heat map. A cell that has no answer keeps its reason and is not counted as a test.

    Args:
        measures: Name -> one number a subject.
        references: Name -> one number a subject, same order.
        by: A group label a subject.

    Raises:
        InputError: Not numbers, different lengths, nothing to correlate, or no cell with an answer.
    """
    left = {name: number_column(values, name) for name, values in measures.items()}
    right = {name: number_column(values, name) for name, values in references.items()}
    if not left or not right:
        raise InputError("A correlation table needs a measure and a reference or more.")
    start = next(iter(left))
    for name, column in (left | right).items():
        check_lengths(left[start], column, (start, name))
    cells = _cells(left, right, EVERYONE, np.ones(left[start].size, dtype=np.bool_))
    if all(cell.reason for cell in cells):
        raise InputError(cells[0].reason)
    skipped: tuple[Skipped, ...] = ()
    if by is not None:
        skipped = without_label(by)
        for group, mask in group_masks(by, left[start].size):
            cells += _cells(left, right, group, mask)
    return CorrelationTable(tuple(left), tuple(right), tuple(cells), skipped)


def _agreement(x: Column, y: Column, names: tuple[str, str], group: str) -> Agreement:
    rows = x.size
    x, y = paired(x, y, names=names)
    return Agreement(
        x_name=names[0],
        y_name=names[1],
        group=group,
        x=tuple(x.tolist()),
        y=tuple(y.tolist()),
        left_out=rows - x.size,
        pearson=pearson(x, y),
        spearman=spearman(x, y),
        line=regression(x, y),
        bland_altman=bland_altman(x, y),
        icc=intraclass_correlations(np.stack([x, y], axis=1)),
        ccc=concordance(x, y),
        repeatability=repeatability(x, y),
    )


def _cells(left: Mapping[str, Column], right: Mapping[str, Column], group: str, mask: Mask) -> list[CorrelationCell]:
    """Return the cells of one group, their p-values corrected as one family."""
    cells = [
        _cell(x[mask], y[mask], (x_name, y_name), group) for x_name, x in left.items() for y_name, y in right.items()
    ]
    of_pearson = [cell.pearson.p if cell.pearson else np.nan for cell in cells]
    of_spearman = [cell.spearman.p if cell.spearman else np.nan for cell in cells]
    families = [corrected(p, method) for p in (of_pearson, of_spearman) for method in ("holm", "fdr_bh")]
    return [
        replace(cell, pearson_p_holm=a, pearson_p_fdr_bh=b, spearman_p_holm=c, spearman_p_fdr_bh=d)
        for cell, a, b, c, d in zip(cells, *families, strict=True)
    ]


def _cell(x: Column, y: Column, names: tuple[str, str], group: str) -> CorrelationCell:
    pairs = int(complete(x, y).sum())
    empty = CorrelationCell(names[0], names[1], group, pairs, x.size - pairs)
    try:
        x, y = paired(x, y, names=names)
    except InputError as error:
        return replace(empty, reason=error.message)
    return replace(empty, pearson=pearson(x, y), spearman=spearman(x, y))
