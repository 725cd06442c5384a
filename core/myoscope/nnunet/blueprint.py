"""What rebuilds an nnU-Net beside its weights: its plans and labels, kept in the recipe of the model's card."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from myoscope.data.grid import PICTURE_AXES
from myoscope.errors import ModelError
from myoscope.nnunet.convert import MILLIMETERS, PIXELS
from myoscope.nnunet.workspace import CONFIGURATION

if TYPE_CHECKING:
    import torch

    from myoscope.models import ModelCard

KEY, HASH = "blueprint", "blueprint_sha256"
#: Readers that know the size of pixels; they differ in file formats, not in the order of axes.
SCALED = (MILLIMETERS, "NibabelIO", "NibabelIOWithReorient", "SimpleITKIOWithReorient")
#: Plans name the classes that are to be called. These are all that nnU-Net's planners name; whatever else could be
#: reached by a name, such as `torch.hub.load`, must not be.
NETWORKS = (
    "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet",
)
LAYERS = re.compile(r"torch\.nn\.(modules\.\w+\.)?[A-Z]\w*")


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What nnU-Net's predictor needs to know.

    Attributes:
        plans: nnU-Net's plans with the 2D configuration alone.
        dataset: Channel names, labels and file ending.
        mirror_axes: Axes, 0 for y and 1 for x, whose mirror images are predicted too and averaged.
    """

    plans: Mapping[str, Any]
    dataset: Mapping[str, Any]
    mirror_axes: tuple[int, ...]

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The 2D configuration."""
        found: Mapping[str, Any] = self.plans["configurations"][CONFIGURATION]
        return found

    @property
    def needs_scale(self) -> bool:
        """Whether the network works on a grid of millimeters."""
        return self.plans["image_reader_writer"] in SCALED

    @property
    def patch(self) -> tuple[int, int]:
        """Window of the network in pixels, (x, y)."""
        y, x = self.configuration["patch_size"]
        return int(x), int(y)

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Grid of the network, (x, y); empty for one that knows pixels alone."""
        y, x = self.configuration["spacing"]
        return (float(x), float(y)) if self.needs_scale else ()

    @property
    def structures(self) -> tuple[str, ...]:
        """Label names in the order of output channels, without background."""
        named = sorted((value, name) for name, value in self.dataset["labels"].items() if name != "ignore")
        return tuple(name for _, name in named[1:])

    def options(self) -> dict[str, Any]:
        """Return the entries of a card's network options that hold this, with their hash."""
        return {KEY: asdict(self), HASH: _digest(asdict(self))}

    def network(self) -> torch.nn.Module:
        """Return the network by nnU-Net's own hand, its weights not yet loaded."""
        from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

        architecture = self.configuration["architecture"]
        built: torch.nn.Module = get_network_from_plans(
            architecture["network_class_name"],
            architecture["arch_kwargs"],
            architecture["_kw_requires_import"],
            len(self.dataset["channel_names"]),
            len(self.structures) + 1,
            allow_init=False,
            deep_supervision=False,
        )
        return built


def blueprint_of(card: ModelCard) -> Blueprint:
    """Return the blueprint in a card.

    Raises:
        ModelError: It is missing, does not match its hash, or is of a kind that cannot be run.
    """
    options = card.recipe.network_options
    if KEY not in options or HASH not in options:
        raise ModelError(f"The card of {card.id} has no nnU-Net plans.", "Import the whole package again.")
    if _digest(options[KEY]) != options[HASH]:
        raise ModelError(
            f"The nnU-Net plans of {card.id} do not match their hash on its card.",
            "The package is damaged or was changed; import it again from its source.",
        )
    blueprint = _checked(options[KEY], card.id)
    if len(blueprint.structures) != len(card.recipe.structures):
        counts = len(card.recipe.structures), len(blueprint.structures)
        raise ModelError(f"The card of {card.id} names {counts[0]} structures, its plans {counts[1]}.")
    return blueprint


def blueprint_from(plans: Mapping[str, Any], dataset: Mapping[str, Any], mirror_axes: Any, name: str) -> Blueprint:  # noqa: ANN401
    """Return the blueprint of nnU-Net's own `plans.json` and `dataset.json`, without what only training needs.

    Args:
        plans: As nnU-Net wrote them.
        dataset: The same.
        mirror_axes: From the checkpoint.
        name: Of the model, for errors.

    Raises:
        ModelError: They are not nnU-Net's, or of a kind that cannot be run.
    """
    flat = {name: plan for name, plan in plans.get("configurations", {}).items() if name == CONFIGURATION}
    kept = {key: value for key, value in plans.items() if key != "continue_training"} | {"configurations": flat}
    facts = {key: dataset[key] for key in ("channel_names", "labels", "file_ending") if key in dataset}
    return _checked({"plans": kept, "dataset": facts, "mirror_axes": mirror_axes or ()}, name)


def _checked(held: Mapping[str, Any], name: str) -> Blueprint:
    """Return a blueprint that can be run here.

    Raises:
        ModelError: It cannot, and why.
    """
    try:
        axes = tuple(int(axis) for axis in held["mirror_axes"])
        blueprint = Blueprint(held["plans"], held["dataset"], axes)
        obstacles = _obstacles(blueprint)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"The nnU-Net model {name} has plans that nnU-Net v2 did not write for pictures.") from error
    for wrong, reason in obstacles:
        if wrong:
            raise ModelError(f"The nnU-Net model {name} cannot be run: {reason}.")
    return blueprint


def _obstacles(blueprint: Blueprint) -> list[tuple[bool, str]]:
    plans, dataset, configuration = blueprint.plans, blueprint.dataset, blueprint.configuration
    labels = [value for name, value in dataset["labels"].items() if name != "ignore"]
    flat = all(isinstance(value, int) for value in labels)
    reader = plans["image_reader_writer"]
    architecture = configuration["architecture"]
    classes = [architecture["arch_kwargs"][key] for key in architecture["_kw_requires_import"]]
    return [
        (not flat or sorted(labels) != list(range(len(labels))), "its labels are not numbered 0, 1, 2, and so on"),
        (len(dataset["channel_names"]) != 1, "it reads other than one channel"),
        (reader not in (PIXELS, *SCALED), f"its images are read by {reader!r}"),
        (list(plans["transpose_forward"]) != [0, 1, 2], "it looks at slices in another direction than pictures have"),
        (len(configuration["patch_size"]) != PICTURE_AXES, "its window is not flat"),
        (architecture["network_class_name"] not in NETWORKS, "its network is not one of nnU-Net's"),
        (any(c is not None and not LAYERS.fullmatch(str(c)) for c in classes), "its layers are not PyTorch's own"),
        (configuration["preprocessor_name"] != "DefaultPreprocessor", "it was prepared by another preprocessor"),
        (plans.get("label_manager", "LabelManager") != "LabelManager", "its labels are managed in another way"),
    ]


def _digest(held: Any) -> str:  # noqa: ANN401
    return hashlib.sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
