"""Overlapping windows become probabilities, in columns of the volume that hold only the classes seen there.

A plane is cut into squares that share their borders; above each stands a column. It holds the planes that windows to
come still touch, of the classes that any window saw in it: a few, however many the model knows. What no later window
touches leaves as a `Piece` at once. Memory grows with what the columns show, not with classes x volume.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.inference.windows import Corner, Plan, weight_of

if TYPE_CHECKING:
    import torch

#: Voxels from one border of a column to the next.
SIDE = 16
#: A class that stays below this probability in all of a window that lies in a column is not held there. A label can
#: change by it only where two classes are closer to each other than this.
LEAST_SHARE = 1e-4
BACKGROUND = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Finished probabilities of a stretch of a column.

    Attributes:
        rows: Along y of the model's grid; the last row is the first of the next column, but at the end of the grid.
        columns: Along x, likewise.
        first: Index of the first plane.
        classes: Output channels that `shares` holds, ascending; every other is next to 0.
        shares: (classes, planes, rows, columns), float32.
    """

    rows: slice
    columns: slice
    first: int
    classes: tuple[int, ...]
    shares: torch.Tensor


def blended(
    windows: Iterable[tuple[Corner, torch.Tensor | None]], plan: Plan, *, blending: str, device: str
) -> Iterator[Piece]:
    """Yield the weighted mean of the probabilities of all windows; the pieces of each column come from the lowest up.

    Args:
        windows: Logits (classes, *window) of every window in the order of the plan, None for background all over.
        plan: Where they lie.
        blending: See `weight_of`.
        device: Where they are blended.
    """
    import torch

    weight = torch.from_numpy(weight_of(plan.window, blending)).to(device)
    columns = [_Column(rows, across) for rows in squares(plan.shape[1]) for across in squares(plan.shape[2])]
    after = dict(zip(plan.starts[0], (*plan.starts[0][1:], plan.shape[0]), strict=True))
    waiting = [0] * len(columns)
    for corner, logits in windows:
        touched = [i for i, column in enumerate(columns) if column.meets(corner, plan.window)]
        for i in touched:
            waiting[i] = waiting[i] or sum(
                columns[i].meets((corner[0], y, x), plan.window) for y in plan.starts[1] for x in plan.starts[2]
            )
            columns[i].add(corner, logits, weight, plan.shape[0])
            waiting[i] -= 1
            if not waiting[i]:
                yield columns[i].finished(after[corner[0]])
        del logits  # the next window's are as large


def squares(size: int) -> list[slice]:
    """Return stretches of an axis, each with the first index of the next as its last."""
    return [slice(a, min(a + SIDE, size - 1) + 1) for a in range(0, max(size - 1, 1), SIDE)]


class _Column:
    """Weighted sums of probabilities above a square of the plane."""

    def __init__(self, rows: slice, columns: slice) -> None:
        self.rows, self.columns = rows, columns
        self.first = 0
        self.classes: list[int] = []
        self.sums: torch.Tensor | None = None
        self.norm: torch.Tensor | None = None

    def meets(self, corner: Corner, window: Sequence[int]) -> bool:
        """Tell whether a window lies in part above the square."""
        _, y, x = corner
        below = y < self.rows.stop and x < self.columns.stop
        return bool(below and y + window[1] > self.rows.start and x + window[2] > self.columns.start)

    def add(self, corner: Corner, logits: torch.Tensor | None, weight: torch.Tensor, size: int) -> None:
        """Add what a window says of the column, whose planes end at `size`."""
        z, y, x = corner
        stop = min(z + len(weight), size)
        low = (max(y, self.rows.start), max(x, self.columns.start))
        high = (min(y + weight.shape[1], self.rows.stop), min(x + weight.shape[2], self.columns.stop))
        there = (slice(stop - z), slice(low[0] - y, high[0] - y), slice(low[1] - x, high[1] - x))
        counts = weight[there]
        if logits is None:
            seen, shares = [BACKGROUND], {BACKGROUND: counts.new_ones(())}
        else:
            given = logits[(slice(None), *there)].to(weight.device).float().softmax(dim=0)
            seen = (given.flatten(1).amax(dim=1) >= LEAST_SHARE).nonzero().flatten().tolist()
            shares = {c: given[c] for c in seen}
        sums, norm = self._room(stop, seen, weight)
        here = (
            slice(z - self.first, stop - self.first),
            slice(low[0] - self.rows.start, high[0] - self.rows.start),
            slice(low[1] - self.columns.start, high[1] - self.columns.start),
        )
        norm[here] += counts
        for c in seen:
            sums[(self.classes.index(c), *here)].addcmul_(shares[c], counts)

    def finished(self, stop: int) -> Piece:
        """Return the mean of the planes below `stop` and keep those above it."""
        assert self.sums is not None
        assert self.norm is not None
        done = stop - self.first
        order = sorted(range(len(self.classes)), key=self.classes.__getitem__)
        shares = self.sums[order, :done] / self.norm[:done]
        piece = Piece(self.rows, self.columns, self.first, tuple(self.classes[i] for i in order), shares)
        rest = self.sums[:, done:]
        kept = [i for i in range(len(self.classes)) if rest.numel() and bool(rest[i].any())]
        self.sums, self.norm = rest[kept].clone(), self.norm[done:].clone()
        self.classes, self.first = [self.classes[i] for i in kept], stop
        return piece

    def _room(self, stop: int, seen: list[int], like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return sums and weights with room for planes up to `stop` and the classes seen."""
        new = [c for c in seen if c not in self.classes]
        area = (self.rows.stop - self.rows.start, self.columns.stop - self.columns.start)
        if self.sums is None or self.norm is None:
            self.sums, self.norm = like.new_zeros((0, 0, *area)), like.new_zeros((0, *area))
        planes = stop - self.first
        if new or planes > len(self.norm):
            sums = like.new_zeros((len(self.classes) + len(new), planes, *area))
            sums[: len(self.classes), : self.sums.shape[1]] = self.sums
            norm = like.new_zeros((planes, *area))
            norm[: len(self.norm)] = self.norm
            self.sums, self.norm, self.classes = sums, norm, self.classes + new
        return self.sums, self.norm
