"""Find modalities by entry point, open one by name, check it and hand out its typed face.

Listing reads metadata and imports no plugin. Each opened modality lives in a plugin manager of its own, so no other
plugin can answer for it. This is the only module that touches pluggy's untyped relay.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pluggy

from myoscope.errors import PluginError, UsageError
from myoscope.hookspecs import ENTRY_POINT_GROUP, Modality

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from myoscope.data.modality import ModalityInfo


def modalities() -> tuple[str, ...]:
    """Return the names of the installed modalities, sorted; no plugin is imported."""
    from importlib.metadata import entry_points

    return tuple(sorted({point.name for point in entry_points(group=ENTRY_POINT_GROUP)}))


@cache
def open_modality(name: str) -> Modality:
    """Return the modality called `name`, imported and checked.

    Raises:
        UsageError: No installed plugin has this name.
        PluginError: The plugin fails to import, misses a hook, or two distributions claim the name.
    """
    from importlib.metadata import entry_points

    points = tuple(entry_points(group=ENTRY_POINT_GROUP, name=name))
    if not points:
        known = ", ".join(modalities()) or "none"
        raise UsageError(f"No modality is called {name!r}.", f"Installed modalities: {known}.")
    if len({point.value for point in points}) > 1:
        claims = ", ".join(sorted(point.value for point in points))
        raise PluginError(f"Several plugins claim the modality {name!r}: {claims}.", "Uninstall all but one.")
    return typed_face(_import(points[0]), name)


def typed_face(plugin: object, name: str) -> Modality:
    """Return a plugin's hooks behind the `Modality` protocol, checked against the contract.

    Raises:
        PluginError: A hook is missing, unknown, or has other arguments than the contract names.
    """
    manager = pluggy.PluginManager("myoscope")
    manager.add_hookspecs(Modality)
    try:
        manager.register(plugin, name=name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(f"The plugin {name!r} breaks the contract: {error}") from error
    hooks = [hook for hook, _ in inspect.getmembers(Modality, inspect.isfunction) if not hook.startswith("_")]
    missing = [hook for hook in hooks if not getattr(manager.hook, hook).get_hookimpls()]
    if missing:
        raise PluginError(f"The plugin {name!r} does not implement {', '.join(missing)}.")
    face = cast("Modality", _Face(manager))
    info = face.describe()
    described = getattr(info, "name", None)
    if described != name:
        raise PluginError(f"The plugin {name!r} describes itself as {described!r}.")
    return face


def describe(name: str) -> ModalityInfo:
    """Return what the modality called `name` offers."""
    return open_modality(name).describe()


class _Face:
    """Calls each hook by keyword, as pluggy wants it, from the protocol's positional form."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager

    def __getattr__(self, hook: str) -> Any:  # noqa: ANN401
        if hook.startswith("_"):
            raise AttributeError(hook)
        caller = getattr(self._manager.hook, hook)
        names = [name for name in inspect.signature(getattr(Modality, hook)).parameters if name != "self"]

        def call(*args: object, **kwargs: object) -> Any:  # noqa: ANN401
            return caller(**dict(zip(names, args, strict=False)), **kwargs)

        return call


def _import(point: EntryPoint) -> object:
    try:
        return point.load()()
    except Exception as error:
        raise PluginError(
            f"The plugin {point.name!r} ({point.value}) fails to import: {type(error).__name__}: {error}",
            "Reinstall or remove it; other modalities are not affected.",
        ) from error
