from __future__ import annotations

from pathlib import Path

import pytest

from myoscope import OutputError
from myoscope.io import check_writable
from myoscope.io.atomic import written_together


def test_the_check_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path)
    check_writable(tmp_path / "new" / "deeper")
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(OutputError, match="is not a folder"):
            check_writable(folder)


def test_a_read_only_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="Permission denied"), written_together(tmp_path):
        pass


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        with written_together(folder) as partial:
            (partial / "half").write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        write(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_nothing_shows_before_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with written_together(tmp_path) as partial:
        (partial / "a.txt").write_text("new")
        (partial / "sub").mkdir()
        (partial / "sub" / "b.txt").write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
    assert (tmp_path / "a.txt").read_text() == "new"
    assert (tmp_path / "sub" / "b.txt").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "sub"]
