from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

import myoscope
from myoscope.cli import main

HEAVY = (
    "torch", "monai", "lightning", "pandas", "SimpleITK", "matplotlib", "plotly", "scipy", "skimage", "nibabel",
    "pydicom", "pydantic", "tqdm",
)  # fmt: skip


def test_help_lists_every_command_and_the_exit_codes(program: Sequence[str]) -> None:
    done = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True)
    for command in ("analyze", "measure", "modalities", "structures", "models", "train", "synthesize", "benchmark"):
        assert f"\n    {command}" in done.stdout
    assert "130 interrupted" in done.stdout
    assert "Research use only" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from myoscope.cli import main
try:
    main(["--help"])
except SystemExit:
    print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["--version"])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out == f"myoscope {myoscope.__version__}\n"


@pytest.mark.parametrize(
    "argv", [[], ["anlyze"], ["analyze"], ["analyze", "scan"], ["models"], ["analyze", "scan", "-o", "x", "--mod", "y"]]
)
def test_a_call_that_cannot_be_understood_is_exit_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(argv)
    assert exit_info.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "error: " in said.err


def test_the_process_itself_exits_with_2(program: Sequence[str]) -> None:
    assert subprocess.run([*program, "nonsense"], capture_output=True, check=False).returncode == 2
