from __future__ import annotations

import math

import pytest

from myoscope.errors import InputError
from myoscope.free_memory import MARGIN
from myoscope.inference.budget import (
    AFTER_BYTES,
    LABEL_BYTES,
    LIBRARIES_MB,
    MOST_ON_CPU,
    MOST_ON_GPU,
    Forecast,
    Needs,
    batch_that_fits,
    estimated_seconds,
    forecast_line,
    foresee,
    needed_memory_mb,
    needs_of,
)
from myoscope.models.backends.memory import NetworkMemory

NETWORK = NetworkMemory(weights_mb=350.0, window_mb=50.0)
#: After the network little is needed.
NEEDS = Needs(weights_mb=0.0, labels_mb=40.0, shares_mb=100.0, window_mb=200.0, after_mb=50.0)
GPU_ROOM = 1e6


def test_probabilities_take_all_classes_in_a_window_s_height_of_planes_and_borders_twice() -> None:
    needs = needs_of((16, 64, 64), (100, 256, 512), classes=30, voxels=2**20, network=NETWORK)
    assert needs.shares_mb == pytest.approx(4 * 30 * 16 * (256 * 17 / 16) * (512 * 17 / 16) / 2**20)
    assert (needs.labels_mb, needs.after_mb) == (LABEL_BYTES, AFTER_BYTES)


def test_a_volume_lower_than_a_window_takes_less() -> None:
    low, high = (needs_of((16, 64, 64), (planes, 64, 64), classes=2, voxels=1, network=NETWORK) for planes in (4, 1000))
    assert high.shares_mb == 4 * low.shares_mb


def test_a_window_takes_its_logits_besides_and_twice_when_it_is_mirrored() -> None:
    window, shape = (16, 256, 256), (16, 256, 256)  # 2 ** 20 voxels
    once = needs_of(window, shape, classes=30, voxels=1, network=NETWORK)
    twice = needs_of(window, shape, classes=30, voxels=1, network=NETWORK, mirror=True)
    assert (once.window_mb, twice.window_mb) == (50.0 + 120.0, 50.0 + 240.0)


def test_what_follows_the_network_counts_where_it_is_more() -> None:
    assert needed_memory_mb(NEEDS, 1) == LIBRARIES_MB + 40 + 100 + 200
    assert needed_memory_mb(NEEDS, 4) == LIBRARIES_MB + 40 + 100 + 4 * 200
    assert needed_memory_mb(Needs(30.0, 40.0, 100.0, 200.0, 1000.0), 1) == LIBRARIES_MB + 30 + 40 + 1000


def test_weights_that_the_process_does_not_hold_yet_count() -> None:
    needs = needs_of((16, 16, 16), (16, 16, 16), classes=2, voxels=1, network=NETWORK)
    assert needed_memory_mb(needs, 1) == pytest.approx(LIBRARIES_MB + 350 + needs.shares_mb + needs.window_mb, abs=0.1)


def test_on_a_gpu_windows_and_probabilities_take_no_memory_of_the_process() -> None:
    assert needed_memory_mb(NEEDS, 8, on_gpu=True) == LIBRARIES_MB + 40 + 50


@pytest.mark.parametrize(("room", "batch"), [(299, 0), (300, 1), (499, 1), (500, 2), (900, 4), (1e9, MOST_ON_GPU)])
def test_the_largest_power_of_two_that_the_gpu_holds_is_taken(room: float, batch: int) -> None:
    found = batch_that_fits(NEEDS, windows=100, room_mb=1e6, gpu_room_mb=MARGIN * room + 1e-6)
    assert found == batch


def test_a_processor_takes_few_at_a_time_and_none_where_one_does_not_fit() -> None:
    one = MARGIN * needed_memory_mb(NEEDS, 1)
    assert batch_that_fits(NEEDS, windows=100, room_mb=1e9) == MOST_ON_CPU
    assert batch_that_fits(NEEDS, windows=100, room_mb=one + 1e-6) == 1
    assert batch_that_fits(NEEDS, windows=100, room_mb=one - 1e-6) == 0


@pytest.mark.parametrize(("windows", "batch"), [(0, 1), (1, 1), (3, 2), (4, 4), (7, 4)])
def test_a_batch_holds_no_more_than_the_windows_there_are(windows: int, batch: int) -> None:
    assert batch_that_fits(NEEDS, windows=windows, room_mb=1e9, gpu_room_mb=GPU_ROOM) == batch


def test_the_forecast_is_of_the_whole_process() -> None:
    forecast = foresee(NEEDS, windows=36, held_mb=1000.0, past_mb=900.0, room_mb=1e9)
    assert forecast == Forecast(36, MOST_ON_CPU, 1000.0 + needed_memory_mb(NEEDS, MOST_ON_CPU))


def test_what_loading_took_counts_where_it_was_more() -> None:
    assert foresee(NEEDS, windows=36, held_mb=1000.0, past_mb=5000.0, room_mb=1e9).peak_mb == 5000.0


def test_too_little_memory_is_refused_with_both_numbers() -> None:
    needs = Needs(weights_mb=0.0, labels_mb=1000.0, shares_mb=0.0, window_mb=10.0, after_mb=12_000.0)
    with pytest.raises(InputError) as caught:
        foresee(needs, windows=36, held_mb=500.0, past_mb=0.0, room_mb=4000.0)
    needed_gb = MARGIN * (LIBRARIES_MB + 13_000) * 2**20 / 1e9
    assert f"needs about {needed_gb:.1f} GB of memory more, and 4.2 GB are free" in str(caught.value)
    assert "container" in caught.value.hint
    assert caught.value.exit_code == 3


def test_room_below_nothing_is_said_to_be_nothing() -> None:
    with pytest.raises(InputError, match=r"and 0\.0 GB are free"):
        foresee(NEEDS, windows=36, held_mb=500.0, past_mb=0.0, room_mb=-100.0)


def test_too_little_memory_on_a_gpu_is_refused_by_itself() -> None:
    with pytest.raises(InputError, match=r"on the GPU, and 0\.1 GB are free there\. .*-d cpu"):
        foresee(NEEDS, windows=36, held_mb=500.0, past_mb=0.0, room_mb=1e6, gpu_room_mb=100.0)


def test_time_is_that_of_the_first_window_until_others_show_that_it_warmed_up() -> None:
    assert estimated_seconds(36, [2.0]) == 72.0
    assert estimated_seconds(36, [2.0, 1.0]) == 2.0 + 35 * 1.0
    assert estimated_seconds(4, [2.0, 1.0, 1.0, 1.5]) == 5.5


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (7.1, "8 s"),
        (38.0, "40 s"),
        (89.0, "90 s"),
        (130.0, "2 min"),
        (5000.0, "83 min"),
        (9000.0, "2.5 h"),
    ],
)
def test_a_person_reads_windows_time_and_memory(seconds: float, said: str) -> None:
    assert forecast_line(Forecast(36, 1, 1335.0), seconds) == f"36 windows, about {said}, about 1.4 GB"
    assert forecast_line(Forecast(1, 1, 1335.0), seconds).startswith("1 window, ")


def test_infinite_room_is_room() -> None:
    assert batch_that_fits(NEEDS, windows=2, room_mb=math.inf) >= 1
