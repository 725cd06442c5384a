from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from myoscope import UnreadableError
from myoscope.io.sources import files_in

NAMES = ("b.txt", "a/2", "a/1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "source"


def test_a_folder_gives_its_files_in_the_order_of_names(folder: Path) -> None:
    with files_in(folder) as files:
        assert [str(path.relative_to(folder)) for path in files] == ["b.txt", "a/1", "a/2"]


def test_a_zip_gives_its_files_for_as_long_as_it_is_open(folder: Path) -> None:
    with zipfile.ZipFile(folder / "source.zip", "w") as bundle:
        for name in NAMES:
            bundle.write(folder / name, name)
    with files_in(folder / "source.zip") as files:
        assert [path.read_text() for path in files] == ["b.txt", "a/1", "a/2"]
    assert not any(path.exists() for path in files)


def test_a_file_gives_itself(folder: Path) -> None:
    with files_in(folder / "b.txt") as files:
        assert files == [folder / "b.txt"]


def test_an_absent_or_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name, reason in (("absent", "no file or folder"), ("empty", "is empty")):
        with pytest.raises(UnreadableError, match=reason), files_in(tmp_path / name):
            pass
