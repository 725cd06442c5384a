"""What a case looks like: a picture and a page. It shows what a result holds and computes nothing on measurements."""

from myoscope.report.page import report_html, show
from myoscope.report.preview import preview_png

__all__ = ["preview_png", "report_html", "show"]
