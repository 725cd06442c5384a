"""What a folder of labelled cases says of itself: `dataset.json`, written by the person who made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from myoscope.errors import UnreadableError


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What goes from a data set onto the card of a model trained on it.

    Attributes:
        description: What the cases are and where they come from, one sentence.
        licenses: Of the cases.
        limitations: What a model trained on them will not know.
    """

    description: str = ""
    licenses: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()


def read_facts(data: Path) -> DatasetFacts:
    """Return what `dataset.json` in a data folder says; nothing when there is none.

    Raises:
        UnreadableError: The file is there but cannot be understood.
    """
    path = data / "dataset.json"
    if not path.is_file():
        return DatasetFacts()
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(DatasetFacts).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UnreadableError(
            f"{path} cannot be understood: {place or 'file'}: {first['msg']}.",
            "It may hold description (text), licenses and limitations (lists of texts).",
        ) from error
