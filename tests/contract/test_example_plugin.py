"""The example of `docs/howto`, installed as its own distribution, needs no change in core."""

import csv
import json
import math
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]
MYOSCOPE = "import sys; from myoscope.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment on top of this one, with the example installed in it."""
    folder = tmp_path_factory.mktemp("throwaway")
    source = Path(__file__).parents[2] / "docs" / "howto" / "example_plugin"
    copy = shutil.copytree(source, folder / "plugin", ignore=shutil.ignore_patterns("__pycache__"))
    venv.create(folder / "env", with_pip=True)
    paths = sysconfig.get_paths(vars={"base": str(folder / "env"), "platbase": str(folder / "env")})
    python = Path(paths["scripts"]) / Path(sys.executable).name
    beneath = Path(paths["purelib"]) / "beneath.pth"
    beneath.write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    subprocess.run([python, "-m", "pip", "install", *options, copy], check=True, capture_output=True)
    return python


@pytest.fixture
def myoscope(installed: Path, tmp_path: Path) -> Run:
    """Run the command line in the environment of the example, in a temporary folder."""

    def run(*arguments: str) -> str:
        command = [installed, "-W", "error::UserWarning:myoscope_limb_phantom", "-c", MYOSCOPE, *arguments]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_an_installed_plugin_is_listed_beside_the_others(myoscope: Run) -> None:
    names = myoscope("modalities")
    assert "limb_phantom" in names
    assert "ct_thigh" in names


def test_an_installed_plugin_is_recognized_and_analyzed_without_a_change_in_core(myoscope: Run, tmp_path: Path) -> None:
    myoscope("synthesize", "limb_phantom", "-o", "cases", "-n", "1", "--seed", "1", "--size", "40", "40", "24", "-q")
    (image,) = (tmp_path / "cases" / "images").iterdir()
    myoscope("analyze", str(image), "-o", "out", "-d", "cpu", "-q")
    (facts_file,) = (tmp_path / "cases" / "facts").iterdir()
    facts = json.loads(facts_file.read_text())
    with (tmp_path / "out" / "measurements.csv").open() as stream:
        rows = {row["structure"]: row for row in csv.DictReader(stream)}
    cylinder = math.pi * facts["radius_mm"] ** 2 * facts["length_mm"] / 1000.0
    assert {row["modality"] for row in rows.values()} == {"limb_phantom"}
    assert float(rows["muscle_insert"]["value"]) + float(rows["bone_insert"]["value"]) == pytest.approx(
        cylinder, rel=0.02
    )
    assert (tmp_path / "out" / "report.html").stat().st_size > 0
