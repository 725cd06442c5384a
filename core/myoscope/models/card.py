"""What a model is, what it was trained on and how well it did on cases held out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from myoscope.data.recipe import Recipe
from myoscope.data.result import RESEARCH_USE_ONLY
from myoscope.errors import ModelError

#: Ids become folder names, so they hold nothing that leads out of one.
ID = re.compile(r"[a-z0-9_]+/[a-z0-9_][a-z0-9_.-]*")
#: What this share of the volumes held out from a model reach is its usual certainty.
USUAL_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class StructureScore:
    """Held-out figures of one structure.

    Attributes:
        structure: Structure name.
        count: How many were scored; each side of each case counts.
        dice_mean: Mean Dice.
        volume_error_median_pct: Median of |V - V_ref| / V_ref x 100.
    """

    structure: str
    count: int
    dice_mean: float
    volume_error_median_pct: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a model's certainty of a structure says about its Dice there, on held-out cases, by a straight line.

    Attributes:
        slope: Dice a certainty.
        intercept: Dice at no certainty.
        spread: Standard deviation of Dice about the line.
        count: Structures of cases that it was drawn through.
    """

    slope: float
    intercept: float
    spread: float
    count: int

    def expected_dice(self, certainty: float) -> float:
        """Return the Dice that held-out structures of this certainty had, 0 to 1."""
        return min(1.0, max(0.0, self.intercept + self.slope * certainty))


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card of a model package, `card.json`.

    Attributes:
        id: `modality/name`.
        modality: Name of the modality.
        recipe: Everything but the weights.
        backend: What runs it.
        sha256: Of `model.safetensors`.
        trained_on: What it was trained on, one sentence.
        licenses: Of the training data.
        command: What trains it again.
        seed: Of the training run.
        hours: Wall time of training.
        device: Where it was trained.
        held_out: What the figures were measured on, one sentence.
        scores: Held-out figures by structure.
        limitations: Known failures, plainly.
        myoscope_version: That wrote the package.
        usual_certainty: `Certainty.mean` that `USUAL_SHARE` of the held-out volumes reach, rounded down; None where it
            is not known, and for pictures.
        calibration: From certainty to Dice; None where it is not known, and for pictures.
        intended_use: The same for every model.
    """

    id: str
    modality: str
    recipe: Recipe
    backend: str
    sha256: str
    trained_on: str
    licenses: tuple[str, ...]
    command: str
    seed: int
    hours: float
    device: str
    held_out: str
    scores: tuple[StructureScore, ...]
    limitations: tuple[str, ...]
    myoscope_version: str
    usual_certainty: float | None = None
    calibration: Calibration | None = None
    intended_use: str = RESEARCH_USE_ONLY


def read_card(path: Path) -> ModelCard:
    """Return the card at `path`.

    Raises:
        ModelError: The file is missing or is not a card.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        card = TypeAdapter(ModelCard).validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(f"The model card {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} is not a model card: {place or 'file'}: {first['msg']}.") from error
    if not ID.fullmatch(card.id) or card.id.split("/")[0] != card.modality:
        raise ModelError(
            f"{path} names the model {card.id!r} of {card.modality!r}.", "An id is modality/name in small letters."
        )
    return card


def card_json(card: ModelCard) -> str:
    """Return the card as indented JSON, keys sorted."""
    from pydantic import TypeAdapter

    data = TypeAdapter(ModelCard).dump_python(card, mode="json")
    return json.dumps(data, indent=2, sort_keys=True) + "\n"
