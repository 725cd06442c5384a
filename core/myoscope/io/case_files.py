"""Every file of one case, written at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from myoscope.data.grid import PICTURE_AXES
from myoscope.data.modality import LabelledCase
from myoscope.data.result import RESEARCH_USE_ONLY, CaseResult
from myoscope.data.scan import Scan
from myoscope.io.atomic import check_writable, written_together
from myoscope.io.image_files import write_volume
from myoscope.io.label_tables import write_table
from myoscope.io.nifti import write_nifti
from myoscope.io.picture_writing import write_cine, write_picture
from myoscope.io.seg_nrrd import write_seg_nrrd
from myoscope.io.tables import write_findings, write_frames, write_json, write_measurements, write_run, write_slices

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
    from myoscope.report.annotated_video import write_annotated_video
    from myoscope.report.drawn import draw
    from myoscope.report.frames import is_video

    check_writable(folder)
    drawn = draw(result)
    preview = preview_png(result, drawn)
    page = report_html(result, drawn) if report else ""
    with written_together(folder) as partial:
        case = result.case_id
        write_nifti(result.segmentation.labels, result.segmentation.grid, partial / f"{case}_dseg.nii.gz")
        write_seg_nrrd(result.segmentation, partial / f"{case}.seg.nrrd")
        if result.segmentation.confidence_map is not None:
            write_nifti(
                result.segmentation.confidence_map, result.segmentation.grid, partial / f"{case}_confidence.nii.gz"
            )
        write_table(result.segmentation, partial / f"{case}_labels.tsv")
        write_measurements(result, partial / "measurements.csv", partial / "measurements.json")
        write_slices(result, partial / "slices.csv")
        write_findings(result, partial / "findings.json")
        write_run(result, partial / "run.json")
        if result.evaluation is not None:
            from myoscope.evaluation import write_rows

            write_rows(result.evaluation, partial / "evaluation.csv")
        if is_video(result):
            write_frames(result, partial / "frames.csv")
            write_annotated_video(result, partial / f"{case}_annotated.mp4")
        if len(result.scan.stations) > 1:
            _write_fused(result.scan, partial)
        (partial / "preview.png").write_bytes(preview)
        if report:
            (partial / "report.html").write_text(page, encoding="utf-8")
    return folder


def write_labelled_case(case: LabelledCase, folder: Path) -> Path:
    """Write a labelled case as `images/`, `labels/` and `facts/` of `folder`, and return `folder`.

    A scan with several channels becomes a folder, `images/<case>/<channel>.nii.gz`. A picture and its labels become
    PNG, which says nothing of its scale: the facts do. A video becomes a multi-frame DICOM.

    Raises:
        OutputError: The folder cannot be written; nothing is left behind.
    """
    name, channels = case.scan.case_id, case.scan.channels
    with written_together(folder) as partial:
        for part in ("images", "labels", "facts"):
            (partial / part).mkdir()
        images = partial / "images"
        if len(channels) > 1:
            images = images / name
            images.mkdir()
        for channel, array in channels.items():
            _write_image(array, case.scan, images / (name if len(channels) == 1 else channel))
        if case.scan.grid.ndim == PICTURE_AXES and not case.scan.times_s:
            write_picture(case.segmentation.labels, partial / "labels" / f"{name}.png")
        else:
            write_nifti(case.segmentation.labels, case.segmentation.grid, partial / "labels" / f"{name}.nii.gz")
        write_json(partial / "facts" / f"{name}.json", dict(case.facts))
    return folder


def _write_fused(scan: Scan, folder: Path) -> None:
    """Write each channel of a scan that was fused from stations, which is in no other file, as NRRD."""
    stations = "; ".join(f"{s.name} from {s.z_mm[0]:.1f} to {s.z_mm[1]:.1f} mm" for s in scan.stations)
    for channel, array in scan.channels.items():
        notes = {"contrast": channel, "stations": stations, "note": RESEARCH_USE_ONLY}
        write_volume(array, scan.grid, folder / f"{scan.case_id}_{channel}.nrrd", metadata=notes)


def _write_image(array: NDArray[Any], scan: Scan, stem: Path) -> None:
    """Write a channel as the kind of file that its modality comes in."""
    if scan.grid.ndim != PICTURE_AXES:
        write_nifti(array, scan.grid, stem.with_name(f"{stem.name}.nii.gz"))
    elif scan.times_s:
        write_cine(array, scan, stem.with_name(f"{stem.name}.dcm"))
    else:
        write_picture(array, stem.with_name(f"{stem.name}.png"))
