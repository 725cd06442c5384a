"""What is looked at in labelled cases before anything is trained: every fault at once, and a summary in plain lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.progress import Progress
from myoscope.data.recipe import Recipe
from myoscope.data.segmentation import Segmentation
from myoscope.errors import InputError, UsageError
from myoscope.ops.regions import label_boxes
from myoscope.training.folders import FEW, listed
from myoscope.training.reading import has_names

Result = TypeVar("Result")
TAKEN_BY_ID = "segments_named_by_value"


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What a label file holds.

    Attributes:
        structures: Names of those that it holds at least a sample of.
        sides_split: Whether it tells left from right.
        named: Whether its values were understood by names; False where they were taken as structure ids.
    """

    structures: frozenset[str]
    sides_split: bool
    named: bool


def facts_of(truth: Segmentation, label: Path, recipe: Recipe) -> LabelFacts:
    """Return what a label file holds.

    Raises:
        InputError: A label map of a volume that holds nothing that the recipe knows.
    """
    boxes = label_boxes(truth.labels)
    present = frozenset(structure.name for value, structure, _ in truth.entries() if value in boxes)
    if not present & set(recipe.structures) and truth.grid.ndim != PICTURE_AXES:
        what = f"only {listed(sorted(present))}" if present else "no label"
        raise InputError(f"{label.name} holds {what}, none of the structures of {recipe.name}.")
    named = has_names(label) and all(finding.code != TAKEN_BY_ID for finding in truth.findings)
    return LabelFacts(present, truth.sides_split, named)


def each_case(
    files: Sequence[tuple[Path, Path]], read: Callable[[Path, Path], Result], progress: Progress | None = None
) -> tuple[Result, ...]:
    """Return `read(image, label)` of every case.

    Raises:
        InputError: Names every case that could not be read, the first few with the reason.
    """
    results, faults = [], []
    for number, (image, label) in enumerate(files, 1):
        try:
            results.append(read(image, label))
        except (InputError, UsageError) as error:
            faults.append(f"{image.name}: {error}")
        if progress is not None:
            progress("prepare", number, len(files))
    if faults:
        more = f"\n  and {len(faults) - FEW} more" if len(faults) > FEW else ""
        raise InputError(
            f"{len(faults)} of {len(files)} cases cannot be trained on:\n  " + "\n  ".join(faults[:FEW]) + more,
            "Mend them or take them out of the folder; nothing has been trained.",
        )
    return tuple(results)


def labelled(facts: Iterable[LabelFacts], recipe: Recipe) -> tuple[str, ...]:
    """Return the structures of a recipe that any of the cases labels, in the recipe's order.

    Raises:
        InputError: There are none.
    """
    seen = {name for fact in facts for name in fact.structures}
    if found := tuple(name for name in recipe.structures if name in seen):
        return found
    raise InputError(
        f"No case labels any structure of {recipe.name}: {', '.join(recipe.structures)}.",
        "Train a recipe of what is labelled; `myoscope modalities` lists them.",
    )


def summary(facts: Sequence[LabelFacts], recipe: Recipe, trained: tuple[str, ...], unfinished: int) -> tuple[str, ...]:
    """Return what a person should know of the cases before they are trained on, in plain lines.

    Args:
        facts: Of every case, trained on or held out.
        recipe: That was asked for.
        trained: Its structures that the training cases label.
        unfinished: How many images were left out because nobody has finished their labels.
    """
    cases = len(facts)
    counts = {name: sum(name in fact.structures for fact in facts) for name in trained}
    some = [f"{name} in {cases - n} of {cases}" for name, n in counts.items() if n < cases]
    missing = [name for name in recipe.structures if name not in trained]
    split, named = sum(fact.sides_split for fact in facts), sum(fact.named for fact in facts)
    empty = sum(not fact.structures & set(trained) for fact in facts)
    lines = [f"{cases} cases, {len(trained)} of {len(recipe.structures)} structures labelled"]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        lines.append(f"no training case labels {', '.join(missing)}; the model will not look for {them}")
    if some:
        lines.append(f"not in every case: missing are {listed(some)}")
    if empty:
        lines.append(f"{empty} of {cases} label files hold none of these structures and count as background")
    if split:
        lines.append(f"{split} of {cases} label maps tell left from right; the model learns both sides as one")
    if named < cases:
        lines.append(f"the values of {cases - named} of {cases} label files have no names and were taken as ids")
    if unfinished:
        lines.append(f"{unfinished} images without final labels are left out")
    return tuple(lines)
