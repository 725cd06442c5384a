from __future__ import annotations

import gc
import weakref

import pytest

from myoscope.models.backends.openvino_runner import converted

torch = pytest.importorskip("torch")


def test_a_network_that_was_converted_is_let_go_while_its_graph_lives() -> None:
    network = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3, padding=1), torch.nn.LeakyReLU()).eval()
    alive = weakref.ref(network)
    gc.disable()  # so that it does not happen by chance
    try:
        graph = converted(network, (1, 4, 4, 4))
        del network
        assert alive() is None
    finally:
        gc.enable()
    assert graph.output(0).shape == [1, 2, 4, 4, 4]
