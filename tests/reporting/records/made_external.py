"""The record of an external validation made by a seeded routine. TEST FIXTURE: nobody's data."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinecast.reporting.external_record import ExternalRecord

from ..fixture_evaluation import make_evaluation
from ..fixture_record import make_cohort
from ..fixture_study import VARIABLES, N

CHECKS = ("SC003", "SC004", "SC005", "SC020", "SC021", "SC022", "SC023", "SC024")


def make_external_record() -> ExternalRecord:
    generator = np.random.default_rng(7)
    evaluation: dict[str, Any] = {**make_evaluation(generator), "basis": "external", "by_fold": [], "candidates": []}
    auc = evaluation["measures"]["auc"]
    return ExternalRecord(
        about={
            "kind": "validation",
            "title": "TEST FIXTURE model: external validation on test_fixture",
            "source": {
                "name": "fixture",
                "label": "TEST FIXTURE model",
                "kind": "model",
                "inputs": [row[0] for row in VARIABLES],
                "identity": "a1b2" * 16,
                "ranks_only": None,
                "note": "Model fixture, identity a1b2a1b2a1b2.",
            },
            "comparators": [],
            "development": {"name": "another fixture", "kind": "real", "n": 900, "events": 300},
            "cohort": {"name": "test_fixture", "kind": "real", "fingerprint": "9e37" * 16, "patients": N},
            "outcome": {
                "definition": {
                    "kind": "HorizonOutcome",
                    "time": "follow_up_time",
                    "event": "death",
                    "horizon_days": 90,
                    "censored": "exclude",
                },
                "label": "Death within 90 days",
                "positive_label": "Died within 90 days",
                "negative_label": "Alive at 90 days",
                "horizon_days": 90,
            },
            "weighted": False,
            "settings": {"thresholds": [0.1, 0.3], "bootstrap": 20, "seed": 1},
            "lacking": [],
            "notes": [],
            "started": "2026-11-24T10:00:00+00:00",
            "finished": "2026-11-24T10:01:00+00:00",
            "environment": {"python": "3.11.7", "packages": {"spinecast": "0.1.0"}, "git_commit": None},
        },
        evaluation=evaluation,
        cohort=make_cohort(generator),
        findings={
            "survival": {"uno_c": auc},
            "case_mix": {"membership": {"auc": auc}},
            "subgroups": [
                {
                    "variable": "sex",
                    "label": "Sex",
                    "groups": [{"label": "Female", "n": 900, "events": 400, "measures": evaluation["measures"]}],
                }
            ],
            "strata": [],
            "overlap": {"shared": 0, "of": N, "looked": "rows", "searched": True, "how": None},
            "not_compared": [],
            "not_scored": 0,
            "checks": [],
            "checks_made": [{"code": code, "title": code, "status": "not found", "reason": ""} for code in CHECKS],
        },
    )
