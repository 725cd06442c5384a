from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from myoscope.models import ModelPackage
from myoscope.models.card import card_json
from myoscope.settings import get_settings


@pytest.fixture(autouse=True)
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A models folder of this test alone."""
    monkeypatch.setenv("MYOSCOPE_MODELS", str(tmp_path / "models"))
    get_settings.cache_clear()
    yield tmp_path / "models"
    get_settings.cache_clear()


@pytest.fixture
def changed(tiny_package: ModelPackage, tmp_path: Path) -> Callable[..., Path]:
    """Copy the small package with other facts in its card."""

    def copy(name: str = "copy", **facts: Any) -> Path:
        folder: Path = shutil.copytree(tiny_package.folder, tmp_path / name)
        (folder / "card.json").write_text(card_json(replace(tiny_package.card, **facts)), encoding="utf-8")
        return folder

    return copy
