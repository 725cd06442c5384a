from __future__ import annotations

import numpy as np
import pytest
import torch

from myoscope.models import ModelPackage
from myoscope.models.backends.agreement import LEAST_INSIDE, Agreement, agreement_of, trial_window
from myoscope.plugins import open_modality


def logits_of(labels: list[int], classes: int = 3) -> torch.Tensor:
    """Logits (1, classes, voxels) whose winners these are."""
    return torch.nn.functional.one_hot(torch.tensor([labels]), classes).movedim(-1, 1).float()


def test_shares_are_counted_over_all_voxels_and_over_those_that_either_finds() -> None:
    found = agreement_of(logits_of([0, 0, 1, 1, 2, 0, 0, 0]), logits_of([0, 0, 1, 2, 2, 1, 0, 0]))
    assert found == Agreement(everywhere=6 / 8, inside=2 / 4, count=4)


def test_where_nothing_is_found_all_labels_agree_and_a_lower_precision_has_shown_nothing() -> None:
    found = agreement_of(logits_of([0, 0]), logits_of([0, 0]))
    assert found == Agreement(1.0, 1.0, 0)
    assert found.suffices("float32")
    assert not found.suffices("bfloat16")


@pytest.mark.parametrize(
    ("everywhere", "inside", "enough"), [(0.999, 0.995, True), (0.9989, 1.0, False), (1.0, 0.9949, False)]
)
def test_both_shares_have_to_reach_their_limit(everywhere: float, inside: float, enough: bool) -> None:
    assert Agreement(everywhere, inside, LEAST_INSIDE).suffices("bfloat16") is enough


def test_logits_of_another_shape_agree_with_nothing() -> None:
    found = agreement_of(logits_of([0, 0]), logits_of([0, 0], classes=4))
    assert found.problem == "Logits have the shape (1, 3, 2), expected (1, 4, 2)."
    assert not found.suffices("float32")


def test_the_window_is_the_middle_of_a_scan_and_always_the_same(tiny_package: ModelPackage) -> None:
    plugin = open_modality("ct_thigh")
    window = trial_window(tiny_package, plugin)
    assert window.shape == (1, 1, *tiny_package.card.recipe.window[::-1])
    assert float(window.std()) > 0
    assert np.array_equal(window, trial_window(tiny_package, plugin))
