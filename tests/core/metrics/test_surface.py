import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from myoscope.metrics import (
    SurfaceDistances,
    assd,
    dice,
    hausdorff,
    hausdorff_95,
    overlap_counts,
    surface_dice,
    surface_distances,
)

Labels = NDArray[np.uint8]
EXACT = 1e-6
SPACINGS = st.floats(0.3, 8.0)


def box_in(shape: tuple[int, ...], random: np.random.Generator) -> Labels:
    mask = np.zeros(shape, dtype=np.uint8)
    ends = [sorted(random.integers(0, n + 1, 2)) for n in shape]
    mask[tuple(slice(a, max(b, a + 1)) for a, b in ends)] = 1
    return mask


def mask_of(kind: str, shape: tuple[int, ...], random: np.random.Generator) -> Labels:
    """A shape to compare; at least one voxel, often at the border."""
    mask = np.zeros(shape, dtype=np.uint8)
    if kind == "voxel":
        mask[tuple(int(random.integers(0, n)) for n in shape)] = 1
    elif kind == "box":
        mask = box_in(shape, random)
    elif kind == "noise":
        mask = (random.random(shape) < random.uniform(0.05, 0.7)).astype(np.uint8)
    elif kind == "full":
        mask[...] = 1
    else:
        center = [random.uniform(0, n) for n in shape]
        far = np.sqrt(sum((g - c) ** 2 for g, c in zip(np.indices(shape), center, strict=True)))
        outer = random.uniform(1, max(shape))
        mask = ((far <= outer) & (far > outer - 1.2)).astype(np.uint8)
    if not mask.any():
        mask.ravel()[int(random.integers(0, mask.size))] = 1
    return mask


KINDS = st.sampled_from(["voxel", "box", "noise", "full", "shell"])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Labels, Labels, tuple[float, ...]]:
    ndim = draw(st.sampled_from([2, 3]))
    shape = tuple(draw(st.integers(1, 12)) for _ in range(ndim))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spacing = tuple(draw(SPACINGS) for _ in range(ndim))
    return mask_of(draw(KINDS), shape, random), mask_of(draw(KINDS), shape, random), spacing


def surface_points(mask: Labels, spacing: tuple[float, ...]) -> NDArray[np.float64]:
    """Voxels with a face neighbor outside, one by one."""
    found = []
    for index in np.argwhere(mask):
        for axis in range(mask.ndim):
            for step in (-1, 1):
                other = index.copy()
                other[axis] += step
                if not 0 <= other[axis] < mask.shape[axis] or not mask[tuple(other)]:
                    found.append(tuple(index))
    return np.array(sorted(set(found)), dtype=float) * np.array(spacing)


def by_brute_force(prediction: Labels, reference: Labels, spacing: tuple[float, ...]) -> SurfaceDistances:
    p, r = surface_points(prediction, spacing), surface_points(reference, spacing)
    apart = np.sqrt(((p[:, None] - r[None]) ** 2).sum(axis=-1))
    return SurfaceDistances(apart.min(axis=1), apart.min(axis=0))


@contextmanager
def peers() -> Iterator[None]:
    """MONAI and torch warn about empty masks and their own future."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@settings(max_examples=80, deadline=None)
@given(pairs())
def test_distances_are_those_of_comparing_every_point_with_every_other(
    pair: tuple[Labels, Labels, tuple[float, ...]],
) -> None:
    prediction, reference, spacing = pair
    found = surface_distances(prediction, reference, spacing)[1]
    expected = by_brute_force(prediction, reference, spacing)
    assert np.sort(found.of_prediction) == pytest.approx(np.sort(expected.of_prediction), abs=EXACT)
    assert np.sort(found.of_reference) == pytest.approx(np.sort(expected.of_reference), abs=EXACT)
    assert hausdorff(found) == pytest.approx(hausdorff(expected), abs=EXACT)
    assert hausdorff_95(found) == pytest.approx(hausdorff_95(expected), abs=EXACT)
    assert assd(found) == pytest.approx(assd(expected), abs=EXACT)


@settings(max_examples=40, deadline=None)
@given(pairs(), st.floats(0.0, 6.0))
def test_dice_hd_hd95_assd_and_surface_dice_are_those_of_monai(
    pair: tuple[Labels, Labels, tuple[float, ...]], tolerance: float
) -> None:
    with peers():
        import torch
        from monai.metrics import (
            compute_average_surface_distance,
            compute_dice,
            compute_hausdorff_distance,
            compute_surface_dice,
        )

        prediction, reference, spacing = pair
        p, r = (torch.from_numpy(mask)[None, None].float() for mask in (prediction, reference))
        theirs = [
            compute_dice(p, r),
            compute_hausdorff_distance(p, r, include_background=True, spacing=spacing),
            compute_hausdorff_distance(p, r, include_background=True, spacing=spacing, percentile=95),
            compute_average_surface_distance(p, r, include_background=True, symmetric=True, spacing=spacing),
            compute_surface_dice(p, r, [tolerance], include_background=True, spacing=spacing),
        ]
    found = surface_distances(prediction, reference, spacing)[1]
    ours = [
        dice(overlap_counts(prediction, reference)[1]),
        hausdorff(found),
        hausdorff_95(found),
        assd(found),
        surface_dice(found, tolerance),
    ]
    # MONAI computes in single precision.
    assert ours == pytest.approx([float(value) for value in theirs], rel=2e-6, abs=EXACT)


@settings(max_examples=25, deadline=None)
@given(pairs())
def test_distances_do_not_care_which_map_is_the_prediction_nor_for_other_labels(
    pair: tuple[Labels, Labels, tuple[float, ...]],
) -> None:
    prediction, reference, spacing = pair
    alone = surface_distances(prediction, reference, spacing)[1]
    swapped = surface_distances(reference, prediction, spacing)[1]
    assert np.array_equal(alone.of_prediction, swapped.of_reference)
    among = surface_distances(prediction + (prediction == 0) * np.uint8(9), reference, spacing)[1]
    assert np.array_equal(among.of_prediction, alone.of_prediction)


def test_two_voxels_are_as_far_apart_as_their_centers() -> None:
    prediction, reference = np.zeros((40, 9, 9), dtype=np.uint8), np.zeros((40, 9, 9), dtype=np.uint8)
    prediction[0, 0, 0] = reference[39, 4, 3] = 7
    found = surface_distances(prediction, reference, (2.0, 1.5, 0.5))[7]
    assert hausdorff(found) == assd(found) == pytest.approx(math.sqrt(78**2 + 6**2 + 1.5**2))


def test_a_cube_moved_by_two_voxels_is_known_by_hand() -> None:
    prediction, reference = np.zeros((3, 12), dtype=np.uint8), np.zeros((3, 12), dtype=np.uint8)
    prediction[:, 1:6] = 1
    reference[:, 3:8] = 1
    found = surface_distances(prediction, reference, (1.0, 3.0))[1]
    assert hausdorff(found) == pytest.approx(6.0)
    # The middle row of either shows its two ends; the others all five: columns 1 and 2 lie 6 and 3 mm away.
    rows = [0.0, 0.0, 0.0, 6.0, 3.0]
    assert np.sort(found.of_prediction) == pytest.approx(sorted([*rows, *rows, 6.0, 1.0]))
    assert surface_dice(found, 3.0) == pytest.approx(18 / 24)


def test_pixels_are_a_spacing_of_one() -> None:
    prediction, reference = np.zeros((9, 9), dtype=np.uint8), np.zeros((9, 9), dtype=np.uint8)
    prediction[1, 1] = reference[4, 5] = 1
    assert hausdorff(surface_distances(prediction, reference, (1, 1))[1]) == 5.0


def test_flat_voxels_are_searched_exactly() -> None:
    random = np.random.default_rng(5)
    prediction, reference = (mask_of("noise", (4, 30, 30), random) for _ in range(2))
    for spacing in ((500.0, 0.5, 0.5), (0.01, 3.0, 3.0)):
        found = surface_distances(prediction, reference, spacing)[1]
        expected = by_brute_force(prediction, reference, spacing)
        assert np.sort(found.of_prediction) == pytest.approx(np.sort(expected.of_prediction))


def test_percentiles_grow_and_the_hundredth_is_the_largest() -> None:
    random = np.random.default_rng(1)
    prediction, reference = mask_of("shell", (12, 12, 12), random), mask_of("box", (12, 12, 12), random)
    found = surface_distances(prediction, reference, (1.0, 2.0, 3.0))[1]
    values = [hausdorff(found, percentile) for percentile in (5, 50, 95, 100)]
    assert all(a <= b for a, b in pairwise(values))
    assert values[-1] == max(found.of_prediction.max(), found.of_reference.max())


def test_maps_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        surface_distances(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), (1, 1))
    with pytest.raises(ValueError, match="do not fit"):
        surface_distances(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), (1, 1, 1))


@pytest.mark.parametrize("peer", ["surface_distance", "medpy.metric.binary"])
def test_peers_agree_where_their_definitions_do(peer: str) -> None:
    """Needs the extra `bench`; the ball's surfaces are 2 mm apart everywhere, which no definition changes much."""
    with peers():
        module = pytest.importorskip(peer)
    far = np.sqrt(sum((g - 20.0) ** 2 for g in np.indices((41, 41, 41))))
    prediction, reference = (far <= 15).astype(np.uint8), (far <= 13).astype(np.uint8)
    found = surface_distances(prediction, reference, (1.0, 1.0, 1.0))[1]
    if peer == "medpy.metric.binary":
        assert hausdorff(found) == pytest.approx(module.hd(prediction, reference, (1, 1, 1)), abs=EXACT)
        assert assd(found) == pytest.approx(module.assd(prediction, reference, (1, 1, 1)), abs=EXACT)
        return
    with peers():
        theirs = module.compute_surface_distances(reference.astype(bool), prediction.astype(bool), (1, 1, 1))
    # Its surface elements lie within half a voxel's diagonal of ours at either end, and count by area.
    diagonal, weighing = math.sqrt(3), 0.1
    for tolerance in (0.5, 1.0, 2.0, 2.5, 4.0):
        low, high = (module.compute_surface_dice_at_tolerance(theirs, tolerance + d) for d in (-diagonal, diagonal))
        assert low - weighing <= surface_dice(found, tolerance) <= high + weighing
    assert hausdorff_95(found) == pytest.approx(module.compute_robust_hausdorff(theirs, 95), abs=1.0)
