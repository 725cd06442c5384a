"""Overlapping windows become probabilities, in columns of the volume that hold only the classes seen there.

A plane is cut into squares that share their borders; above each stands a column, cut into layers where windows begin
and end. A layer holds the classes that the windows on it saw in its column: a few, however many the model knows. What
no later window touches leaves as a `Piece` at once. Memory grows with what the columns show, not with classes x volume.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from myoscope.inference.shares import probabilities
from myoscope.inference.windows import Corner, Plan, weight_of

if TYPE_CHECKING:
    import torch

#: Voxels from one border of a column to the next.
SIDE = 16
#: A class that stays below this probability in all of a window that lies in a column is not held there. A label can
#: change by it only where two classes are closer to each other than this.
LEAST_SHARE = 1e-4
BACKGROUND = 0

#: Indices along z, y and x.
Box = tuple[slice, ...]


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
    across = squares(plan.shape[2])
    strips = [(rows, [(x, _layers(rows, x, plan)) for x in across]) for rows in squares(plan.shape[1])]
    room = weight.new_empty(0)
    for corner, logits in windows:
        window = tuple(slice(c, min(c + w, n)) for c, w, n in zip(corner, plan.window, plan.shape, strict=True))
        if logits is not None and not len(room):
            room = weight.new_empty(len(logits) * plan.window[0] * (SIDE + 1) * plan.window[2])
        for rows, columns in strips:
            box = (window[0], _common(window[1], rows), window[2])
            if box[1].start < box[1].stop:
                look = _look(logits, box, corner, weight, room)
                for x, layers in columns:
                    _add(look, x, layers)
                    while layers and not layers[0].waiting:
                        yield layers.pop(0).finished()
        del logits  # the next window's are as large


def squares(size: int) -> list[slice]:
    """Return stretches of an axis, each with the first index of the next as its last."""
    return [slice(a, min(a + SIDE, size - 1) + 1) for a in range(0, max(size - 1, 1), SIDE)]


@dataclass(frozen=True, slots=True)
class _Look:
    """What a window says of a strip of rows.

    Attributes:
        box: Where the strip lies in the volume, as far as the window covers it.
        weight: Of every voxel of the box.
        shares: (classes, *box); None for background all over.
        highest: Of each class at each place along x (classes, columns); None likewise.
    """

    box: Box
    weight: torch.Tensor
    shares: torch.Tensor | None
    highest: NDArray[np.float32] | None

    def seen(self, columns: slice) -> list[int]:
        """Return the classes that are not next to 0 in all of some columns of the volume."""
        if self.highest is None:
            return [BACKGROUND]
        some = slice(columns.start - self.box[2].start, columns.stop - self.box[2].start)
        return np.flatnonzero(self.highest[:, some].max(axis=1) >= LEAST_SHARE).tolist()


def _look(logits: torch.Tensor | None, box: Box, corner: Corner, weight: torch.Tensor, room: torch.Tensor) -> _Look:
    """Return what a window at a corner says of a part of the volume; its probabilities lie in `room`."""
    there = _from(box, corner)
    if logits is None:
        return _Look(box, weight[there], None, None)
    part = logits[(slice(None), *there)]
    shares = room[: part.numel()].view(part.shape)
    highest = probabilities(part, shares)
    return _Look(box, weight[there], shares, highest.cpu().numpy())


def _add(look: _Look, columns: slice, layers: Sequence[_Layer]) -> None:
    """Add what a window says to the layers of a column, where it lies over them."""
    across = _common(columns, look.box[2])
    if across.start >= across.stop:
        return
    seen = look.seen(across)
    for layer in layers:
        planes = _common(layer.box[0], look.box[0])
        if planes.start < planes.stop:
            layer.add(look, (planes, look.box[1], across), seen)


def _layers(rows: slice, columns: slice, plan: Plan) -> list[_Layer]:
    """Return the layers of a column from the lowest up: they meet where windows begin or end."""
    edges = {min(z, plan.shape[0]) for start in plan.starts[0] for z in (start, start + plan.window[0])}
    boxes = [(slice(*planes), rows, columns) for planes in itertools.pairwise(sorted(edges))]
    return [_Layer(box, plan) for box in boxes]


class _Layer:
    """Weighted sums of probabilities in a box of the volume.

    Attributes:
        box: Where it lies in the volume.
        waiting: Windows that lie over the box and are still to be added.
    """

    def __init__(self, box: Box, plan: Plan) -> None:
        self.box = box
        self.waiting = math.prod(
            sum(start < part.stop and start + length > part.start for start in starts)
            for starts, length, part in zip(plan.starts, plan.window, box, strict=True)
        )
        self._classes: list[int] = []
        self._sums: torch.Tensor | None = None
        self._norm: torch.Tensor | None = None

    def add(self, look: _Look, common: Box, seen: list[int]) -> None:
        """Add what a window says of its classes `seen` in the part of the volume that it has in common with this."""
        sums, norm = self._room(seen, look.weight)
        there, here = _from(common, [part.start for part in look.box]), _from(common, [p.start for p in self.box])
        counts = look.weight[there].contiguous()
        norm[here] += counts
        for low, high in _runs(seen):
            at = bisect_left(self._classes, low)
            held = sums[(slice(at, at + high - low), *here)]
            if look.shares is None:
                held += counts
            else:
                held.addcmul_(look.shares[(slice(low, high), *there)], counts)
        self.waiting -= 1

    def finished(self) -> Piece:
        """Return the means; the sums are no more."""
        assert self._sums is not None
        assert self._norm is not None
        planes, rows, columns = self.box
        return Piece(rows, columns, planes.start, tuple(self._classes), self._sums.div_(self._norm))

    def _room(self, seen: list[int], like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return sums and weights with room for the classes seen."""
        shape = [part.stop - part.start for part in self.box]
        if self._sums is None or self._norm is None:
            self._sums, self._norm = like.new_zeros((0, *shape)), like.new_zeros(shape)
        classes = sorted({*self._classes, *seen})
        if len(classes) > len(self._classes):
            sums = like.new_zeros((len(classes), *shape))
            for c, before in zip(self._classes, self._sums, strict=True):
                sums[classes.index(c)] = before
            self._classes, self._sums = classes, sums
        return self._sums, self._norm


def _runs(classes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last plus one of each run of consecutive numbers: sums of such lie side by side in a layer."""
    breaks = [i for i in range(1, len(classes)) if classes[i] != classes[i - 1] + 1]
    for low, high in itertools.pairwise((0, *breaks, len(classes))):
        if low < high:
            yield classes[low], classes[high - 1] + 1


def _common(one: slice, other: slice) -> slice:
    """Return what two stretches of an axis have in common; where that is nothing it stops no later than it starts."""
    return slice(max(one.start, other.start), min(one.stop, other.stop))


def _from(box: Box, start: Sequence[int]) -> Box:
    """Return a box counted from another place than the volume's first voxel."""
    return tuple(slice(part.start - s, part.stop - s) for part, s in zip(box, start, strict=True))
