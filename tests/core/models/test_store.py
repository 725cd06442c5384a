from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from myoscope import ModelError
from myoscope.models import ModelPackage, find_model, import_model, installed_models


def test_a_model_is_found_by_its_path(tiny_package: ModelPackage) -> None:
    assert find_model(str(tiny_package.folder), "ct_thigh") == tiny_package


def test_an_imported_model_is_found_by_its_id_and_listed(tiny_package: ModelPackage, models_folder: Path) -> None:
    imported = import_model(tiny_package.folder)
    assert imported.folder == models_folder / "ct_thigh" / "tiny"
    assert find_model("ct_thigh/tiny", "ct_thigh") == imported
    assert imported in installed_models()
    assert not any(path.name.startswith(".") for path in (models_folder / "ct_thigh").iterdir())


def test_a_zip_is_imported_like_its_folder(tiny_package: ModelPackage, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "tiny.zip", "w") as bundle:
        for path in tiny_package.folder.iterdir():
            bundle.write(path, f"some/where/{path.name}")
    assert import_model(tmp_path / "tiny.zip").card == tiny_package.card


def test_importing_again_replaces_the_older_model(tiny_package: ModelPackage, changed: Callable[..., Path]) -> None:
    import_model(tiny_package.folder)
    import_model(changed(trained_on="more"))
    assert find_model("ct_thigh/tiny", "ct_thigh").card.trained_on == "more"
    assert [p.card.id for p in installed_models()].count("ct_thigh/tiny") == 1


def test_a_model_that_is_not_there_is_refused_with_those_that_are(tiny_package: ModelPackage) -> None:
    import_model(tiny_package.folder)
    with pytest.raises(ModelError, match=r"No model is called 'ct_thigh/absent'.*ct_thigh/tiny") as caught:
        find_model("ct_thigh/absent", "ct_thigh")
    assert caught.value.exit_code == 4


def test_a_model_of_another_modality_is_refused(changed: Callable[..., Path]) -> None:
    folder = changed(id="dixon_mri/tiny", modality="dixon_mri")
    with pytest.raises(ModelError, match="is for dixon_mri, the scan is ct_thigh"):
        find_model(str(folder), "ct_thigh")


def test_a_damaged_model_is_not_imported(tiny_package: ModelPackage, tmp_path: Path, models_folder: Path) -> None:
    folder = shutil.copytree(tiny_package.folder, tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelError, match="do not match its card"):
        import_model(folder)
    assert not models_folder.exists()


def test_an_evil_id_is_not_imported(changed: Callable[..., Path], models_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="An id is modality/name"):
        import_model(changed(id="ct_thigh/../../escape"))
    assert not models_folder.exists()
    assert not (tmp_path / "escape").exists()


def test_a_folder_with_two_models_or_none_is_refused(tiny_package: ModelPackage, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ModelError, match="0 model cards"):
        import_model(tmp_path / "none")
    for name in ("a", "b"):
        shutil.copytree(tiny_package.folder, tmp_path / "two" / name)
    with pytest.raises(ModelError, match="2 model cards"):
        import_model(tmp_path / "two")
    with pytest.raises(ModelError, match="There is nothing at"):
        import_model(tmp_path / "absent")


def test_what_an_interrupted_import_left_is_no_model(tiny_package: ModelPackage, models_folder: Path) -> None:
    before = installed_models()
    left = models_folder / "ct_thigh" / ".tiny-part"
    left.mkdir(parents=True)
    shutil.copy(tiny_package.folder / "card.json", left)
    assert installed_models() == before
    with pytest.raises(ModelError, match="No model is called"):
        find_model("ct_thigh/tiny", "ct_thigh")
