"""Propensity matching of one treated patient with k controls: the pairs, how alike they are, and their table."""

from __future__ import annotations

from spinecast.cohorts.matching.covariate_balance import BalanceRow, Means
from spinecast.cohorts.matching.matched import MatchedCohort, Members, match_cohort
from spinecast.cohorts.matching.plan import USUAL_CALIPER, MatchingPlan, parse_treatment
from spinecast.cohorts.matching.propensity import Propensity
from spinecast.cohorts.matching.table import (
    MATCHED_COLUMNS,
    matched_table,
    require_free_columns,
    require_table_name,
    write_table,
)
from spinecast.cohorts.matching.text import matching_text

__all__ = [
    "MATCHED_COLUMNS",
    "USUAL_CALIPER",
    "BalanceRow",
    "MatchedCohort",
    "MatchingPlan",
    "Means",
    "Members",
    "Propensity",
    "match_cohort",
    "matched_table",
    "matching_text",
    "parse_treatment",
    "require_free_columns",
    "require_table_name",
    "write_table",
]
