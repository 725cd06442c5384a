"""nnU-Net v2 held at arm's length: labelled pictures in, a model package out, frames labelled by it.

Only this package touches nnunetv2, and only inside functions. See docs/decisions for why it is held so.
"""

from myoscope.nnunet.convert import LabelledFrame, convert
from myoscope.nnunet.exporting import export, import_results
from myoscope.nnunet.fitting import fit
from myoscope.nnunet.options import TRAINING
from myoscope.nnunet.planning import plan
from myoscope.nnunet.predicting import label_frames
from myoscope.nnunet.training import train
from myoscope.nnunet.workspace import Workspace

__all__ = [
    "TRAINING",
    "LabelledFrame",
    "Workspace",
    "convert",
    "export",
    "fit",
    "import_results",
    "label_frames",
    "plan",
    "train",
]
