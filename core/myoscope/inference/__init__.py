"""The one engine that runs a network over a scan, for every modality."""

from myoscope.inference.engine import Found, choose_device, run_model, segment
from myoscope.inference.volumes import LabelledVolume, label_volume

__all__ = ["Found", "LabelledVolume", "choose_device", "label_volume", "run_model", "segment"]
