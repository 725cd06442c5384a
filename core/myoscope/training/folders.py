"""Labelled data as people keep it: myoscope's own folders, nnU-Net's, MONAI Label's, and LabelMe files."""

from __future__ import annotations

import re
from pathlib import Path

from myoscope.errors import InputError

#: Folder names of images and labels: ours, nnU-Net's.
LAYOUTS = (("images", "labels"), ("imagesTr", "labelsTr"))
#: nnU-Net ends the name of a case's first channel so, and those of the others with further numbers.
FIRST_CHANNEL = "_0000"
CHANNEL = re.compile(r"_\d{4}$")
#: MONAI Label keeps its notes on a folder here; finished labels lie in `FINAL_LABELS`, images at the top.
DATASTORE = "datastore_v2.json"
FINAL_LABELS = Path("labels") / "final"
SUFFIXES = (".seg.nrrd", ".nii.gz")
#: What may lie beside images and is none.
NOTES = (".json", ".csv", ".txt", ".md", ".tsv")
#: So many names are listed in a sentence.
FEW = 5


def labelled_files(data: Path) -> tuple[tuple[Path, Path], ...]:
    """Return (image, labels) of every case in a folder, by name.

    Understood are `images/` + `labels/` with the same name or the same name but for the ending, an image of several
    contrasts being a folder; nnU-Net's `imagesTr/` + `labelsTr/`, where the first channel stands for all; the images of
    a MONAI Label datastore that have final labels; and pictures with a LabelMe `.json` of the same name beside them.

    Raises:
        InputError: No case, or an image without labels.
    """
    if (data / DATASTORE).is_file():
        return _finished(data)
    for images, labels in LAYOUTS:
        if (data / images).is_dir():
            shown = [path for path in _visible(data / images) if not is_further_channel(path)]
            return _paired(shown, _label_files(data / labels), data / labels)
    beside = _files(data)
    notes = [path for path in beside if path.suffix.lower() == ".json" and path.stem in _stems(beside)]
    if notes:
        pictures = [path for path in beside if path.suffix.lower() != ".json" and path.name != "subjects.csv"]
        return _paired(pictures, notes, data)
    raise InputError(
        f"{data} holds no labelled cases.",
        "Put scans into images/ and label maps of the same name into labels/, or LabelMe files beside the pictures.",
    )


def unfinished_images(data: Path) -> tuple[Path, ...]:
    """Return the images of a MONAI Label datastore that have no final labels; nothing for other folders."""
    if not (data / DATASTORE).is_file():
        return ()
    done = {image for image, _ in _finished(data)}
    return tuple(path for path in _datastore_images(data) if path not in done)


def stem_of(path: Path) -> str:
    """Return a file's name without its ending and without nnU-Net's channel number."""
    if path.is_dir():
        return path.name
    return _without_ending(path).removesuffix(FIRST_CHANNEL)


def channels_beside(image: Path) -> tuple[Path, ...]:
    """Return every channel of an image in nnU-Net's `imagesTr`, in the order of their numbers; the image alone else."""
    name = _without_ending(image)
    if image.parent.name != LAYOUTS[1][0] or not name.endswith(FIRST_CHANNEL):
        return (image,)
    stem, ending = name.removesuffix(FIRST_CHANNEL), image.name[len(name) :]
    return tuple(sorted(p for p in _files(image.parent) if re.fullmatch(rf"{re.escape(stem)}_\d{{4}}{ending}", p.name)))


def listed(names: list[str]) -> str:
    """Return names for a sentence: a few of them, and how many more there are."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def _finished(data: Path) -> tuple[tuple[Path, Path], ...]:
    """Return images and final labels of a MONAI Label datastore."""
    labels = {stem_of(path): path for path in _label_files(data / FINAL_LABELS)}
    pairs = tuple((p, labels[stem_of(p)]) for p in _datastore_images(data) if stem_of(p) in labels)
    if not pairs:
        raise InputError(
            f"{data} holds no image with final labels.", f"Submit labels in MONAI Label: they go to {FINAL_LABELS}/."
        )
    return pairs


def _datastore_images(data: Path) -> list[Path]:
    return [path for path in _files(data) if path.suffix.lower() not in NOTES]


def is_further_channel(path: Path) -> bool:
    """Tell whether a file is a channel after the first one of the same case, which lies beside it."""
    if path.parent.name != LAYOUTS[1][0] or not CHANNEL.search(name := _without_ending(path)):
        return False
    first = path.with_name(CHANNEL.sub(FIRST_CHANNEL, name) + path.name[len(name) :])
    return not name.endswith(FIRST_CHANNEL) and first.is_file()


def _without_ending(path: Path) -> str:
    ending = next((s for s in SUFFIXES if path.name.lower().endswith(s)), path.suffix)
    return path.name[: len(path.name) - len(ending)]


def _stems(paths: list[Path]) -> set[str]:
    return {stem_of(path) for path in paths if path.suffix.lower() != ".json"}


def _paired(images: list[Path], labels: list[Path], where: Path) -> tuple[tuple[Path, Path], ...]:
    if not images:
        raise InputError(
            f"{where.parent} holds no images.", "Put scans into images/ and their label maps into labels/."
        )
    by_name = {stem_of(path): path for path in labels}
    if missing := [path.name for path in images if stem_of(path) not in by_name]:
        raise InputError(
            f"{len(missing)} of {len(images)} images have no label map in {where}: {listed(missing)}.",
            "Label them, or keep them in another folder.",
        )
    return tuple((path, by_name[stem_of(path)]) for path in images)


def _label_files(folder: Path) -> list[Path]:
    """Return the files of a folder of labels, without the tables beside them."""
    return [path for path in _files(folder) if path.suffix.lower() not in {".tsv", ".csv"}]


def _files(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_file()]


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))
