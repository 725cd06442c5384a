from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from myoscope import GeometryError, Grid
from myoscope_dixon_mri.fusion import Fused, fuse
from myoscope_dixon_mri.registration import displacement_mm
from myoscope_dixon_mri.stations import StationImages
from myoscope_dixon_mri.structures import CONTRASTS

SPACING, SIZE = (5.0, 5.0, 3.0), (80, 50, 36)
LENGTH = SIZE[2] * SPACING[2]
#: Table positions are not multiples of the slice distance.
BOTTOMS = (251.7, 170.4, 88.9, 0.0)
Body = Callable[..., dict[str, np.ndarray]]


def positions(grid: Grid) -> tuple[np.ndarray, ...]:
    """Position along x, y and z of every voxel of an upright grid."""
    z, y, x = (
        o + s * np.arange(n) for o, s, n in zip(grid.origin[::-1], grid.spacing_mm[::-1], grid.shape, strict=True)
    )
    return tuple(np.broadcast_arrays(x, y[:, None], z[:, None, None]))


def thighs(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> dict[str, np.ndarray]:
    """Two tapering legs with a bone that comes closer to the middle downwards: smooth, so that samples hold it."""
    water, fat = np.zeros(x.shape), np.zeros(x.shape)
    for side in (-1, 1):
        radius = np.hypot(x - side * 90, y) / (60 + 0.08 * z)
        bone = np.hypot(x - side * (80 + 0.08 * z), y + 10 * np.sin(z / 60))
        leg, muscle = 1 / (1 + np.exp((radius - 1) * 12)), 1 / (1 + np.exp((radius - 0.75) * 12))
        marrow = 1 / (1 + np.exp((bone - 14) / 4))
        lean = muscle * (1 - marrow) * (1 + 0.15 * np.sin(x / 14 + z / 25) * np.cos(y / 15))
        water += 250 * lean
        fat += 400 * (leg - muscle * (1 - marrow))
    return {"water": water, "fat": fat, "in_phase": water + fat, "opposed_phase": np.abs(water - fat)}


def magnitude(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> dict[str, np.ndarray]:
    """The same legs in one contrast."""
    return {"mr": thighs(x, y, z)["in_phase"]}


def station(body: Body, bottom: float, number: int = 1, **grid: object) -> StationImages:
    """What a station sees of a body whose contrasts are known everywhere."""
    own = replace(Grid.identity(SIZE, SPACING, (-198.0, -122.0, bottom)), **grid)  # type: ignore[arg-type]
    channels = {name: np.float32(a) for name, a in body(*positions(own)).items()}
    return StationImages(f"station {number}", channels, own, f"series {number}", "")


def scanned(body: Body = thighs, bottoms: tuple[float, ...] = BOTTOMS) -> list[StationImages]:
    return [station(body, bottom, number) for number, bottom in enumerate(bottoms, 1)]


def brightened(stations: list[StationImages], gains: tuple[float, ...]) -> list[StationImages]:
    return [
        replace(s, channels={name: np.float32(g) * a for name, a in s.channels.items()})
        for s, g in zip(stations, gains, strict=True)
    ]


def noisy(stations: list[StationImages], seed: int) -> list[StationImages]:
    rng = np.random.default_rng(seed)
    level = rng.uniform(2, 8)
    return [
        replace(
            s,
            channels={
                n: np.hypot(a + rng.normal(0, level, a.shape), rng.normal(0, level, a.shape)).astype(np.float32)
                for n, a in s.channels.items()
            },
        )
        for s in stations
    ]


def codes(fused: Fused) -> list[str]:
    return [finding.code for finding in fused.findings]


@pytest.mark.parametrize("blend", ["ramp", "mean"])
def test_what_is_constant_stays_constant(blend: str) -> None:
    fused = fuse(scanned(lambda x, y, z: {"mr": np.full(x.shape, 7.0)}), blend=blend)  # type: ignore[arg-type]
    assert fused.measured.all()
    np.testing.assert_allclose(fused.channels["mr"], 7.0, rtol=1e-6)


def test_what_is_linear_is_reproduced_at_every_place() -> None:
    def ramp(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> dict[str, np.ndarray]:
        return {"mr": 1000 + x - 0.5 * y + 2 * z}

    wider = station(ramp, 170.4, 2, size=(100, 60, 36), spacing_mm=(4.7, 4.8, 3.0), origin=(-210.3, -130.1, 170.4))
    first, _, *others = scanned(ramp)
    fused = fuse([first, wider, *others], match=False)
    truth = ramp(*positions(fused.grid))["mr"]
    inside = tuple(slice(2, -2) for _ in range(3))
    error = np.abs(fused.channels["mr"] - truth)[inside][fused.measured[inside]]
    rows = np.s_[2:-2, 6:48, 8:78]
    assert fused.measured[rows].all()
    np.testing.assert_allclose(fused.channels["mr"][rows], truth[rows], rtol=2e-6)
    assert error.max() <= 0.5 * sum(fused.grid.spacing_mm)


def test_a_body_is_fused_within_half_a_voxel_and_one_percent() -> None:
    fused = fuse(scanned())
    truth = thighs(*positions(fused.grid))
    for name in CONTRASTS[:3]:
        body = truth["in_phase"] > 50
        error = np.abs(fused.channels[name] - truth[name])[body]
        assert error.mean() < 0.01 * truth[name][body].mean()
    overlap = np.s_[28:46]
    shift = displacement_mm(
        fused.channels["in_phase"][overlap], truth["in_phase"][overlap].astype(np.float32), fused.grid.spacing_mm
    )
    assert shift is not None
    assert (np.abs(shift) < 0.5 * np.array(fused.grid.spacing_mm)).all()
    assert fused.findings == ()


@pytest.mark.parametrize("gains", [(1.0, 0.6, 1.5, 0.9), (0.8, 0.8, 0.8, 1.3)])
def test_known_gains_are_undone_within_one_percent_alike_in_every_contrast(gains: tuple[float, ...]) -> None:
    clean, fused = fuse(scanned(), match=False), fuse(brightened(scanned(), gains))
    body = clean.channels["in_phase"] > 50
    ratio = fused.channels["in_phase"][body] / clean.channels["in_phase"][body]
    assert np.ptp(ratio) < 0.01 * ratio.mean()
    total = fused.channels["water"] + fused.channels["fat"]
    np.testing.assert_allclose(total, fused.channels["in_phase"], rtol=1e-4, atol=1e-3)
    assert codes(fused) == ["stations_matched"]


def test_matching_keeps_the_mean() -> None:
    stations = brightened(scanned(), (1.0, 0.6, 1.5, 0.9))
    matched, plain = fuse(stations), fuse(stations, match=False)
    assert matched.channels["in_phase"].mean() == pytest.approx(plain.channels["in_phase"].mean(), rel=0.05)


def test_a_map_of_the_fat_fraction_keeps_its_percent() -> None:
    def body(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> dict[str, np.ndarray]:
        return {"in_phase": thighs(x, y, z)["in_phase"], "pdff": np.full(x.shape, 20.0)}

    stations = scanned(body)
    bright = replace(stations[1], channels={**stations[1].channels, "in_phase": 2 * stations[1].channels["in_phase"]})
    fused = fuse([stations[0], bright, *stations[2:]])
    assert codes(fused) == ["stations_matched"]
    np.testing.assert_allclose(fused.channels["pdff"], 20.0, rtol=1e-6)
    assert fuse(scanned(lambda x, y, z: {"pdff": np.full(x.shape, 20.0)})).findings == ()


def test_without_matching_intensities_are_untouched() -> None:
    fused = fuse(brightened(scanned(), (1.0, 1.0, 1.0, 0.5)), match=False)
    lowest = station(thighs, 0.0).channels["in_phase"]
    np.testing.assert_allclose(fused.channels["in_phase"][:20], 0.5 * lowest[:20], rtol=1e-6)
    assert fused.findings == ()


def test_a_gap_is_0_and_told_in_millimeters() -> None:
    stations = scanned(bottoms=(251.7, 170.4, 123.0, 0.0))
    fused = fuse(stations)
    (found,) = [f for f in fused.findings if f.code == "stations_gap"]
    assert "15.0 mm between station 3 and station 4" in found.message
    unseen = ~fused.measured.any(axis=(1, 2))
    np.testing.assert_array_equal(np.flatnonzero(unseen), np.arange(36, 41))
    assert not any(array[unseen].any() for array in fused.channels.values())


def test_stations_that_meet_leave_no_gap() -> None:
    fused = fuse(scanned(bottoms=(2 * 108.0, 108.01, 0.0)))
    assert fused.measured.all()
    assert fused.findings == ()


@pytest.mark.parametrize("shift", [(8.0, 0.0, 0.0), (0.0, -6.0, 0.0), (0.0, 0.0, 7.0), (5.0, 3.0, -5.0)])
def test_a_shift_between_two_stations_is_told_and_left(shift: tuple[float, float, float]) -> None:
    def moved(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> dict[str, np.ndarray]:
        return magnitude(x - shift[0], y - shift[1], z - shift[2])

    stations = noisy([*scanned(magnitude)[:2], *scanned(moved)[2:]], 1)
    fused = fuse(stations)
    (found,) = fused.findings
    assert found.code == "stations_shifted"
    ways = [("right", "left"), ("front", "back"), ("feet", "head")]
    told = {w: float(found.message.partition(f" mm to the {w}")[0].rpartition(" ")[2]) for pair in ways for w in pair
            if f"mm to the {w}" in found.message}  # fmt: skip
    expected = {pair[mm > 0]: abs(mm) for pair, mm in zip(ways, shift, strict=True) if mm}
    assert told == pytest.approx(expected, abs=1.0)
    assert "station 3 shows the body" in found.message
    below = fused.channels["mr"][:26]
    np.testing.assert_allclose(below, stations[3].channels["mr"][:26], rtol=0.02)


@pytest.mark.parametrize("seed", range(20))
def test_clean_stations_at_random_places_have_no_finding(seed: int) -> None:
    first, second = np.random.default_rng(seed).uniform(9, 60, size=2)
    stations = scanned(magnitude, (2 * LENGTH - first - second, LENGTH - first, 0.0))
    assert fuse(noisy(stations, seed)).findings == ()


def test_one_station_alone_is_returned_as_it_is() -> None:
    only = station(thighs, 3.0)
    fused = fuse([only])
    assert fused.channels is only.channels
    assert fused.grid is only.grid
    assert fused.findings == ()
    assert fused.measured.all()


def test_stations_are_named_from_edge_to_edge() -> None:
    top, *_ = fuse(scanned()).stations
    assert (top.name, top.source) == ("station 1", "series 1")
    assert top.z_mm == pytest.approx((251.7 - 1.5, 251.7 + 35 * 3 + 1.5))


def test_where_only_one_field_of_view_reaches_its_station_alone_counts() -> None:
    narrow = station(thighs, 81.0, 1, size=(60, 50, 36), origin=(-98.0, -122.0, 81.0))
    lower = station(thighs, 0.0, 2)
    fused = fuse([narrow, lower], match=False)
    assert fused.grid.size == (80, 50, 63)
    beside = np.s_[:, :, :18]
    assert fused.measured[:36][beside].all()
    assert not fused.measured[36:][beside].any()
    assert not fused.channels["fat"][36:][beside].any()
    np.testing.assert_allclose(fused.channels["fat"][:36][beside], lower.channels["fat"][beside], rtol=1e-6)


def test_the_order_of_a_stations_axes_does_not_matter() -> None:
    stations = scanned()
    turned = []
    for s in stations:
        first = s.grid.position((0.0, 0.0, float(s.grid.size[2] - 1)))
        grid = replace(s.grid, origin=first, direction=(0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0))
        grid = replace(grid, size=(grid.size[1], grid.size[0], grid.size[2]))
        turned.append(replace(s, grid=grid, channels={n: a[::-1].transpose(0, 2, 1) for n, a in s.channels.items()}))
    plain, again = fuse(stations), fuse(turned)
    assert again.grid.is_same(plain.grid)
    np.testing.assert_allclose(again.channels["fat"], plain.channels["fat"], rtol=1e-5, atol=1e-3)


def test_stations_at_an_angle_are_refused() -> None:
    first, second, *_ = scanned()
    c, s = np.cos(0.05), np.sin(0.05)
    tilted = replace(second, grid=replace(second.grid, direction=(1.0, 0.0, 0.0, 0.0, c, -s, 0.0, s, c)))
    with pytest.raises(GeometryError, match="station 1 and station 2"):
        fuse([first, tilted])


def test_plain_averages_equal_an_ordinary_resampling() -> None:
    import SimpleITK as sitk

    from myoscope.ops.resample import as_image

    stations = scanned()
    fused = fuse(stations, match=False, blend="mean")
    grid = fused.grid

    def resampled(array: np.ndarray, own: Grid) -> np.ndarray:
        image = as_image(array.astype(np.float32), own)
        lattice = (grid.size, sitk.Transform(), sitk.sitkLinear, grid.origin, grid.spacing_mm, grid.direction, 0.0)
        return np.asarray(sitk.GetArrayFromImage(sitk.Resample(image, *lattice)))

    total = sum(resampled(s.channels["water"], s.grid) for s in stations)
    count = sum(resampled(np.ones(s.grid.shape), s.grid) for s in stations)
    np.testing.assert_allclose(fused.channels["water"], total / count, rtol=1e-5, atol=1e-3)


def test_stations_are_not_changed_and_the_same_stations_give_the_same_bytes() -> None:
    stations = brightened(scanned(), (1.0, 0.7, 1.2, 1.1))
    before = [a.tobytes() for s in stations for a in s.channels.values()]
    once, again = fuse(stations), fuse(stations)
    assert [a.tobytes() for s in stations for a in s.channels.values()] == before
    assert all(once.channels[n].tobytes() == again.channels[n].tobytes() for n in CONTRASTS)


def test_fusing_needs_little_more_memory_than_its_result() -> None:
    stations = scanned()
    fuse(stations[:2])  # what is imported does not count
    tracemalloc.start()
    fused = fuse(stations)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * sum(array.nbytes for array in fused.channels.values())
