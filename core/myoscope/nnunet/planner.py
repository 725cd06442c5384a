"""nnU-Net's planner, held to what a recipe allows."""

from __future__ import annotations

from typing import Any

import numpy as np
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner
from numpy.typing import NDArray

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.recipe import Recipe
from myoscope.nnunet.options import options_of
from myoscope.nnunet.workspace import DATASET, PLANS


class Planner(ExperimentPlanner):  # type: ignore[misc]
    """Plans as nnU-Net does, with the recipe's batch and no larger a patch and no more features than the recipe's.

    Args:
        recipe: Its window is the largest patch; its spacing, if it has one, is the grid on which the network works.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(DATASET, plans_name=PLANS)
        options = options_of(recipe)
        self.recipe = recipe
        self.UNet_base_num_features = options.base_features
        self.UNet_max_features_2d = options.max_features

    def determine_fullres_target_spacing(self) -> NDArray[np.float64]:
        """Return the target spacing (slices, y, x); that of slices, which pictures do not have, is only a mark."""
        target: NDArray[np.float64] = np.median(self.dataset_fingerprint["spacings"], axis=0)
        if self.recipe.spacing_mm:
            target[1:] = self.recipe.spacing_mm[::-1]
        return target

    def get_plans_for_configuration(self, spacing: Any, median_shape: Any, *rest: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the plan of one configuration; nnU-Net takes no patch larger than the median picture it is told."""
        largest = np.array(self.recipe.window[::-1])
        plan: dict[str, Any] = super().get_plans_for_configuration(
            spacing, np.minimum(median_shape[-PICTURE_AXES:], largest), *rest
        )
        return plan | {"batch_size": self.recipe.training.batch_size, "median_image_size_in_voxels": median_shape}


# Plans name their planner; stock nnU-Net should know it.
Planner.__name__ = ExperimentPlanner.__name__
