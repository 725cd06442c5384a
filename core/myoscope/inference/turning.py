"""Which way up a volume lies, by what a network sees: for files whose orientation is nominal.

Two of the patient's axes can be seen in a pair of legs, front to back and feet to head. Left and right cannot: they are
mirror images.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from myoscope.data.finding import Finding, Severity
from myoscope.data.recipe import Recipe
from myoscope.inference.running import Network
from myoscope.inference.windows import Volume, air_levels, cut, plan_windows

if TYPE_CHECKING:
    import torch

#: The network looks at so many windows along the body.
LOOKS = 3
#: Another way up must be recognized this much better than the header's.
CLEARLY = 1.15


@dataclass(frozen=True, slots=True)
class Turn:
    """How a volume is turned before a network sees it.

    Attributes:
        front_to_back: Whether front and back are exchanged.
        head_to_foot: Whether head and feet are exchanged.
    """

    front_to_back: bool = False
    head_to_foot: bool = False

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of a window (n, channels, z, y, x) that are flipped."""
        return (*((2,) if self.head_to_foot else ()), *((3,) if self.front_to_back else ()))

    def findings(self) -> tuple[Finding, ...]:
        """Return what a person has to know of a turned scan; nothing of one that lies as its header says."""
        names = [
            name for name, is_turned in (("front and back", self.front_to_back), ("head and feet", self.head_to_foot))
            if is_turned
        ]  # fmt: skip
        if not names:
            return ()
        return (
            Finding(
                code="orientation_doubtful",
                severity=Severity.WARNING,
                message=f"The muscles are recognized far better with {' and with '.join(names)} exchanged, so the scan "
                "was segmented that way; its header gives a nominal orientation only.",
                action="Correct the orientation of the file: sides, ends and heights still follow its header.",
            ),
        )


def turned(network: Network, turn: Turn) -> Network:
    """Return the network that sees every window turned, and whose logits lie as the window does."""
    if not turn.axes:
        return network
    return lambda window: network(window.flip(turn.axes)).flip(turn.axes)


def best_turn(volume: Volume, network: Network, recipe: Recipe, *, device: str) -> Turn:
    """Return the way up in which a network is surest of what it sees; as it is unless another is clearly better.

    Front and back come first: they are told far better than head and feet, of which a stretch of thigh says little.

    Args:
        volume: An array (z, y, x) for each channel, prepared.
        network: In evaluation mode.
        recipe: Gives the window.
        device: A torch device.
    """
    import torch

    window = recipe.window[::-1]
    plan = plan_windows(volume[0].shape, window, recipe.overlap)
    heights = [plan.starts[0][round(i)] for i in np.linspace(0, len(plan.starts[0]) - 1, LOOKS)]
    y, x = (starts[len(starts) // 2] for starts in plan.starts[1:])
    looks = [cut(volume, (z, y, x), window)[None].to(device) for z in dict.fromkeys(heights)]
    air = torch.tensor(air_levels(volume), device=device)[:, None, None, None]
    sure = {}
    with torch.inference_mode():
        for front, head in itertools.product((False, True), repeat=2):
            seen = turned(network, Turn(front, head))
            sure[front, head] = float(np.mean([_sureness(seen, look, air) for look in looks]))
    front = max(sure[True, False], sure[True, True]) > CLEARLY * max(sure[False, False], sure[False, True])
    return Turn(front, sure[front, True] > CLEARLY * sure[front, False])


def _sureness(network: Network, window: torch.Tensor, air: torch.Tensor) -> float:
    """Return the mean probability of the likeliest structure over all that is no air, 0 where nothing is there."""
    tissue = (window[0] > air).any(dim=0)
    if not bool(tissue.any()):
        return 0.0
    shares = network(window)[0].float().softmax(dim=0)
    return float(shares[1:].amax(dim=0)[tissue].mean())
