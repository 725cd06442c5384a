"""Models as packages: a card that says what they are and weights that match its hash."""

from myoscope.models.card import Calibration, ModelCard, StructureScore
from myoscope.models.choosing import choose_model
from myoscope.models.package import ModelPackage, load_network, read_package, write_package
from myoscope.models.store import find_model, import_model, installed_models, model_folders

__all__ = [
    "Calibration",
    "ModelCard",
    "ModelPackage",
    "StructureScore",
    "choose_model",
    "find_model",
    "import_model",
    "installed_models",
    "load_network",
    "model_folders",
    "read_package",
    "write_package",
]
