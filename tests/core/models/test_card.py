from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from myoscope import ModelError
from myoscope.models import ModelPackage, StructureScore
from myoscope.models.card import card_json, read_card
from myoscope.plugins import describe


@pytest.mark.parametrize("recipe", ["ct_thigh/unetr", "ct_thigh/unetr_small", "ct_thigh/unet3d"])
def test_a_card_comes_back_as_it_was(tiny_package: ModelPackage, tmp_path: Path, recipe: str) -> None:
    """Numbers, sequences and texts of every recipe of the plugin survive JSON."""
    card = replace(
        tiny_package.card,
        id=recipe,
        recipe=describe("ct_thigh").recipes[recipe],
        licenses=("CC BY 4.0",),
        scores=(StructureScore("femur", 10, 0.9312, 1.75),),
    )
    (tmp_path / "card.json").write_text(card_json(card), encoding="utf-8")
    found = read_card(tmp_path / "card.json")
    assert card_json(found) == card_json(card)
    assert replace(found, recipe=card.recipe) == card
    for name in ("name", "structures", "spacing_mm", "window", "overlap", "preprocessing", "training", "channels"):
        assert getattr(found.recipe, name) == getattr(card.recipe, name)


def test_a_card_says_research_use_only_and_has_sorted_keys(tiny_package: ModelPackage) -> None:
    data = json.loads(card_json(tiny_package.card))
    assert data["intended_use"].startswith("Research use only.")
    assert list(data) == sorted(data)


@pytest.mark.parametrize(
    "evil",
    ["../escape", "ct_thigh/../../escape", "ct_thigh/..", "/etc/x", "ct_thigh/a/b", "ct_thigh", "ct_thigh/A", ""],
)
def test_an_id_that_leads_elsewhere_is_refused(changed: Callable[..., Path], evil: str) -> None:
    with pytest.raises(ModelError, match="An id is modality/name") as caught:
        read_card(changed(id=evil) / "card.json")
    assert caught.value.exit_code == 4


def test_an_id_of_another_modality_than_the_card_names_is_refused(changed: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="names the model 'dixon_mri/tiny' of 'ct_thigh'"):
        read_card(changed(id="dixon_mri/tiny") / "card.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": 3'], ids=["nothing", "list", "without facts", "cut short"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(ModelError, match="is not a model card"):
        read_card(tmp_path / "card.json")


def test_a_card_without_one_fact_names_the_fact(tiny_package: ModelPackage, tmp_path: Path) -> None:
    data = json.loads(card_json(tiny_package.card))
    del data["recipe"]["window"]
    (tmp_path / "card.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match=r"recipe\.window"):
        read_card(tmp_path / "card.json")


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"card\.json cannot be read: No such file"):
        read_card(tmp_path / "card.json")
