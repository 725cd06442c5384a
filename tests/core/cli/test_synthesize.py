from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import pytest

Run = Callable[..., Any]
SMALL = ["--size", "40", "30", "24", "--spacing", "10", "10", "20"]


def test_cases_are_named_by_seeds_that_count_up(run: Run, tmp_path: Path) -> None:
    said = run("synthesize", "ct_thigh", "-o", tmp_path / "d", "-n", "2", "--seed", "7", *SMALL)
    assert said.code == 0, said.err
    assert said.out == f"2 labelled cases in {tmp_path / 'd'}\n"
    for part, suffix in (("images", ".nii.gz"), ("labels", ".nii.gz"), ("facts", ".json")):
        names = sorted(p.name for p in (tmp_path / "d" / part).iterdir())
        assert names == [f"ct_thigh_00007{suffix}", f"ct_thigh_00008{suffix}"]


def test_size_and_spacing_are_those_asked_for(run: Run, tmp_path: Path) -> None:
    run("synthesize", "ct_thigh", "-o", tmp_path / "d", "-n", "1", "--seed", "7", "-q", *SMALL)
    image = nib.load(tmp_path / "d" / "images" / "ct_thigh_00007.nii.gz")
    assert image.shape == (40, 30, 24)
    assert image.header.get_zooms() == pytest.approx((10.0, 10.0, 20.0))


def test_the_same_seed_gives_the_same_bytes_and_a_cut_gives_others(run: Run, tmp_path: Path) -> None:
    for name, more in (("a", []), ("b", []), ("c", ["--cut"])):
        run("synthesize", "ct_thigh", "-o", tmp_path / name, "-n", "1", "--seed", "3", "-q", *SMALL, *more)
    a, b, c = ((tmp_path / n / "images" / "ct_thigh_00003.nii.gz").read_bytes() for n in "abc")
    assert a == b
    assert a != c


def test_a_label_map_is_rendered(run: Run, cases: Path, tmp_path: Path) -> None:
    source = cases / "labels" / "ct_thigh_00001.nii.gz"
    said = run("synthesize", "ct_thigh", "-o", tmp_path / "d", "-n", "1", "--seed", "3", "--labels", source, *SMALL)
    assert said.code == 0, said.err
    assert "ct_thigh_00001" in (tmp_path / "d" / "facts" / "ct_thigh_00003.json").read_text()


@pytest.mark.parametrize(
    "options",
    [["-n", "0"], ["-n", "few"], ["--seed", "-1"], ["--size", "0", "9", "9"], ["--spacing", "1", "nan", "1"]],
)
def test_numbers_that_mean_nothing_are_usage_errors(
    options: list[str], run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_info:
        run("synthesize", "ct_thigh", "-o", tmp_path / "d", "-n", "1", "--seed", "1", *options)
    assert exit_info.value.code == 2
    assert f"argument {'-n/--number' if options[0] == '-n' else options[0]}: " in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_a_label_map_that_is_not_there_is_bad_input(run: Run, tmp_path: Path) -> None:
    said = run(
        "synthesize", "ct_thigh", "-o", tmp_path / "d", "-n", "1", "--seed", "1", "--labels", tmp_path / "no.nii"
    )
    assert said.code == 3
    assert "no.nii" in said.err
    assert not (tmp_path / "d").exists()
