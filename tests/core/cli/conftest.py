from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import myoscope
from myoscope.cli import main

SYNTHESIZE = ["--size", "64", "48", "40", "--spacing", "6", "6", "12"]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process and return its exit code and what it said."""

    def call(*argv: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(arg) for arg in argv])
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return call


@pytest.fixture
def program() -> Sequence[str]:
    """The console script as a command line of its own process."""
    return [sys.executable, "-c", "import sys; from myoscope.cli import main; sys.exit(main())"]


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small labelled CT, made by the command itself."""
    folder = tmp_path_factory.mktemp("cli") / "cases"
    assert main(["synthesize", "ct_thigh", "-o", str(folder), "-n", "1", "--seed", "1", *SYNTHESIZE]) == 0
    return folder


@pytest.fixture(scope="session")
def image(cases: Path) -> Path:
    return cases / "images" / "ct_thigh_00001.nii.gz"


@pytest.fixture(scope="session")
def labels(cases: Path) -> Path:
    return cases / "labels" / "ct_thigh_00001.nii.gz"


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model package with the smallest network there is and fresh weights: what it finds is not the point."""
    import torch

    from myoscope.models import ModelCard, write_package
    from myoscope.plugins import describe, open_modality

    recipe = replace(
        describe("ct_thigh").recipes["ct_thigh/unetr_small"],
        name="ct_thigh/tiny",
        spacing_mm=(12.0, 12.0, 24.0),
        window=(32, 32, 32),
        network_options={"hidden_size": 12, "layers": 3, "heads": 2, "feature_size": 4},
    )
    torch.manual_seed(0)
    state = open_modality("ct_thigh").build_network(recipe).state_dict()
    card = ModelCard(
        id=recipe.name, modality="ct_thigh", recipe=recipe, backend="torch", sha256="", trained_on="nothing",
        licenses=(), command="none", seed=0, hours=0.0, device="cpu", held_out="nothing", scores=(),
        limitations=("finds nothing on purpose",), myoscope_version=myoscope.__version__,
    )  # fmt: skip
    return write_package(card, state, tmp_path_factory.mktemp("model") / "tiny").folder
