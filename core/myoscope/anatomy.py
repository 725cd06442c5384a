"""Structures, sides and label values, shared by every modality.

A label value is the structure's `id`; in a map that splits sides the left one is `id + LEFT_OFFSET`. Terminology codes
are of the Foundational Model of Anatomy (scheme `FMA`), which DICOM names among its coding schemes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from myoscope.errors import UsageError

LEFT_OFFSET = 100


class Side(StrEnum):
    """The side of the patient's body that a structure lies on."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"
    MIDLINE = "midline"


@dataclass(frozen=True, slots=True)
class Structure:
    """A named part of the anatomy.

    Attributes:
        id: Label value, 1 to 99.
        name: snake_case English.
        abbreviation: For plots.
        kind: `muscle`, `bone` or `fascia`.
        fma: Code in the Foundational Model of Anatomy; empty where it has no term of its own.
        color: RGB, 0 to 255.
    """

    id: int
    name: str
    abbreviation: str
    kind: str
    fma: str
    color: tuple[int, int, int]


Grouping = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class StructureSet:
    """The structures that a modality knows, and the groups they are summed in.

    Attributes:
        structures: In ascending order of `id`.
        groupings: Scheme name -> group name -> structure names.
    """

    structures: tuple[Structure, ...]
    groupings: Mapping[str, Grouping] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [structure.id for structure in self.structures]
        if ids != sorted(set(ids)) or not all(0 < i < LEFT_OFFSET for i in ids):
            raise UsageError(f"Structure ids must ascend within 1..{LEFT_OFFSET - 1}, got {ids}.")

    def __iter__(self) -> Iterator[Structure]:
        return iter(self.structures)

    def __len__(self) -> int:
        return len(self.structures)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, Structure]:
        return {structure.name: structure for structure in self.structures}

    @cached_property
    def _by_id(self) -> dict[int, Structure]:
        return {structure.id: structure for structure in self.structures}

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of ids."""
        return tuple(structure.name for structure in self.structures)

    def __getitem__(self, name: str) -> Structure:
        try:
            return self._by_name[name]
        except KeyError:
            raise UsageError(
                f"No structure is called {name!r}.", "`myoscope structures MODALITY` lists the names."
            ) from None

    def label(self, name: str, side: Side) -> int:
        """Return the label value of a structure on a side."""
        return self[name].id + (LEFT_OFFSET if side is Side.LEFT else 0)

    def decode(self, value: int) -> tuple[Structure, Side] | None:
        """Return structure and side of a value in a map that splits sides, or None for an unknown value."""
        side = Side.LEFT if value > LEFT_OFFSET else Side.RIGHT
        structure = self._by_id.get(value - LEFT_OFFSET if side is Side.LEFT else value)
        return None if structure is None else (structure, side)

    def subset(self, names: Iterable[str]) -> StructureSet:
        """Return the set with only `names`; groups lose the members that are left out."""
        kept = {self[name].name for name in names}
        groupings = {
            scheme: {group: tuple(n for n in members if n in kept) for group, members in grouping.items()}
            for scheme, grouping in self.groupings.items()
        }
        return StructureSet(tuple(s for s in self.structures if s.name in kept), groupings)


def _thigh() -> tuple[Structure, ...]:
    rows = (
        (1, "sartorius", "SA", "muscle", "22353", (230, 159, 0)),
        (2, "rectus_femoris", "RF", "muscle", "22430", (204, 60, 60)),
        (3, "vastus_lateralis", "VL", "muscle", "22431", (86, 180, 233)),
        (4, "vastus_intermedius", "VI", "muscle", "22433", (240, 128, 128)),
        (5, "vastus_medialis", "VM", "muscle", "22432", (0, 158, 115)),
        (6, "adductor_longus", "AL", "muscle", "22441", (0, 114, 178)),
        (7, "adductor_brevis", "AB", "muscle", "22442", (123, 104, 238)),
        (8, "adductor_magnus", "AM", "muscle", "22443", (213, 94, 0)),
        (9, "gracilis", "GR", "muscle", "43882", (204, 121, 167)),
        (10, "pectineus", "PE", "muscle", "22440", (240, 228, 66)),
        (11, "gluteus_maximus", "GMAX", "muscle", "22314", (178, 102, 92)),
        (12, "gluteus_medius", "GMED", "muscle", "22315", (144, 190, 109)),
        (13, "gluteus_minimus", "GMIN", "muscle", "22317", (67, 170, 139)),
        (14, "tensor_fasciae_latae", "TFL", "muscle", "22423", (249, 199, 79)),
        (15, "piriformis", "PIR", "muscle", "19082", (87, 117, 144)),
        (16, "obturator_internus", "OI", "muscle", "22298", (157, 78, 221)),
        (17, "obturator_externus", "OE", "muscle", "22299", (255, 133, 161)),
        (18, "quadratus_femoris", "QF", "muscle", "22321", (72, 202, 228)),
        (19, "semitendinosus", "ST", "muscle", "22357", (120, 94, 240)),
        (20, "semimembranosus", "SM", "muscle", "22438", (220, 38, 127)),
        (21, "biceps_femoris", "BF", "muscle", "22356", (100, 143, 255)),
        (22, "iliacus", "IL", "muscle", "22310", (181, 137, 0)),
        (23, "iliopsoas", "IP", "muscle", "64918", (133, 153, 0)),
        (24, "psoas", "PS", "muscle", "18060", (42, 161, 152)),
        (25, "abdominal_oblique", "AO", "muscle", "13335", (188, 143, 143)),
        (26, "rectus_abdominis", "RA", "muscle", "9628", (205, 133, 63)),
        (27, "multifidus", "MU", "muscle", "22827", (160, 82, 45)),
        (28, "femur", "FE", "bone", "9611", (241, 236, 220)),
        (29, "iliac_bone", "IB", "bone", "16589", (215, 205, 180)),
    )
    return tuple(Structure(*row) for row in rows)


#: Muscles and bones from hip to knee: 27 muscles, femur, iliac bone (Kim 2024, Methods; ids of the project).
THIGH_STRUCTURES = _thigh()

#: What muscle ultrasound measures (Zhang, Methods); `muscle` lies between the aponeuroses of a longitudinal frame.
ULTRASOUND_STRUCTURES = (
    *(s for s in THIGH_STRUCTURES if s.name in {"rectus_femoris", "rectus_abdominis"}),
    Structure(30, "biceps_brachii", "BB", "muscle", "37670", (86, 180, 233)),
    Structure(31, "triceps_brachii", "TB", "muscle", "37688", (0, 158, 115)),
    Structure(32, "peroneus_longus", "PL", "muscle", "22539", (230, 159, 0)),
    Structure(33, "peroneus_brevis", "PB", "muscle", "22540", (204, 121, 167)),
    Structure(34, "muscle", "M", "muscle", "5022", (204, 60, 60)),
    Structure(35, "superficial_aponeurosis", "SAP", "fascia", "", (240, 228, 66)),
    Structure(36, "deep_aponeurosis", "DAP", "fascia", "", (86, 180, 233)),
)
