from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from myoscope import ModelError, OutputError, Recipe
from myoscope.models import ModelPackage, load_network, read_package, write_package
from myoscope.models.package import sha256_of
from myoscope.plugins import open_modality

torch = pytest.importorskip("torch")


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_package_comes_back_with_its_weights_in_half_precision(tiny_package: ModelPackage, tmp_path: Path) -> None:
    state = {"a": torch.tensor([1.0, 2.0 / 3.0]), "steps": torch.tensor([3, 4])}
    package = write_package(tiny_package.card, state, tmp_path / "model")
    from safetensors.torch import load_file

    stored = load_file(tmp_path / "model" / "model.safetensors")
    assert stored["a"].dtype is torch.float16
    assert stored["a"].tolist() == pytest.approx([1.0, 2.0 / 3.0], abs=1e-3)
    assert stored["steps"].tolist() == [3, 4]
    assert names_in(tmp_path / "model") == {"card.json", "model.safetensors"}
    assert package.card == replace(tiny_package.card, sha256=sha256_of(tmp_path / "model" / "model.safetensors"))
    assert read_package(tmp_path / "model") == package


def test_the_same_weights_give_the_same_bytes(tiny_package: ModelPackage, tmp_path: Path) -> None:
    state = {"b": torch.ones(3), "a": torch.zeros(2)}
    for name in ("one", "two"):
        write_package(tiny_package.card, state, tmp_path / name)
    for file in ("card.json", "model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_weights_that_do_not_match_the_hash_are_refused(tiny_package: ModelPackage, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_package.folder, tmp_path / "copy")
    with (folder / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last[0] ^ 1]))
    with pytest.raises(ModelError, match="do not match its card") as caught:
        read_package(folder)
    assert caught.value.exit_code == 4
    assert "import it again" in caught.value.hint


def test_missing_weights_are_refused(tiny_package: ModelPackage, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_package.folder, tmp_path / "copy")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"has no model\.safetensors"):
        read_package(folder)


def test_the_network_comes_with_the_weights_of_the_package(tiny_package: ModelPackage) -> None:
    network = load_network(tiny_package, open_modality("ct_thigh"), "cpu")
    assert not network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    from safetensors.torch import load_file

    stored = load_file(tiny_package.folder / "model.safetensors")
    assert set(stored) == set(network.state_dict())
    assert all(torch.equal(stored[name].to(value.dtype), value) for name, value in network.state_dict().items())


def test_weights_that_do_not_fit_the_network_are_refused(changed: Callable[..., Path], tiny_recipe: Recipe) -> None:
    wider = replace(tiny_recipe, network_options={**tiny_recipe.network_options, "hidden_size": 24})
    with pytest.raises(ModelError, match="do not fit the network of its recipe"):
        load_network(read_package(changed(recipe=wider)), open_modality("ct_thigh"), "cpu")


def test_an_older_package_is_replaced_whole(tiny_package: ModelPackage, tmp_path: Path) -> None:
    target = tmp_path / "model"
    write_package(replace(tiny_package.card, trained_on="old"), {"a": torch.zeros(1)}, target)
    (target / "notes.txt").write_text("of the old one")
    write_package(replace(tiny_package.card, trained_on="new"), {"a": torch.ones(1)}, target)
    assert read_package(target).card.trained_on == "new"
    assert names_in(target) == {"card.json", "model.safetensors"}
    assert names_in(tmp_path) == {"model"}


def test_a_folder_that_is_no_package_is_never_replaced(tiny_package: ModelPackage, tmp_path: Path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    with pytest.raises(OutputError, match="exists and is not a model package"):
        write_package(tiny_package.card, {"a": torch.zeros(1)}, folder)
    assert (folder / "chapter.txt").read_text() == "years of work"


def test_a_file_in_the_place_of_the_folder_is_refused(tiny_package: ModelPackage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_package(tiny_package.card, {"a": torch.zeros(1)}, tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written"):
        write_package(tiny_package.card, {"a": torch.zeros(1)}, tmp_path / "file" / "model")


def test_writing_that_fails_leaves_the_older_package_and_nothing_else(
    tiny_package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "models" / "tiny"
    write_package(tiny_package.card, {"a": torch.zeros(1)}, target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_package(tiny_package.card, {"a": torch.ones(1)}, target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert names_in(target.parent) == {"tiny"}


def test_the_hash_is_that_of_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
