"""Small tables of invented patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.contract import make_cohort
from spinecast.cohorts.rules import column_rules

VARIABLES = ("age", "sex", "albumin", "diabetes", "follow_up_time", "death")


@pytest.fixture
def table() -> pd.DataFrame:
    """Six patients, as a CSV file would give them: all text."""
    return pd.DataFrame(
        {
            "id": ["p1", "p2", "p3", "p4", "p5", "p6"],
            "age": ["61", "70.5", "", "48", "55", "66"],
            "sex": ["female", "male", "male", "female", "NA", "male"],
            "albumin": ["3.7", "2.9", "4.1", "", "3.3", "3.0"],
            "diabetes": ["0", "1", "0", "0", "1", ""],
            "follow_up_time": ["30", "400", "90", "200", "89", "500"],
            "death": ["1", "0", "1", "1", "0", "0"],
        }
    )


@pytest.fixture
def as_cohort() -> Callable[..., Cohort]:
    """Make a cohort of a table whose columns bear their variables' names."""

    def make(table: pd.DataFrame, **changes: object) -> Cohort:
        names = [column for column in table.columns if column not in ("id", "site")]
        options: dict[str, object] = {
            "name": "invented",
            "kind": "synthetic",
            "provenance": Provenance("test", "invented patients"),
            "id_column": "id",
        }
        return make_cohort(table, column_rules(names), **{**options, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def cohort(table: pd.DataFrame, as_cohort: Callable[..., Cohort]) -> Cohort:
    """The six patients as a cohort."""
    return as_cohort(table)


@pytest.fixture
def followed(as_cohort: Callable[..., Cohort]) -> Callable[..., Cohort]:
    """Make a cohort of follow-up times in days and deaths (1) or censorings (0)."""

    def make(times: list[float], deaths: list[int]) -> Cohort:
        count = len(times)
        frame = {"id": np.arange(count), "follow_up_time": times, "death": deaths}
        return as_cohort(pd.DataFrame(frame))

    return make
