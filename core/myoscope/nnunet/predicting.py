"""Run an nnU-Net package on frames through nnU-Net's own predictor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from myoscope.errors import InputError, ModelError
from myoscope.nnunet.blueprint import Blueprint, blueprint_of
from myoscope.nnunet.workspace import CONFIGURATION, third_parties_unheard

if TYPE_CHECKING:
    import torch

    from myoscope.models import ModelPackage

#: nnU-Net gives flat pictures slices this much thicker than a pixel, so that it never mixes them.
SLICE = 999.0


def label_frames(
    frames: NDArray[np.uint8],
    spacing_mm: tuple[float, float] | None,
    package: ModelPackage,
    *,
    device: str,
    on_frame: Callable[[], None],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the winning channel (n, y, x) at every pixel, 0 for background, and the confidence (n,) in each frame.

    The confidence of a frame is the mean probability of the winning channel over all that is not background, 0 where
    nothing is found.

    Args:
        frames: (n, y, x), the tissue alone.
        spacing_mm: Pixel size (x, y); None when nobody knows it.
        package: With the backend `nnunet`.
        device: A torch device.
        on_frame: Called after each frame.

    Raises:
        ModelError: The package cannot be run.
        InputError: The model needs a scale and the frames have none.
    """
    blueprint = blueprint_of(package.card)
    spacing = _spacing(blueprint, spacing_mm, package.card.id)
    labels = np.zeros(frames.shape, dtype=np.uint8)
    confidence = np.zeros(len(frames), dtype=np.float32)
    predict = load_predictor(package, device)
    for index, frame in enumerate(frames):
        # nnU-Net crops to what is not black and cannot crop to nothing.
        if frame.any():
            shares = predict(frame, spacing)
            labels[index] = shares.argmax(axis=0)
            found = labels[index] > 0
            confidence[index] = shares.max(axis=0)[found].mean() if found.any() else 0.0
        on_frame()
    return labels, confidence


def load_predictor(
    package: ModelPackage, device: str
) -> Callable[[NDArray[np.uint8], tuple[float, float, float]], NDArray[np.float32]]:
    """Return what turns a frame (y, x) and its spacing (slice, y, x) into probabilities (channels, y, x).

    Raises:
        ModelError: The weights do not fit the plans.
    """
    import torch

    blueprint = blueprint_of(package.card)
    with redirect_stdout(StringIO()), third_parties_unheard():
        from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
        from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

        plans = PlansManager(dict(blueprint.plans))
        predictor = nnUNetPredictor(
            tile_step_size=1.0 - package.card.recipe.overlap,
            use_mirroring=bool(blueprint.mirror_axes),
            device=torch.device(device),
            allow_tqdm=False,
        )
        predictor.manual_initialization(
            _with_weights(blueprint.network(), package),
            plans,
            plans.get_configuration(CONFIGURATION),
            None,
            dict(blueprint.dataset),
            "nnUNetTrainer",
            blueprint.mirror_axes or None,
        )

    def predict(frame: NDArray[np.uint8], spacing: tuple[float, float, float]) -> NDArray[np.float32]:
        with redirect_stdout(StringIO()), third_parties_unheard():
            return _probabilities(predictor, frame, spacing)

    return predict


def _probabilities(
    predictor: Any,  # noqa: ANN401
    frame: NDArray[np.uint8],
    spacing: tuple[float, float, float],
) -> NDArray[np.float32]:
    """Return probabilities (channels, y, x) of one frame on its own pixels, step by step as nnU-Net does it."""
    import torch
    from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

    plans, configuration = predictor.plans_manager, predictor.configuration_manager
    properties: dict[str, Any] = {"spacing": spacing}
    data, _, properties = configuration.preprocessor_class(verbose=False).run_case_npy(
        frame[None, None], None, properties, plans, configuration, predictor.dataset_json
    )
    logits = predictor.predict_sliding_window_return_logits(torch.from_numpy(data)).cpu()
    _, shares = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits, plans, configuration, predictor.label_manager, properties,
        return_probabilities=True, num_threads_torch=torch.get_num_threads(),
    )  # fmt: skip
    return np.asarray(shares[:, 0], dtype=np.float32)


def _with_weights(network: torch.nn.Module, package: ModelPackage) -> torch.nn.Module:
    """Return the network with the package's weights, in float32."""
    from safetensors.torch import load_file

    from myoscope.models.package import WEIGHTS

    state = {k: v.float() if v.is_floating_point() else v for k, v in load_file(package.folder / WEIGHTS).items()}
    wrong = ModelError(f"The weights of {package.card.id} do not fit the network of its plans.")
    try:
        missing, unexpected = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise wrong from error
    # nnU-Net's decoder holds its encoder, so the state names these weights twice; the package holds them once.
    if unexpected or set(missing) & unique_names(network):
        raise wrong
    return network.eval()


def unique_names(network: torch.nn.Module) -> set[str]:
    """Return one name for every weight of a network."""
    return {name for name, _ in (*network.named_parameters(), *network.named_buffers())}


def _spacing(blueprint: Blueprint, spacing_mm: tuple[float, float] | None, name: str) -> tuple[float, float, float]:
    """Return the spacing (slice, y, x) as the reader of the training data gave it."""
    if not blueprint.needs_scale:
        return SLICE, 1.0, 1.0
    if spacing_mm is None:
        raise InputError(
            f"The model {name} needs the size of a pixel, which nobody knows.", "Give --spacing-mm or --depth-mm."
        )
    return max(spacing_mm) * SLICE, spacing_mm[1], spacing_mm[0]
