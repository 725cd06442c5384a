"""Which modality's structures name the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from myoscope.anatomy import StructureSet
from myoscope.data.segmentation import Segmentation
from myoscope.errors import InputError, PluginError
from myoscope.evaluation.reading import Labels, generic_structures, read_pair
from myoscope.plugins import describe, modalities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from myoscope.data.modality import ModalityInfo


@dataclass(frozen=True, slots=True)
class Naming:
    """Structures, the modality that they are of, and others that would fit too; no modality when the info is None."""

    structures: StructureSet
    info: ModalityInfo | None
    also_fits: tuple[str, ...] = ()


def naming_of(pairs: Iterable[tuple[Labels, Labels]], modality: str | None) -> Naming:
    """Return what names the labels: the modality asked for, else the first by name that fits, else `label_1`, ...

    Ids and names of structures are shared by all modalities, so of several that fit any gives the same names; they
    differ in groups and published values. Of pictures, modalities that image one site at a time are asked first.

    Args:
        pairs: Prediction and reference of each case; the first pair that can be read decides.
        modality: Name of a modality, or None.
    """
    if modality is not None:
        info = describe(modality)
        return Naming(info.structures, info)
    known = _known()
    for prediction, reference in pairs:
        given = next((s.structures for s in (reference, prediction) if isinstance(s, Segmentation)), None)
        if given is not None:
            same = [info for info in known if info.structures == given]
            return Naming(given, same[0] if same else None, tuple(info.name for info in same[1:]))
        from myoscope.evaluation.flat_reading import shows_pictures

        asked = sorted(known, key=lambda info: not info.sites) if shows_pictures(reference) else known
        fits = [info for info in asked if _readable(prediction, reference, info.structures)]
        if fits:
            return Naming(fits[0].structures, fits[0], tuple(info.name for info in fits[1:]))
        if _readable(prediction, reference, generic_structures()):
            break
    return Naming(generic_structures(), None)


def _known() -> tuple[ModalityInfo, ...]:
    found = []
    for name in modalities():
        try:
            found.append(describe(name))
        except PluginError:  # a broken plugin breaks only itself
            continue
    return tuple(found)


def _readable(prediction: Labels, reference: Labels, structures: StructureSet) -> bool:
    try:
        return bool(read_pair(prediction, reference, structures))
    except InputError:  # what is wrong with it is told when it is read to be compared
        return False
