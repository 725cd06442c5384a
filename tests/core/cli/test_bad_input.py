"""Bad input gets a sentence, exit code 3 and no files."""

from __future__ import annotations

import gzip
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest

from myoscope import Grid
from myoscope.io import write_dicom_series
from myoscope.settings import get_settings

Ground = Callable[[Path], Path]
GRID = Grid.identity((12, 10, 8), (2.0, 2.0, 4.0), (0.0, 0.0, 0.0))
#: Byte offsets in a NIfTI-1 header: pixdim; qform_code and sform_code.
PIXDIM, FORM_CODES = 76, 252
VALUES = np.random.default_rng(0).integers(-1000, 400, GRID.shape).astype(np.int16)


def empty_folder(folder: Path) -> Path:
    (folder / "scan").mkdir()
    return folder / "scan"


def text_named_nifti(folder: Path) -> Path:
    path = folder / "scan.nii.gz"
    path.write_text("not a scan")
    return path


def nifti(folder: Path, values: Any) -> Path:
    path = folder / "scan.nii"
    nib.save(nib.Nifti1Image(values, np.diag([2.0, 2.0, 4.0, 1.0])), path)
    return path


def truncated_nifti(folder: Path) -> Path:
    path = nifti(folder, VALUES)
    path.write_bytes(path.read_bytes()[:900])
    return path


def truncated_nifti_gz(folder: Path) -> Path:
    path = folder / "scan.nii.gz"
    path.write_bytes(gzip.compress(nifti(folder, VALUES).read_bytes())[:900])
    return path


def series(folder: Path) -> list[Path]:
    return sorted(write_dicom_series(VALUES, GRID, folder / "scan").iterdir())


def dicom_without_pixels(folder: Path) -> Path:
    for path in series(folder):
        dataset = pydicom.dcmread(path)
        del dataset.PixelData
        dataset.save_as(path)
    return folder / "scan"


def missing_slice(folder: Path) -> Path:
    series(folder)[3].unlink()
    return folder / "scan"


def mri(folder: Path) -> Path:
    for path in series(folder):
        dataset = pydicom.dcmread(path)
        dataset.Modality = "MR"
        dataset.save_as(path)
    return folder / "scan"


def with_nan(folder: Path) -> Path:
    values = VALUES.astype(np.float32)
    values[2, 2, 2] = np.nan
    return nifti(folder, values)


def with_infinity(folder: Path) -> Path:
    values = VALUES.astype(np.float32)
    values[2, 2, 2] = np.inf
    return nifti(folder, values)


def zero_spacing(folder: Path) -> Path:
    path = nifti(folder, VALUES)
    header = bytearray(path.read_bytes())
    header[PIXDIM + 8 : PIXDIM + 12] = struct.pack("<f", 0.0)
    header[FORM_CODES : FORM_CODES + 4] = bytes(4)
    path.write_bytes(header)
    return path


def four_dimensions(folder: Path) -> Path:
    return nifti(folder, np.stack([VALUES, VALUES], axis=-1))


def picture(folder: Path) -> Path:
    from PIL import Image

    path = folder / "scan.png"
    Image.fromarray(np.zeros((20, 30), dtype=np.uint8)).save(path)
    return path


def escaping_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "scan.zip", "w") as bundle:
        bundle.writestr("../escaped.dcm", b"x")
    return folder / "scan.zip"


def nothing_there(folder: Path) -> Path:
    return folder / "absent.nii.gz"


#: How to make the input -> a word that the sentence must hold.
GROUNDS: dict[Ground, str] = {
    empty_folder: "scan",
    text_named_nifti: "scan.nii.gz",
    truncated_nifti: "scan.nii",
    truncated_nifti_gz: "scan.nii.gz",
    dicom_without_pixels: "pixel",
    missing_slice: "slice",
    mri: "MR",
    with_nan: "NaN",
    with_infinity: "infinite",
    zero_spacing: "spacing",
    four_dimensions: "4D",
    picture: "scan.png",
    escaping_zip: "leaves its folder",
    nothing_there: "nothing at",
}


@pytest.mark.parametrize("modality", [("-m", "ct_thigh"), ()], ids=["named", "found_out"])
@pytest.mark.parametrize("ground", GROUNDS, ids=lambda ground: ground.__name__)
def test_it_is_refused_with_a_sentence_and_leaves_no_files(
    ground: Ground, modality: tuple[str, ...], run: Callable[..., Any], tmp_path: Path, package: Path
) -> None:
    source = ground(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    said = run("analyze", source, "-o", tmp_path / "out", "--model", package, "-q", *modality)
    assert said.code == 3, said.err
    assert said.err.startswith("error: ")
    assert not modality or GROUNDS[ground] in said.err
    assert "Traceback" not in said.err
    assert not said.out
    assert sorted(tmp_path.rglob("*")) == before


def test_files_that_lie_in_the_output_folder_stay_as_they_are(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("of yesterday")
    assert run("analyze", text_named_nifti(tmp_path), "-o", tmp_path / "out").code == 3
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.html"]
    assert (tmp_path / "out" / "report.html").read_text() == "of yesterday"


def test_a_zip_that_unpacks_beyond_the_limit_is_refused(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "scan.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("scan.nii", bytes(2_000_000))
    monkeypatch.setenv("MYOSCOPE_MAX_UNZIPPED_GB", "0.001")
    get_settings.cache_clear()
    try:
        said = run("analyze", tmp_path / "scan.zip", "-o", tmp_path / "out", "-m", "ct_thigh")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert said.code == 3
    assert "unpacks to more than 0.001 GB" in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["analyze", "measure", "synthesize", "train"])
def test_an_output_folder_that_cannot_be_written_is_refused_before_any_work(
    command: str, run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    out = ["-o", tmp_path / "file" / "out"]
    rest = {
        "analyze": ["absent.nii.gz"],
        "measure": ["absent.nii.gz", "absent.nii.gz"],
        "synthesize": ["ct_thigh", "-n", "1", "--seed", "1"],
        "train": ["ct_thigh/unetr_small", "--data", tmp_path],
    }[command]
    said = run(command, *rest, *out)
    assert said.code == 3
    assert "cannot be written" in said.err


def test_a_model_whose_hash_does_not_match_is_refused_with_exit_code_4(
    run: Callable[..., Any], tmp_path: Path, image: Path, package: Path
) -> None:
    broken = shutil.copytree(package, tmp_path / "broken")
    with (broken / "model.safetensors").open("ab") as stream:
        stream.write(b"x")
    said = run("analyze", image, "-o", tmp_path / "out", "--model", broken)
    assert said.code == 4
    assert "do not match its card" in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "word"),
    [(["--age", "300"], "age"), (["--height-m", "168"], "centimeters"), (["--subject", "absent.json"], "absent.json")],
)
def test_facts_that_no_person_has_are_refused(
    options: list[str], word: str, run: Callable[..., Any], tmp_path: Path, image: Path, labels: Path
) -> None:
    said = run("measure", image, labels, "-o", tmp_path / "out", *options)
    assert said.code == 3
    assert word in said.err
    assert not (tmp_path / "out").exists()


def test_labels_on_another_grid_are_refused(run: Callable[..., Any], tmp_path: Path, image: Path) -> None:
    other = nifti(tmp_path, np.ones((4, 5, 6), dtype=np.uint8))
    said = run("measure", image, other, "-o", tmp_path / "out")
    assert said.code == 3
    assert "another grid" in said.err
    assert not (tmp_path / "out").exists()
