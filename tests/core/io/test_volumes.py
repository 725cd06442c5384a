from __future__ import annotations

import itertools
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from myoscope import Grid, UnreadableError
from myoscope.io import Volume, read_volume, read_volumes, write_dicom_series, write_volume

Same = Callable[[Volume, Volume], None]
AXIS_ORDERS = [
    (order, signs) for order in itertools.permutations(range(3)) for signs in ((1, 1, 1), (-1, -1, 1), (1, -1, -1))
]


def reoriented(volume: Volume, order: tuple[int, ...], signs: tuple[int, ...]) -> Volume:
    """Store the same samples with index axes permuted and flipped."""
    grid = volume.grid
    array = volume.array.transpose([2 - order[2 - a] for a in range(3)])
    array = array[tuple(slice(None, None, s) for s in signs[::-1])]
    first = [0.0, 0.0, 0.0]
    for axis, sign in zip(order, signs, strict=True):
        first[axis] = float(grid.size[axis] - 1) if sign < 0 else 0.0
    matrix = grid.matrix[:, list(order)] * np.array(signs)
    return Volume(
        array,
        Grid(
            tuple(grid.size[a] for a in order),
            tuple(grid.spacing_mm[a] for a in order),
            grid.position(tuple(first)),
            tuple(float(v) for v in matrix.ravel()),
        ),
    )


@pytest.mark.parametrize(("order", "signs"), AXIS_ORDERS)
@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_every_axis_order_reads_back_the_same(
    tmp_path: Path, phantom: Volume, same_volume: Same, suffix: str, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    stored = reoriented(phantom, order, signs)
    back = read_volume(write_volume(stored.array, stored.grid, tmp_path / f"scan{suffix}"))
    assert back.array.dtype == np.int16
    assert back.grid.is_same(stored.grid)
    same_volume(back, phantom)


@pytest.mark.parametrize(("order", "signs"), AXIS_ORDERS)
def test_a_dicom_folder_reads_back_the_same(
    tmp_path: Path, phantom: Volume, same_volume: Same, order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    stored = reoriented(phantom, order, signs)
    back = read_volume(write_dicom_series(stored.array, stored.grid, tmp_path / "series"))
    assert (back.dicom_modality, back.array.dtype) == ("CT", np.int16)
    same_volume(back, phantom)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_an_oblique_grid_reads_back_the_same(tmp_path: Path, phantom: Volume, suffix: str) -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    grid = Grid(phantom.grid.size, phantom.grid.spacing_mm, (1.0, 2.0, 3.0), (1, 0, 0, 0, c, -s, 0, s, c))
    back = read_volume(write_volume(phantom.array, grid, tmp_path / f"scan{suffix}"))
    np.testing.assert_array_equal(back.array, phantom.array)
    assert back.grid.is_same(grid)


def test_a_zip_of_dicom_and_a_zip_of_nifti_read_the_same(tmp_path: Path, phantom: Volume, same_volume: Same) -> None:
    series = write_dicom_series(phantom.array, phantom.grid, tmp_path / "series")
    nifti = write_volume(phantom.array, phantom.grid, tmp_path / "scan.nii.gz")
    for name, files in {"dicom.zip": sorted(series.iterdir()), "nifti.zip": [nifti]}.items():
        with zipfile.ZipFile(tmp_path / name, "w") as bundle:
            for file in files:
                bundle.write(file, f"folder/{file.name}")
        same_volume(read_volume(tmp_path / name), phantom)


def test_a_volume_survives_pickle(phantom: Volume) -> None:
    back = pickle.loads(pickle.dumps(phantom))  # noqa: S301
    np.testing.assert_array_equal(back.array, phantom.array)
    assert back.grid == phantom.grid


def test_a_zip_with_two_volumes_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as bundle:
        for name in ("a.nii.gz", "b.nii.gz"):
            bundle.write(write_volume(phantom.array, phantom.grid, tmp_path / name), name)
    with pytest.raises(UnreadableError, match=r"2 volumes: a\.nii\.gz, b\.nii\.gz"):
        read_volume(tmp_path / "two.zip")


def test_an_absent_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no file or folder"):
        read_volume(tmp_path / "nothing")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="holds no DICOM files"):
        read_volume(tmp_path)


def test_a_folder_of_volume_files_is_refused_with_their_names(tmp_path: Path, phantom: Volume) -> None:
    write_volume(phantom.array, phantom.grid, tmp_path / "scan.nii.gz")
    with pytest.raises(UnreadableError, match=r"Give one of its files: scan\.nii\.gz"):
        read_volume(tmp_path)


def test_importing_the_readers_loads_no_image_library() -> None:
    heavy = {"SimpleITK", "nibabel", "pydicom", "scipy", "pydantic"}
    code = f"import sys, myoscope.io; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "[]\n"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scan.nii.gz").touch()
    with pytest.raises(UnreadableError, match="is empty"):
        read_volume(tmp_path / "scan.nii.gz")


def test_a_picture_is_refused_with_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(UnreadableError, match=r"\.nii\.gz, \.nrrd"):
        read_volume(tmp_path / "scan.png")


def test_every_volume_of_a_folder_or_zip_is_read_by_name(tmp_path: Path, phantom: Volume, same_volume: Same) -> None:
    folder = tmp_path / "scan"
    (folder / "more").mkdir(parents=True)
    for n, name in enumerate(("water.nii.gz", "fat.nrrd", "more/in.phase.mha")):
        write_volume(phantom.array + n, phantom.grid, folder / name)
    (folder / "notes.txt").write_text("no image")
    write_dicom_series(phantom.array, phantom.grid, folder / "dicom")
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as bundle:
        for path in sorted(folder.rglob("*.*")):
            bundle.write(path, str(path.relative_to(folder)))
    for source in (folder, tmp_path / "scan.zip"):
        named = read_volumes(source)
        assert [name for name, _ in named] == ["fat", "in.phase", "water"]
        for (_, volume), n in zip(named, (1, 2, 0), strict=True):
            same_volume(volume, Volume((phantom.array + n).astype(np.int16), phantom.grid))


def test_a_volume_file_alone_is_read_by_its_name(tmp_path: Path, phantom: Volume) -> None:
    ((name, volume),) = read_volumes(write_volume(phantom.array, phantom.grid, tmp_path / "Water.NII.gz"))
    assert (name, volume.grid.size) == ("Water", phantom.grid.size)


def test_two_volumes_of_one_name_are_refused(tmp_path: Path, phantom: Volume) -> None:
    for name in ("water.nii.gz", "water.mha"):
        write_volume(phantom.array, phantom.grid, tmp_path / name)
    with pytest.raises(UnreadableError, match=r"two volumes called water: water\.mha and water\.nii\.gz"):
        read_volumes(tmp_path)


def test_a_folder_without_volume_files_is_refused(tmp_path: Path, phantom: Volume) -> None:
    write_dicom_series(phantom.array, phantom.grid, tmp_path / "series")
    with pytest.raises(UnreadableError, match="holds no volume file"):
        read_volumes(tmp_path)
