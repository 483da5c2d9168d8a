"""Checking a real file before anything is trained on it: what it holds, what is wrong with it, what must be asked.

A file is read by a column mapping (`mapping`), every column by its distinct cells (`reading`), through the contract's
own reading. Checks then look at columns and units, values and fill-ins, people, dates, missing values, outcomes and, if
there is one, another file. Each has a code (`findings`); it finds, passes, or says why it cannot be made. No check
changes or guesses anything: where two answers are possible, it asks.

A new check is one entry in `findings.CHECKS` and a function that yields its findings.
"""

from __future__ import annotations

from spinecast.cohorts.checking.check import CheckOutcome, FileCheck, check_file, check_table
from spinecast.cohorts.checking.findings import CHECKS, GROUPS, FileFinding, NotApplicable
from spinecast.cohorts.checking.mapping import ColumnMapping, FileMapping, load_mapping
from spinecast.cohorts.checking.text import check_text, summary_line

__all__ = [
    "CHECKS",
    "GROUPS",
    "CheckOutcome",
    "ColumnMapping",
    "FileCheck",
    "FileFinding",
    "FileMapping",
    "NotApplicable",
    "check_file",
    "check_table",
    "check_text",
    "load_mapping",
    "summary_line",
]
