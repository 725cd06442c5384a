"""What others reported for a modality, from the table that its plugin carries."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from myoscope.errors import PluginError
from myoscope.evaluation.values import PublishedMean, PublishedValue

#: Name, in the column `structure`, of a mean that the text states.
IN_TEXT = "text"


def read_published(path: Path) -> tuple[PublishedValue, ...]:
    """Return the values of a table with the columns model, structure, metric, value, source.

    Raises:
        PluginError: Not such a table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(
                PublishedValue(row["model"], row["structure"], row["metric"], float(row["value"]), row["source"])
                for row in csv.DictReader(stream)
            )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise PluginError(f"{path} is not a table of published values: {error!r}.") from error


def means(values: Sequence[PublishedValue], *, structures: int) -> tuple[PublishedMean, ...]:
    """Return the mean over structures of every model and metric, beside the mean that the text states.

    Args:
        values: What others reported for a modality.
        structures: How many the modality has. A table of fewer than half of them is a selection without a mean.
    """
    keys = dict.fromkeys((value.model, value.metric) for value in values)
    return tuple(_mean(values, key, structures) for key in keys)


def _mean(values: Sequence[PublishedValue], key: tuple[str, str], structures: int) -> PublishedMean:
    own = [value for value in values if (value.model, value.metric) == key]
    table = [value.value for value in own if value.structure != IN_TEXT]
    stated = next((value.value for value in own if value.structure == IN_TEXT), math.nan)
    whole = 2 * len(table) >= structures
    return PublishedMean(*key, math.fsum(table) / len(table) if whole else math.nan, len(table), stated)
