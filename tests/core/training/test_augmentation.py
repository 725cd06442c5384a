from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from myoscope.training.augmentation import OUTSIDE, random_window
from myoscope.training.cases import PreparedCase
from myoscope.training.checking import LabelFacts
from myoscope.training.subjects import Membership

torch = pytest.importorskip("torch")

WINDOW = (16, 12, 20)
CUBES = (2.0, 2.0, 2.0)


def case_of(name: str, image: np.ndarray, label: np.ndarray) -> PreparedCase:
    facts = LabelFacts(frozenset(), sides_split=False, named=False)
    return PreparedCase(name, (Path("image"), Path("label")), Membership("someone"), image, label, facts)


def marked(shape: tuple[int, ...] = (24, 20, 28)) -> PreparedCase:
    """Bright boxes in a dark case, each with a label of its own; mirrored and turned cases stay recognizable."""
    image, label = np.full((1, *shape), 0.1, dtype=np.float16), np.zeros(shape, dtype=np.uint8)
    for value, (k, j, i) in enumerate(((4, 4, 4), (12, 10, 14), (16, 4, 20)), 1):
        box = (slice(k, k + 6), slice(j, j + 6), slice(i, i + 6))
        image[0][box], label[box] = 0.3 * value, value
    return case_of("marked", image, label)


def test_the_same_rng_gives_the_same_window_and_another_another() -> None:
    case = marked()
    first, same, other = (
        random_window(case, WINDOW, np.random.default_rng(seed), spacing_mm=CUBES) for seed in (1, 1, 2)
    )
    assert torch.equal(first[0], same[0])
    assert torch.equal(first[1], same[1])
    assert not torch.equal(first[0], other[0])


def test_shapes_and_types_are_those_the_network_takes() -> None:
    image, label = random_window(marked(), WINDOW, np.random.default_rng(0), spacing_mm=CUBES)
    assert (image.shape, image.dtype) == ((1, *WINDOW), torch.float32)
    assert (label.shape, label.dtype) == ((1, *WINDOW), torch.int64)
    assert float(image.min()) >= 0.0
    assert float(image.max()) <= 1.2
    assert set(label.unique().tolist()) <= {0, 1, 2, 3}


@pytest.mark.parametrize("seed", range(12))
def test_image_and_label_move_together(seed: int) -> None:
    """Well inside a label the image has that label's brightness, however the window was turned and mirrored."""
    case = marked()
    image, label = random_window(case, (24, 20, 28), np.random.default_rng(seed), spacing_mm=CUBES)
    where = label[0].numpy()
    inner = where > 0
    for axis in range(3):
        inner &= (np.roll(where, 1, axis) == where) & (np.roll(where, -1, axis) == where)
    means = [
        float(image[0][torch.from_numpy(inner & (where == v))].mean())
        for v in (1, 2, 3)
        if (inner & (where == v)).any()
    ]
    assert means == sorted(means)
    assert all(m > 0.15 for m in means)


def test_about_half_of_the_windows_are_mirrored_left_to_right() -> None:
    """A case bright at its right: in a mirrored window the bright half lies at the high end of i."""
    image = np.zeros((1, 16, 16, 32), dtype=np.float16)
    image[..., :16] = 1.0
    case = case_of("half", image, (image[0] > 0.5).astype(np.uint8))
    mirrored = 0
    for seed in range(40):
        view, label = random_window(case, (16, 16, 32), np.random.default_rng(seed), spacing_mm=CUBES)
        bright = [float(half.mean()) for half in (view[..., :16], view[..., 16:])]
        marks = [float(half.float().mean()) for half in (label[..., :16], label[..., 16:])]
        assert (bright[0] < bright[1]) == (marks[0] < marks[1])
        mirrored += bright[0] < bright[1]
    assert 10 < mirrored < 30


def test_beyond_the_case_there_is_background() -> None:
    """A window larger than the case: what lies outside has label 0 and no more than offset and noise."""
    case = case_of("full", np.ones((1, 8, 8, 8), dtype=np.float16), np.ones((8, 8, 8), dtype=np.uint8))
    for seed in range(5):
        image, label = random_window(case, (24, 24, 24), np.random.default_rng(seed), spacing_mm=CUBES)
        share = float(label.float().mean())
        assert 0.5 / 27 < share < 2.0 / 27
        corners = image[0, [0, 0, -1, -1], [0, -1, 0, -1], [0, -1, -1, 0]]
        assert float(corners.max()) < 0.35
        assert not label[0, 0].any()


def test_a_window_never_lies_mostly_outside() -> None:
    case = case_of("full", np.ones((1, 20, 20, 20), dtype=np.float16), np.ones((20, 20, 20), dtype=np.uint8))
    shares = [
        float(random_window(case, (16,) * 3, np.random.default_rng(s), spacing_mm=CUBES)[1].float().mean())
        for s in range(40)
    ]
    assert min(shares) > (1 - OUTSIDE) ** 3 * 0.6
    assert max(shares) == 1.0


def test_flat_voxels_are_turned_in_millimeters_and_not_in_steps_of_the_lattice() -> None:
    """A board, thin from back to front, is tilted by up to 7 degrees and by no more, however high voxels are."""
    image = np.zeros((1, 5, 101, 9), dtype=np.float16)
    image[:, :, 49:52] = 1.0
    case = case_of("board", image, (image[0] > 0.5).astype(np.uint8))
    drifts = []
    for seed in range(30):
        label = random_window(case, (5, 61, 9), np.random.default_rng(seed), spacing_mm=(2.0, 2.0, 8.0))[1][0].numpy()
        middles = [np.flatnonzero(plane[:, 4]).mean() for plane in label[1:4] if plane[:, 4].any()]
        drifts += np.abs(np.diff(middles)).tolist()
    # A step up of 8 mm moves a board that leans by 7 degrees by 8 tan(7 deg) / 2 = 0.5 rows, by 12% more if stretched.
    assert 0 < max(drifts) <= 1.0


def middles(case: PreparedCase, window: tuple[int, ...], share: float, draws: int) -> list[bool]:
    """Tell of windows of so many seeds whether they have a label in their very middle."""
    around = tuple(slice(n // 2 - 1, n // 2 + 1) for n in window)
    found = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        label = random_window(case, window, rng, spacing_mm=CUBES, labelled_share=share)[1]
        found.append(bool(label[0][around].any()))
    return found


def boxed(label_box: tuple[slice, ...]) -> PreparedCase:
    """A case of 40 voxels a side with one labelled box."""
    label = np.zeros((40, 40, 40), dtype=np.uint8)
    label[label_box] = 1
    return case_of("box", label[None].astype(np.float16), label)


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 1.0, 1.0), (0.5, 0.35, 0.65)])
def test_a_share_of_the_windows_has_its_middle_on_a_label(share: float, least: float, most: float) -> None:
    """The box fills 3% of the case, so that windows from anywhere would meet it almost never."""
    found = middles(boxed((slice(14, 26), slice(14, 26), slice(14, 26))), (8, 8, 8), share, 80)
    assert least <= np.mean(found) <= most


def test_a_single_labelled_voxel_is_found_and_so_is_the_only_one_without_a_label() -> None:
    lone = boxed((slice(20, 21),) * 3)
    assert all(middles(lone, (7, 7, 7), 1.0, 8))
    other = case_of("but one", lone.image, (1 - lone.label).astype(np.uint8))
    views = [
        random_window(other, (5, 5, 5), np.random.default_rng(s), spacing_mm=CUBES, labelled_share=1e-9)
        for s in range(8)
    ]
    assert all(int(label[0, 2, 2, 2]) == 0 for _, label in views)


@pytest.mark.parametrize("value", [0, 1])
def test_a_case_of_one_kind_of_voxel_still_gives_windows(value: int) -> None:
    label = np.full((12, 12, 12), value, dtype=np.uint8)
    case = case_of("plain", label[None].astype(np.float16), label)
    for share in (0.5, 1.0):
        window = random_window(case, (8, 8, 8), np.random.default_rng(0), spacing_mm=CUBES, labelled_share=share)[1]
        assert float(window.float().mean()) >= value * (1 - OUTSIDE) ** 3 * 0.6


def test_a_label_in_a_corner_draws_no_window_out_of_the_case() -> None:
    """A window of half the case around the corner itself would lie outside for seven eighths."""
    corner = boxed((slice(0, 2), slice(0, 2), slice(0, 2)))
    corner.image[:] = 1.0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        image = random_window(corner, (20, 20, 20), rng, spacing_mm=CUBES, labelled_share=1.0)[0]
        assert float((image[0] > 0.5).float().mean()) > (1 - OUTSIDE) ** 3 * 0.6
