"""Small tables of invented patients in whom nothing is wrong, and what tests of their checking share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from spinecast.cohorts.checking import FileCheck, FileFinding
from spinecast.cohorts.checking.reading import MappedTable

MAPPING: dict[str, Any] = {"id_column": "patient", "columns": {"follow_up_time": {"unit": "days"}}}

Check = Callable[..., FileCheck]
Found = Callable[[FileCheck, str], list[FileFinding]]
MakePeople = Callable[..., pd.DataFrame]
Mapped = Callable[..., dict[str, Any]]
Outcome = Callable[[FileCheck, str], str]
Read = Callable[..., MappedTable]


def made_people(count: int = 400, seed: int = 1, prefix: str = "P") -> pd.DataFrame:
    """Invent patients with dictionary names, units and levels."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2015-01-01") + rng.integers(0, 1500, count).astype("timedelta64[D]")
    return pd.DataFrame(
        {
            "patient": [f"{prefix}{number:05d}" for number in range(count)],
            "age": rng.normal(62, 10, count).clip(25, 95).round(0),
            "sex": rng.choice(["female", "male"], count),
            "albumin": rng.normal(3.6, 0.5, count).clip(1.6, 5.4).round(1),
            "hemoglobin": rng.normal(11.5, 1.6, count).clip(6, 18).round(1),
            "sodium": rng.normal(138, 4, count).clip(118, 160).round(0),
            "creatinine": rng.lognormal(-0.1, 0.35, count).clip(0.3, 10).round(2),
            "platelet_count": rng.lognormal(5.5, 0.4, count).clip(40, 950).round(0),
            "ecog_performance_status": rng.choice(list("01234"), count, p=[0.1, 0.45, 0.3, 0.1, 0.05]),
            "diabetes": rng.choice(["absent", "present"], count, p=[0.8, 0.2]),
            "follow_up_time": rng.exponential(250, count).round(0) + 1,
            "death": rng.choice(["absent", "present"], count, p=[0.4, 0.6]),
            "index": start.astype(str),
        }
    )
