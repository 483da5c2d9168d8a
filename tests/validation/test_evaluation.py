"""The evaluation record and the functions that fill it."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import roc_auc_score

from spinecast import statistics as st
from spinecast.validation import (
    MEASURES,
    Comparator,
    Evaluation,
    Predictions,
    compare,
    evaluate,
    evaluate_candidate,
    measures,
)

Settings = dict[str, Any]
SHARED = {"decision_range": (0.05, 0.95), "bootstrap": 10, "seed": 5}


def weighted(plain: Predictions) -> Predictions:
    cases = np.random.default_rng(2).uniform(0.8, 1.5, plain.n)
    cases[::9] = 0
    return Predictions(plain.risk, plain.outcome, cases, plain.fold, plain.basis)


def apparent(plain: Predictions) -> Predictions:
    return Predictions(plain.risk, plain.outcome, None, None, "apparent")


def worse(plain: Predictions) -> Predictions:
    return Predictions(0.5 + 0.3 * (plain.risk - 0.5), plain.outcome, plain.weights, plain.fold, plain.basis)


def full(predictions: Predictions, settings: Settings) -> Evaluation:
    other = np.where(np.arange(predictions.risk.size) < 20, np.nan, 1 - predictions.risk)
    return evaluate(predictions, **settings).attach(
        candidates=[
            evaluate_candidate(predictions, name="xgboost", label="XGBoost", is_final_part=True, **SHARED),
            evaluate_candidate(
                worse(predictions), name="other", label="Other", is_final_part=False, final=predictions, **SHARED
            ),
        ],
        comparators=[
            compare(predictions, Comparator("score", "A score", other), horizon_days=90, **SHARED),
            compare(predictions, Comparator("sixty", "Another", other, horizon_days=60), horizon_days=90, **SHARED),
        ],
    )


def test_a_candidate_is_set_beside_the_final_model_in_pairs(predictions: Predictions) -> None:
    shuffled = np.random.default_rng(8).permutation(predictions.risk)
    candidate = Predictions(shuffled, predictions.outcome, None, predictions.fold, predictions.basis)
    found = evaluate_candidate(candidate, name="a", label="A", is_final_part=False, final=predictions, **SHARED)
    beside = found.final_less_candidate
    assert beside is not None
    losses = [
        -np.where(predictions.outcome == 1, np.log(risk), np.log1p(-risk)) for risk in (predictions.risk, shuffled)
    ]
    test = scipy.stats.ttest_rel(*losses)
    assert beside["log_loss"].estimate == pytest.approx(np.mean(losses[0] - losses[1]), abs=1e-12)
    # The same interval but for the quantile: of the normal and not of Student's distribution.
    assert beside["log_loss"].upper == pytest.approx(test.confidence_interval().high, rel=0.02)
    aucs = [roc_auc_score(predictions.outcome, risk) for risk in (predictions.risk, shuffled)]
    assert beside["auc"].estimate == pytest.approx(aucs[0] - aucs[1], abs=1e-12)
    alone = evaluate_candidate(candidate, name="a", label="A", is_final_part=False, **SHARED)
    assert alone.final_less_candidate is None
    assert "final_less_candidate" not in alone.to_dict()
    turned = Predictions(shuffled, 1 - predictions.outcome, None, predictions.fold, predictions.basis)
    with pytest.raises(ValueError, match="different patients"):
        evaluate_candidate(turned, name="a", label="A", is_final_part=False, final=predictions, **SHARED)


@pytest.mark.parametrize("prepare", [lambda plain: plain, weighted])
def test_evaluation_survives_json(
    prepare: Callable[[Predictions], Predictions], predictions: Predictions, settings: Settings
) -> None:
    evaluation = full(prepare(predictions), settings)
    text = json.dumps(evaluation.to_dict(), allow_nan=False)
    assert Evaluation.from_dict(json.loads(text)) == evaluation


def test_evaluation_has_the_keys_of_the_record(predictions: Predictions, settings: Settings) -> None:
    record = full(predictions, settings).to_dict()
    assert list(record) == [
        "model",
        "label",
        "basis",
        "outcome",
        "n",
        "events",
        "cohort",
        "measures",
        "by_fold",
        "calibration_curve",
        "calibration_groups",
        "risk_histogram",
        "decision_curve",
        "roc",
        "classification",
        "linear_predictor",
        "candidates",
        "comparators",
    ]
    assert tuple(record["measures"]) == MEASURES
    assert record["outcome"] == {"label": "Death within 90 days", "positive_label": "Dead by day 90"}
    assert record["cohort"] == {"name": "simulated", "kind": "synthetic", "fingerprint": "0" * 64}
    assert len(record["decision_curve"]["thresholds"]) == 91
    assert record["decision_curve"]["thresholds"][0] == 0.05
    assert record["decision_curve"]["thresholds"][-1] == 0.95
    assert len(record["roc"]["sensitivity"]) <= 200
    assert list(record["candidates"][0]) == [
        "name",
        "label",
        "is_final_part",
        "measures",
        "calibration_curve",
        "decision_curve",
    ]
    assert list(record["comparators"][0]) == [
        "name",
        "label",
        "note",
        "measures",
        "decision_curve",
        "auc_difference",
        "model_measures",
        "model_decision_curve",
    ]


def test_evaluation_holds_what_the_statistics_return(predictions: Predictions, settings: Settings) -> None:
    evaluation = evaluate(predictions, **settings)
    y, risk = predictions.outcome, predictions.risk
    assert evaluation.measures["auc"] == st.auc(y, risk)
    assert evaluation.measures["calibration_slope"] == st.calibration_slope(y, risk)
    assert evaluation.measures["ici"] == st.calibration_errors(y, risk, bootstrap=10, seed=5).ici
    assert evaluation.calibration_groups == st.calibration_groups(y, risk)
    assert evaluation.classification[1] == st.classify(y, risk, 0.3)
    assert isinstance(evaluation.classification[2].positive_predictive_value, st.Absent)
    assert sum(evaluation.risk_histogram.with_event) == predictions.events == evaluation.events
    assert sum(evaluation.risk_histogram.without_event) == predictions.n - predictions.events


def test_same_seed_same_evaluation_and_another_differs(predictions: Predictions, settings: Settings) -> None:
    first = evaluate(predictions, **settings)
    assert evaluate(predictions, **settings) == first
    assert evaluate(predictions, **(settings | {"seed": 6})) != first


def test_folds_are_evaluated_apart(predictions: Predictions, settings: Settings) -> None:
    folds = evaluate(predictions, **settings).by_fold
    assert [fold.fold for fold in folds] == [0, 1, 2, 3, 4]
    assert sum(fold.n for fold in folds) == predictions.n
    assert sum(fold.events for fold in folds) == predictions.events
    rows = predictions.fold == 3
    assert folds[3].measures["auc"] == st.auc(predictions.outcome[rows], predictions.risk[rows])
    assert set(folds[0].measures) == set(measures.FOLD_MEASURES)
    alone = Predictions(predictions.risk, predictions.outcome, None, None, "external")
    assert evaluate(alone, **settings).by_fold == ()


def test_a_fold_without_events_or_known_outcomes_is_absent_with_the_reason(settings: Settings) -> None:
    fold = np.repeat([0, 1, 2], 20)
    outcome = np.where(fold == 1, 0.0, np.arange(60) % 2)
    risk = np.linspace(0.1, 0.9, 60)
    no_events = evaluate(Predictions(risk, outcome, None, fold, "out-of-fold"), **settings).by_fold[1]
    assert no_events.measures["auc"] == st.Absent("none of 20 patients had the outcome")
    assert isinstance(no_events.measures["brier"], st.Estimate)
    unknown = Predictions(risk, outcome, np.where(fold == 1, 0.0, 1.0), fold, "out-of-fold")
    reason = st.Absent("no patient of the fold has a known outcome")
    assert evaluate(unknown, **settings).by_fold[1].measures["auc"] == reason


def test_one_class_gives_reasons_not_numbers(settings: Settings) -> None:
    everyone = Predictions(np.linspace(0.1, 0.9, 30), np.zeros(30), None, None, "external")
    evaluation = evaluate(everyone, **settings)
    for name in MEASURES:
        measure = evaluation.measures[name]
        assert isinstance(measure, st.Absent) == (name not in {"brier", "brier_null", "log_loss"}), name
    assert isinstance(evaluation.roc, st.Absent)
    assert isinstance(evaluation.calibration_curve, st.Absent)
    assert Evaluation.from_dict(json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))) == evaluation


@pytest.mark.parametrize(
    "function",
    [
        lambda p: measures.calibration_measures(p, bootstrap=0, seed=0),
        lambda p: measures.fold_measures(p, bootstrap=0, seed=0),
        lambda p: measures.smooth_calibration(p, bootstrap=0, seed=0),
        lambda p: measures.net_benefit_curve(p, (0.1, 0.9), bootstrap=0, seed=0),
        lambda p: compare(p, Comparator("a", "A", p.risk), horizon_days=90, **SHARED),
        lambda p: evaluate_candidate(p, name="a", label="A", is_final_part=False, **SHARED),
    ],
)
def test_apparent_predictions_are_refused(function: Callable[[Predictions], Any], predictions: Predictions) -> None:
    function(predictions)
    with pytest.raises(ValueError, match="the basis of these is 'apparent'"):
        function(apparent(predictions))


def test_an_apparent_evaluation_is_refused(predictions: Predictions, settings: Settings) -> None:
    with pytest.raises(ValueError, match="an evaluation needs out-of-sample"):
        evaluate(apparent(predictions), **settings)
    assert "auc" in measures.accuracy_measures(apparent(predictions), bootstrap=0, seed=0)


@pytest.mark.parametrize("bad", [(0.0, 0.5), (0.5, 0.1), (0.2, 1.0)])
def test_a_decision_range_is_one_of_risks(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="0 < low < high < 1"):
        measures.decision_thresholds(bad)


# Comparators


def test_comparator_is_compared_in_the_patients_who_have_it(predictions: Predictions) -> None:
    noisy = np.clip(predictions.risk + np.random.default_rng(3).normal(0, 0.2, predictions.n), 0.01, 0.99)
    risk = np.where(np.arange(predictions.n) % 4 == 0, np.nan, noisy)
    result = compare(predictions, Comparator("s", "S", risk, 90, "Refitted"), horizon_days=90, **SHARED)
    rows = ~np.isnan(risk)
    y = predictions.outcome[rows]
    expected = st.compare_auc(y, predictions.risk[rows], risk[rows])
    assert result.auc_difference == expected.difference
    assert result.auc_difference.estimate > 0
    assert result.measures["auc"] == st.auc(y, risk[rows])
    assert result.note == "Refitted. Compared in the 225 of 300 patients who have it."
    assert isinstance(result.measures["calibration_slope"], st.Estimate)
    assert result.decision_curve is not None
    # Beside it stands the model in the very same patients, not in all.
    assert result.model_measures["auc"] == st.auc(y, predictions.risk[rows])
    assert result.model_measures["brier"] == st.brier(y, predictions.risk[rows])
    assert result.model_decision_curve.treat_all == result.decision_curve.treat_all
    for_all = compare(predictions, Comparator("s", "S", noisy, 90), horizon_days=90, **SHARED)
    assert (for_all.model_measures, for_all.model_decision_curve) == (None, None)


def test_a_risk_of_exactly_a_threshold_is_at_it() -> None:
    thresholds = measures.decision_thresholds((0.05, 0.95))
    assert [float(f"{at:.2f}") for at in thresholds] == thresholds.tolist()


def test_comparator_of_another_horizon_is_compared_by_ranking_alone(predictions: Predictions) -> None:
    result = compare(predictions, Comparator("s", "S", predictions.risk, 60), horizon_days=90, **SHARED)
    reason = st.Absent("the comparator predicts 60 days, the study 90")
    assert result.decision_curve is None
    assert isinstance(result.measures["auc"], st.Estimate)
    assert all(measure == reason for name, measure in result.measures.items() if name != "auc")
    assert isinstance(result.auc_difference, st.Estimate)
    assert result.note == "The comparator predicts 60 days, the study 90."


@pytest.mark.parametrize("note", ["Expect low risks.", "expect low risks", " Expect low risks. "])
def test_a_note_and_what_is_found_read_as_sentences(note: str, predictions: Predictions) -> None:
    asked = Comparator("s", "S", predictions.risk, 60, note)
    found = compare(predictions, asked, horizon_days=90, **SHARED).note
    assert found == "Expect low risks. The comparator predicts 60 days, the study 90."


def test_a_comparator_with_nothing_to_say_has_no_note(predictions: Predictions) -> None:
    assert compare(predictions, Comparator("s", "S", predictions.risk, 90, " "), horizon_days=90, **SHARED).note == ""


def test_comparator_nobody_has_is_absent(predictions: Predictions) -> None:
    nobody = Comparator("s", "S", np.full(predictions.n, np.nan))
    result = compare(predictions, nobody, horizon_days=None, **SHARED)
    assert isinstance(result.auc_difference, st.Absent)
    assert result.decision_curve is None
    assert all(isinstance(measure, st.Absent) for measure in result.measures.values())


def test_comparator_must_fit_the_predictions(predictions: Predictions) -> None:
    with pytest.raises(ValueError, match="has shape"):
        compare(predictions, Comparator("s", "S", [0.1, 0.2]), horizon_days=None, **SHARED)
    with pytest.raises(ValueError, match="risk must lie"):
        compare(predictions, Comparator("s", "S", 5 * predictions.risk), horizon_days=None, **SHARED)


def test_a_comparator_of_a_day_is_ranked_only_where_the_study_has_no_horizon(predictions: Predictions) -> None:
    found = compare(predictions, Comparator("a", "A", predictions.risk, horizon_days=60), horizon_days=None, **SHARED)
    assert "another outcome" in found.note
    assert isinstance(found.measures["auc"], st.Estimate)
    assert isinstance(found.measures["brier"], st.Absent)
    assert found.decision_curve is None
