"""How well two label maps agree; pure functions on arrays."""

from myoscope.metrics.overlap import Overlap, dice, overlap_counts

__all__ = ["Overlap", "dice", "overlap_counts"]
