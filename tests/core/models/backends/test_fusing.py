from __future__ import annotations

import copy

import torch
from torch import nn

from myoscope.models.backends.fusing import fused


def random_network() -> nn.Module:
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(3, 5, 3, bias=False), nn.BatchNorm2d(5), nn.ReLU())
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), block, nn.Conv2d(5, 2, 1))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()


def test_a_fused_network_gives_the_same_logits_without_any_normalization() -> None:
    plain = random_network()
    quick = fused(copy.deepcopy(plain))
    frames = torch.rand(3, 1, 20, 24)
    with torch.inference_mode():
        assert torch.allclose(plain(frames), quick(frames), atol=1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick.modules())
