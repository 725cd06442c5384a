from __future__ import annotations

from dataclasses import replace

import pytest

from myoscope import Recipe
from myoscope.models.backends.memory import NetworkMemory, network_memory, still_to_take

torch = pytest.importorskip("torch")

MB = 2**20


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    """Windows of 1 MiB a channel in float32."""
    return replace(tiny_recipe, window=(64, 64, 64))


def test_a_chain_holds_what_a_step_takes_and_what_it_gives(recipe: Recipe) -> None:
    """Each of the steps needs 1 MiB in and 1 MiB out; the window itself is held by the caller."""
    chain = torch.nn.Sequential(torch.nn.Sigmoid(), torch.nn.Tanh(), torch.nn.Sigmoid())
    assert network_memory(lambda _: chain, recipe, channels=1).window_mb == pytest.approx(3, abs=0.01)


def test_a_skip_connection_is_held_until_it_is_used(recipe: Recipe) -> None:
    class Skip(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            kept = x.repeat(1, 4, 1, 1, 1)
            return torch.cat([x.sigmoid().tanh(), kept], dim=1)

    # window 1, kept 4, the tanh 1, the result 5
    assert network_memory(lambda _: Skip(), recipe, channels=1).window_mb == pytest.approx(11, abs=0.01)


def test_a_convolution_may_hold_its_input_and_its_output_twice(recipe: Recipe) -> None:
    assert network_memory(
        lambda _: torch.nn.Conv3d(2, 3, 3, padding=1), recipe, channels=2
    ).window_mb == pytest.approx(2 + 3 + 5, abs=0.01)  # fmt: skip


def test_weights_count_for_themselves(recipe: Recipe) -> None:
    def build(_: Recipe) -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.AdaptiveAvgPool3d(1), torch.nn.Flatten(), torch.nn.Linear(1, 1 << 18))

    memory = network_memory(build, recipe, channels=1)
    assert memory.weights_mb == 2  # a factor and a bias for each of 2 ** 18 results
    assert memory.window_mb == pytest.approx(1 + 1, abs=0.01)


def test_a_network_that_looks_at_values_is_run_on_zeros_instead(recipe: Recipe) -> None:
    class Looks(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + x.amax().item()

    assert network_memory(lambda _: Looks(), recipe, channels=1).window_mb == pytest.approx(2, abs=0.01)


def test_a_picture_has_two_axes(recipe: Recipe) -> None:
    flat = replace(recipe, window=(512, 512))
    assert network_memory(lambda _: torch.nn.Sigmoid(), flat, channels=1).window_mb == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(
    ("runner", "left"),
    [
        ("torch cpu float32", (0.0, 100.0)),
        ("torch cuda float16", (0.0, 50.0)),
        ("openvino cpu float32", (45.0, 100.0)),
        ("openvino cpu bfloat16", (30.0, 50.0)),
    ],
)
def test_a_runner_takes_what_the_process_does_not_hold_yet(runner: str, left: tuple[float, float]) -> None:
    assert still_to_take(NetworkMemory(30.0, 100.0), runner) == NetworkMemory(*left)
