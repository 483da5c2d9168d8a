"""Explaining a boosted model: our whole explanation beside shap's tree explainer on the same booster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from protocol import Benchmark, other_peoples_warnings_ignored
from synthetic import fitted_part, outcome_of, patients, prognosis_model

from spinecast.explanation.contributions import explain
from spinecast.models.prognosis_model import PrognosisModel

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]

PREDICTORS = (
    *("age", "sex", "albumin", "creatinine", "sodium", "bilirubin", "heart_rate", "respiratory_rate"),
    *("body_temperature", "glucose", "blood_urea_nitrogen", "white_blood_cell_count", "coma_score", "diabetes"),
)


@dataclass(frozen=True)
class Explained:
    """One booster as a model of ours and in shap's explainer, and the patients to explain."""

    model: PrognosisModel
    explainer: Any
    rows: FloatArray


def setup(small: bool, rows: int) -> Explained:
    with other_peoples_warnings_ignored():
        import shap

    matrix = patients(max(rows, 400) if small else 1500, PREDICTORS, seed=6)
    outcome = outcome_of(matrix, seed=7)
    part = fitted_part("xgboost", matrix, outcome, PREDICTORS, members=1, rounds=30 if small else 250, depth=4)
    booster = part.members[0].scorer.booster
    return Explained(
        model=prognosis_model((part,), matrix, PREDICTORS),
        explainer=shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent"),
        rows=matrix[:rows],
    )


def ours(explained: Explained) -> FloatArray:
    return explain(explained.model, explained.rows).values


def peer(explained: Explained) -> FloatArray:
    return np.asarray(explained.explainer.shap_values(explained.rows, check_additivity=False), dtype=np.float64)


def agree(_: Explained, ours: FloatArray, peer: FloatArray) -> None:
    np.testing.assert_allclose(ours, peer, rtol=0, atol=1e-5)
    assert np.abs(ours).max() > 0.01


BENCHMARKS = tuple(
    Benchmark(
        name=f"contributions_{label}",
        peer_name="shap.TreeExplainer, made beforehand",
        what=(
            f"explain {rows:,} x {len(PREDICTORS)}, 250 boosted trees of depth 4; "
            "ours also predicts and checks that contributions add up"
        ),
        setup=partial(setup, rows=rows),
        ours=ours,
        peer=peer,
        agree=agree,
        packages=("numpy", "xgboost", "shap"),
    )
    for label, rows in (("one", 1), ("table", 1000))
)
