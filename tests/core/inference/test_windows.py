import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from myoscope.inference.windows import AIR_SHARE, air_levels, cut, plan_windows, weight_of, windows_of_air

torch = pytest.importorskip("torch")

WINDOW = (8, 6, 10)
AXIS = st.integers(1, 40)


@settings(max_examples=60, deadline=None)
@given(st.tuples(AXIS, AXIS, AXIS), st.tuples(*[st.integers(1, 16)] * 3), st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_windows_cover_everything_with_at_least_the_overlap(
    shape: tuple[int, ...], window: tuple[int, ...], overlap: float
) -> None:
    plan = plan_windows(shape, window, overlap)
    assert plan.window == window
    assert plan.count == np.prod([len(starts) for starts in plan.starts])
    assert plan.shape == shape
    assert len(plan.corners) == plan.count
    assert plan.corners == tuple(sorted(plan.corners))
    for n, w, starts in zip(shape, window, plan.starts, strict=True):
        assert starts[0] == 0
        assert starts[-1] + w == max(n, w)
        steps = np.diff(starts)
        assert (steps > 0).all()
        assert (steps <= max(1, w * (1 - overlap))).all()


def test_a_volume_smaller_than_the_window_needs_one_window() -> None:
    plan = plan_windows((3, 2, 5), WINDOW, 0.5)
    assert (plan.count, plan.corners) == (1, ((0, 0, 0),))


def test_a_volume_of_two_windows_and_half_an_overlap_has_three_an_axis() -> None:
    plan = plan_windows((16, 16, 16), (8, 8, 8), 0.5)
    assert plan.starts == ((0, 4, 8),) * 3


def test_a_window_is_cut_of_every_channel_and_0_beyond_the_volume() -> None:
    volume = [np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.full((2, 3, 4), 0.5, dtype=np.float16)]
    inside = cut(volume, (1, 0, 2), (1, 2, 2))
    assert inside.dtype is torch.float32
    assert inside.tolist() == [[[[14.0, 15.0], [18.0, 19.0]]], [[[0.5, 0.5], [0.5, 0.5]]]]
    beyond = cut(volume, (0, 0, 0), (3, 4, 6))
    assert torch.equal(beyond[:, :2, :3, :4], torch.from_numpy(np.stack(volume).astype(np.float32)))
    assert (float(beyond[0].sum()), float(beyond[1].sum())) == (276.0, 12.0)


def two_legs(air: float, tissue: float) -> np.ndarray:
    """Return a volume with tissue in two corners of each plane and air between them."""
    volume = np.full((8, 20, 40), air, dtype=np.float32)
    volume[:, :8, :10] = volume[:, 12:, 30:] = tissue
    return volume


@pytest.mark.parametrize(("air", "tissue"), [(0.0, 1.0), (-1000.0, 50.0), (-1.2, 2.0)])
def test_only_windows_without_a_voxel_of_tissue_are_of_air(air: float, tissue: float) -> None:
    volume = two_legs(air, tissue)
    plan = plan_windows(volume.shape, (8, 10, 10), 0.0)
    assert plan.count == 8
    expected = {corner for corner in plan.corners if corner[1:] not in {(0, 0), (10, 30)}}
    assert windows_of_air([volume], plan) == expected
    volume[4, 15, 5] = (air + tissue) / 2
    assert windows_of_air([volume], plan) == expected - {(0, 10, 0)}


def test_tissue_in_a_single_channel_keeps_a_window() -> None:
    water, fat = two_legs(0.0, 1.0), two_legs(0.0, 1.0)[:, ::-1]
    plan = plan_windows(water.shape, (8, 10, 10), 0.0)
    assert len(windows_of_air([water, fat], plan)) == 4


def test_noise_below_the_level_of_air_keeps_no_window_and_above_it_does() -> None:
    plan = plan_windows((8, 20, 40), (8, 10, 10), 0.0)
    quiet = two_legs(0.0, 1.0) + np.random.default_rng(0).uniform(0, 0.9 * AIR_SHARE, (8, 20, 40)).astype(np.float32)
    assert len(windows_of_air([quiet], plan)) == 6
    loud = two_legs(0.0, 1.0) + np.random.default_rng(0).uniform(0, 3 * AIR_SHARE, (8, 20, 40)).astype(np.float32)
    assert windows_of_air([loud], plan) == frozenset()


def test_one_bright_speck_does_not_make_air_of_everything_else() -> None:
    volume = two_legs(0.0, 1.0)
    volume[0, 0, 0] = 1e6
    assert air_levels([volume]) == pytest.approx((AIR_SHARE,))


def test_a_gaussian_weighs_most_in_the_middle_and_never_nothing_a_constant_the_same_everywhere() -> None:
    bell = weight_of((9, 9, 9), "gaussian")
    assert bell.argmax() == np.ravel_multi_index((4, 4, 4), bell.shape)
    assert (bell[4, 4, 4], bell.min()) == (1.0, np.float32(1e-3))
    assert np.array_equal(bell, bell[::-1, ::-1, ::-1])
    assert np.array_equal(weight_of((3, 4, 5), "constant"), np.ones((3, 4, 5)))
