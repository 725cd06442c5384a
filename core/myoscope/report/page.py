"""The report of a case: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from myoscope.data.finding import Finding, Severity
from myoscope.data.result import RESEARCH_USE_ONLY, CaseResult
from myoscope.report import balance as balance_plot
from myoscope.report import charts, frame_charts
from myoscope.report.case_metrics import case_metrics
from myoscope.report.drawn import Drawn, draw
from myoscope.report.fat_part import fat_part
from myoscope.report.frame_part import frame_part
from myoscope.report.planes_figure import CONVENTION
from myoscope.report.rendering import rendered
from myoscope.report.surfaces import aspect, extract_surfaces, mesh_coordinates
from myoscope.report.tables import key_figures, presence, sections, wide_table
from myoscope.report.wording import color_text, number, structure_title

if TYPE_CHECKING:
    from myoscope.data.subject import Subject

NOTHING_SEEN = "; no structure segmented"
NO_SCENE: dict[str, Any] = {"scene": None, "scene_legend": [], "plotly_js": ""}
NO_BARS = charts.BarChart((), ())
#: A picture or video has no volumes, no fat fraction, no body axis and no 3D view.
NO_VOLUME: dict[str, Any] = {
    "bars": NO_BARS,
    "fat": None,
    "fat_bars": NO_BARS,
    "balance": None,
    "lines": charts.LineChart((), (), ()),
} | NO_SCENE
_SEVERITIES = tuple(reversed(Severity))


def report_html(result: CaseResult, drawn: Drawn | None = None) -> str:
    """Return the report as one HTML file with its picture, 3D view, charts, tables and provenance inside.

    The same result gives the same text: nothing that varies between two runs, such as seconds, is shown.

    Args:
        result: The case.
        drawn: Its pictures where they are drawn already.
    """
    return rendered("report.html.j2", _context(result, drawn or draw(result)))


def show(result: CaseResult) -> None:
    """Write the report to a temporary file and open it in a browser."""
    folder = Path(tempfile.mkdtemp(prefix="myoscope-"))
    path = folder / "report.html"
    path.write_text(report_html(result), encoding="utf-8")
    webbrowser.open(path.as_uri())


def _context(result: CaseResult, drawn: Drawn) -> dict[str, Any]:
    known = presence(result.segmentation)
    frames = frame_part(result)
    return {
        "result": result,
        "research_use_only": RESEARCH_USE_ONLY,
        "facts": subject_facts(result.subject),
        "findings": sorted(result.findings, key=_rank),
        "figures": key_figures(result, known),
        # What a preview shows besides has a section of its own.
        "preview": base64.b64encode(drawn.outlined).decode("ascii"),
        "preview_alt": frames.picture_alt if frames else _planes_alt(result),
        "plot": charts,
        "frame_plot": frame_charts,
        "balance_plot": balance_plot,
        "table": wide_table(result, known),
        "metrics": case_metrics(result),
        "frames": frames,
    } | (_volume_part(result, drawn) if frames is None else NO_VOLUME)


def subject_facts(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Return what is known of a person, as (name, value)."""
    facts = (
        ("Subject", subject.id),
        ("Sex", subject.sex),
        ("Age", None if subject.age is None else f"{subject.age:g} years"),
        ("Height", None if subject.height_m is None else f"{number(subject.height_m, 'm')} m"),
        ("Weight", None if subject.weight_kg is None else f"{subject.weight_kg:g} kg"),
        ("Hand grip", None if subject.grip_strength_kg is None else f"{subject.grip_strength_kg:g} kg"),
    )
    return tuple((name, str(value)) for name, value in facts if value is not None)


def _rank(finding: Finding) -> int:
    return _SEVERITIES.index(finding.severity)


def _planes_alt(result: CaseResult) -> str:
    seen = " with the segmented structures outlined in color" if result.segmentation.labels.any() else NOTHING_SEEN
    return f"Axial, coronal and sagittal view of the scan{seen}. {CONVENTION}"


def _volume_part(result: CaseResult, drawn: Drawn) -> dict[str, Any]:
    """Return what only a volume has: bars, fat fraction, balance, areas along the body, 3D view."""
    return {
        "bars": charts.volume_bars(result),
        "fat": None if drawn.fat is None else fat_part(drawn.fat),
        "fat_bars": charts.fat_bars(result),
        "balance": balance_plot.balance(result),
        "lines": charts.area_lines(result),
    } | _scene(result)


def _scene(result: CaseResult) -> dict[str, Any]:
    """Return the 3D view: its surfaces, the legend by section, and the library that draws it."""
    surfaces = extract_surfaces(result.segmentation)
    if not surfaces:
        return NO_SCENE
    from plotly.offline import get_plotlyjs

    traces = [
        {
            "type": "mesh3d",
            "name": structure_title(surface.structure.name),
            "uid": surface.structure.name,
            "color": color_text(surface.structure),
            **coordinates,
        }
        for surface, coordinates in zip(surfaces, mesh_coordinates(surfaces), strict=True)
    ]
    present = {surface.structure.name: index for index, surface in enumerate(surfaces)}
    legend = [
        (title, [(present[s.name], structure_title(s.name), color_text(s)) for s in found])
        for title, members in sections(result)
        if (found := [s for s in members if s.name in present])
    ]
    return {
        "scene": {"traces": traces, "aspect": aspect(surfaces)},
        "scene_legend": legend,
        "plotly_js": get_plotlyjs(),
    }
