"""How large a structure of one side can be, in mL.

From the two Visible Human label maps (Andreassen et al., Scientific Data 2022, doi 10.1038/s41597-022-01905-2, CC BY
4.0), both sides of a slender woman and a muscular man: 0.2 x the smallest to 3 x the largest of the four volumes,
rounded outward. They are wide on purpose: they find a wrong label, not an unusual person. Iliopsoas, abdominal oblique,
rectus abdominis and multifidus are not in those maps and have no limits.
"""

from __future__ import annotations

VOLUME_LIMITS_ML: dict[str, tuple[float, float]] = {
    "sartorius": (19.0, 840.0),
    "rectus_femoris": (24.0, 1300.0),
    "vastus_lateralis": (78.0, 3600.0),
    "vastus_intermedius": (54.0, 2700.0),
    "vastus_medialis": (49.0, 2300.0),
    "adductor_longus": (17.0, 860.0),
    "adductor_brevis": (12.0, 490.0),
    "adductor_magnus": (83.0, 3500.0),
    "gracilis": (13.0, 460.0),
    "pectineus": (7.7, 320.0),
    "gluteus_maximus": (150.0, 3900.0),
    "gluteus_medius": (60.0, 1500.0),
    "gluteus_minimus": (24.0, 690.0),
    "tensor_fasciae_latae": (11.0, 410.0),
    "piriformis": (8.4, 180.0),
    "obturator_internus": (8.5, 350.0),
    "obturator_externus": (8.9, 240.0),
    "quadratus_femoris": (6.3, 180.0),
    "semitendinosus": (19.0, 910.0),
    "semimembranosus": (41.0, 1500.0),
    "biceps_femoris": (49.0, 1600.0),
    "iliacus": (25.0, 970.0),
    "psoas": (18.0, 730.0),
    "femur": (83.0, 1500.0),
    "iliac_bone": (32.0, 590.0),
}
