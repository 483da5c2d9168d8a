"""The report of a run: one content, as a self-contained HTML page and as a PDF.

A report is a view of the run record and of nothing else: equal records give equal bytes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinecast.reporting.build import build_report
    from spinecast.reporting.document import Document
    from spinecast.reporting.html import render_html
    from spinecast.reporting.pdf import render_pdf
    from spinecast.reporting.record import RunRecord

__all__ = ["Document", "RunRecord", "build_report", "render_html", "render_pdf"]

# Imported when first asked for: who only wants a number formatted, as the server does, loads no drawing library.
_PLACES = {
    "Document": "document",
    "RunRecord": "record",
    "build_report": "build",
    "render_html": "html",
    "render_pdf": "pdf",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
