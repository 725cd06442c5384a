from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from myoscope.training.cases import PreparedCase
from myoscope.training.checking import LabelFacts
from myoscope.training.frame_augmentation import random_frame
from myoscope.training.subjects import Membership

SIZE = (96, 128)


def case_with_a_bright_disk() -> PreparedCase:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disk = (x - 64) ** 2 + (y - 48) ** 2 < 20**2
    image = np.where(disk, 0.8, 0.2).astype(np.float16)[None]
    facts = LabelFacts(frozenset(), sides_split=False, named=False)
    return PreparedCase("disk.png", (Path("a"), Path("b")), Membership("someone"), image, disk.astype(np.uint8), facts)


def test_the_same_generator_gives_the_same_view() -> None:
    case = case_with_a_bright_disk()
    first = random_frame(case, np.random.default_rng(7))
    second = random_frame(case, np.random.default_rng(7))
    assert all(bool((a == b).all()) for a, b in zip(first, second, strict=True))
    assert bool((first[0] != random_frame(case, np.random.default_rng(8))[0]).any())


@pytest.mark.parametrize("seed", range(12))
def test_the_label_follows_the_picture(seed: int) -> None:
    image, label = random_frame(case_with_a_bright_disk(), np.random.default_rng(seed))
    assert image.shape == (1, *SIZE)
    assert label.shape == (1, *SIZE)
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1
    inside = label[0].numpy() == 1
    ring = np.zeros_like(inside)
    rows, columns = np.nonzero(inside)
    ring[max(0, rows.min() - 6) : rows.max() + 7, max(0, columns.min() - 6) : columns.max() + 7] = True
    assert float(image[0].numpy()[inside].mean()) > float(image[0].numpy()[ring & ~inside].mean())


def test_the_picture_given_is_untouched() -> None:
    case = case_with_a_bright_disk()
    before = case.image.copy()
    random_frame(case, np.random.default_rng(0))
    assert np.array_equal(case.image, before)
