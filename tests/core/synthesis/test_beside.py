import numpy as np

from myoscope import Grid
from myoscope.synthesis.beside import METAL_HU, VOID_MM, add_metal, add_void, draw_arms

GRID = Grid.identity((120, 60, 20), (4.0, 4.0, 8.0), (0.0, 0.0, 0.0))


def body() -> np.ndarray:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[:, 20:45, 35:85] = True
    return mask


def test_arms_lie_outside_the_body_with_muscle_and_bone_inside_and_some_scans_have_none() -> None:
    drawn = [draw_arms(body(), GRID, np.random.default_rng(seed)) for seed in range(80)]
    there = [arms for arms in drawn if arms is not None and arms.fat.any()]
    assert 5 < len(there) < 45
    for arms in there:
        tissues = arms.fat.astype(int) + arms.muscle + arms.bone
        assert tissues.max() == 1
        assert not (tissues.astype(bool) & body()).any()
    assert any(arms.bone.any() for arms in there)


def test_an_empty_scan_has_no_arms() -> None:
    assert all(draw_arms(~body() & body(), GRID, np.random.default_rng(seed)) is None for seed in range(20))


def femora() -> np.ndarray:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[:, 28:34, 45:51] = 28
    labels[:, 28:34, 69:75] = 128
    return labels


def test_metal_lies_in_one_femur_and_its_streaks_fade_with_the_distance() -> None:
    hu = np.zeros(GRID.shape, dtype=np.float32)
    add_metal(hu, femora(), GRID, np.random.default_rng(3))
    metal = hu == METAL_HU
    assert metal.any()
    sides = {value for value in (28, 128) if (metal & (femora() == value)).any()}
    assert len(sides) == 1
    assert not (metal & (femora() == 0)).any()
    k = int(np.flatnonzero(metal.any(axis=(1, 2)))[0])
    j, i = (index.mean() for index in np.nonzero(metal[k]))
    rows, columns = np.indices(metal[k].shape)
    far = np.hypot(rows - j, columns - i) * 4.0
    near = np.abs(hu[k][(far > 15) & (far < 30)]).mean()
    assert near > 3 * np.abs(hu[k][(far > 140) & (far < 160)]).mean() > 0


def test_metal_takes_the_signal_around_one_femur_and_leaves_that_far_away() -> None:
    signal = np.ones(GRID.shape, dtype=np.float32)
    add_void(signal, femora(), GRID, np.random.default_rng(3))
    void = signal == 0
    assert len({value for value in (28, 128) if (void & (femora() == value)).any()}) == 1
    k = int(np.flatnonzero(void.any(axis=(1, 2)))[0])
    assert np.pi * (0.85 * VOID_MM[0]) ** 2 <= void[k].sum() * 16.0 <= np.pi * (1.2 * VOID_MM[1]) ** 2
    assert signal[k].max() > 1.1  # the rim
    assert np.abs(signal[:, :, 110:] - 1).max() < 0.01
    assert (signal[~void.any(axis=(1, 2))] == 1).all()


def test_without_a_femur_nothing_changes() -> None:
    hu = np.zeros(GRID.shape, dtype=np.float32)
    add_metal(hu, np.zeros(GRID.shape, dtype=np.uint8), GRID, np.random.default_rng(3))
    assert not hu.any()
    add_void(
        signal := np.ones(GRID.shape, dtype=np.float32),
        np.zeros(GRID.shape, dtype=np.uint8),
        GRID,
        np.random.default_rng(3),
    )
    assert (signal == 1).all()
