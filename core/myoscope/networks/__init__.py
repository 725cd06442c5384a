"""Networks that more than one modality builds, and the libraries that build them."""

from myoscope.networks.libraries import segmentation_models
from myoscope.networks.volumes import UNETR_OPTIONS, build_volume_network

__all__ = ["UNETR_OPTIONS", "build_volume_network", "segmentation_models"]
