"""Every file of one case, written at once."""

from __future__ import annotations

from pathlib import Path

from myoscope.data.modality import LabelledCase
from myoscope.data.result import CaseResult
from myoscope.io.atomic import check_writable, written_together
from myoscope.io.label_tables import write_table
from myoscope.io.nifti import write_nifti
from myoscope.io.seg_nrrd import write_seg_nrrd
from myoscope.io.tables import write_findings, write_json, write_measurements, write_run, write_slices

__all__ = ["check_writable", "write_case", "write_labelled_case"]


def write_case(result: CaseResult, folder: Path, *, report: bool = True) -> Path:
    """Write every file of a case into `folder` at once, and return `folder`.

    Args:
        result: The case.
        folder: Made when absent; other files in it stay, files of the same name are replaced.
        report: False leaves out `report.html`.

    Raises:
        OutputError: The folder cannot be written; nothing is left behind.
    """
    from myoscope.report import preview_png, report_html

    check_writable(folder)
    preview = preview_png(result)
    page = report_html(result) if report else ""
    with written_together(folder) as partial:
        case = result.case_id
        write_nifti(result.segmentation.labels, result.segmentation.grid, partial / f"{case}_dseg.nii.gz")
        write_seg_nrrd(result.segmentation, partial / f"{case}.seg.nrrd")
        write_table(result.segmentation, partial / f"{case}_labels.tsv")
        write_measurements(result, partial / "measurements.csv", partial / "measurements.json")
        write_slices(result, partial / "slices.csv")
        write_findings(result, partial / "findings.json")
        write_run(result, partial / "run.json")
        (partial / "preview.png").write_bytes(preview)
        if report:
            (partial / "report.html").write_text(page, encoding="utf-8")
    return folder


def write_labelled_case(case: LabelledCase, folder: Path) -> Path:
    """Write a labelled case as `images/`, `labels/` and `facts/` of `folder`, and return `folder`.

    A scan with several channels gives one image a channel, `<case>_<channel>.nii.gz`.

    Raises:
        OutputError: The folder cannot be written; nothing is left behind.
    """
    name, channels = case.scan.case_id, case.scan.channels
    with written_together(folder) as partial:
        for part in ("images", "labels", "facts"):
            (partial / part).mkdir()
        for channel, array in channels.items():
            title = name if len(channels) == 1 else f"{name}_{channel}"
            write_nifti(array, case.scan.grid, partial / "images" / f"{title}.nii.gz")
        write_nifti(case.segmentation.labels, case.segmentation.grid, partial / "labels" / f"{name}.nii.gz")
        write_json(partial / "facts" / f"{name}.json", dict(case.facts))
    return folder
