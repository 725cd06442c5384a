"""Probabilities of classes: from logits, who leads, and how much doubt is left.

Around a network most time goes to and from memory. All of this therefore works on a few planes at a time, in place and
in room that is used again: a tensor made anew costs as much as several passes over one that is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: Numbers that are worked on at a time: as many as a core's own cache holds.
AT_ONCE = 1 << 17
#: Below float32's full precision some processors take a hundred times as long over a number.
LEAST = 1e-30
#: The least float32 of full precision: below it a probability has no part in the entropy.
TINY = 1.1754944e-38


def probabilities(logits: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """Return the highest probability of each class at each place along x (classes, columns).

    Args:
        logits: (classes, planes, rows, columns), of any kind, layout and device.
        out: As many in float32, to be filled with their softmax over the classes.
    """
    import torch

    out.copy_(logits)
    torch.softmax(out, dim=0, out=out)
    out.clamp_(min=LEAST)
    return out.amax(dim=(1, 2))


def leaders(shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which class is the likeliest at every voxel, the first of equals, as int16, and its probability.

    `max` over the first axis says the same, and takes three times as long as finding the highest and who equals it.

    Args:
        shares: (classes, planes, rows, columns), float32.
    """
    import torch

    count, *shape = shares.shape
    best, index = shares.new_empty(shape), shares.new_empty(shape, dtype=torch.int16)
    rank = torch.arange(count, 0, -1, dtype=shares.dtype, device=shares.device)[:, None, None, None]
    for some, room in _with_room(shares):
        part = shares[:, some]
        torch.amax(part, dim=0, out=best[some])
        # into numbers, not truth values: those are compared one by one
        torch.eq(part, best[some], out=room).mul_(rank)
        index[some] = count - room.amax(dim=0)
    return index, best


def entropy(shares: torch.Tensor) -> torch.Tensor:
    """Return the entropy at every voxel of probabilities (classes, planes, rows, columns), in nats."""
    import torch

    found = torch.empty_like(shares[0])
    for some, room in _with_room(shares):
        torch.clamp(shares[:, some], min=TINY, out=room).log_().mul_(shares[:, some])
        torch.sum(room, dim=0, out=found[some])
    return found.neg_()


def slabs(shares: torch.Tensor) -> Iterator[slice]:
    """Yield stretches of the planes of (classes, planes, rows, columns), each of about `AT_ONCE` numbers."""
    planes = shares.shape[1]
    step = max(1, AT_ONCE * planes // max(1, shares.numel()))
    for first in range(0, planes, step):
        yield slice(first, min(first + step, planes))


def _with_room(shares: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield the same stretches, each with room for as many numbers, which the next has again."""
    room: torch.Tensor | None = None
    for some in slabs(shares):
        room = shares.new_empty(shares[:, some].shape) if room is None else room
        yield some, room[:, : some.stop - some.start]
