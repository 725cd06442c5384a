from __future__ import annotations

import stat
import tempfile
import zipfile
from pathlib import Path

import pytest

from myoscope import ArchiveError, UnreadableError
from myoscope.io import archives, read_volume
from myoscope.io.archives import unpacked
from myoscope.settings import Settings


def bundle(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "get_settings", lambda: Settings(Path(), Path(), 1e-5))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_members_are_unpacked_and_removed_again(tmp_path: Path, scratch: Path) -> None:
    path = bundle(tmp_path / "a.zip", **{"x/one.txt": b"1", "two.txt": b"2", "__MACOSX/._two.txt": b"no"})
    with unpacked(path) as folder:
        assert sorted(p.read_bytes() for p in folder.rglob("*.txt")) == [b"1", b"2"]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../escape.dcm", "a/../../escape.dcm", "/etc/escape.dcm", "C:/escape.dcm", "..\\escape.dcm"]
)
def test_a_member_that_escapes_is_refused(tmp_path: Path, scratch: Path, name: str) -> None:
    path = bundle(tmp_path / "a.zip", **{"fine.dcm": b"1", name: b"2"})
    with pytest.raises(ArchiveError, match="leaves its folder"):
        read_volume(path)
    assert list(scratch.iterdir()) == []
    assert not list(tmp_path.rglob("escape*"))


def test_a_link_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match="is a link"):
        read_volume(tmp_path / "a.zip")


@pytest.mark.usefixtures("small_limit")
def test_an_archive_beyond_the_limit_is_refused(tmp_path: Path, scratch: Path) -> None:
    path = bundle(tmp_path / "a.zip", a=bytes(6000), b=bytes(6000))
    with pytest.raises(ArchiveError, match="more than 1e-05 GB"):
        read_volume(path)
    assert list(scratch.iterdir()) == []


@pytest.mark.usefixtures("small_limit")
def test_an_archive_that_understates_its_size_is_refused(tmp_path: Path, scratch: Path) -> None:
    path = bundle(tmp_path / "a.zip", a=bytes(60000))
    content = path.read_bytes()
    true_size, small = (60000).to_bytes(4, "little"), (100).to_bytes(4, "little")
    assert content.count(true_size) == 2
    path.write_bytes(content.replace(true_size, small))
    with pytest.raises((ArchiveError, UnreadableError)):
        read_volume(path)
    assert list(scratch.iterdir()) == []


def test_a_file_that_is_no_zip_and_a_damaged_zip_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no zip")
    with pytest.raises(UnreadableError, match="not a readable zip"):
        read_volume(tmp_path / "a.zip")
    path = bundle(tmp_path / "b.zip", a=bytes(range(256)) * 50)
    content = bytearray(path.read_bytes())
    content[60:80] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match="not a readable zip"):
        read_volume(path)


def test_a_zip_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="holds no DICOM"):
        read_volume(bundle(tmp_path / "a.zip", readme=b"hello"))
