"""The one engine that runs a network over a scan, for every modality."""

from myoscope.inference.engine import choose_device, label_volume, segment

__all__ = ["choose_device", "label_volume", "segment"]
