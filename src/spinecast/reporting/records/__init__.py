"""What is said of a run by published forms: TRIPOD+AI, PROBAST, a methods section and a model card.

Every answer is drawn from the record of the run, with the place in it named, or is the authors' own words. What neither
says is marked; nothing is asserted.
"""

from __future__ import annotations

from spinecast.reporting.records.form import FORMS, Wording, read_wording
from spinecast.reporting.records.writing import RECORDS, fill_forms, write_records

__all__ = ["FORMS", "RECORDS", "Wording", "fill_forms", "read_wording", "write_records"]
