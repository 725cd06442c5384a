from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import myoscope
from myoscope import THIGH_STRUCTURES, Grid, Segmentation, StructureSet, SynthesisOptions
from myoscope.ops.regions import summarize
from myoscope.thigh.heights import FEWEST, LEVEL_PERCENT, exchanged_ends, height_correlation

STRUCTURES = StructureSet(THIGH_STRUCTURES)
COARSE = SynthesisOptions(spacing_mm=(8.0, 8.0, 10.0))


def tower(names: list[str]) -> Segmentation:
    """Return structures of the right side, each a plate at the height that the table gives it."""
    labels = np.zeros((130, 3, 3), dtype=np.uint8)
    for name in names:
        level = round(LEVEL_PERCENT[name])
        labels[level, :, STRUCTURES[name].id % 3] = STRUCTURES[name].id
    grid = Grid.identity((3, 3, 130), (1.0, 1.0, 4.0), (0.0, 0.0, 0.0))
    return Segmentation(labels, grid, STRUCTURES, frozenset(names), sides_split=True)


def correlation(segmentation: Segmentation) -> float:
    return height_correlation(segmentation, summarize(segmentation.labels, segmentation.grid))


def turned(segmentation: Segmentation) -> Segmentation:
    return replace(segmentation, labels=np.ascontiguousarray(segmentation.labels[::-1]))


def test_structures_at_their_own_heights_correlate_by_one_and_turned_over_by_minus_one() -> None:
    names = ["semimembranosus", "vastus_medialis", "adductor_longus", "pectineus", "gluteus_maximus", "psoas"]
    assert correlation(tower(names)) == pytest.approx(1.0, abs=1e-3)
    assert correlation(turned(tower(names))) == pytest.approx(-1.0, abs=1e-3)
    codes = [
        f.code for f in exchanged_ends(turned(tower(names)), summarize(turned(tower(names)).labels, tower(names).grid))
    ]
    assert codes == ["upside_down"]


def test_with_too_few_structures_nothing_is_said() -> None:
    few = tower(list(LEVEL_PERCENT)[: FEWEST - 1])
    assert math.isnan(correlation(few))
    assert exchanged_ends(few, summarize(few.labels, few.grid)) == ()


@pytest.mark.parametrize("seed", range(3))
def test_whole_and_cut_thighs_are_never_called_upside_down_and_whole_ones_turned_over_always(seed: int) -> None:
    whole = myoscope.synthesize("ct_thigh", seed, COARSE).segmentation
    cut = myoscope.synthesize("ct_thigh", seed, replace(COARSE, complete=False)).segmentation
    assert correlation(whole) > 0.9
    assert not correlation(cut) < 0.0
    assert correlation(turned(whole)) < -0.9


def test_a_scan_upside_down_says_so() -> None:
    case = myoscope.synthesize("ct_thigh", 3, COARSE)
    grid = case.scan.grid
    flipped = Grid(
        grid.size, grid.spacing_mm, grid.position((0.0, 0.0, grid.size[2] - 1.0)), (1, 0, 0, 0, 1, 0, 0, 0, -1)
    )
    result = myoscope.measure(replace(case.scan, grid=flipped), replace(case.segmentation, grid=flipped))
    assert "upside_down" in [finding.code for finding in result.findings]
