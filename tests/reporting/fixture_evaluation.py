"""The evaluation of the test fixture, worked out with plain numpy from simulated risks. TEST FIXTURE: nobody's data."""

from __future__ import annotations

from typing import Any

import numpy as np

from .fixture_study import CANDIDATES, N


def estimate(value: float, half: float, n: int, events: int, method: str = "test fixture") -> dict[str, Any]:
    return {
        "estimate": float(value),
        "lower": float(value - half),
        "upper": float(value + half),
        "n": n,
        "events": events,
        "method": method,
    }


def auc(outcome: np.ndarray, risk: np.ndarray) -> float:
    ranks = np.empty(risk.size)
    ranks[np.argsort(risk)] = np.arange(1, risk.size + 1)
    events = outcome.sum()
    return float((ranks[outcome == 1].sum() - events * (events + 1) / 2) / (events * (outcome.size - events)))


def measures(outcome: np.ndarray, risk: np.ndarray) -> dict[str, Any]:
    n, events = int(outcome.size), int(outcome.sum())
    brier = float(np.mean((risk - outcome) ** 2))
    null = float(outcome.mean() * (1 - outcome.mean()))
    log_loss = float(-np.mean(outcome * np.log(risk) + (1 - outcome) * np.log(1 - risk)))
    wide = (1858 / n) ** 0.5
    found = {
        "auc": (auc(outcome, risk), 0.021),
        "brier": (brier, 0.007),
        "brier_null": (null, 0.001),
        "scaled_brier": (1 - brier / null, 0.031),
        "log_loss": (log_loss, 0.018),
        "calibration_in_the_large": (0.012, 0.098),
        "calibration_slope": (0.97, 0.10),
        "observed_expected_ratio": (float(outcome.sum() / risk.sum()), 0.044),
        "ici": (0.018, 0.011),
        "e50": (0.014, 0.010),
        "e90": (0.035, 0.022),
    }
    shown = {name: estimate(value, wide * half, n, events) for name, (value, half) in found.items()}
    return {**shown, "e_max": {"absent": "the largest error has no stable interval in so few bootstrap samples"}}


def curve(outcome: np.ndarray, risk: np.ndarray, *, band: bool) -> dict[str, Any]:
    thresholds = np.linspace(0.05, 0.95, 91)
    weight = thresholds / (1 - thresholds)
    above = risk[:, None] >= thresholds
    true, false = (above & (outcome[:, None] == 1)).mean(0), (above & (outcome[:, None] == 0)).mean(0)
    benefit = true - weight * false
    rate = outcome.mean()
    return {
        "thresholds": thresholds.tolist(),
        "net_benefit": benefit.tolist(),
        "lower": (benefit - 0.02).tolist() if band else None,
        "upper": (benefit + 0.02).tolist() if band else None,
        "treat_all": (rate - (1 - rate) * weight).tolist(),
        "treat_none": 0,
    }


def calibration_curve(shift: float = 0.0) -> dict[str, Any]:
    predicted = np.linspace(0.04, 0.95, 60)
    observed = np.clip(predicted + shift + 0.02 * np.sin(7 * predicted), 0.001, 0.999)
    half = 0.02 + 0.09 * (predicted - 0.45) ** 2
    return {
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "lower": np.clip(observed - half, 0, 1).tolist(),
        "upper": np.clip(observed + half, 0, 1).tolist(),
        "method": "logistic regression on restricted cubic splines of the log-odds, 4 knots; band from 200 bootstraps",
    }


def calibration_groups(outcome: np.ndarray, risk: np.ndarray) -> list[dict[str, Any]]:
    groups = []
    for part in np.array_split(np.argsort(risk), 10):
        rate = float(outcome[part].mean())
        half = 1.96 * (rate * (1 - rate) / part.size) ** 0.5
        groups.append(
            {
                "predicted": float(risk[part].mean()),
                "observed": rate,
                "lower": max(0.0, rate - half),
                "upper": min(1.0, rate + half),
                "n": int(part.size),
                "events": int(outcome[part].sum()),
            }
        )
    return groups


def classification(outcome: np.ndarray, risk: np.ndarray, threshold: float) -> dict[str, Any]:
    high, event = risk >= threshold, outcome == 1
    shares = {
        "sensitivity": (high & event, event),
        "specificity": (~high & ~event, ~event),
        "positive_predictive_value": (high & event, high),
        "negative_predictive_value": (~high & ~event, ~high),
    }
    row: dict[str, Any] = {"threshold": threshold}
    for name, (part, whole) in shares.items():
        shown = estimate(part.sum() / whole.sum(), 0.025, int(whole.sum()), int((whole & event).sum()))
        row[name] = {**shown, "lower": max(0.0, shown["lower"]), "upper": min(1.0, shown["upper"])}
    return row


def make_evaluation(generator: np.random.Generator) -> dict[str, Any]:
    log_odds = generator.normal(-0.2, 1.25, N)
    truth = 1 / (1 + np.exp(-log_odds))
    outcome = (generator.random(N) < truth).astype(float)
    events = int(outcome.sum())
    risks = {
        name: 1 / (1 + np.exp(-0.95 * (log_odds + generator.normal(0, 0.25 + noise, N)) / (1 + 0.6 * noise)))
        for name, _, noise in CANDIDATES
    }
    final = risks["xgboost"]
    folds = generator.permutation(N) % 5
    edges = np.linspace(0, 1, 41)
    other = 1 / (1 + np.exp(-0.8 * log_odds + generator.normal(0, 0.8, N)))
    steps = np.linspace(0, 1, 120)
    return {
        "model": "final",
        "label": "Final model",
        "basis": "out-of-fold",
        "outcome": {"label": "Death within 90 days of study entry", "positive_label": "Died within 90 days"},
        "n": N,
        "events": events,
        "cohort": {"name": "test_fixture", "kind": "real", "fingerprint": "9e3779b97f4a7c15" * 4},
        "measures": measures(outcome, final),
        "by_fold": [
            {
                "fold": fold + 1,
                "n": int((folds == fold).sum()),
                "events": int(outcome[folds == fold].sum()),
                "measures": measures(outcome[folds == fold], final[folds == fold]),
            }
            for fold in range(5)
        ],
        "calibration_curve": calibration_curve(),
        "calibration_groups": calibration_groups(outcome, final),
        "risk_histogram": {
            "edges": edges.tolist(),
            "with_event": np.histogram(final[outcome == 1], edges)[0].tolist(),
            "without_event": np.histogram(final[outcome == 0], edges)[0].tolist(),
        },
        "decision_curve": curve(outcome, final, band=True),
        "roc": {
            "false_positive_rate": [float((final[outcome == 0] > 1 - step).mean()) for step in steps],
            "sensitivity": [float((final[outcome == 1] > 1 - step).mean()) for step in steps],
        },
        "classification": [classification(outcome, final, threshold) for threshold in (0.1, 0.2, 0.3, 0.5)],
        "candidates": [
            {
                "name": name,
                "label": label,
                "is_final_part": name == "xgboost",
                "measures": measures(outcome, risks[name]),
                "calibration_curve": calibration_curve(0.01),
                "decision_curve": curve(outcome, risks[name], band=False),
            }
            for name, label, _ in CANDIDATES
        ],
        "comparators": make_comparators(outcome, other),
    }


def make_comparators(outcome: np.ndarray, risk: np.ndarray) -> list[dict[str, Any]]:
    n, events = int(outcome.size), int(outcome.sum())
    return [
        {
            "name": "support_model_2m",
            "label": "SUPPORT model, 2-month survival",
            "note": "Predicts 60 days, not 90: its risks are too low here; only its ranking compares.",
            "measures": measures(outcome, risk),
            "decision_curve": curve(outcome, risk, band=False),
            "auc_difference": estimate(0.023, 0.017, n, events),
        },
        {
            "name": "physician_2m",
            "label": "Physician's estimate, 2 months",
            "note": "Recorded for 1,204 of 1,858 patients.",
            "measures": {"auc": {"absent": "recorded for too few patients with the event"}},
            "decision_curve": None,
            "auc_difference": {"absent": "the two models share too few patients"},
        },
    ]
