"""What a modality says about itself and about a source; data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from myoscope.anatomy import StructureSet
from myoscope.data.recipe import Recipe
from myoscope.data.scan import Scan
from myoscope.data.segmentation import Segmentation


@dataclass(frozen=True, slots=True)
class ModalityInfo:
    """What a plugin offers.

    Attributes:
        name: The entry point's name.
        title: For people.
        structures: Everything that it can measure, with its groups.
        inputs: Accepted kinds of input, for people.
        recipes: Name -> recipe.
        default_model: Id of the model that `analyze` takes when none is named.
        weights_dir: Folder of embedded model packages.
        sites: Site -> id of the model that reads it, for a modality that images one place at a time; empty for others.
        fast_model: Id of a coarser and faster model, taken on request; empty when there is none.
        published: Table of what others reported, CSV with the columns model, structure, metric, value, source; the
            structure `text` is a mean that their text states.
    """

    name: str
    title: str
    structures: StructureSet
    inputs: tuple[str, ...]
    recipes: Mapping[str, Recipe]
    default_model: str
    weights_dir: Path
    sites: Mapping[str, str] = field(default_factory=dict)
    fast_model: str = ""
    published: Path | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """A plugin's belief that a source is its own.

    Attributes:
        confidence: 0 to 1; the surest plugin wins.
        reason: Why, one phrase, shown when plugins disagree.
    """

    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the user adds to a source.

    Attributes:
        series: UID or number of the DICOM series to take when there are several.
        case_id: Name of the case; derived from the source when empty.
        site: Where a picture was taken, a site of the modality.
        depth_mm: Depth that a picture shows, in mm, when its file does not say.
        spacing_mm: Pixel size of a picture, in mm, when its file does not say.
        image: Which image, from 1, of a picture that shows several side by side.
        contrasts: Files of an MRI by contrast (`water`, `fat`, `in_phase`, `opposed_phase`); empty when the source
            itself says which is which.
        match_stations: Whether brightness is matched between stations before they are fused.
        correct_swaps: Whether water and fat are exchanged back where they were found swapped.
    """

    series: str | None = None
    case_id: str = ""
    site: str = ""
    depth_mm: float | None = None
    spacing_mm: float | None = None
    image: int | None = None
    contrasts: Mapping[str, Path] = field(default_factory=dict)
    match_stations: bool = True
    correct_swaps: bool = False


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """What the user fixes of a synthetic case.

    Attributes:
        label_map: A label map to render instead of the modality's parametric anatomy.
        spacing_mm: Spacing of the scan, (x, y, z); drawn from the seed when None.
        size: Number of voxels (x, y, z); follows the anatomy when None.
        site: Site to synthesize, for a modality that has sites; drawn from the seed when empty.
        frames: Frames of a video; 0 for a single picture or a volume.
        complete: True keeps the whole anatomy in view; False lets the seed cut it anywhere.
        wide: True lets the seed draw any contrast and fault that training should have seen, in a single channel.
    """

    label_map: Path | None = None
    spacing_mm: tuple[float, ...] | None = None
    size: tuple[int, ...] | None = None
    complete: bool = True
    site: str = ""
    frames: int = 0
    wide: bool = False


@dataclass(frozen=True, slots=True)
class LabelledCase:
    """A scan whose every answer is known.

    Attributes:
        scan: The image.
        segmentation: The truth, on the scan's own grid.
        facts: What the case was made from: seed, sizes, spacings; JSON-ready.
    """

    scan: Scan
    segmentation: Segmentation
    facts: Mapping[str, Any] = field(default_factory=dict)
