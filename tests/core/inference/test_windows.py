import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from myoscope.inference.windows import LEAST_WEIGHT, SIGMA_SHARE, blended_slabs, plan_windows

torch = pytest.importorskip("torch")

WINDOW = (8, 6, 10)
SHAPE = (19, 13, 25)
AXIS = st.integers(1, 40)


@settings(max_examples=60, deadline=None)
@given(st.tuples(AXIS, AXIS, AXIS), st.tuples(*[st.integers(1, 16)] * 3), st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_windows_cover_everything_with_at_least_the_overlap(
    shape: tuple[int, ...], window: tuple[int, ...], overlap: float
) -> None:
    plan = plan_windows(shape, window, overlap)
    assert plan.window == window
    assert plan.count == np.prod([len(starts) for starts in plan.starts])
    for n, w, padded, starts in zip(shape, window, plan.padded, plan.starts, strict=True):
        assert padded == max(n, w)
        assert starts[0] == 0
        assert starts[-1] + w == padded
        steps = np.diff(starts)
        assert (steps > 0).all()
        assert (steps <= max(1, w * (1 - overlap))).all()


def test_a_volume_smaller_than_the_window_needs_one_window() -> None:
    plan = plan_windows((3, 2, 5), WINDOW, 0.5)
    assert (plan.count, plan.padded, plan.starts) == (1, WINDOW, ((0,), (0,), (0,)))


def test_a_volume_of_two_windows_and_half_an_overlap_has_three_an_axis() -> None:
    plan = plan_windows((16, 16, 16), (8, 8, 8), 0.5)
    assert plan.starts == ((0, 4, 8),) * 3


def blend(volume: np.ndarray, network: object, overlap: float, window: tuple[int, ...] = WINDOW) -> list:
    plan = plan_windows(volume.shape[1:], window, overlap)
    with torch.inference_mode():
        slabs = blended_slabs(volume, network, plan, classes=3, device="cpu", on_window=lambda: None)
        return [(first, slab.clone()) for first, slab in slabs]


def whole(slabs: list) -> np.ndarray:
    return torch.cat([slab for _, slab in slabs], dim=1).numpy()


@pytest.fixture(scope="module")
def network() -> object:
    """Two random convolutions: what a window gives near its border depends on where the border is."""
    torch.manual_seed(0)
    layers = [torch.nn.Conv3d(2, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv3d(4, 3, 3, padding=1)]
    return torch.nn.Sequential(*layers).eval()


@pytest.fixture(scope="module")
def volume() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("shape", [SHAPE, (5, 13, 25), (5, 4, 7), (8, 6, 10)], ids=str)
def test_slabs_are_the_weighted_mean_of_all_windows(
    network: object, volume: np.ndarray, shape: tuple[int, ...]
) -> None:
    """The same blend by brute force: everything held at once, one window after another."""
    piece = np.ascontiguousarray(volume[:, : shape[0], : shape[1], : shape[2]])
    plan = plan_windows(shape, WINDOW, 0.5)
    padded = np.zeros((2, *plan.padded), dtype=np.float32)
    padded[:, : shape[0], : shape[1], : shape[2]] = piece
    away = [(np.arange(n) - (n - 1) / 2) / (SIGMA_SHARE * n) for n in WINDOW]
    distance = away[0][:, None, None] ** 2 + away[1][:, None] ** 2 + away[2] ** 2
    weight = np.maximum(np.exp(-0.5 * distance), LEAST_WEIGHT)
    total, norm = np.zeros((3, *plan.padded)), np.zeros(plan.padded)
    for corner in itertools.product(*plan.starts):
        place = tuple(slice(a, a + w) for a, w in zip(corner, WINDOW, strict=True))
        with torch.inference_mode():
            given_window = torch.from_numpy(padded[(slice(None), *place)][None])
            total[(slice(None), *place)] += network(given_window).softmax(dim=1)[0].numpy() * weight
        norm[place] += weight
    expected = (total / norm)[:, : shape[0], : shape[1], : shape[2]]
    np.testing.assert_allclose(whole(blend(piece, network, 0.5)), expected, atol=1e-5)


def test_slabs_are_those_of_monai_where_both_place_the_same_windows(network: object, volume: np.ndarray) -> None:
    """MONAI keeps the last window flush where we spread evenly: a length of 1.5 and 2 windows gives both the same."""
    from monai.inferers import sliding_window_inference

    piece = np.ascontiguousarray(volume[:, :16, :9, :20])
    with torch.inference_mode():
        expected = sliding_window_inference(
            torch.from_numpy(piece[None]), WINDOW, 1, lambda x: network(x).softmax(dim=1),
            overlap=0.5, mode="gaussian", sigma_scale=SIGMA_SHARE,
        )  # fmt: skip
    np.testing.assert_allclose(whole(blend(piece, network, 0.5)), expected[0].numpy(), atol=1e-4)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.8])
@pytest.mark.parametrize("window", [WINDOW, (19, 13, 25), (24, 6, 32)], ids=str)
def test_a_network_that_looks_at_single_voxels_gives_the_same_whatever_the_windows(
    volume: np.ndarray, overlap: float, window: tuple[int, ...]
) -> None:
    torch.manual_seed(1)
    voxelwise = torch.nn.Conv3d(2, 3, 1)
    with torch.inference_mode():
        expected = voxelwise(torch.from_numpy(volume[None])).softmax(dim=1)[0].numpy()
    np.testing.assert_allclose(whole(blend(volume, voxelwise, overlap, window)), expected, atol=1e-5)


def test_slabs_come_in_order_once_a_plane_and_no_higher_than_a_window(network: object, volume: np.ndarray) -> None:
    slabs = blend(volume, network, 0.5)
    assert len(slabs) > 2
    planes = [p for first, slab in slabs for p in range(first, first + slab.shape[1])]
    assert planes == list(range(SHAPE[0]))
    for _, slab in slabs:
        assert slab.dtype is torch.float32
        assert slab.shape[0] == 3
        assert 0 < slab.shape[1] <= WINDOW[0]
        assert slab.shape[2:] == SHAPE[1:]
        np.testing.assert_allclose(slab.sum(dim=0), 1.0, atol=1e-5)


def test_every_window_is_told(network: object, volume: np.ndarray) -> None:
    plan = plan_windows(SHAPE, WINDOW, 0.5)
    told: list[None] = []
    with torch.inference_mode():
        for _ in blended_slabs(volume, network, plan, classes=3, device="cpu", on_window=lambda: told.append(None)):
            pass
    assert len(told) == plan.count
