"""Eight tiny frames with a bright and a dark muscle one above the other, and one whole nnU-Net run on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

import myoscope
from myoscope import Recipe
from myoscope.models import ModelCard, ModelPackage
from myoscope.nnunet import TRAINING, LabelledFrame, Workspace, convert, export, fit, plan

SIZE, FRAMES, EPOCHS, SEED = 64, 8, 3, 5
HELD_OUT = ("frame_6", "frame_7")


def drawn(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a frame and its labels: a bright ellipse (1) above a dark one (2) in grey speckle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    middle, height = 32 + rng.uniform(-5, 5), rng.uniform(8, 11)
    above = ((x - middle) / 22) ** 2 + ((y - 32 + height) / height) ** 2 <= 1
    below = ((x - middle) / 22) ** 2 + ((y - 32 - height) / height) ** 2 <= 1
    label = np.where(above, 1, np.where(below, 2, 0)).astype(np.uint8)
    grey = np.array([110.0, 200.0, 30.0])[label] + rng.normal(0, 12, label.shape)
    return grey.clip(1, 255).astype(np.uint8), label


@dataclass(frozen=True)
class Trained:
    """One whole run."""

    workspace: Workspace
    recipe: Recipe
    package: ModelPackage
    told: tuple[int, ...]


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return Recipe(
        name="ultrasound/peroneus_tiny",
        structures=("peroneus_longus", "peroneus_brevis"),
        spacing_mm=(),
        window=(SIZE, SIZE),
        overlap=0.5,
        preprocessing={},
        network="nnunet",
        network_options={"base_features": 4, "max_features": 8, "upright": True},
        training=replace(TRAINING, batch_size=2, crops_per_case=3, max_epochs=EPOCHS),
        channels=("bmode",),
    )


@pytest.fixture(scope="session")
def frames() -> tuple[LabelledFrame, ...]:
    return tuple(LabelledFrame(f"frame_{n}", *drawn(n), (0.2, 0.2)) for n in range(FRAMES))


@pytest.fixture(scope="session")
def card(recipe: Recipe) -> ModelCard:
    return ModelCard(
        id=recipe.name, modality="ultrasound", recipe=recipe, backend="torch", sha256="",
        trained_on="six drawn frames", licenses=(), command="none", seed=SEED, hours=0.0, device="cpu",
        held_out="two drawn frames", scores=(), limitations=("knows ellipses",), myoscope_version=myoscope.__version__,
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained(
    recipe: Recipe, frames: tuple[LabelledFrame, ...], card: ModelCard, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    folder = tmp_path_factory.mktemp("nnunet")
    workspace, told = Workspace(folder / "work"), list[int]()
    convert(frames, recipe, workspace, held_out=HELD_OUT)
    plan(recipe, workspace)
    results = fit(recipe, workspace, seed=SEED, on_epoch=told.append)
    return Trained(workspace, recipe, export(results, card, folder / "model"), tuple(told))
