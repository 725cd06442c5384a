"""Networks ready to run: PyTorch or OpenVINO behind one door."""

from myoscope.models.backends.opening import memory_of, open_runner
from myoscope.models.backends.runner import Runner

__all__ = ["Runner", "memory_of", "open_runner"]
