import numpy as np
import pytest

from myoscope import Recipe
from myoscope.inference.turning import Turn, best_turn, turned

torch = pytest.importorskip("torch")

#: (x, y, z) of the window; the recipe's other fields do not matter here.
WINDOW = (6, 8, 4)
EVERY = tuple(Turn(front, head) for front in (False, True) for head in (False, True))


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    from dataclasses import replace

    return replace(tiny_recipe, window=WINDOW, overlap=0.5)


def sure_of_the_front(window: torch.Tensor) -> torch.Tensor:
    """Return a network that knows tissue at the front of the lower slices, and nothing else."""
    inside = (window > 0.1).float()
    known = inside.clone()
    known[:, :, window.shape[2] // 2 :] = 0
    known[:, :, :, window.shape[3] // 2 :] = 0
    return torch.cat([torch.zeros_like(known), 8 * known - 4], dim=1)


def volume_with_tissue(turn: Turn) -> np.ndarray:
    volume = np.zeros((1, *WINDOW[::-1]), dtype=np.float32)
    volume[0, :2, :4] = 1.0
    return np.ascontiguousarray(np.flip(volume, [axis - 1 for axis in turn.axes]))


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_a_turned_scan_is_found_and_how_it_is_turned(turn: Turn, recipe: Recipe) -> None:
    assert best_turn(volume_with_tissue(turn), sure_of_the_front, recipe, device="cpu") == turn


def test_what_looks_alike_either_way_stays_as_the_header_says(recipe: Recipe) -> None:
    everywhere = np.ones((1, *WINDOW[::-1]), dtype=np.float32)
    assert best_turn(everywhere, lambda w: torch.cat([w, 2 * w], dim=1), recipe, device="cpu") == Turn()


def test_air_alone_is_not_turned(recipe: Recipe) -> None:
    assert best_turn(np.zeros((1, *WINDOW[::-1]), np.float32), sure_of_the_front, recipe, device="cpu") == Turn()


@pytest.mark.parametrize("turn", EVERY, ids=str)
def test_logits_of_a_turned_network_lie_as_the_window_does(turn: Turn) -> None:
    window = torch.rand(1, 1, 4, 8, 6)
    assert torch.equal(turned(lambda w: 2 * w, turn)(window), 2 * window)
    seen = []
    turned(lambda w: seen.append(w) or w, turn)(window)
    assert torch.equal(seen[0], window.flip(turn.axes) if turn.axes else window)


def test_only_a_turned_scan_has_a_finding_and_it_names_what_was_exchanged() -> None:
    assert Turn().findings() == ()
    (finding,) = Turn(front_to_back=True, head_to_foot=True).findings()
    assert finding.code == "orientation_doubtful"
    assert "front and back" in finding.message
    assert "head and feet" in finding.message
    assert "feet" not in Turn(front_to_back=True).findings()[0].message


def test_what_tells_front_from_back_alone_leaves_head_and_feet_as_they_are(recipe: Recipe) -> None:
    """Turned head to foot as well it is a little surer, but not clearly so."""

    def network(window: torch.Tensor) -> torch.Tensor:
        known = (window > 0.1).float()
        known[:, :, :, window.shape[3] // 2 :] = 0
        known[:, :, : window.shape[2] // 2] *= 0.98
        return torch.cat([torch.zeros_like(known), 8 * known - 4], dim=1)

    volume = volume_with_tissue(Turn(front_to_back=True))
    assert best_turn(volume, network, recipe, device="cpu") == Turn(front_to_back=True)
