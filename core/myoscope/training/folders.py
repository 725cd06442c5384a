"""Labelled data as people keep it: myoscope's own folders, nnU-Net's, and LabelMe files beside their pictures."""

from __future__ import annotations

from pathlib import Path

from myoscope.errors import InputError

#: Folder names of images and labels: ours, nnU-Net's.
LAYOUTS = (("images", "labels"), ("imagesTr", "labelsTr"))
#: nnU-Net ends the name of a case's first channel so.
FIRST_CHANNEL = "_0000"
SUFFIXES = (".seg.nrrd", ".nii.gz")


def labelled_files(data: Path) -> tuple[tuple[Path, Path], ...]:
    """Return (image, labels) of every case in a folder, by name.

    Understood are `images/` + `labels/` with the same name or the same name but for the ending, an image of several
    contrasts being a folder, nnU-Net's `imagesTr/` + `labelsTr/`, and pictures with a LabelMe `.json` of the same name
    beside them.

    Raises:
        InputError: No case, or an image without labels.
    """
    for images, labels in LAYOUTS:
        if (data / images).is_dir():
            return _paired(_visible(data / images), _files(data / labels), data / labels)
    beside = _files(data)
    notes = [path for path in beside if path.suffix.lower() == ".json" and path.stem in _stems(beside)]
    if notes:
        pictures = [path for path in beside if path.suffix.lower() != ".json" and path.name != "subjects.csv"]
        return _paired(pictures, notes, data)
    raise InputError(
        f"{data} holds no labelled cases.",
        "Put scans into images/ and label maps of the same name into labels/, or LabelMe files beside the pictures.",
    )


def _stems(paths: list[Path]) -> set[str]:
    return {stem_of(path) for path in paths if path.suffix.lower() != ".json"}


def _paired(images: list[Path], labels: list[Path], where: Path) -> tuple[tuple[Path, Path], ...]:
    if not images:
        raise InputError(
            f"{where.parent} holds no images.", "Put scans into images/ and their label maps into labels/."
        )
    by_name = {stem_of(path): path for path in labels}
    missing = [path.name for path in images if stem_of(path) not in by_name]
    if missing:
        raise InputError(
            f"{missing[0]} has no label map in {where}"
            + (f", and {len(missing) - 1} others have none either." if len(missing) > 1 else ".")
        )
    return tuple((path, by_name[stem_of(path)]) for path in images)


def stem_of(path: Path) -> str:
    """Return a file's name without its ending and without nnU-Net's channel number."""
    if path.is_dir():
        return path.name
    ending = next((s for s in SUFFIXES if path.name.lower().endswith(s)), path.suffix)
    return path.name.removesuffix(path.name[len(path.name) - len(ending) :]).removesuffix(FIRST_CHANNEL)


def _files(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_file()]


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))
