from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from myoscope.settings import get_settings

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A models folder of this test alone."""
    monkeypatch.setenv("MYOSCOPE_MODELS", str(tmp_path / "models"))
    get_settings.cache_clear()
    yield tmp_path / "models"
    get_settings.cache_clear()


def test_a_package_goes_out_as_a_zip_and_comes_back_the_same(
    run: Run, package: Path, tmp_path: Path, models_folder: Path
) -> None:
    assert run("models", "export", package, "-o", tmp_path / "tiny.zip").code == 0
    said = run("models", "import", tmp_path / "tiny.zip")
    assert said.code == 0, said.err
    assert said.out == f"ct_thigh/tiny: {models_folder / 'ct_thigh' / 'tiny'}\n"
    assert "ct_thigh/tiny" in run("models", "list").out
    assert run("models", "path", "ct_thigh/tiny").out == f"{models_folder / 'ct_thigh' / 'tiny'}\n"
    for name in ("card.json", "model.safetensors"):
        assert (models_folder / "ct_thigh" / "tiny" / name).read_bytes() == (package / name).read_bytes()


def test_the_same_package_gives_the_same_zip(run: Run, package: Path, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        run("models", "export", package, "-o", tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_an_export_to_something_that_is_no_zip_is_refused(run: Run, package: Path, tmp_path: Path) -> None:
    said = run("models", "export", package, "-o", tmp_path / "tiny")
    assert said.code == 3
    assert "End it with .zip." in said.err


def test_an_export_into_a_folder_that_is_not_there_is_refused(run: Run, package: Path, tmp_path: Path) -> None:
    said = run("models", "export", package, "-o", tmp_path / "absent" / "tiny.zip")
    assert said.code == 3
    assert "cannot be written" in said.err


def test_show_prints_the_card(run: Run, package: Path) -> None:
    assert json.loads(run("models", "show", package).out) == json.loads((package / "card.json").read_text())


def test_verify_tells_a_whole_model_from_a_changed_one(run: Run, package: Path, tmp_path: Path) -> None:
    said = run("models", "verify", package)
    assert (said.code, said.err) == (0, "")
    assert "match" in said.out
    changed = shutil.copytree(package, tmp_path / "changed")
    (changed / "model.safetensors").write_bytes(b"other weights")
    said = run("models", "verify", changed)
    assert said.code == 4
    assert "do not match its card" in said.err


def test_a_zip_without_a_model_is_refused(run: Run, tmp_path: Path, models_folder: Path) -> None:
    with zipfile.ZipFile(tmp_path / "no.zip", "w") as bundle:
        bundle.writestr("readme.txt", "nothing here")
    said = run("models", "import", tmp_path / "no.zip")
    assert said.code == 4
    assert "0 model cards" in said.err
    assert not models_folder.exists()


def test_an_unknown_model_is_a_model_error(run: Run) -> None:
    said = run("models", "path", "ct_thigh/absent")
    assert said.code == 4
    assert "No model is called 'ct_thigh/absent'." in said.err
