"""Muscles of hip and thigh by compartment, and the schemes of three papers that group them.

Sources: Kim 2024 (CT), Methods; the Dixon paper, Methods, 'Ground truth annotation'; Kim 2025, abstract.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ANTERIOR = ("sartorius", "rectus_femoris", "vastus_lateralis", "vastus_intermedius", "vastus_medialis")
POSTERIOR = ("semitendinosus", "semimembranosus", "biceps_femoris")
ADDUCTORS = ("adductor_longus", "adductor_brevis", "adductor_magnus", "gracilis", "pectineus")
GLUTEAL = (
    "gluteus_maximus",
    "gluteus_medius",
    "gluteus_minimus",
    "tensor_fasciae_latae",
    "piriformis",
    "obturator_internus",
    "obturator_externus",
    "quadratus_femoris",
)
TRUNK = ("iliacus", "iliopsoas", "psoas", "abdominal_oblique", "rectus_abdominis", "multifidus")

#: Scheme -> group -> members. The papers differ on pectineus and quadratus femoris.
SCHEMES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "kim2024": {
            "anterior": ANTERIOR,
            "medial": ADDUCTORS,
            "posterior": POSTERIOR,
            "gluteal": GLUTEAL,
            "other": TRUNK,
        },
        "dixon": {
            "anterior": ANTERIOR,
            "medial": ("adductor_longus", "adductor_brevis", "adductor_magnus", "gracilis", "quadratus_femoris"),
            "posterior": POSTERIOR,
            "gluteal": (*(name for name in GLUTEAL if name != "quadratus_femoris"), "pectineus"),
            "core": ("iliopsoas", "abdominal_oblique", "rectus_abdominis", "multifidus"),
        },
        "functional": {
            "extensor": tuple(name for name in ANTERIOR if name != "sartorius"),
            "flexor": POSTERIOR,
            "adductor": ADDUCTORS,
        },
    }
)

#: A third of 24,670 people of UK Biobank have a posterior/anterior volume ratio below the first, a third above the
#: second (the Dixon paper, Methods, 'Statistics').
PA_TERTILES = (0.41, 0.48)
