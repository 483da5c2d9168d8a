"""The report of a run: one content, as a self-contained HTML page and as a PDF.

A report is a view of the run record and of nothing else: equal records give equal bytes.
"""

from __future__ import annotations

from spinecast.reporting.build import build_report
from spinecast.reporting.document import Document
from spinecast.reporting.html import render_html
from spinecast.reporting.pdf import render_pdf
from spinecast.reporting.record import RunRecord

__all__ = ["Document", "RunRecord", "build_report", "render_html", "render_pdf"]
