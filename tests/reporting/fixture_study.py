"""What the test fixture's study asks and what its run recorded. TEST FIXTURE: nobody's data."""

from __future__ import annotations

from typing import Any

VARIABLES: tuple[tuple[str, str, str | None, tuple[str, ...] | None, float, float], ...] = (
    ("age", "Age", "years", None, 62.0, 13.0),
    ("sex", "Sex", None, ("Female", "Male"), 0.5, 0.0),
    ("tumour_group", "Primary tumour", None, ("Lung", "Colorectal", "Breast", "Prostate", "Other or unknown"), 2, 0.0),
    ("comorbidity_count", "Number of comorbid conditions", None, None, 1.4, 1.2),
    ("diabetes", "Diabetes", None, ("Absent", "Present"), 0.2, 0.0),
    ("dementia", "Dementia", None, ("Absent", "Present"), 0.05, 0.0),
    ("albumin", "Albumin", "g/dL", None, 3.0, 0.7),
    ("bilirubin", "Bilirubin", "mg/dL", None, 1.2, 0.9),
    ("creatinine", "Creatinine", "mg/dL", None, 1.1, 0.5),
    ("sodium", "Sodium", "mmol/L", None, 136.0, 4.8),
    ("potassium", "Potassium", "mmol/L", None, 4.1, 0.6),
    ("white_cells", "White blood cells", "10⁹/L", None, 10.4, 5.0),
    ("haematocrit", "Haematocrit", "%", None, 33.0, 5.9),
    ("glucose", "Glucose", "mg/dL", None, 133.0, 51.0),
    ("urea_nitrogen", "Blood urea nitrogen", "mg/dL", None, 22.0, 14.0),
    ("ph", "Arterial pH", None, None, 7.43, 0.06),
    ("pao2_fio2", "Ratio of arterial oxygen tension to inspired fraction", "mmHg", None, 290.0, 90.0),
    ("urine_output", "Urine output in 24 hours", "mL/24 h", None, 1900.0, 900.0),
    ("heart_rate", "Heart rate", "/min", None, 97.0, 25.0),
    ("respiratory_rate", "Respiratory rate", "/min", None, 23.0, 8.0),
    ("temperature", "Temperature", "°C", None, 37.0, 0.8),
    ("mean_blood_pressure", "Mean arterial pressure", "mmHg", None, 87.0, 20.0),
    ("coma_score", "Coma score of the SUPPORT study", None, None, 3.0, 8.0),
    ("days_before_entry", "Days in hospital before study entry", "days", None, 4.0, 5.0),
    ("activities_of_daily_living", "Activities of daily living lost", None, None, 1.1, 1.4),
)
CANDIDATES = (
    ("elastic_net", "Elastic-net logistic regression", 0.05),
    ("random_forest", "Random forest", 0.10),
    ("xgboost", "Gradient-boosted trees (XGBoost)", 0.0),
    ("support_vector_machine", "Support vector machine", 0.22),
    ("neural_network", "Neural network", 0.18),
    ("baseline", "Baseline: age and primary tumour", 0.9),
)
SPLITS = (*(f"fold {number}" for number in range(1, 6)), "all patients")
N = 1858
TRIALS = 25


STUDY: dict[str, Any] = {
    "study": "test_fixture_mortality_90d",
    "title": "TEST FIXTURE: death within 90 days in people with metastatic cancer",
    "seed": 20261124,
    "cohort": {"source": {"kind": "support", "subset": "metastatic"}, "impossible_values": "set_missing"},
    "outcome": {
        "kind": "horizon",
        "time": "follow_up_time",
        "event": "death",
        "horizon_days": 90,
        "censored": "exclude",
    },
    "predictors": [row[0] for row in VARIABLES],
    "comparators": [
        {"name": "support_model_2m", "variable": "support_survival_2m", "complement": True, "horizon_days": 60}
    ],
    "resampling": {"outer_folds": 5, "inner_folds": 5, "group": None},
    "tuning": {"trials": TRIALS, "startup_trials": 8},
    "candidates": [{"kind": name} for name, *_ in CANDIDATES],
    "final": {"kind": "winner"},
    "evaluation": {"thresholds": [0.1, 0.2, 0.3, 0.5], "decision_range": [0.05, 0.95], "bootstrap": 200},
    "explanation": {"patients": 200},
}

RUN: dict[str, Any] = {
    "run_key": "5f2a" * 16,
    "study": "test_fixture_mortality_90d",
    "started": "2026-11-24T10:00:00+00:00",
    "finished": "2026-11-24T10:17:42+00:00",
    "workers": 2,
    "notes": ["Reduced search: 25 trials a candidate where the full study has 60."],
    "checks": [
        {
            "code": "SC003",
            "title": "Calibration slope out of range",
            "severity": "warning",
            "finding": "slope 0.71, outside 0.8 to 1.2: predicted risks are too extreme.",
            "remedy": "Choose a simpler model.",
        },
        {
            "code": "SC006",
            "title": "Missingness that tells the outcome",
            "severity": "warning",
            "finding": "Arterial pH is recorded less often in patients without the event.",
            "remedy": "Ask whether it was measured because the patient was ill.",
        },
    ],
    "timings": {
        "fit_seconds": 812.4,
        "training_wall_seconds": 951.0,
        "fit_share_of_training_wall": 0.854,
        "total_wall_seconds": 1062.3,
        "peak_memory_mb": 884.0,
    },
    "seeds": {"study": 20261124, "resampling": 88213, "explanation": 1722},
    "splits": [
        {
            "split": split,
            "train_hash": f"{number:x}" * 64,
            "test_hash": None if split == "all patients" else f"{number + 8:x}" * 64,
            "n_train": N if split == "all patients" else 1486,
            "n_test": 0 if split == "all patients" else 372,
        }
        for number, split in enumerate(SPLITS, start=1)
    ],
    "environment": {
        "python": "3.11.7",
        "packages": {"spinecast": "0.1.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "xgboost-cpu": "3.2.0"},
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "platform": "Linux-test-fixture",
    },
    "model": {"identity": "a1b2" * 16, "folder": "model"},
}
