"""Charts of an evaluation, as numbers ready for SVG: Dice bars, precision against recall, heat map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.report.charts import ticks
from myoscope.report.label_places import LabelPlace, label_places
from myoscope.report.wording import NO_NUMBER, structure_title

if TYPE_CHECKING:
    from myoscope.anatomy import StructureSet
    from myoscope.evaluation.values import Evaluation, SummaryRow

BAR_WIDTH, BAR_HEIGHT, BAR_LEFT, BAR_TOP, BAR_RIGHT = 760, 22, 190, 34, 64
SIZE, LEFT, TOP, BOTTOM, KEY = 460, 58, 14, 52, 74
CELL_WIDTH, CELL_HEIGHT, NAME_WIDTH, HEAD = 78, 24, 180, 34
#: A label may reach this far beyond the axes, short of the color key.
LABEL_MARGIN = 24
#: Dark to light, readable for the color-blind (after viridis, van der Walt & Smith 2015).
RAMP = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
#: Text is white on the first part of the ramp.
DARK = 0.55
TITLES = {
    "dice": "Dice",
    "iou": "IoU",
    "precision": "Precision",
    "recall": "Recall",
    "hd_mm": "HD, mm",
    "hd95_mm": "HD95, mm",
    "assd_mm": "ASSD, mm",
    "ravd_pct": "RAVD, %",
}
DECIMALS = {"hd_mm": 1, "hd95_mm": 1, "assd_mm": 2, "ravd_pct": 1}
SMALL_IS_GOOD = frozenset({"hd_mm", "hd95_mm", "assd_mm"})
#: Precision and recall are shown from here, or from the lowest.
RECALL_FROM = 0.9


@dataclass(frozen=True, slots=True)
class DiceBar:
    """The mean Dice of one structure: a bar, its SD as a whisker, and published values as (place, text, model)."""

    title: str
    text: str
    y: float
    end: float
    whisker: tuple[float, float] | None
    marks: tuple[tuple[float, str, int], ...]


@dataclass(frozen=True, slots=True)
class DiceBars:
    """Bars under each other, the line of the mean, and the published models that the marks are of."""

    bars: tuple[DiceBar, ...]
    ticks: tuple[tuple[float, str], ...]
    mean_x: float
    mean_text: str
    models: tuple[str, ...]
    height: float


@dataclass(frozen=True, slots=True)
class Dot:
    """One structure among precision and recall."""

    x: float
    y: float
    fill: str
    label: str
    label_place: LabelPlace
    title: str


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Recall against precision, colored by Dice; `key` is (offset, color) of the color scale."""

    dots: tuple[Dot, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    key: tuple[tuple[str, str], ...]
    key_ends: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the heat map."""

    x: float
    y: float
    fill: str
    ink: str
    text: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Structures by metrics; each column from its worst to its best."""

    columns: tuple[tuple[float, str], ...]
    rows: tuple[tuple[float, str], ...]
    cells: tuple[Cell, ...]
    width: float
    height: float


def metric_text(value: float, metric: str) -> str:
    """Return a value with the decimals that its metric deserves."""
    if not math.isfinite(value):
        return NO_NUMBER
    return f"{value:.{DECIMALS.get(metric, 3)}f}".replace("-", "\N{MINUS SIGN}")


def by_structure(evaluation: Evaluation) -> dict[str, dict[str, SummaryRow]]:
    """Return structure -> metric -> sum, for structures that have a Dice."""
    found: dict[str, dict[str, SummaryRow]] = {}
    for row in evaluation.summary:
        if row.level == "structure":
            found.setdefault(row.name, {})[row.metric] = row
    return {name: metrics for name, metrics in found.items() if metrics["dice"].n}


def dice_bars(evaluation: Evaluation) -> DiceBars:
    """Return a bar a structure, and the mean over all."""
    total = next((row for row in evaluation.summary if (row.level, row.metric) == ("all", "dice")), None)
    mean = math.nan if total is None else total.mean
    structures = by_structure(evaluation)
    published = [v for v in evaluation.published if v.metric == "dice" and v.structure in structures]
    models = tuple(dict.fromkeys(v.model for v in published))
    marks: dict[str, list[tuple[float, str, int]]] = {}
    for value in published:
        mark = (_bar_x(value.value), f"{value.model}: {value.value:g}", models.index(value.model))
        marks.setdefault(value.structure, []).append(mark)
    bars = tuple(
        DiceBar(
            title=structure_title(name),
            text=metric_text(row.mean, "dice"),
            y=BAR_TOP + BAR_HEIGHT * number,
            end=_bar_x(row.mean),
            whisker=(_bar_x(row.mean - row.sd), _bar_x(row.mean + row.sd)) if math.isfinite(row.sd) else None,
            marks=tuple(marks.get(name, ())),
        )
        for number, (name, metrics) in enumerate(structures.items())
        for row in (metrics["dice"],)
    )
    return DiceBars(
        bars=bars,
        ticks=tuple((_bar_x(v), f"{v:g}") for v in ticks(0.0, 1.0)),
        mean_x=_bar_x(mean) if math.isfinite(mean) else 0.0,
        mean_text=metric_text(mean, "dice"),
        models=models,
        height=BAR_TOP + BAR_HEIGHT * len(bars) + 30,
    )


def precision_recall(evaluation: Evaluation) -> PrecisionRecall:
    """Return a dot a structure that has both, placed by its means."""
    means = {
        name: (metrics["precision"].mean, metrics["recall"].mean, metrics["dice"].mean)
        for name, metrics in by_structure(evaluation).items()
        if metrics["precision"].n and metrics["recall"].n
    }
    low = min([RECALL_FROM, *(min(p, r) for p, r, _ in means.values())])
    low = math.floor(low * 20) / 20
    scores = [dice for _, _, dice in means.values()] or [0.0]
    ends = (min(scores), max(scores))
    abbreviations = _abbreviations(evaluation.structures)

    def place(value: float) -> float:
        return (value - low) / (1 - low)

    centers = [
        (
            round(LEFT + place(p) * (SIZE - LEFT - KEY), 1),
            round(SIZE - BOTTOM - place(r) * (SIZE - TOP - BOTTOM), 1),
        )
        for p, r, _ in means.values()
    ]
    labels = [abbreviations[name] for name in means]
    dots = tuple(
        Dot(
            x=x,
            y=y,
            fill=_ramp(_share(dice, *ends)),
            label=label,
            label_place=label_place,
            title=f"{structure_title(name)}: precision {p:.3f}, recall {r:.3f}, Dice {dice:.3f}",
        )
        for (name, (p, r, dice)), (x, y), label, label_place in zip(
            means.items(), centers, labels, label_places(centers, labels, SIZE - KEY + LABEL_MARGIN), strict=True
        )
    )
    values = ticks(low, 1.0)
    return PrecisionRecall(
        dots=dots,
        x_ticks=tuple((round(LEFT + place(v) * (SIZE - LEFT - KEY), 1), f"{v:g}") for v in values),
        y_ticks=tuple((round(SIZE - BOTTOM - place(v) * (SIZE - TOP - BOTTOM), 1), f"{v:g}") for v in values),
        key=tuple((f"{100 * i // (len(RAMP) - 1)}%", _ramp(i / (len(RAMP) - 1))) for i in range(len(RAMP))),
        key_ends=(f"{ends[0]:.2f}", f"{ends[1]:.2f}"),
    )


def heat_map(evaluation: Evaluation) -> HeatMap:
    """Return the mean of every metric and structure; a metric without a value anywhere has no column."""
    structures = by_structure(evaluation)
    metrics = [m for m in TITLES if any(math.isfinite(own[m].mean) for own in structures.values())]
    cells = [
        _cell(own[metric].mean, metric, _ends(structures, metric), (column, number))
        for number, own in enumerate(structures.values())
        for column, metric in enumerate(metrics)
    ]
    return HeatMap(
        columns=tuple((NAME_WIDTH + CELL_WIDTH * (c + 0.5), TITLES[m]) for c, m in enumerate(metrics)),
        rows=tuple((HEAD + CELL_HEIGHT * (n + 0.5), structure_title(name)) for n, name in enumerate(structures)),
        cells=tuple(cells),
        width=NAME_WIDTH + CELL_WIDTH * len(metrics),
        height=HEAD + CELL_HEIGHT * len(structures) + 4,
    )


def _cell(value: float, metric: str, ends: tuple[float, float], place: tuple[int, int]) -> Cell:
    x, y = NAME_WIDTH + CELL_WIDTH * place[0], HEAD + CELL_HEIGHT * place[1]
    if not math.isfinite(value):
        return Cell(x, y, "#ffffff", "#4a5a66", NO_NUMBER)
    share = _share(_goodness(value, metric), *ends)
    return Cell(x, y, _ramp(share), "#ffffff" if share < DARK else "#14212b", metric_text(value, metric))


def _ends(structures: Mapping[str, Mapping[str, SummaryRow]], metric: str) -> tuple[float, float]:
    values = [_goodness(own[metric].mean, metric) for own in structures.values() if math.isfinite(own[metric].mean)]
    return (min(values), max(values))


def _goodness(value: float, metric: str) -> float:
    """Return a number that grows with how good a value is, for its color alone."""
    if metric == "ravd_pct":
        return -abs(value)
    return -value if metric in SMALL_IS_GOOD else value


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 1.0


def _bar_x(value: float) -> float:
    share = min(max(value, 0.0), 1.0)
    return round(BAR_LEFT + share * (BAR_WIDTH - BAR_LEFT - BAR_RIGHT), 1)


def _ramp(share: float) -> str:
    place = share * (len(RAMP) - 1)
    index = min(int(place), len(RAMP) - 2)
    mixed = [a + (b - a) * (place - index) for a, b in zip(RAMP[index], RAMP[index + 1], strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*(round(c) for c in mixed))


def _abbreviations(structures: StructureSet) -> Mapping[str, str]:
    return {structure.name: structure.abbreviation for structure in structures}


def published_columns(evaluation: Evaluation, metrics: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return (model, metric) of what others reported, for the metrics and structures that the table shows."""
    shown = by_structure(evaluation)
    given = dict.fromkeys((value.model, value.metric) for value in evaluation.published if value.structure in shown)
    return tuple((model, metric) for metric in metrics for model, m in given if m == metric)
