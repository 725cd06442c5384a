"""Check a modality against the contract, promise by promise."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from myoscope.data.modality import ModalityInfo, SynthesisOptions
from myoscope.errors import PluginError
from myoscope.hookspecs import Modality
from myoscope.plugins import open_modality, typed_face
from myoscope.testing import describing, measuring, processing, reading
from myoscope.testing.trial import Trial, make_trial

Promise = Callable[[Trial], Iterator[str]]

#: Yield a sentence for each way in which the promise, their docstring's first line, is broken.
PROMISES: tuple[Promise, ...] = (
    describing.describe_is_data,
    describing.structures_are_consistent,
    describing.recipes_are_consistent,
    describing.embedded_models_are_whole,
    reading.synthesize_is_deterministic,
    reading.the_truth_is_consistent,
    reading.recognize_knows_its_own,
    reading.recognize_declines_nonsense,
    reading.load_gives_back_what_was_written,
    reading.load_refuses_nonsense,
    processing.preprocess_gives_the_recipes_grid,
    processing.the_network_fits_the_recipe,
    processing.refine_keeps_grid_and_structures,
    measuring.measurements_are_complete_or_say_why,
    measuring.volume_is_voxel_count,
    measuring.what_is_missing_is_never_zero,
    measuring.findings_say_what_to_do,
    measuring.values_survive_pickle,
)


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """What a modality was checked for and kept.

    Attributes:
        modality: Its name.
        promises: One sentence each.
    """

    modality: str
    promises: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((f"{self.modality} keeps the contract:", *(f"- {promise}" for promise in self.promises)))


def check_modality(
    modality: str | object, *, seed: int = 0, options: SynthesisOptions | None = None, every_network: bool = False
) -> ConformanceReport:
    """Return what the modality was checked for; raise when it breaks any of it.

    Args:
        modality: Name of an installed modality, or a plugin object.
        seed: Of the synthetic case that everything is tried on.
        options: Of that case; a small `size` keeps the check fast.
        every_network: Run the network of every recipe, not of the default model's alone.

    Raises:
        PluginError: With a sentence for every promise that is broken, or the first error that a hook raised.
        UsageError: No modality has this name.
    """
    plugin, info = _opened(modality)
    with tempfile.TemporaryDirectory(prefix="myoscope-") as folder:
        doing = "Hook `synthesize` gives a case that can be written."
        try:
            trial = make_trial(
                plugin, info, seed, options or SynthesisOptions(), Path(folder), every_network=every_network
            )
            broken = []
            for promise in PROMISES:
                doing = _sentence(promise)
                broken += list(promise(trial))
        except Exception as error:
            raise PluginError(
                f"The plugin {info.name!r} raised {type(error).__name__}: {error}", f"Expected: {doing}"
            ) from error
    if broken:
        listed = "\n".join(f"- {sentence}" for sentence in broken)
        raise PluginError(f"The plugin {info.name!r} breaks the contract:\n{listed}")
    return ConformanceReport(info.name, tuple(_sentence(promise) for promise in PROMISES))


def _opened(modality: str | object) -> tuple[Modality, ModalityInfo]:
    """Return the typed face of a plugin and what it describes."""
    if isinstance(modality, str):
        plugin = open_modality(modality)
        return plugin, plugin.describe()
    name = type(modality).__name__
    describe = getattr(modality, "describe", None)
    if describe is None:
        raise PluginError(f"The plugin {name!r} does not implement describe.")
    info = describe()
    if not isinstance(info, ModalityInfo):
        raise PluginError(f"The plugin {name!r} describes itself with {type(info).__name__}, expected ModalityInfo.")
    return typed_face(modality, info.name), info


def _sentence(promise: Promise) -> str:
    return (inspect.getdoc(promise) or "").partition("\n")[0]
