"""Networks that more than one modality builds, and the libraries that build them."""

from myoscope.networks.libraries import segmentation_models
from myoscope.networks.volumes import SLICES_OPTIONS, SMALL_UNETR_OPTIONS, UNETR_OPTIONS, build_volume_network

__all__ = [
    "SLICES_OPTIONS",
    "SMALL_UNETR_OPTIONS",
    "UNETR_OPTIONS",
    "build_volume_network",
    "segmentation_models",
]
