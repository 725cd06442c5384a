from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import myoscope
from myoscope import ArchiveError, Grid, LabelledCase, LoadOptions, SeriesError, UnreadableError
from myoscope.io import MRFacts, write_dicom_series, write_mr_series, write_volume
from myoscope.settings import get_settings
from myoscope_dixon_mri.loading import load, recognize
from myoscope_dixon_mri.structures import CONTRASTS

SHARED = Path(__file__).parents[4] / "shared" / "data" / "mri"
Channels = dict[str, NDArray[np.float32]]
Thighs = tuple[Channels, Grid]
ENDINGS = {"water": "W", "fat": "F", "in_phase": "in", "opposed_phase": "opp"}


def write_station(station: Thighs, folder: Path, *, first: int, study: str = "1.2.3", time: str = "101500") -> None:
    """Write a table position as one series a contrast."""
    for number, (contrast, array) in enumerate(station[0].items(), first):
        facts = MRFacts(
            description=f"Dixon_{ENDINGS[contrast]}",
            series_number=str(number),
            study_uid=study,
            series_time=time,
            frame_of_reference=f"{study}.9",
        )
        write_mr_series(np.rint(array), station[1], folder, facts=facts, prefix=f"{number:02d}_")


def cut(thighs: Thighs, start: int, stop: int) -> Thighs:
    """Return the slices from `start` to `stop` as a table position."""
    channels, grid = thighs
    part = Grid(
        (*grid.size[:2], stop - start), grid.spacing_mm, grid.position((0.0, 0.0, float(start))), grid.direction
    )
    return {name: array[start:stop] for name, array in channels.items()}, part


def codes(scan: myoscope.Scan) -> list[str]:
    return [finding.code for finding in scan.findings]


@pytest.fixture(scope="module")
def two_stations(thighs: Thighs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dicom") / "P7"
    write_station(cut(thighs, 5, 12), folder, first=1)
    write_station(cut(thighs, 0, 8), folder, first=5, time="101600")
    return folder


def volumes(thighs: Thighs, folder: Path, names: Sequence[str] = CONTRASTS) -> Path:
    folder.mkdir()
    for name in names:
        write_volume(thighs[0][name], thighs[1], folder / f"P7_{name}.nii.gz")
    return folder


def test_mr_series_are_recognized_by_their_header_and_ct_is_not(
    two_stations: Path, thigh: LabelledCase, tmp_path: Path
) -> None:
    assert recognize(two_stations) == myoscope.Recognition(0.9, "DICOM modality MR")
    assert recognize(write_dicom_series(thigh.scan.image, thigh.scan.grid, tmp_path / "ct")) is None


def test_volumes_are_recognized_by_the_contrasts_in_their_names(thighs: Thighs, tmp_path: Path) -> None:
    folder = volumes(thighs, tmp_path / "P7", ("water", "fat"))
    assert recognize(folder) == myoscope.Recognition(0.85, "volumes called fat, water")
    assert recognize(folder / "P7_fat.nii.gz") == myoscope.Recognition(0.7, "a volume called fat")
    with zipfile.ZipFile(tmp_path / "P7.zip", "w") as bundle:
        for path in folder.iterdir():
            bundle.write(path, path.name)
    assert recognize(tmp_path / "P7.zip") == myoscope.Recognition(0.85, "volumes called fat, water")


def test_a_volume_without_a_name_is_recognized_by_its_values(
    thighs: Thighs, thigh: LabelledCase, tmp_path: Path
) -> None:
    plain = write_volume(thighs[0]["water"], thighs[1], tmp_path / "scan.nii.gz")
    assert recognize(plain) == myoscope.Recognition(0.5, "a volume without negative values, as magnitudes of MR are")
    assert recognize(write_volume(thigh.scan.image, thigh.scan.grid, tmp_path / "ct.nii.gz")) is None
    labels = np.ones(thigh.scan.grid.shape, dtype=np.uint8)
    labels[:, 10:] = 7
    assert recognize(write_volume(labels, thigh.scan.grid, tmp_path / "labels.nii.gz")) is None


@pytest.mark.parametrize("name", ["notes.txt", "notes.nii.gz", "notes.dcm", "notes.zip", "notes.png"])
def test_what_is_no_image_is_not_recognized_and_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("This is a text file.")
    assert recognize(tmp_path / name) is None
    with pytest.raises(myoscope.InputError):
        load(tmp_path / name, LoadOptions())


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert recognize(tmp_path) is None
    with pytest.raises(UnreadableError, match="holds no DICOM files"):
        load(tmp_path, LoadOptions())


def test_a_folder_of_volumes_becomes_a_scan_of_all_contrasts_unchanged(thighs: Thighs, tmp_path: Path) -> None:
    scan = load(volumes(thighs, tmp_path / "P7"), LoadOptions())
    assert tuple(scan.channels) == CONTRASTS
    assert all(np.array_equal(scan.channels[name], thighs[0][name]) for name in CONTRASTS)
    assert (scan.modality, scan.case_id, scan.source) == ("dixon_mri", "P7", "P7")
    assert scan.grid.is_same(thighs[1])
    assert (scan.findings, scan.stations, scan.oriented) == ((), (), False)
    assert load(tmp_path / "P7", LoadOptions(case_id="named")).case_id == "named"


def test_overlapping_stations_become_the_scan_that_they_were_cut_from(two_stations: Path, thighs: Thighs) -> None:
    scan = load(two_stations, LoadOptions())
    assert scan.grid.is_same(thighs[1])
    for name in CONTRASTS:
        assert np.abs(scan.channels[name] - thighs[0][name]).max() < 1.0 + 0.01 * thighs[0][name].max()
    assert [s.name for s in scan.stations] == ["station 1", "station 2"]
    assert scan.stations[1].source.startswith("series 5 (Dixon_W)")
    assert [tuple(np.round(s.z_mm, 6)) for s in scan.stations] == [(27.0, 69.0), (-3.0, 45.0)]
    assert scan.oriented
    assert codes(scan) == []


def test_a_repetition_a_missing_contrast_and_a_second_visit_in_dicom(thighs: Thighs, tmp_path: Path) -> None:
    folder = tmp_path / "P8"
    write_station(cut(thighs, 5, 12), folder, first=1)
    write_station(cut(thighs, 5, 12), folder, first=9, time="102000")
    channels, grid = cut(thighs, 0, 8)
    write_station(({name: channels[name] for name in ("water", "fat", "in_phase")}, grid), folder, first=20)
    scan = load(folder, LoadOptions())
    assert tuple(scan.channels) == ("water", "fat", "in_phase")
    assert codes(scan) == ["station_repeated", "contrast_missing"]
    write_station(cut(thighs, 0, 8), folder, first=30, study="1.2.4")
    with pytest.raises(SeriesError, match="P8 mixes images of 2 studies"):
        load(folder, LoadOptions())


def test_a_swapped_station_is_told_and_exchanged_back_when_asked(thighs: Thighs, tmp_path: Path) -> None:
    folder = tmp_path / "P9"
    channels, grid = cut(thighs, 0, 8)
    write_station(({**channels, "water": channels["fat"], "fat": channels["water"]}, grid), folder, first=1)
    told, back = load(folder, LoadOptions()), load(folder, LoadOptions(correct_swaps=True))
    assert codes(told) == codes(back) == ["water_fat_swap"]
    assert np.array_equal(told.channels["water"], np.rint(channels["fat"]))
    assert np.array_equal(back.channels["water"], np.rint(channels["water"]))


def test_exchanged_phases_are_exchanged_back(thighs: Thighs, tmp_path: Path) -> None:
    channels, grid = thighs
    wrong = {"in_phase": channels["opposed_phase"], "opposed_phase": channels["in_phase"]}
    scan = load(volumes((wrong, grid), tmp_path / "P7", tuple(wrong)), LoadOptions())
    assert codes(scan) == ["phases_exchanged"]
    assert np.array_equal(scan.channels["in_phase"], channels["in_phase"])


def test_a_single_volume_is_what_it_is_called_or_plain_mr(thighs: Thighs, tmp_path: Path) -> None:
    channels, grid = thighs
    fat = load(write_volume(channels["fat"], grid, tmp_path / "fat.nii.gz"), LoadOptions())
    assert (tuple(fat.channels), codes(fat)) == (("fat",), ["contrast_by_name"])
    plain = load(write_volume(channels["fat"], grid, tmp_path / "P7.nrrd"), LoadOptions())
    assert (tuple(plain.channels), codes(plain)) == (("mr",), ["contrast_unknown"])
    assert np.array_equal(plain.image, channels["fat"])


def test_files_by_contrast_are_one_scan_named_after_the_source(thighs: Thighs, tmp_path: Path) -> None:
    channels, grid = thighs
    files = {
        "fat": write_volume(channels["fat"], grid, tmp_path / "b.nii.gz"),
        "water": write_volume(channels["water"], grid, tmp_path / "a.nii.gz"),
    }
    scan = myoscope.load(files["water"], modality="dixon_mri", options=LoadOptions(contrasts=files))
    assert tuple(scan.channels) == ("water", "fat")
    assert np.array_equal(scan.channels["fat"], channels["fat"])
    assert scan.case_id == "a"


def test_hounsfield_units_are_refused(thigh: LabelledCase, tmp_path: Path) -> None:
    path = write_volume(thigh.scan.image, thigh.scan.grid, tmp_path / "scan.nii.gz")
    with pytest.raises(UnreadableError, match=r"holds values down to -1\d\d\d.*a CT is analyzed with -m ct_thigh"):
        load(path, LoadOptions())


def test_a_zip_that_expands_too_far_is_refused(
    two_stations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "P7.zip", "w") as bundle:
        for path in sorted(two_stations.iterdir())[:20]:
            bundle.write(path, path.name)
    monkeypatch.setenv("MYOSCOPE_MAX_UNZIPPED_GB", "0.0001")
    get_settings.cache_clear()
    try:
        with pytest.raises(ArchiveError, match=r"P7.zip unpacks to more than"):
            load(tmp_path / "P7.zip", LoadOptions())
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


@pytest.mark.shared
def test_a_real_pair_of_calves_is_loaded_as_it_is_and_a_swap_of_it_is_told(tmp_path: Path) -> None:
    files = {name: SHARED / f"calf_dixon_{name}.nii.gz" for name in ("water", "fat")}
    if not SHARED.is_dir():
        pytest.skip("needs the shared MRI")
    scan = load(files["water"], LoadOptions(contrasts=files))
    assert (tuple(scan.channels), codes(scan)) == (("water", "fat"), [])
    assert not scan.oriented
    swapped = load(files["fat"], LoadOptions(contrasts={"water": files["fat"], "fat": files["water"]}))
    assert codes(swapped) == ["water_fat_swap"]
    for number, name in enumerate(("water", "fat"), 1):
        write_volume(scan.channels[name], replace(scan.grid), tmp_path / f"scan_{number}.nii.gz")
    guessed = load(tmp_path, LoadOptions())
    assert codes(guessed) == ["contrast_by_signal"]
    assert np.array_equal(guessed.channels["fat"], scan.channels["fat"])
