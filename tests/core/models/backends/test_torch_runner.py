from __future__ import annotations

import pytest
import torch
from torch import nn

from myoscope.models.backends.torch_runner import torch_runner


def small(volumes: bool) -> nn.Module:
    torch.manual_seed(0)
    return (nn.Conv3d(2, 4, 3, padding=1) if volumes else nn.Conv2d(2, 4, 3, padding=1)).eval()


@pytest.mark.parametrize("volumes", [False, True], ids=["pictures", "volumes"])
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.05)])
def test_a_network_gives_its_logits_in_float32_at_the_precision_that_the_name_says(
    volumes: bool, precision: str, tolerance: float
) -> None:
    window = torch.rand(2, 2, *((4, 5, 6) if volumes else (5, 6)))
    runner = torch_runner(small(volumes), device="cpu", precision=precision)
    found, wanted = runner(window), small(volumes)(window)
    assert runner.name == f"torch cpu {precision}"
    assert found.dtype is torch.float32
    assert torch.allclose(found, wanted, atol=tolerance)
    assert torch.equal(found, found.to(torch.bfloat16).float()) is (precision == "bfloat16")
