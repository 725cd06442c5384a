from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from myoscope.inference.blending import LEAST_SHARE, SIDE, Piece, blended, squares
from myoscope.inference.windows import LEAST_WEIGHT, SIGMA_SHARE, Corner, cut, plan_windows

torch = pytest.importorskip("torch")

WINDOW = (8, 6, 10)
#: Two squares along y and three along x, the last of them narrow.
SHAPE = (19, 18, 37)
CLASSES = 3
Network = Callable[..., object]


def blend(
    volume: np.ndarray, network: Network, overlap: float, *, window: tuple[int, ...] = WINDOW,
    blending: str = "gaussian", skipped: frozenset[Corner] = frozenset(),
) -> list[Piece]:  # fmt: skip
    plan = plan_windows(volume.shape[1:], window, overlap)
    with torch.inference_mode():
        windows = (
            (corner, None if corner in skipped else network(cut(volume, corner, window)[None])[0])
            for corner in plan.corners
        )
        return list(blended(windows, plan, blending=blending, device="cpu"))


def whole(pieces: list[Piece], shape: tuple[int, ...], classes: int = CLASSES) -> np.ndarray:
    """Return all probabilities side by side; what no piece holds is 0."""
    dense = np.zeros((classes, *shape), dtype=np.float32)
    for piece in pieces:
        planes = slice(piece.first, piece.first + piece.shares.shape[1])
        dense[np.array(piece.classes), planes, piece.rows, piece.columns] = piece.shares.numpy()
    return dense


@pytest.fixture(scope="module")
def network() -> Network:
    """Two random convolutions: what a window gives near its border depends on where the border is."""
    torch.manual_seed(0)
    layers = [torch.nn.Conv3d(2, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv3d(4, CLASSES, 3, padding=1)]
    return torch.nn.Sequential(*layers).eval()


@pytest.fixture(scope="module")
def volume() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("blending", ["gaussian", "constant"])
@pytest.mark.parametrize("shape", [SHAPE, (5, 13, 25), (5, 4, 7), (8, 6, 10), (19, 1, 17)], ids=str)
def test_pieces_are_the_weighted_mean_of_all_windows(
    network: Network, volume: np.ndarray, shape: tuple[int, ...], blending: str
) -> None:
    """The same blend by brute force: everything held at once, one window after another."""
    piece = np.ascontiguousarray(volume[:, : shape[0], : shape[1], : shape[2]])
    plan = plan_windows(shape, WINDOW, 0.5)
    large = tuple(max(n, w) for n, w in zip(shape, WINDOW, strict=True))
    padded = np.zeros((2, *large), dtype=np.float32)
    padded[:, : shape[0], : shape[1], : shape[2]] = piece
    away = [(np.arange(n) - (n - 1) / 2) / (SIGMA_SHARE * n) for n in WINDOW]
    distance = away[0][:, None, None] ** 2 + away[1][:, None] ** 2 + away[2] ** 2
    weight = np.maximum(np.exp(-0.5 * distance), LEAST_WEIGHT) if blending == "gaussian" else np.ones(WINDOW)
    total, norm = np.zeros((CLASSES, *large)), np.zeros(large)
    for corner in itertools.product(*plan.starts):
        place = tuple(slice(a, a + w) for a, w in zip(corner, WINDOW, strict=True))
        with torch.inference_mode():
            given_window = torch.from_numpy(padded[(slice(None), *place)][None])
            total[(slice(None), *place)] += network(given_window).softmax(dim=1)[0].numpy() * weight
        norm[place] += weight
    expected = (total / norm)[:, : shape[0], : shape[1], : shape[2]]
    np.testing.assert_allclose(whole(blend(piece, network, 0.5, blending=blending), shape), expected, atol=1e-5)


def test_pieces_are_what_monai_gives_where_both_place_the_same_windows(network: Network, volume: np.ndarray) -> None:
    """MONAI keeps the last window flush where we spread evenly: a length of 1.5 and 2 windows gives both the same."""
    from monai.inferers import sliding_window_inference

    piece = np.ascontiguousarray(volume[:, :16, :9, :20])
    with torch.inference_mode():
        expected = sliding_window_inference(
            torch.from_numpy(piece[None]), WINDOW, 1, lambda x: network(x).softmax(dim=1),
            overlap=0.5, mode="gaussian", sigma_scale=SIGMA_SHARE,
        )  # fmt: skip
    np.testing.assert_allclose(whole(blend(piece, network, 0.5), (16, 9, 20)), expected[0].numpy(), atol=1e-4)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.8])
@pytest.mark.parametrize("window", [WINDOW, SHAPE, (24, 6, 40)], ids=str)
def test_a_network_that_looks_at_single_voxels_gives_the_same_whatever_the_windows(
    volume: np.ndarray, overlap: float, window: tuple[int, ...]
) -> None:
    torch.manual_seed(1)
    voxelwise = torch.nn.Conv3d(2, CLASSES, 1)
    with torch.inference_mode():
        expected = voxelwise(torch.from_numpy(volume[None])).softmax(dim=1)[0].numpy()
    np.testing.assert_allclose(whole(blend(volume, voxelwise, overlap, window=window), SHAPE), expected, atol=1e-5)


def test_pieces_of_a_column_come_in_order_once_a_plane_and_no_higher_than_a_window(
    network: Network, volume: np.ndarray
) -> None:
    columns: dict[tuple[slice, slice], list[int]] = {}
    for piece in blend(volume, network, 0.5):
        assert piece.shares.dtype is torch.float32
        assert 0 < piece.shares.shape[1] <= WINDOW[0]
        assert list(piece.classes) == sorted(piece.classes)
        np.testing.assert_allclose(piece.shares.sum(dim=0), 1.0, atol=1e-5)
        place = (piece.rows.start, piece.rows.stop, piece.columns.start, piece.columns.stop)
        columns.setdefault(place, []).extend(range(piece.first, piece.first + piece.shares.shape[1]))
    assert len(columns) == 6
    assert all(planes == list(range(SHAPE[0])) for planes in columns.values())


@pytest.mark.parametrize("size", [1, 2, SIDE, SIDE + 1, SIDE + 2, 3 * SIDE + 1, 100])
def test_squares_share_their_borders_and_leave_no_gap(size: int) -> None:
    cut_up = squares(size)
    assert (cut_up[0].start, cut_up[-1].stop) == (0, size)
    assert all(one.stop - 1 == other.start for one, other in itertools.pairwise(cut_up))
    assert all(one.stop - one.start <= SIDE + 1 for one in cut_up)


def test_a_column_holds_only_the_classes_that_were_seen_there() -> None:
    """Forty classes, each in a strip of its own: a column that sees two strips holds those two."""
    classes, strip = 40, 8

    def strips(windows: torch.Tensor) -> torch.Tensor:
        x = windows[:, :1].expand(-1, classes, -1, -1, -1)
        return torch.where(x == torch.arange(classes)[:, None, None, None], 30.0, 0.0)

    volume = np.broadcast_to(np.arange(classes * strip) // strip, (1, 12, 6, classes * strip)).astype(np.float32)
    pieces = blend(volume, strips, 0.5, window=(8, 6, 32))
    assert max(len(piece.classes) for piece in pieces) == 3
    assert np.array_equal(whole(pieces, volume.shape[1:], classes).argmax(axis=0), volume[0])


def test_what_is_left_out_of_a_column_is_less_than_its_limit(volume: np.ndarray) -> None:
    faint = torch.tensor([0.0, np.log(2 * LEAST_SHARE), np.log(LEAST_SHARE / 2)])
    pieces = blend(volume, lambda w: faint[None, :, None, None, None].expand(1, -1, *w.shape[2:]), 0.5)
    assert {piece.classes for piece in pieces} == {(0, 1)}
    expected = faint.softmax(dim=0).numpy()
    assert whole(pieces, SHAPE).max(axis=(1, 2, 3)) == pytest.approx([expected[0], expected[1], 0.0], abs=1e-6)


def test_a_window_that_was_skipped_is_background_and_weighs_as_any_other(volume: np.ndarray) -> None:
    """Everything else is class 2: where two windows overlap of which one was skipped, both have their share."""
    certain = torch.tensor([0.0, 0.0, 40.0])[None, :, None, None, None]
    plan = plan_windows((8, 6, 15), WINDOW, 0.5)
    assert plan.corners == ((0, 0, 0), (0, 0, 5))
    pieces = blend(
        volume[:, :8, :6, :15], lambda w: certain.expand(1, -1, *w.shape[2:]), 0.5, blending="constant",
        skipped=frozenset({(0, 0, 5)}),
    )  # fmt: skip
    background = whole(pieces, (8, 6, 15))[0]
    np.testing.assert_allclose(background[:, :, :5], 0.0, atol=1e-6)
    np.testing.assert_allclose(background[:, :, 5:10], 0.5, atol=1e-6)
    np.testing.assert_allclose(background[:, :, 10:], 1.0, atol=1e-6)
