"""Networks that more than one modality builds."""

from myoscope.networks.volumes import build_volume_network

__all__ = ["build_volume_network"]
