"""Which model a scan gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from myoscope.errors import UsageError
from myoscope.models.store import find_model

if TYPE_CHECKING:
    from myoscope.data.modality import ModalityInfo
    from myoscope.data.scan import Scan
    from myoscope.models.package import ModelPackage


def choose_model(scan: Scan, info: ModalityInfo, name: str | None = None, *, fast: bool = False) -> ModelPackage:
    """Return the model that was asked for, or the one for the scan's site, or the modality's default or fast one.

    Args:
        scan: As loaded.
        info: Of its modality.
        name: Id or path of a model.
        fast: Take the modality's faster model.

    Raises:
        ModelError: The model is missing or broken.
        UsageError: The scan does not say which site it shows, the model was not trained for it, or `fast` where there
            is no faster model or another one is named.
    """
    chosen = _fast_model(info, name) if fast else name or info.sites.get(scan.site, info.default_model)
    if not chosen:
        raise UsageError(
            f"{scan.case_id} does not say which muscle it shows, and {info.name} has a model for each.",
            f"Say where it was taken with --site: {', '.join(info.sites)}.",
        )
    package = find_model(chosen, scan.modality)
    if scan.site:
        needed = set(info.recipes[info.sites[scan.site]].structures)
        if missing := needed - set(package.card.recipe.structures):
            raise UsageError(
                f"The model {package.card.id} was not trained for {scan.site}: it does not know "
                f"{', '.join(sorted(missing))}.",
                "Leave out --model, or name the site that the model was trained for.",
            )
    return package


def _fast_model(info: ModalityInfo, name: str | None) -> str:
    if name:
        raise UsageError(f"The model {name} and a fast one were asked for.", "Leave out --model or --fast.")
    if not info.fast_model:
        raise UsageError(f"{info.name} has no faster model than its default.", "Leave out --fast.")
    return info.fast_model
