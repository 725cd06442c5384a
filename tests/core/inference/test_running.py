from __future__ import annotations

import numpy as np
import pytest

from myoscope.inference.running import is_out_of_memory, logits_of_windows, mirrored
from myoscope.inference.windows import Corner, Plan, cut, plan_windows

torch = pytest.importorskip("torch")

VOLUME = np.random.default_rng(0).normal(size=(2, 9, 8, 20)).astype(np.float32)
PLAN = plan_windows(VOLUME.shape[1:], (5, 8, 8), 0.5)


class Counted:
    """Gives twice the window, remembers how many it saw at once, and has room for so many only."""

    def __init__(self, room: int = 99, error: Exception | None = None) -> None:
        self.room, self.error, self.seen = room, error or MemoryError(), []

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(windows))
        if len(windows) > self.room:
            raise self.error
        return 2 * windows


def run(network: object, batch: int, skipped: frozenset[Corner] = frozenset(), plan: Plan = PLAN) -> list:
    return list(logits_of_windows(VOLUME, network, plan, skipped=skipped, batch=batch, device="cpu"))


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 50])
def test_every_window_comes_once_and_in_order_whatever_the_batch(batch: int) -> None:
    assert PLAN.count == 12
    found = run(Counted(), batch)
    assert [corner for corner, _ in found] == list(PLAN.corners)
    assert all(torch.equal(logits, 2 * cut(VOLUME, corner, PLAN.window)) for corner, logits in found)


def test_windows_go_through_together_and_the_last_ones_alone() -> None:
    network = Counted()
    run(network, 5)
    assert network.seen == [5, 5, 2]


def test_skipped_windows_are_in_their_place_and_never_seen() -> None:
    skipped = frozenset({PLAN.corners[0], PLAN.corners[3], PLAN.corners[11]})
    network = Counted()
    found = run(network, 2, skipped)
    assert {corner for corner, logits in found if logits is None} == skipped
    assert [corner for corner, _ in found] == list(PLAN.corners)
    assert network.seen == [2, 2, 2, 2, 1]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("std::bad_alloc"),
    ],
    ids=str,
)
def test_when_memory_runs_out_the_batch_is_halved_until_it_fits(error: Exception) -> None:
    network = Counted(room=2, error=error)
    found = run(network, 8)
    assert network.seen == [8, 4, 2, 2, 2, 2, 2, 2]
    assert all(torch.equal(logits, 2 * cut(VOLUME, corner, PLAN.window)) for corner, logits in found)


def test_when_a_single_window_does_not_fit_the_error_goes_up() -> None:
    network = Counted(room=0)
    with pytest.raises(MemoryError):
        run(network, 3)
    assert network.seen == [3, 2, 1]


def test_another_error_goes_up_at_once() -> None:
    network = Counted(room=0, error=RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        run(network, 8)
    assert network.seen == [8]


def test_what_pytorch_says_when_a_processor_has_no_memory_is_understood() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_mirroring_gives_the_mean_of_the_probabilities_of_both_looks() -> None:
    """A network that is sure of class 1 in the left half of what it sees and of class 0 in the right."""

    def halves(windows: torch.Tensor) -> torch.Tensor:
        left = (torch.arange(windows.shape[-1]) < windows.shape[-1] // 2).float().expand_as(windows)
        return torch.cat([1 - left, left], dim=1) * 60

    shares = mirrored(halves)(torch.zeros(1, 1, 2, 2, 8)).softmax(dim=1)
    torch.testing.assert_close(shares, torch.full_like(shares, 0.5))


def test_a_mirrored_network_says_of_a_mirrored_window_the_same_mirrored() -> None:
    """So no channel needs to change place: each is a structure of either side."""
    torch.manual_seed(0)
    network = mirrored(torch.nn.Conv3d(1, 3, 3, padding=1))
    window = torch.rand(1, 1, 4, 6, 8)
    with torch.inference_mode():
        torch.testing.assert_close(network(window.flip(-1)), network(window).flip(-1))


def test_mirroring_changes_nothing_for_a_network_that_knows_no_left_and_right() -> None:
    network = torch.nn.Conv3d(1, 3, 1)
    window = torch.rand(2, 1, 4, 6, 8)
    with torch.inference_mode():
        torch.testing.assert_close(mirrored(network)(window).softmax(dim=1), network(window).softmax(dim=1))
