"""The README's examples run, in order, in one folder and one namespace."""

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from myoscope.cli import main

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_example_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    kinds = []
    for kind, text in BLOCK.findall(README.read_text(encoding="utf-8")):
        kinds.append(kind)
        if kind == "python":
            exec(compile(text, str(README), "exec"), namespace)  # noqa: S102
            continue
        commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        assert commands
        for command in commands:
            program, *arguments = shlex.split(command)
            assert program == "myoscope"
            assert main(arguments) == 0, command
    assert {"python", "console"} == set(kinds)
    assert (tmp_path / "report" / "report.html").is_file()
    assert (tmp_path / "again" / "measurements.csv").is_file()


def test_the_table_of_files_lists_what_a_case_gives(tmp_path: Path) -> None:
    from myoscope import Station, SynthesisOptions, measure, synthesize

    coarse = SynthesisOptions(size=(40, 32, 24), spacing_mm=(8.0, 8.0, 16.0))
    dixon = synthesize("dixon_mri", 0, coarse)
    stations = (Station("hips", (0.0, 200.0)), Station("knees", (-180.0, 20.0)))
    video = synthesize("ultrasound", 0, SynthesisOptions(site="biceps", size=(128, 128), frames=3))
    written = set()
    for scan, segmentation in (
        (replace(dixon.scan, stations=stations), replace(dixon.segmentation, confidence_map=dixon.segmentation.labels)),
        (video.scan, video.segmentation),
    ):
        for path in measure(scan, segmentation).save(tmp_path / scan.modality).iterdir():
            name = path.name.replace(scan.case_id, "<case>")
            channel = name.removeprefix("<case>_").removesuffix(".nrrd")
            written.add("<case>_<channel>.nrrd" if channel in scan.channels else name)
    table = README.read_text(encoding="utf-8").partition("## What one case gives")[2].partition("\n## ")[0]
    listed = {name for name in re.findall(r"`([\w<>.]+)`", table) if "." in name}
    assert listed == written
