"""What a loss asks of an unsure network, how an optimizer steps, what a validation finds in any precision."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from myoscope.data.recipe import Recipe, TrainingPlan
from myoscope.training.cases import PreparedCase
from myoscope.training.checking import LabelFacts
from myoscope.training.module import SegmentationModule, loss_of, optimizer_of, running_average
from myoscope.training.subjects import Membership

#: Of 100 voxels that look alike, 45 are muscle; beside them lie 100 that are muscle for sure.
ALIKE, MUSCLE = 100, 45


def _pull_on_unsure_voxels(name: str) -> float:
    """Return the gradient of their muscle logit where the network says what is true: muscle with a chance of 0.45."""
    label = torch.zeros(1, 1, 2 * ALIKE, 1, 1, dtype=torch.int64)
    label[:, :, : ALIKE + MUSCLE] = 1
    says = torch.tensor(MUSCLE / (ALIKE - MUSCLE)).log().requires_grad_()
    muscle = torch.cat([torch.full((ALIKE,), 20.0), says.expand(ALIKE)])
    logits = torch.stack([torch.zeros(2 * ALIKE), muscle])[None, :, :, None, None]
    (pull,) = torch.autograd.grad(loss_of(name)(logits, label), says)
    return float(pull)


def test_cross_entropy_is_content_when_chances_are_those_of_the_labels() -> None:
    assert _pull_on_unsure_voxels("ce") == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", ["dice", "dice_ce"])
def test_dice_asks_for_more_muscle_than_there_is_where_chances_are_above_half_of_it(name: str) -> None:
    assert _pull_on_unsure_voxels(name) < -1e-3  # descent raises the logit


def _step(name: str) -> torch.Tensor:
    """Return how a kernel moves at a rate of 0.1 where one direction of its gradient is far above the rest."""
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(4, 8, 3)
    before = layer.weight.detach().clone()
    slope = torch.randn(8, 1) @ torch.randn(1, 36) + 0.05 * torch.randn(8, 36)
    layer.weight.grad = slope.reshape(8, 4, 3, 3)
    optimizer_of(name)(layer.parameters(), lr=0.1, weight_decay=0.0).step()
    return (layer.weight.detach() - before).flatten(1)


def test_muon_steps_as_far_in_every_direction_of_a_kernel_and_adamw_does_not() -> None:
    muon, adamw = (torch.linalg.svdvals(_step(name)) for name in ("muon", "adamw"))
    assert muon.max() < 2 * muon.min()
    assert adamw.max() > 5 * adamw.min()


def test_muon_steps_about_as_far_as_adamw_at_the_same_rate() -> None:
    muon, adamw = (_step(name).square().mean().sqrt() for name in ("muon", "adamw"))
    assert 0.1 * adamw < muon < adamw


def test_the_biases_of_muon_follow_the_schedule_too() -> None:
    layer = torch.nn.Linear(8, 8)
    optimizer = optimizer_of("muon")(layer.parameters(), lr=0.1, weight_decay=0.0)
    optimizer.param_groups[0]["lr"] = 0.0
    before = layer.bias.detach().clone()
    layer.weight.grad, layer.bias.grad = torch.ones(8, 8), torch.ones(8)
    optimizer.step()
    assert torch.equal(layer.bias.detach(), before)


class _Counter(pl.LightningModule):
    """Its weight is the number of steps that it took."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, _batch: object, _index: int) -> torch.Tensor:
        return -self.weight.sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:.*does not have many workers")
@pytest.mark.parametrize(("decay", "lowest", "highest"), [(0.995, 85, 95), (0.5, 98, 99.5)])
def test_the_average_of_a_short_run_is_one_of_its_last_weights(decay: float, lowest: float, highest: float) -> None:
    counter = _Counter()
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=1, callbacks=[running_average(decay)], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(counter, torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.arange(100))))
    assert lowest < float(counter.weight.detach()) < highest  # the last weight is 100


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:.*does not have many workers")
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_network_that_reads_the_labels_off_the_image_validates_with_a_dice_of_one(precision: str) -> None:
    plan = TrainingPlan("ce", 1e-3, 0.0, batch_size=1, crops_per_case=1, max_epochs=1)
    recipe = Recipe("x/y", ("femur",), (1.0, 1.0, 1.0), (16, 16, 16), 0.5, {}, "y", {}, plan)
    label = np.zeros((20, 20, 20), dtype=np.uint8)
    label[5:14, 4:12, 6:17] = 1
    files, facts = (Path("image"), Path("label")), LabelFacts(frozenset({"femur"}), sides_split=False, named=True)
    case = PreparedCase("case", files, Membership("someone"), label[None].astype(np.float16), label, facts)
    network = torch.nn.Conv3d(1, 2, kernel_size=1)
    weight = torch.tensor([0.0, 10.0]).reshape(network.weight.shape)
    network.load_state_dict({"weight": weight, "bias": torch.tensor([0.0, -5.0])})
    trainer = pl.Trainer(
        accelerator="cpu", precision=precision, logger=False, enable_progress_bar=False, enable_model_summary=False
    )
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.arange(1)))
    (found,) = trainer.validate(SegmentationModule(network, recipe, (case,), 1), loader, verbose=False)
    assert found["val_dice"] == pytest.approx(1.0)
