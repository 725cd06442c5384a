"""What each site shows: the five of Zhang (Methods) and the longitudinal frame with its two aponeuroses."""

from __future__ import annotations

from myoscope import ULTRASOUND_STRUCTURES, StructureSet

LONGITUDINAL = "longitudinal"
#: Site -> structures that its model is trained to find, in the order of output channels.
SITES: dict[str, tuple[str, ...]] = {
    "rectus_femoris": ("rectus_femoris",),
    "rectus_abdominis": ("rectus_abdominis",),
    "biceps": ("biceps_brachii",),
    "triceps": ("triceps_brachii",),
    "peroneus": ("peroneus_longus", "peroneus_brevis"),
    LONGITUDINAL: ("superficial_aponeurosis", "deep_aponeurosis", "muscle"),
}
STRUCTURES = StructureSet(ULTRASOUND_STRUCTURES, {"site": SITES})
