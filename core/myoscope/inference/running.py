"""Windows through a network, several at a time, fewer when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from myoscope.free_memory import give_back_memory
from myoscope.inference.windows import Corner, Plan, Volume, cut

if TYPE_CHECKING:
    import torch

#: (N, channels, *window) to logits (N, classes, *window), which the next call may overwrite.
Network = Callable[["torch.Tensor"], "torch.Tensor"]
#: Called with windows done and windows in all.
WindowProgress = Callable[[int, int], None]
#: What libraries say in a plain RuntimeError when memory runs out on a CPU.
OUT_OF_MEMORY = (
    "can't allocate memory", "not enough memory", "out of memory", "unable to mmap", "bad_alloc", "bad allocation",
)  # fmt: skip


def logits_of_windows(
    volume: Volume,
    network: Network,
    plan: Plan,
    *,
    skipped: frozenset[Corner],
    batch: int,
    device: str,
    progress: WindowProgress | None = None,
) -> Iterator[tuple[Corner, torch.Tensor | None]]:
    """Yield every window of a plan in its order with its logits (classes, *window), None where it was skipped.

    It holds on to no logits: whoever takes them should let go before asking for more.

    Args:
        volume: A channel each.
        network: Gives logits; on a CPU what it gives for a window may differ in the last bits with the batch.
        plan: Made for the volume's shape.
        skipped: Windows that the network does not see.
        batch: Windows that go through the network together; halved each time memory runs out.
        device: Where the network takes windows.
        progress: Called with windows done and windows in all, those skipped left out.

    Raises:
        MemoryError: Memory runs out for a single window.
    """
    import torch

    seen = [corner for corner in plan.corners if corner not in skipped]
    ready: dict[Corner, torch.Tensor] = {}
    done = 0
    for corner in plan.corners:
        while corner not in skipped and corner not in ready:
            together = seen[done : done + batch]
            try:
                given = torch.stack([cut(volume, each, plan.window) for each in together])
                ready = dict(zip(together, network(given.to(device)), strict=True))
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if batch == 1:
                    raise MemoryError("a single window does not fit into the network") from error
                batch = (min(batch, len(together)) + 1) // 2
            if corner not in ready:  # not where the error is caught: it still holds what the network had made
                give_back_memory()
        yield corner, ready.pop(corner, None)
        if corner not in skipped:
            done += 1
            if progress is not None:
                progress(done, len(seen))


def mirrored(network: Network) -> Network:
    """Return a network that also looks at every window left for right, and gives the log of the mean probabilities.

    No channel has to change place: channels are structures of either side, and geometry tells the sides apart later.
    """

    def both(windows: torch.Tensor) -> torch.Tensor:
        import torch

        plain = network(windows).float().log_softmax(dim=1)
        turned = network(windows.flip(-1)).float().flip(-1).log_softmax(dim=1)
        return torch.logaddexp(plain, turned, out=plain)

    return both


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error of a network says that memory ran out; PyTorch has a class for it on a GPU alone."""
    import torch

    said = str(error).lower()
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(words in said for words in OUT_OF_MEMORY)
