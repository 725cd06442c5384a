from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from myoscope import Grid, InferenceOptions, LabelledCase, Recipe
from myoscope.inference import LabelledVolume, label_volume
from myoscope.inference.windows import LEAST_WEIGHT, SIGMA_SHARE
from myoscope.models import ModelPackage, load_network
from myoscope.ops.orient import lps_grid, to_lps
from myoscope.plugins import open_modality

torch = pytest.importorskip("torch")

VALUES = np.array([0, 3, 28], dtype=np.uint8)
WINDOW = (8, 12, 16)


@pytest.fixture(scope="module")
def recipe(tiny_recipe: Recipe) -> Recipe:
    return replace(tiny_recipe, window=WINDOW[::-1], overlap=0.5)


def naive(volume: np.ndarray, network: object, recipe: Recipe, grid: Grid, scan_grid: Grid) -> tuple[np.ndarray, ...]:
    """Return the likeliest class of every voxel of a scan and its lead: every window, every class, held at once."""
    window = recipe.window[::-1]
    step = [max(1, int(w * (1 - recipe.overlap))) for w in window]
    large = [max(n, w) for n, w in zip(volume.shape[1:], window, strict=True)]
    counts = [1 + -(-(n - w) // s) for n, w, s in zip(large, window, step, strict=True)]
    starts = [np.rint(np.linspace(0, n - w, c)).astype(int) for n, w, c in zip(large, window, counts, strict=True)]
    away = [(np.arange(w) - (w - 1) / 2) / (SIGMA_SHARE * w) for w in window]
    weight = np.maximum(
        np.exp(-0.5 * (away[0][:, None, None] ** 2 + away[1][:, None] ** 2 + away[2] ** 2)), LEAST_WEIGHT
    )
    padded = np.zeros((len(volume), *large), dtype=np.float32)
    padded[(slice(None), *[slice(n) for n in volume.shape[1:]])] = volume
    total, norm = 0.0, np.zeros(large)
    for corner in itertools.product(*starts):
        place = (slice(None), *[slice(a, a + w) for a, w in zip(corner, window, strict=True)])
        with torch.inference_mode():
            shares = network(torch.from_numpy(padded[place][None])).softmax(dim=1)[0].numpy().astype(np.float64)
        if isinstance(total, float):
            total = np.zeros((len(shares), *large))
        total[place] += shares * weight
        norm[place[1:]] += weight
    native = lps_grid(scan_grid)
    index = np.stack(np.indices(native.shape)[::-1]) * np.array(native.spacing_mm).reshape(3, 1, 1, 1)
    offset = native.matrix.T @ (np.array(native.origin) - np.array(grid.origin))
    places = (index + offset.reshape(3, 1, 1, 1)) / np.array(grid.spacing_mm).reshape(3, 1, 1, 1)
    blend = (total / norm)[(slice(None), *[slice(n) for n in volume.shape[1:]])]
    fine = np.stack([map_coordinates(share, places[::-1], order=1, mode="nearest") for share in blend])
    ends = np.array(grid.size).reshape(3, 1, 1, 1)
    inside = (np.abs(places - (ends - 1) / 2) < ends / 2).all(axis=0)
    ranked = np.sort(fine, axis=0)
    return np.where(inside, fine.argmax(axis=0), 0), ranked[-1] - ranked[-2]


def test_the_labels_of_a_trained_model_are_those_of_the_plainest_sliding_window(
    thigh: LabelledCase, tiny_package: ModelPackage
) -> None:
    plugin, recipe = open_modality("ct_thigh"), tiny_package.card.recipe
    recipe = replace(recipe, spacing_mm=(8.0, 8.0, 18.0))
    prepared = plugin.preprocess(thigh.scan, recipe)
    network = load_network(tiny_package, plugin, "cpu")
    volume = np.stack(list(prepared.channels.values()))
    scan_grid = thigh.scan.grid
    found = label_volume(
        volume, prepared.grid, network, recipe, values=VALUES, scan_grid=scan_grid, device="cpu"
    ).labels
    expected, lead = naive(volume, network, recipe, prepared.grid, scan_grid)
    found, _ = to_lps(found, scan_grid)
    assert set(np.unique(found).tolist()) == {0, 3, 28}
    different = found != VALUES[expected]
    assert lead[different].max(initial=0.0) < 1e-4
    assert different.sum() < 1e-5 * found.size


def conv(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    layers = [torch.nn.Conv3d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv3d(4, 3, 3, padding=1)]
    network = torch.nn.Sequential(*layers).eval()
    with torch.no_grad():
        network[2].weight *= 12
    return network


def blobs(seed: int = 0) -> np.ndarray:
    """Return (1, z, y, x) with tissue on one side and zeros, as air is, on the other."""
    volume = np.random.default_rng(seed).random((1, 19, 22, 60)).astype(np.float32)
    volume[..., 24:] = 0.0
    return volume


def run(
    recipe: Recipe, network: object, volume: np.ndarray, options: InferenceOptions | None = None, batch: int = 1
) -> LabelledVolume:
    grid = Grid.identity(volume.shape[:0:-1], recipe.spacing_mm, (0.0, 0.0, 0.0))
    return label_volume(
        volume,
        grid,
        network,
        recipe,
        values=VALUES,
        scan_grid=grid,
        device="cpu",
        options=options,
        batch=lambda *_: batch,
    )


@pytest.mark.parametrize("batch", [2, 5, 64])
def test_labels_are_the_same_whatever_the_batch(recipe: Recipe, batch: int) -> None:
    one, many = (run(recipe, conv(), blobs(), batch=n).labels for n in (1, batch))
    assert len(np.unique(one)) == 3
    assert np.array_equal(one, many)


def test_windows_of_air_are_background_unseen_and_the_rest_is_as_it_was(recipe: Recipe) -> None:
    """The network calls all that is 0 background, so nothing changes but the number of looks."""
    looks = []

    def bright(windows: torch.Tensor) -> torch.Tensor:
        looks.extend(windows)
        tissue = (windows > 0).float()
        return torch.cat([1 - tissue, tissue * (windows < 0.5), tissue * (windows >= 0.5)], dim=1) * 30

    told = []
    volume = blobs()
    grid = Grid.identity(volume.shape[:0:-1], recipe.spacing_mm, (0.0, 0.0, 0.0))
    found = label_volume(
        volume, grid, bright, recipe, values=VALUES, scan_grid=grid, device="cpu",
        progress=lambda done, total: told.append((done, total)),
    ).labels  # fmt: skip
    assert np.array_equal(found, np.where(volume[0] == 0, 0, np.where(volume[0] < 0.5, 3, 28)))
    every = 4 * 3 * 7
    assert 0 < len(looks) < 0.6 * every
    assert told == [(n, len(looks)) for n in range(1, len(looks) + 1)]


def test_a_scan_of_nothing_at_all_is_background_without_a_look(recipe: Recipe) -> None:
    found = run(recipe, lambda _: pytest.fail("It looked."), np.zeros((1, 9, 20, 30), dtype=np.float32))
    assert not found.labels.any()
    assert np.isnan(found.certainty.mean)


def test_mirrored_a_scan_left_for_right_gets_the_same_labels_left_for_right(recipe: Recipe) -> None:
    """Every label stays what it is: channels are structures of either side, which geometry tells apart later."""
    volume, options = blobs()[..., :24], InferenceOptions(mirror=True)
    plain = run(recipe, conv(), volume, options).labels
    turned = run(recipe, conv(), np.ascontiguousarray(volume[..., ::-1]), options).labels
    assert len(np.unique(plain)) == 3
    assert (turned[..., ::-1] != plain).mean() < 1e-4
    assert not np.array_equal(plain, run(recipe, conv(), volume).labels)


def test_an_overlap_that_is_given_goes_before_the_recipe(recipe: Recipe) -> None:
    looks: dict[float | None, int] = {}
    for overlap in (None, 0.0, 0.75):
        seen: list[torch.Tensor] = []
        network = conv()
        volume = np.random.default_rng(0).random((1, 19, 22, 60)).astype(np.float32)
        run(recipe, lambda w, s=seen, n=network: s.append(w) or n(w), volume, InferenceOptions(overlap=overlap))
        looks[overlap] = len(seen)
    assert looks[0.0] == 3 * 2 * 4
    assert looks[None] == 4 * 3 * 7
    assert looks[0.75] > looks[None]


def test_blending_changes_the_labels_where_windows_disagree(recipe: Recipe) -> None:
    gaussian, constant = (
        run(recipe, conv(), blobs(), InferenceOptions(blending=name)).labels for name in ("gaussian", "constant")
    )
    assert 0 < (gaussian != constant).mean() < 0.5


def test_confidence_of_a_sure_network_is_high_of_an_unsure_one_low(recipe: Recipe) -> None:
    def level(strength: float) -> LabelledVolume:
        def network(windows: torch.Tensor) -> torch.Tensor:
            return torch.cat([0 * windows, 0 * windows + strength, 0 * windows], dim=1)

        return run(recipe, network, blobs()[..., :24] + 1, InferenceOptions(confidence=True))

    sure, unsure = level(30.0), level(np.log(2))
    assert set(np.unique(sure.confidence).tolist()) == {255}
    assert set(np.unique(unsure.confidence).tolist()) == {round(255 / 2)}
    assert sure.certainty.mean == pytest.approx(1.0)
    half = 1 - (0.5 * np.log(2) + 0.5 * np.log(4)) / np.log(3)
    assert unsure.certainty.mean == pytest.approx(half, abs=1e-6)
    assert unsure.certainty.by_structure == {"vastus_lateralis": pytest.approx(half, abs=1e-6)}
