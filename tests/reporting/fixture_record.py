"""A run record made by a seeded routine, realistic in size. TEST FIXTURE: every name in it says so, nobody is in it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import yaml

from spinecast.reporting.record import RunRecord

from .fixture_evaluation import make_evaluation
from .fixture_internal import make_internal
from .fixture_study import CANDIDATES, RUN, SPLITS, STUDY, TRIALS, VARIABLES, N


def make_table_one(generator: np.random.Generator) -> list[dict[str, Any]]:
    table_one: list[dict[str, Any]] = []
    for name, label, unit, levels, middle, spread in VARIABLES:
        rows: list[dict[str, Any]] = []
        difference = round(float(generator.normal(0, 0.2)), 2)
        if levels is None:
            text = f"{middle:.1f} ({middle - spread:.1f} to {middle + spread:.1f})"
            rows.append({"level": None, "overall": text, "without_event": text, "with_event": text})
        else:
            for level in levels:
                share = f"{N // len(levels):,d} ({100 / len(levels):.1f}%)"
                rows.append({"level": level, "overall": share, "without_event": share, "with_event": share})
        for position, row in enumerate(rows):
            row["missing"] = None if position else "29 (1.6%)"
            row["standardised_difference"] = None if position else difference
        table_one.append({"variable": name, "label": label, "unit": unit, "rows": rows})
    return table_one


def make_missingness(generator: np.random.Generator) -> list[dict[str, Any]]:
    missingness = []
    for position, (name, label, *_) in enumerate(VARIABLES):
        missing = 0 if position < 6 else int(30 + 70 * (position - 6) * generator.random())
        with_event = int(missing * 0.4)
        missingness.append(
            {
                "variable": name,
                "label": label,
                "missing": missing,
                "proportion": missing / N,
                "missing_with_event": with_event,
                "missing_without_event": missing - with_event,
            }
        )
    return missingness


def make_cohort(generator: np.random.Generator) -> dict[str, Any]:
    return {
        "name": "test_fixture",
        "kind": "real",
        "fingerprint": "9e3779b97f4a7c15" * 4,
        "provenance": {
            "source": "TEST FIXTURE, computed in tests/reporting/conftest.py",
            "description": "TEST FIXTURE: random numbers shaped like adults in hospital, 1989 to 1994.",
            "licence": "Apache-2.0",
            "citation": "None: these are not patients.",
            "notes": ["Made for the tests of the report.", "Any likeness to a person is arithmetic."],
        },
        "patients": N,
        "attrition": [
            {"step": "Patients in the source", "reason": "", "excluded": 0, "remaining": 9105},
            {
                "step": "With metastatic cancer",
                "reason": "Without metastatic cancer at study entry",
                "excluded": 7243,
                "remaining": 1862,
            },
            {
                "step": "Unique patients",
                "reason": "Same patient entered twice; the first entry is kept",
                "excluded": 4,
                "remaining": N,
            },
            {"step": "Outcome known at 90 days", "reason": "", "excluded": 0, "remaining": N},
        ],
        "rejections": [
            {
                "column": "num_alb",
                "variable": "albumin",
                "rule": "impossible value, set to missing",
                "label": "Albumin",
                "count": 2,
            },
            {"column": "urine_output", "rule": "impossible value, set to missing", "count": 1},
        ],
        "table_one": make_table_one(generator),
        "missingness": make_missingness(generator),
    }


def make_tuning(generator: np.random.Generator) -> dict[str, Any]:
    candidates, best_losses = [], {split: {} for split in SPLITS}
    for name, label, noise in CANDIDATES:
        splits = []
        for split in SPLITS:
            floor = 0.555 + 0.03 * noise + 0.008 * generator.normal()
            losses = floor + np.sort(generator.gamma(1.2, 0.03, TRIALS))[::-1] * generator.random(TRIALS)
            trials = [
                {
                    "number": number,
                    "log_loss": float(loss),
                    "fit_seconds": float(0.4 + generator.random()),
                    "parameters": {
                        "learning_rate": float(0.01 + 0.2 * generator.random()),
                        "max_depth": number % 6 + 1,
                    },
                }
                for number, loss in enumerate(losses)
            ]
            best = min(trials, key=lambda trial: trial["log_loss"])
            best_losses[split][name] = best["log_loss"]
            splits.append(
                {"split": split, "trials": trials, "best": {k: best[k] for k in ("number", "log_loss", "parameters")}}
            )
        space = {"learning_rate": "0.01 to 0.3, logarithmic", "max_depth": "1 to 6", "subsample": "0.5 to 1"}
        candidates.append({"name": name, "label": label, "search_space": space, "splits": splits})
    selection = [
        {"split": split, "chosen": [min(losses, key=losses.__getitem__)], "log_loss": losses}
        for split, losses in best_losses.items()
    ]
    return {"candidates": candidates, "selection": selection}


def make_explanation(generator: np.random.Generator) -> dict[str, Any]:
    beeswarm, importance = [], []
    for position, (name, label, unit, levels, middle, spread) in enumerate(VARIABLES):
        strength = 0.6 * 0.84**position
        if levels is None:
            values = generator.normal(middle, spread, 200)
            scaled = (values - middle) / spread
        else:
            values = generator.integers(0, len(levels), 200).astype(float)
            scaled = values - (len(levels) - 1) / 2
        contributions = strength * (np.tanh(scaled) + 0.2 * generator.normal(size=200)) * (-1) ** position
        absent = generator.random(200) < (0.0 if position < 6 else 0.15)
        contributions[absent] *= 0.1
        points = [
            {"value": None if gone else float(value), "contribution": float(contribution)}
            for value, contribution, gone in zip(values, contributions, absent, strict=True)
        ]
        row = {"variable": name, "label": label}
        beeswarm.append({**row, "unit": unit, "levels": list(levels) if levels else None, "points": points})
        importance.append({**row, "mean_absolute": float(np.abs(contributions).mean())})
    importance.sort(key=lambda entry: -entry["mean_absolute"])
    illustrative = []
    for quarter, shift in (("lowest", -0.35), ("second", -0.1), ("third", 0.12), ("highest", 0.4)):
        contributions = []
        for position, (name, label, unit, levels, middle, _) in enumerate(VARIABLES):
            text = levels[0] if levels else f"{middle:g} {unit or ''}".strip()
            value = float(shift * 0.85**position + 0.1 * generator.normal() * 0.9**position)
            contributions.append({"variable": name, "label": label, "value_text": text, "contribution": value})
        log_odds = -0.21 + sum(part["contribution"] for part in contributions)
        illustrative.append(
            {
                "title": f"Composite of the {quarter} quarter of risk",
                "description": f"Not a real person: median or commonest values in the {quarter} quarter of risk.",
                "risk": 1 / (1 + float(np.exp(-log_odds))),
                "lower": 1 / (1 + float(np.exp(-log_odds + 0.3))),
                "upper": 1 / (1 + float(np.exp(-log_odds - 0.3))),
                "log_odds": log_odds,
                "base_value": -0.21,
                "contributions": contributions,
            }
        )
    return {
        "scale": "log-odds",
        "patients": 200,
        "base_value": -0.21,
        "residual_max": 3.1e-7,
        "residual_tolerance": 1e-4,
        "parts": [{"name": "xgboost", "method": "exact tree SHAP"}],
        "importance": importance,
        "beeswarm": beeswarm,
        "illustrative": illustrative,
    }


def make_record() -> RunRecord:
    generator = np.random.default_rng(20261124)
    evaluation = make_evaluation(generator)
    return RunRecord(
        study=copy.deepcopy(STUDY),
        study_yaml=yaml.safe_dump(STUDY, sort_keys=False),
        cohort=make_cohort(generator),
        evaluation=evaluation,
        tuning=make_tuning(generator),
        explanation=make_explanation(generator),
        run=copy.deepcopy(RUN),
        internal=make_internal(),
    )
