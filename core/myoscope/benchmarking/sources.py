"""Where the cases of a benchmark come from: a seed, or two files of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from myoscope.data.modality import LabelledCase, SynthesisOptions
from myoscope.data.recipe import Recipe
from myoscope.errors import InputError, UnreadableError
from myoscope.plugins import open_modality

#: Endings of what may lie beside a label file and is none.
BESIDE = {".tsv", ".csv", ".json"}
NO_IMAGE = "There is no image of this name."


@dataclass(frozen=True, slots=True)
class SeedSource:
    """A synthetic case, by what it is made from."""

    seed: int
    options: SynthesisOptions

    @property
    def name(self) -> str:
        """Name of the case before it is made."""
        site = f"{self.options.site}, " if self.options.site else ""
        return f"{site}seed {self.seed}"


@dataclass(frozen=True, slots=True)
class FileSource:
    """A case of the user's, by its files; the one that is missing is None."""

    name: str
    image: Path | None
    labels: Path | None


Source = SeedSource | FileSource


def read_case(source: Source, modality: str, recipe: Recipe) -> LabelledCase:
    """Return a scan and its true labels.

    Args:
        source: Where the case comes from.
        modality: Name of the modality.
        recipe: Of the model that will see it.

    Raises:
        InputError: Files that are missing or cannot be read, or labels on another grid.
        UsageError: Options that the modality refuses.
    """
    from myoscope.training.cases import read_labelled

    plugin = open_modality(modality)
    if isinstance(source, SeedSource):
        return plugin.synthesize(source.seed, source.options)
    if source.image is None:
        raise UnreadableError(NO_IMAGE)
    if source.labels is None:
        raise UnreadableError("There is no label file of this name.")
    return LabelledCase(*read_labelled(source.image, source.labels, recipe, plugin))


def user_cases(data: Path) -> tuple[FileSource, ...]:
    """Return the cases of a folder that `train` could read, and those that lack an image or labels.

    An image may also be a folder of files that make one scan.

    Raises:
        InputError: No such folder, or no case in it.
    """
    from myoscope.training.folders import LAYOUTS, labelled_files, stem_of

    for images, labels in LAYOUTS:
        if (data / images).is_dir():
            shown, known = _by_name(data / images), _by_name(data / labels)
            if not shown and not known:
                raise InputError(
                    f"{data} holds no cases.", f"Put scans into {images}/ and their labels into {labels}/."
                )
            return tuple(FileSource(name, shown.get(name), known.get(name)) for name in sorted({*shown, *known}))
    return tuple(FileSource(stem_of(image), image, labels) for image, labels in labelled_files(data))


def _by_name(folder: Path) -> dict[str, Path]:
    """Return name -> path of what lies in a folder, but for tables and notes beside label files."""
    from myoscope.training.folders import is_further_channel, stem_of

    found = sorted(path for path in folder.glob("[!.]*") if not is_further_channel(path))
    return {stem_of(path): path for path in found if path.suffix not in BESIDE}
