"""Fingerprint, plans and preprocessed cases of a raw data set."""

from __future__ import annotations

import shutil

from myoscope.data.recipe import Recipe
from myoscope.nnunet.workspace import CONFIGURATION, DATASET, PLANS, Workspace, nnunet_in

#: nnU-Net draws ten million times ten foreground pixels for its statistics of intensity, whatever there is: gigabytes.
PIXELS_FOR_STATISTICS = 1e6


def plan(recipe: Recipe, workspace: Workspace) -> None:
    """Let nnU-Net look at the raw data set, plan its 2D configuration and preprocess every case.

    Args:
        recipe: Limits what is planned.
        workspace: Holds the raw data set, gets everything else in place of what it has.

    Raises:
        UsageError: The recipe asks for what nnU-Net does not do here.
    """
    shutil.rmtree(workspace.preprocessed, ignore_errors=True)
    with nnunet_in(workspace):
        from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
        from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor

        from myoscope.nnunet.planner import Planner

        extractor = DatasetFingerprintExtractor(DATASET, num_processes=1)
        extractor.show_progress_bar = False
        extractor.num_foreground_voxels_for_intensitystats = PIXELS_FOR_STATISTICS
        extractor.run(overwrite_existing=True)
        Planner(recipe).plan_experiment()
        preprocessor = DefaultPreprocessor(verbose=False)
        preprocessor.show_progress_bar = False
        preprocessor.run(DATASET, CONFIGURATION, PLANS, num_processes=1)
