"""Registered versions with records made by hand: what their gates see is set, nobody is trained and nobody exists."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from reporting.fixture_record import make_record
from reporting.records.made_external import make_external_record
from tracking import made_runs

from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.tracking.runs import RunContent, write_run
from spinecast.tracking.store import Store
from spinecast.tracking.validations import ValidationContent, write_validation
from spinecast.training.study.reporting import ReportingSpec
from spinecast.validation.subgroups import default_subgroup_variables

NAME = made_runs.NAME
FINGERPRINT = "9e37" * 16
DEVELOPMENT, EXTERNAL = make_record(), make_external_record()
WORDS = {key: f"Said of {key}." for key in ReportingSpec.model_fields}


def estimate(value: float, half: float, n: int = 1200) -> dict[str, Any]:
    return {
        "estimate": value,
        "lower": value - half,
        "upper": value + half,
        "n": n,
        "events": n // 2,
        "method": "set by the test",
    }


def development() -> RunRecord:
    """The record of a training that every gate lets pass."""
    study = {**copy.deepcopy(DEVELOPMENT.study), "reporting": dict(WORDS)}
    record = replace(copy.deepcopy(DEVELOPMENT), study=study, study_yaml=yaml.safe_dump(study))
    record.run["checks_made"] = [{"code": "SC003", "title": "", "status": "not found", "reason": "slope 0.97"}]
    record.run["checks"] = []
    record.run["sample_size"] = {
        "assumed": "a C statistic of 0.79, as the study declares",
        "adequacy": {"n": 1858, "required": 1400, "suffices": True, "unmet": [], "statement": "enough"},
    }
    return record


def validation(identity: str, *, fingerprint: str = FINGERPRINT, name: str = "hospital_b") -> ExternalRecord:
    """The record of a validation on other patients that every gate lets pass."""
    record = copy.deepcopy(EXTERNAL)
    record.about["source"]["identity"] = identity
    record.about["cohort"] |= {"fingerprint": fingerprint, "name": name}
    record.about["settings"] |= {
        "fewest": 10,
        "thresholds": [0.1, 0.2, 0.3, 0.5],
        "subgroups": list(default_subgroup_variables()),
    }
    record.cohort["name"] = name
    measures = record.evaluation["measures"]
    measures |= {
        "calibration_slope": estimate(0.97, 0.12),
        "calibration_in_the_large": estimate(0.02, 0.11),
        "observed_expected_ratio": estimate(1.02, 0.06),
    }
    record.findings["subgroups"][0]["groups"] = [group("Female"), group("Male")]
    record.findings["checks_made"].append(
        {"code": "SC013", "title": "", "status": "not found", "reason": "none of 12 comparisons is beyond chance"}
    )
    return record


def group(label: str, ratio: float = 1.0, n: int = 600) -> dict[str, Any]:
    measures = {"observed_expected_ratio": estimate(ratio, 0.1, n), "calibration_slope": estimate(0.95, 0.2, n)}
    return {"label": label, "n": n, "events": n // 2, "measures": measures}


def register(store: Store, folder: Path, record: RunRecord | ExternalRecord | None = None, **changes: Any) -> str:
    """Register a version of the small model with a record, and return its number."""
    place = folder / f"record_{len(list(folder.glob('record_*')))}"
    (record or development()).save(place)
    content: RunContent = made_runs.content_of(
        folder, **{"record": place, "candidates": {}, "cohort_kind": "real", **changes}
    )
    return write_run(store, content).version


def write(store: Store, folder: Path, record: ExternalRecord) -> str:
    """Log a validation, as ``spinecast validate`` does, and return its run."""
    place = folder / f"validation_{len(list(folder.glob('validation_*')))}"
    record.save(place)
    about = record.about
    return write_validation(
        store,
        ValidationContent(
            title=about["title"],
            identity=about["source"]["identity"],
            model=about["source"]["name"],
            cohort_name=about["cohort"]["name"],
            cohort_kind=about["cohort"]["kind"],
            fingerprint=about["cohort"]["fingerprint"],
            metrics={},
            record=place,
        ),
    )
