"""A small labelled thigh, and a small model that really finds muscle and bone in it, for every test that needs one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import myoscope
from myoscope import LabelledCase, Recipe, SynthesisOptions
from myoscope.models import ModelPackage
from myoscope.settings import get_settings

STEPS, LEARNING_RATE, BONE_WEIGHT = 45, 0.015, 15.0


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this run alone, for processes that tests start as well."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("MYOSCOPE_CACHE", str(folder))
        get_settings.cache_clear()
        yield folder
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def thigh() -> LabelledCase:
    return myoscope.synthesize("ct_thigh", 3, SynthesisOptions(spacing_mm=(6.0, 6.0, 18.0)))


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipe:
    from myoscope.plugins import describe

    return replace(
        describe("ct_thigh").recipes["ct_thigh/unetr_small"],
        name="ct_thigh/tiny",
        structures=("vastus_lateralis", "femur"),
        spacing_mm=(12.0, 12.0, 24.0),
        window=(32, 24, 24),
        network_options={"hidden_size": 12, "layers": 3, "heads": 2, "feature_size": 6},
    )


@pytest.fixture(scope="session")
def tiny_package(tmp_path_factory: pytest.TempPathFactory, thigh: LabelledCase, tiny_recipe: Recipe) -> ModelPackage:
    """Learnt by heart in seconds: any muscle is called vastus lateralis, any bone femur."""
    import torch

    from myoscope.models import ModelCard, write_package
    from myoscope.plugins import open_modality
    from myoscope.training.cases import prepare

    plugin = open_modality("ct_thigh")
    bone = np.isin(thigh.segmentation.labels % 100, (28, 29))
    merged = np.where(bone, 28, np.where(thigh.segmentation.labels > 0, 3, 0)).astype(np.uint8)
    truth = replace(thigh.segmentation, labels=merged, predicted=frozenset(tiny_recipe.structures), sides_split=False)
    seen, meant = prepare(thigh.scan, truth, tiny_recipe, plugin)
    window = tiny_recipe.window[::-1]
    image, label = np.zeros((1, 1, *window), dtype=np.float32), np.zeros((1, *window), dtype=np.int64)
    box = tuple(slice(0, min(n, w)) for n, w in zip(meant.shape, window, strict=True))
    image[0, 0][box], label[0][box] = seen[0][box], meant[box]
    given, wanted = torch.from_numpy(image), torch.from_numpy(label)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = plugin.build_network(tiny_recipe)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    loss = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1.0, BONE_WEIGHT]))
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(network(given), wanted).backward()
        optimizer.step()
    card = ModelCard(
        id=tiny_recipe.name, modality="ct_thigh", recipe=tiny_recipe, backend="torch", sha256="",
        trained_on="one synthetic thigh", licenses=(), command="none", seed=0, hours=0.0, device="cpu",
        held_out="nothing", scores=(), limitations=("calls every muscle vastus lateralis",),
        myoscope_version=myoscope.__version__,
    )  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("model") / "tiny"
    return write_package(card, network.state_dict(), folder)
