"""Table one of a cohort by group, with missing values and standardised differences; the content of its page."""

from __future__ import annotations

from spinecast.cohorts.describing.description import GroupDescription, default_smallest, describe_groups
from spinecast.cohorts.describing.grouping import OUTCOME, GroupBy, Grouping, group_patients, parse_group_by
from spinecast.cohorts.describing.missing_patterns import MissingPatterns, Pattern
from spinecast.cohorts.describing.table_one import WITHHELD, Count, LevelRow, Numbers, TableEntry
from spinecast.cohorts.describing.table_rows import column_names, count_text, shown_rows, table_csv, table_text

__all__ = [
    "OUTCOME",
    "WITHHELD",
    "Count",
    "GroupBy",
    "GroupDescription",
    "Grouping",
    "LevelRow",
    "MissingPatterns",
    "Numbers",
    "Pattern",
    "TableEntry",
    "column_names",
    "count_text",
    "default_smallest",
    "describe_groups",
    "group_patients",
    "parse_group_by",
    "shown_rows",
    "table_csv",
    "table_text",
]
