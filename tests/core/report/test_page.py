from __future__ import annotations

import dataclasses
import webbrowser
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest

from myoscope import CaseResult, Measurement, Measurements, Side, Subject
from myoscope.ops.slices import slice_rows
from myoscope.report import report_html, show
from myoscope.report.page import subject_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_BYTES = 9_000_000
VOID = {"meta", "img", "br", "col", "input"}
SVG_VOID = {"rect", "line", "path", "circle"}
LINKING = {"src", "href", "srcset", "poster", "action", "data", "xlink:href"}
HOSTILE = "<script>alert('x')</script>\"&"


class Page(HTMLParser):
    """Collects tags and text; text of scripts and styles apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SVG_VOID
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.text += data

    def all(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.tags if name == tag)


@pytest.fixture(scope="module")
def html(phantom: CaseResult) -> str:
    return report_html(phantom)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_same_result_gives_the_same_bytes_and_costs_are_not_told(phantom: CaseResult, html: str) -> None:
    slower = tuple(dataclasses.replace(stage, seconds=99.0) for stage in phantom.provenance.stages)
    again = dataclasses.replace(phantom, provenance=dataclasses.replace(phantom.provenance, stages=slower))
    assert report_html(again) == html
    assert len(html.encode()) < MAX_BYTES


def test_the_page_is_whole_and_its_tags_are_balanced(html: str, page: Page) -> None:
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert page.unbalanced == []
    assert page.open == []
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))


def test_the_page_needs_nothing_from_outside(page: Page) -> None:
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in LINKING]
    assert links
    assert all(link.startswith("data:") for link in links)
    assert not list(page.all("link"))
    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0].startswith("default-src 'none'")


def test_the_page_is_for_research_only_and_names_its_model(page: Page) -> None:
    assert page.text.count("Research use only") == 2
    for fact in (
        "phantom",
        "ct_thigh/test",
        "ab" * 32,
        "Twelve synthetic cases.",
        "P7",
        "female",
        "71 years",
        "1.58 m",
    ):
        assert fact in page.text, fact


def test_every_finding_is_told_and_errors_come_first(phantom: CaseResult, page: Page) -> None:
    for finding in phantom.findings:
        assert finding.message in page.text
        assert finding.action in page.text
    places = [page.text.index(finding.message) for finding in phantom.findings]
    assert places == sorted(places, reverse=True)


def test_every_incomplete_reason_and_every_row_is_told(phantom: CaseResult, page: Page) -> None:
    for row in phantom.measurements:
        assert row.reason in page.text
        assert row.quantity in page.text
    assert f"All {len(phantom.measurements)} rows" in page.text


def test_what_was_not_found_is_told_apart_from_what_was_not_predicted(page: Page) -> None:
    classes = [row.get("class") for row in page.all("tr")]
    assert classes.count("not-found") == 2
    assert classes.count("not-predicted") == 1


def test_pictures_and_tables_have_words_for_those_who_cannot_see(page: Page) -> None:
    assert all(image["alt"] for image in page.all("img"))
    assert all({"aria-label", "role"} <= set(svg) or svg.get("aria-hidden") == "true" for svg in page.all("svg"))
    assert all(header.get("scope") for header in page.all("th"))


def test_the_3d_view_has_a_toggle_for_each_structure(page: Page) -> None:
    chips = [button["data-trace"] for button in page.all("button") if "data-trace" in button]
    assert sorted(chips) == ["0", "1", "2"]


def test_hostile_text_is_harmless(phantom: CaseResult) -> None:
    finding = dataclasses.replace(phantom.findings[0], message=HOSTILE, action=HOSTILE, code=HOSTILE)
    row = Measurement(HOSTILE, Side.RIGHT, "volume", 1.0, HOSTILE, HOSTILE, complete=False, reason=HOSTILE)
    result = dataclasses.replace(
        phantom,
        scan=dataclasses.replace(phantom.scan, case_id=HOSTILE),
        findings=(finding,),
        measurements=Measurements((row,)),
        subject=Subject(id=HOSTILE),
        provenance=dataclasses.replace(phantom.provenance, source=HOSTILE, versions={HOSTILE: HOSTILE}),
    )
    html = report_html(result)
    page = Page(html)
    assert "alert('x')</script>" not in html
    assert page.text.count(HOSTILE) >= 8
    assert len(list(page.all("script"))) == 3


def test_a_bare_case_has_a_report_too(bare: CaseResult) -> None:
    page = Page(report_html(bare))
    assert page.unbalanced == []
    for sentence in ("labels given", "labels.nii.gz", "nothing known", "The checks found nothing to report."):
        assert sentence in page.text, sentence
    assert "no structure segmented" in next(page.all("img"))["alt"]
    assert not [div for div in page.all("div") if div.get("id") == "scene"]


def test_unsplit_sides_have_a_report_too(phantom: CaseResult) -> None:
    segmentation = dataclasses.replace(phantom.segmentation, sides_split=False)
    rows = (Measurement("gracilis", Side.BOTH, "volume", 64.0, "mL", "voxel count"),)
    slices = tuple(dataclasses.replace(row, side="both") for row in phantom.slices if row.side == "left")
    result = dataclasses.replace(phantom, segmentation=segmentation, measurements=Measurements(rows), slices=slices)
    page = Page(report_html(result))
    assert page.unbalanced == []
    assert "64.0" in page.text


def test_only_known_facts_of_a_person_are_told() -> None:
    assert subject_facts(Subject(age=71.5, weight_kg=62)) == (("Age", "71.5 years"), ("Weight", "62 kg"))
    assert subject_facts(Subject()) == ()


def test_show_opens_the_report_in_a_browser(bare: CaseResult, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    show(bare)
    path = Path(url2pathname(urlparse(opened[0]).path))
    assert path.is_relative_to(tmp_path)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


#: What only a volume has.
OF_VOLUMES = (
    "Axial",
    "axial",
    "Coronal",
    "coronal",
    "agittal",
    "onvention",
    "3D",
    "olume",
    "body axis",
    "slice",
    "voxel",
)


@pytest.mark.parametrize("frames", [0, 6])
@pytest.mark.parametrize("spacing_mm", [(0.5, 0.5), None])
def test_a_picture_or_video_has_a_whole_page_without_words_of_volumes(
    picture_case: Callable[..., CaseResult], spacing_mm: tuple[float, float] | None, frames: int
) -> None:
    case = dataclasses.replace(picture_case(spacing_mm, frames=frames), findings=())
    html = report_html(case)
    page = Page(html)
    assert page.unbalanced == []
    assert page.open == []
    seen = page.text + "".join(image["alt"] for image in page.all("img"))
    assert [word for word in OF_VOLUMES if word in seen] == []
    assert page.text.count("Research use only") == 2
    assert report_html(case) == html
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in LINKING]
    assert all(link.startswith("data:") for link in links)


def test_slices_of_a_video_are_no_chart_along_the_body(picture_case: Callable[..., CaseResult]) -> None:
    case = picture_case(frames=6)
    with_slices = dataclasses.replace(case, slices=slice_rows(case.scan, case.segmentation))
    assert with_slices.slices
    assert report_html(with_slices) == report_html(case)


def test_a_picture_tells_its_scale_and_what_was_measured(picture_case: Callable[..., CaseResult]) -> None:
    page = Page(report_html(picture_case((0.5, 0.5))))
    facts = ("0.5 mm a pixel", "DICOM ultrasound region", "100 x 80 pixels, from column 10 and row 6", "Longitudinal")
    for fact in (*facts, "15.5 mm", "40 of 255", "cut at a side", "along the normals of the mid-line"):
        assert fact in page.text, fact
    assert "No scale: lengths are in pixels." in next(Page(report_html(picture_case(None))).all("img"))["alt"]


def test_a_picture_shows_only_what_was_looked_for_and_no_side_that_it_does_not_know(
    picture_case: Callable[..., CaseResult],
) -> None:
    page = Page(report_html(picture_case()))
    assert "Muscle" in page.text
    assert "Biceps" not in page.text
    assert "Side" not in page.text


def test_a_video_has_charts_a_player_and_a_table_of_rejected_frames(picture_case: Callable[..., CaseResult]) -> None:
    page = Page(report_html(picture_case(frames=6)))
    labels = [svg["aria-label"] for svg in page.all("svg")]
    assert "Muscle: thickness over time" in labels
    assert "The model's own confidence over time" in labels
    seek = next(element for element in page.all("input"))
    assert (seek["min"], seek["max"], seek["value"]) == ("0", "5", "2")
    assert page.text.count("the deep border leaves the picture") == 2
    assert all("open" in details for details in page.all("details"))


def test_a_long_table_of_rejected_frames_is_folded(picture_case: Callable[..., CaseResult]) -> None:
    case = picture_case(frames=20)
    values = tuple(dataclasses.replace(row, reason="dark") for row in case.measurements.frames)
    measurements = dataclasses.replace(case.measurements, frames=values)
    page = Page(report_html(dataclasses.replace(case, measurements=measurements)))
    assert page.text.count("dark") == 20
    assert ["open" in details for details in page.all("details")] == [False, True]


def test_a_dixon_scan_has_sections_for_fat_and_balance(dixon_case: CaseResult) -> None:
    html = report_html(dixon_case)
    page = Page(html)
    assert page.unbalanced == []
    assert page.open == []
    assert report_html(dixon_case) == html
    assert len(html.encode()) < MAX_BYTES
    assert {"fat", "balance", "fat-bars"} <= {attributes.get("id") for _, attributes in page.tags}
    for told in ("signal fat fraction", "24,670 people", "Thigh muscle volume, mL", "the knee is out of view", "hips"):
        assert told in html, told
    assert "0.45" in next(svg["aria-label"] for svg in page.all("svg") if "balance" in svg.get("class", ""))
    assert all({"aria-label", "role"} <= set(svg) or svg.get("aria-hidden") == "true" for svg in page.all("svg"))
    assert "Fat fraction of muscles" in list(page.all("img"))[1]["alt"]
    policies = [value for _, attributes in page.tags for name, value in attributes.items() if name in LINKING]
    assert all(link.startswith("data:") for link in policies)


def test_an_incomplete_value_of_the_balance_is_hollow(dixon_case: CaseResult) -> None:
    page = Page(report_html(dixon_case))
    assert [circle["class"] for circle in page.all("circle")] == ["full", "hollow", "full"]
    assert page.text.count("Incomplete, so hollow or without a number: Left, Both: the knee is out of view") == 1


def test_a_scan_without_fraction_has_no_section_for_fat(phantom: CaseResult) -> None:
    plain = dataclasses.replace(phantom.scan, channels={"mr": phantom.scan.image})
    page = Page(report_html(dataclasses.replace(phantom, scan=plain)))
    assert not {"fat", "balance", "fat-bars"} & {attributes.get("id") for _, attributes in page.tags}
    assert len(list(page.all("img"))) == 1


def test_the_contrast_that_a_model_saw_is_told_in_words(dixon_case: CaseResult) -> None:
    model = dataclasses.replace(dixon_case.provenance.model, seen=("in_phase",))
    provenance = dataclasses.replace(dixon_case.provenance, model=model)
    assert "In phase" in Page(report_html(dataclasses.replace(dixon_case, provenance=provenance))).text
