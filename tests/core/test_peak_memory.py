from __future__ import annotations

import multiprocessing

import numpy as np

from myoscope.peak_memory import peak_memory_mb

MB = 2**20


def test_the_peak_grows_with_what_is_held_and_never_falls() -> None:
    before = peak_memory_mb()
    held = np.ones(2 * int(before) * MB, dtype=np.uint8)
    grown = peak_memory_mb()
    assert grown > 0.99 * held.nbytes / MB  # the kernel counts a few pages late
    del held
    assert peak_memory_mb() > 0.99 * grown


def test_a_process_does_not_inherit_the_peak_of_the_one_that_started_it() -> None:
    held = np.ones(600 * MB, dtype=np.uint8)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        theirs = pool.apply(peak_memory_mb)
    assert peak_memory_mb() > 0.99 * held.nbytes / MB
    assert theirs < 300
