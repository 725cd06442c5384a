"""The one engine that runs a network over a scan, for every modality."""

from myoscope.inference.engine import Found, choose_device, label_volume, run_model, segment

__all__ = ["Found", "choose_device", "label_volume", "run_model", "segment"]
