"""From a template and what it shows to a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from myoscope.report.wording import channel_title, p_text, quantity_title, significant, structure_title, unit_text

FILTERS = {
    "channel_title": channel_title,
    "p_text": p_text,
    "quantity_title": quantity_title,
    "significant": significant,
    "structure_title": structure_title,
    "unit_text": unit_text,
}


def rendered(template: str, context: Mapping[str, Any]) -> str:
    """Return a template of this package filled with what it shows; a name that it lacks is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("myoscope.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= FILTERS
    return environment.get_template(template).render(context)
