"""Runs of ordered levels compared: in pairs over all levels, and at each as risks are."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from spinecast.errors import ContractError
from spinecast.validation.comparison.comparing_levels import RunLevels, compare_levels
from spinecast.validation.comparison.comparing_runs import ComparisonSettings
from spinecast.validation.comparison.pairing import RunRisks
from spinecast.validation.evaluation import CohortIdentity

SETTINGS = ComparisonSettings((0.2, 0.5), (0.05, 0.95), 20, 1)
COUNT = 300


def truth() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    log_odds = np.array([1.5, 0.0, -1.3]) + generator.normal(0, 1.3, (COUNT, 1))
    return (generator.random((COUNT, 1)) < expit(log_odds)).sum(axis=1), log_odds


def run(name: str, sharpness: float, rows: np.ndarray | None = None) -> RunLevels:
    levels, log_odds = truth()
    rows = np.arange(COUNT) if rows is None else rows
    cohort = CohortIdentity("made up", "synthetic", "f" * 64)
    noise = np.random.default_rng(len(name)).normal(0, 1 - sharpness, (COUNT, 1))
    risks = tuple(
        RunRisks(
            name=name,
            label=name.capitalize(),
            patients=np.array([f"P{row}" for row in rows], dtype=object),
            risk=expit(log_odds + noise)[rows, k],
            outcome=(levels > k).astype(float)[rows],
            fold=rows % 5,
            event=f"grade at least {k + 1}",
            cohort=cohort,
        )
        for k in range(3)
    )
    return RunLevels(("1", "2", "3"), ("At least 1", "At least 2", "At least 3"), risks)


def test_all_levels_are_compared_in_pairs_and_each_as_a_risk() -> None:
    levels, _ = truth()
    runs = [run("sharp", 1.0), run("blunted", 0.0)]
    found = compare_levels(runs, SETTINGS).to_dict()
    json.dumps(found, allow_nan=False)
    chances = [np.column_stack([risk.risk for risk in one.risks]) for one in runs]
    scores = [np.mean([brier_score_loss(levels > k, own[:, k]) for k in range(3)]) for own in chances]
    (pair,) = found["pairs"]
    assert pair["differences"]["ranked_probability"]["estimate"] == pytest.approx(scores[0] - scores[1])
    concordances = [one["measures"]["ordinal_concordance"]["estimate"] for one in found["runs"]]
    difference = pair["differences"]["ordinal_concordance"]
    assert difference["estimate"] == pytest.approx(concordances[0] - concordances[1])
    assert difference["lower"] > 0
    assert pair["adjusted_p_values"]["ranked_probability"] < 0.05
    assert [one["level"] for one in found["by_level"]] == ["1", "2", "3"]
    for k, at in enumerate(found["by_level"]):
        auc = at["runs"][1]["measures"]["auc"]["estimate"]
        assert auc == pytest.approx(roc_auc_score(levels > k, chances[1][:, k]))
        assert "predicted" in at["runs"][0]["calibration_curve"]


def test_patients_whom_one_run_lacks_are_left_out_and_counted_and_order_does_not_matter() -> None:
    some = np.random.default_rng(1).permutation(COUNT)[:260]
    found = compare_levels([run("sharp", 1.0), run("blunted", 0.0, some)], SETTINGS)
    assert found.left_out == (40, 0)
    alone = compare_levels([run("sharp", 1.0, np.sort(some)), run("blunted", 0.0, np.sort(some))], SETTINGS)
    for first, second in zip(found.pairs, alone.pairs, strict=True):
        got, expected = (one["differences"]["ranked_probability"]["estimate"] for one in (first, second))
        assert got == pytest.approx(expected)


def test_other_levels_and_other_people_are_refused() -> None:
    first, second = run("sharp", 1.0), run("blunted", 0.0)
    with pytest.raises(ContractError, match="these runs predict different levels"):
        compare_levels([first, replace(second, levels=("1", "2", "4"))], SETTINGS)
    turned = replace(second, risks=tuple(replace(one, outcome=one.outcome[::-1]) for one in second.risks))
    with pytest.raises(ContractError, match="these are not the same people"):
        compare_levels([first, turned], SETTINGS)
