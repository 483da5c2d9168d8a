"""Made-up patients and risks for tests of external validation. Nobody in them exists."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.contract import make_cohort
from spinecast.cohorts.outcomes import HorizonOutcome, LabelledOutcome, label_outcome
from spinecast.cohorts.rules import column_rules
from spinecast.validation.development import Development
from spinecast.validation.risk_sources import RiskSource

FloatArray = NDArray[np.float64]

OUTCOME = HorizonOutcome("follow_up_time", "death", 90)
VARIABLES = ("age", "albumin", "sex", "creatinine", "follow_up_time", "death")
INPUTS = ("age", "albumin", "sex", "creatinine")


def log_odds(columns: Mapping[str, FloatArray], shift: float = 0.0) -> FloatArray:
    """The truth at home; elsewhere it is shifted."""
    age = np.where(np.isnan(columns["age"]), 62.0, columns["age"])
    albumin = np.where(np.isnan(columns["albumin"]), 3.3, columns["albumin"])
    return -0.6 + shift + 0.05 * (age - 62) - 1.1 * (albumin - 3.3) + 0.3 * (columns["sex"] == 1)


def table(
    count: int, seed: int, *, shift: float = 0.0, older: float = 0.0, missing: float = 0.0, prefix: str = "P"
) -> pd.DataFrame:
    """Patients followed for 90 days or to their death; `shift` moves the baseline risk, `older` the case mix."""
    draw = np.random.default_rng(seed)
    columns = {
        "age": draw.normal(62 + older, 10, count).clip(19, 98).round(2),
        "albumin": draw.normal(3.3, 0.6, count).clip(1.0, 5.5).round(3),
        "sex": draw.integers(0, 2, count).astype(float),
        "creatinine": draw.lognormal(0, 0.3, count).round(3),
    }
    died = draw.random(count) < expit(log_odds(columns, shift))
    days = np.where(died, draw.integers(1, 90, count), draw.integers(91, 500, count))
    made = pd.DataFrame(
        {
            "patient": [f"{prefix}{number}" for number in range(count)],
            **{name: columns[name] for name in ("age", "albumin", "creatinine")},
            "sex": np.where(columns["sex"] == 1, "male", "female"),
            "follow_up_time": days.astype(float),
            "death": np.where(died, "present", "absent"),
        }
    )
    if missing:
        made.loc[draw.random(count) < missing, "albumin"] = np.nan
    return made


def cohort_of(frame: pd.DataFrame, name: str = "made") -> Cohort:
    return make_cohort(
        frame,
        column_rules(VARIABLES),
        name=name,
        kind="synthetic",
        provenance=Provenance(source=name, description="Made-up patients"),
        id_column="patient",
    )


def labelled_of(cohort: Cohort) -> LabelledOutcome:
    return label_outcome(cohort, OUTCOME)


def truth_source(shift: float = 0.0, *, ranks_only: str = "") -> RiskSource:
    """A source whose risks are right at home."""
    return RiskSource(
        name="truth",
        label="The truth at home",
        kind="model",
        inputs=INPUTS,
        identity="0" * 64,
        compute=lambda columns: expit(log_odds(columns, shift)),
        ranks_only=ranks_only,
    )


def development_of(cohort: Cohort | None, *, fingerprint: str = "") -> Development:
    if cohort is None:
        return Development("home", "synthetic", fingerprint, unreadable="nobody kept them")
    labelled = labelled_of(cohort)
    return Development(
        name=cohort.name,
        kind=cohort.kind,
        fingerprint=fingerprint or cohort.fingerprint,
        n=len(labelled),
        events=labelled.events,
        variables=cohort.variables,
        cohort=cohort,
        labelled=labelled,
    )
