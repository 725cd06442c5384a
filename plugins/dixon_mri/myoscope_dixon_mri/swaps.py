"""Find and undo exchanges of water and fat in one station.

A separation that settles on the wrong solution exchanges both species in a whole slab of slices or in one connected
part of the body, such as a leg (Ma, J Magn Reson Imaging 28:543-558, 2008). What cannot be exchanged is anatomy: fat
lies right under the skin, skin above it and muscle beneath it are water. Only the balance (F - W) / (F + W) is looked
at, from which the coil's shading cancels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope import GeometryError, Grid
from myoscope.ops.fat import fat_fraction
from myoscope.ops.orient import from_lps, to_lps
from myoscope_dixon_mri.layers import SIDES, Halves, measure_halves

#: Neighboring slices that agree, or differ, outweigh this much evidence: anatomy does not invert from slice to slice,
#: so what is exchanged begins and ends where the balance changes its sign.
AGREEMENT_WEIGHT = 12.0
#: Agreement within this of 0 says nothing: there the body changes from one slice to the next, as where legs part.
UNCLEAR_AGREEMENT = 0.15
#: A region is exchanged when the mean evidence of its slices is below minus this. Pure fat without visible skin gives
#: 1 - `layers.DEEP_WEIGHT` - `layers.SKIN_WEIGHT` = 0.25, real legs give more, and lean knees, the worst, about 0.
EXCHANGED_BELOW = 0.12
#: Fewer slices than this are not called a region, unless there are no others.
FEWEST_SLICES = 3
#: Runs of both sides whose ends differ by no more than this are one slab.
SAME_END_SLICES = 2
#: The body is two legs where its column between the halves is less than this share of its highest column.
LEG_NOTCH = 0.5


@dataclass(frozen=True, slots=True)
class Swap:
    """A region of a station where water and fat are exchanged.

    Attributes:
        region: For people: `whole station`, `left leg`, `right half, slices 3 to 14 from the feet`.
        mask: Where, in the axis order of the images, shape `grid.shape`; whole slices or halves of slices, with air.
        share: Share of the body's voxels that lie in it.
        evidence: A clause that says what shows it.
    """

    region: str
    mask: NDArray[np.bool_]
    share: float
    evidence: str


@dataclass(frozen=True, slots=True)
class _Run:
    """Slices `start` to `stop` (not included) of one side."""

    side: int
    start: int
    stop: int

    @property
    def slices(self) -> slice:
        return slice(self.start, self.stop)

    def is_beside(self, other: _Run) -> bool:
        """Tell whether both begin and end together, on either side."""
        return max(abs(self.start - other.start), abs(self.stop - other.stop)) <= SAME_END_SLICES


def find_swaps(water: NDArray[Any], fat: NDArray[Any], grid: Grid) -> tuple[Swap, ...]:
    """Return the regions of a station where water and fat are exchanged; empty when nothing is.

    The right and the left half of each slice have one state each. Between neighboring slices it changes where the
    balance of the same place changes its sign; which of the two states is exchanged is voted by the layers under the
    skin of all slices.

    Args:
        water: Shape `grid.shape`; a magnitude image; untouched.
        fat: The same.
        grid: A 3D grid; sides and slices are told by it.

    Raises:
        GeometryError: Images whose shape is not the grid's.
    """
    if water.shape != grid.shape or fat.shape != grid.shape:
        raise GeometryError(
            f"Water has shape {water.shape} and fat {fat.shape}, their grid needs {grid.shape}.",
            "Give both images of one station.",
        )
    percent, lps_grid = to_lps(fat_fraction(water, fat).percent, grid)
    halves = measure_halves(percent, lps_grid)
    exchanged = np.stack([_states(halves, side) < 0 for side in range(len(SIDES))])
    return tuple(_swap(runs, halves, grid) for runs in _regions(exchanged) if _is_shown(runs, halves))


def unswap(
    water: NDArray[np.float32], fat: NDArray[np.float32], swaps: Sequence[Swap]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return copies of water and fat with both exchanged in the regions of `swaps`."""
    water, fat = water.copy(), fat.copy()
    for swap in swaps:
        water[swap.mask], fat[swap.mask] = fat[swap.mask], water[swap.mask]
    return water, fat


def _states(halves: Halves, side: int) -> NDArray[np.int8]:
    """Return +1 or, where exchanged, -1 for each slice of a side: the most likely chain of states (Viterbi)."""
    evidence, agreement = halves.evidence[side], _coupling(halves.agreement[side])
    best = np.array([evidence[0], -evidence[0]])
    back = np.zeros((evidence.size, 2), dtype=np.intp)
    for k in range(1, evidence.size):
        stay, change = best + agreement[k - 1], best[::-1] - agreement[k - 1]
        changed = change > stay
        back[k] = np.where(changed, [1, 0], [0, 1])
        best = np.where(changed, change, stay) + np.array([evidence[k], -evidence[k]])
    state = np.zeros(evidence.size, dtype=np.intp)
    state[-1] = int(best[1] > best[0])
    for k in range(evidence.size - 1, 0, -1):
        state[k - 1] = back[k, state[k]]
    return (1 - 2 * state).astype(np.int8)


def _coupling(agreement: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how strongly neighbors are bound to one state, or to different ones where negative."""
    return AGREEMENT_WEIGHT * np.sign(agreement) * np.maximum(np.abs(agreement) - UNCLEAR_AGREEMENT, 0.0)


def _regions(exchanged: NDArray[np.bool_]) -> Iterator[tuple[_Run, ...]]:
    """Yield the runs of exchanged slices, those of both sides that begin and end together as one region."""
    right, left = (_runs(row, side) for side, row in enumerate(exchanged))
    for run in right:
        twins = tuple(other for other in left if run.is_beside(other))[:1]
        left = [other for other in left if other not in twins]
        yield (run, *twins)
    yield from ((run,) for run in left)


def _runs(row: NDArray[np.bool_], side: int) -> list[_Run]:
    ends = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    return [_Run(side, int(start), int(stop)) for start, stop in ends.reshape(-1, 2)]


def _is_shown(runs: Sequence[_Run], halves: Halves) -> bool:
    """Tell whether a region is long and sure enough: by its layers and, where it begins or ends, by its neighbors."""
    count = halves.shape[0]
    if max(run.stop - run.start for run in runs) < min(FEWEST_SLICES, count):
        return False
    own = sum(float(halves.evidence[run.side, run.slices].sum()) for run in runs)
    seen = sum(int(halves.seen[run.side, run.slices].sum()) for run in runs)
    borders = 0.0
    for run in runs:
        ends = [k for k in (run.start - 1, run.stop - 1) if 0 <= k < count - 1]
        borders += float(_coupling(halves.agreement[run.side, ends]).sum())
    return own < 0 and own + borders < -EXCHANGED_BELOW * seen


def _swap(runs: Sequence[_Run], halves: Halves, grid: Grid) -> Swap:
    columns = np.arange(halves.shape[2])
    left = np.broadcast_to((columns[None, :] >= halves.split[:, None])[:, None, :], halves.shape)
    mask, chosen = np.zeros(halves.shape, dtype=np.bool_), np.zeros(halves.seen.shape, dtype=np.bool_)
    for run in runs:
        chosen[run.side, run.slices] = True
        mask[run.slices] |= left[run.slices] if SIDES[run.side] == "left" else ~left[run.slices]
    seen = chosen & halves.seen
    evidence = (
        f"the layer under the skin reads {_percent(halves.rim[seen])}% fat and the tissue beneath it "
        f"{_percent(halves.deep[seen])}% in {np.count_nonzero(seen.any(axis=0))} slices"
    )
    return Swap(
        region=_region(runs, halves),
        mask=np.ascontiguousarray(from_lps(mask, grid)),
        share=float(halves.voxels[chosen].sum() / halves.voxels.sum()),
        evidence=evidence,
    )


def _percent(balances: NDArray[np.float64]) -> str:
    return f"{50.0 * (float(balances.mean()) + 1.0):.0f}"


def _region(runs: Sequence[_Run], halves: Halves) -> str:
    start, stop = min(run.start for run in runs), max(run.stop for run in runs)
    whole = start == 0 and stop == halves.shape[0]
    slices = f"slices {start + 1} to {stop} from the feet"
    if len(runs) == len(SIDES):
        return "whole station" if whole else slices
    part = "leg" if np.median(halves.notch[start:stop]) < LEG_NOTCH else "half"
    name = f"{SIDES[runs[0].side]} {part}"
    return name if whole else f"{name}, {slices}"
