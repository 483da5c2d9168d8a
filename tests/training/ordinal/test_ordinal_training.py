"""Training of ordered levels: the same bits on any workers and after a kill; lines never learned where they judge."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated
from made_models import assert_same_bits
from scipy.special import expit

from spinecast.errors import CohortError, ContractError, DeclinedError, StudyError
from spinecast.explanation.ordinal_prediction import predict_level_table, predict_levels
from spinecast.models.ordinal.artifact import load_ordinal_model, save_ordinal_model
from spinecast.models.ordinal.thresholds import fit_threshold_lines, in_order
from spinecast.statistics import Absent, ranked_probability_losses
from spinecast.training.explanation_stability import explanation_stability
from spinecast.training.ordinal.assembly import choose_levels
from spinecast.training.ordinal.final_model import measured_ordinal_model, ordinal_model, resample_ordinal_model
from spinecast.training.ordinal.fitting import TrainedLevels, fit_ordinal_study, ordinal_patients
from spinecast.training.ordinal.internal_judging import judge_levels_internally
from spinecast.training.ordinal.judging import judge_levels
from spinecast.training.plan import outcome_definition
from spinecast.training.resampling import ALL_PATIENTS, inner_folds, nested_splits
from spinecast.training.study import Study
from spinecast.training.study.file import load_study, summary
from spinecast.validation.internal import BootstrapValidation, Instability, LearningCurve


def small_study(folder: Path, *changes: str) -> Study:
    path = folder / "ordinal.yaml"
    path.write_text(simulated.ORDINAL_STUDY, encoding="utf-8")
    return load_study(path, changes)


def fitted(study: Study, folder: Path, workers: int = 1) -> TrainedLevels:
    return fit_ordinal_study(study, checkpoints=folder, workers=workers, started=datetime.now(UTC))


AGAIN = "internal_validation={bootstrap: {resamples: 10}, learning_curve: {shares: [0.5]}}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainedLevels, Path]:
    """A study trained on two workers, and its checkpoints."""
    folder = tmp_path_factory.mktemp("ordinal")
    return fitted(small_study(folder, AGAIN), folder / "checkpoints", workers=2), folder


@pytest.fixture(scope="module")
def trained(run: tuple[TrainedLevels, Path]) -> TrainedLevels:
    return run[0]


@pytest.mark.slow
def test_the_same_bits_on_one_worker_after_a_kill(run: tuple[TrainedLevels, Path]) -> None:
    trained, folder = run
    journals = sorted((folder / "checkpoints").glob("**/*.jsonl"))
    for journal in journals[::2]:
        # Killed while the second trial of every other unit was being written.
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(lines[0] + (lines[1][:20] if len(lines) > 1 else b""))
    again = fitted(small_study(folder, AGAIN), folder / "checkpoints")
    assert 0 < again.trials_resumed < 2 * len(journals)
    assert_same_bits(again.final, trained.final)
    for name, log_odds in trained.candidates.items():
        assert_same_bits(again.candidates[name], log_odds)


def test_a_trial_s_loss_is_the_ranked_probability_score_of_what_would_be_served(trained: TrainedLevels) -> None:
    for split in trained.splits:
        for name in ("proportional_odds", "cumulative"):
            tuned = trained.tuned[split.name, name]
            own = trained.labelled.values[split.train]
            losses = ranked_probability_losses(own, expit(in_order(tuned.held_out)))
            assert tuned.best.loss == pytest.approx(losses.mean(), abs=1e-12)
        # Mapped threshold by threshold: another line through what is mapped leaves it where it is.
        again = fit_threshold_lines(own, tuned.held_out, 4)
        np.testing.assert_allclose(again.slopes, 1, atol=1e-6)


def test_lines_do_not_know_the_patients_they_are_judged_by(trained: TrainedLevels) -> None:
    """Other levels of the test patients leave everything that is predicted for them as it was."""
    split = trained.splits[0]
    levels = trained.labelled.values.copy()
    levels[split.test] = 4 - levels[split.test]
    tuned = {plan.name: trained.tuned[split.name, plan.name] for plan in trained.plans}
    again = choose_levels(split, tuned, ("proportional_odds", "cumulative"), levels, 4)
    assert_same_bits(again.test, trained.final[split.test])


def test_thresholds_are_in_order_and_the_model_serves_what_was_chosen(trained: TrainedLevels) -> None:
    assert (np.diff(trained.final, axis=1) <= 0).all()
    model, choice = ordinal_model(trained), trained.choices[ALL_PATIENTS]
    assert [part.name for part in model.parts] == ["proportional_odds", "cumulative"]
    assert len(model.parts[0].members[0].scorers) == 1
    assert len(model.parts[1].members[0].scorers) == 4
    assert_same_bits(model.lines.slopes, choice.last.slopes)
    # One score for all thresholds has one slope for all of them.
    assert np.unique(model.parts[0].lines.slopes).size == 1
    assert (np.diff(model.parts[0].lines.intercepts) < 0).all()
    levels = [one["level"] for one in model.levels]
    assert levels == ["died_before_assessment", "a_to_b", "c", "d", "e"]
    assert [one["died_before"] for one in model.levels] == [True, False, False, False, False]
    assert sum(one["count"] for one in model.levels) == 300


def test_reasons_over_resamples_are_those_of_the_models_that_were_judged(trained: TrainedLevels) -> None:
    model, bootstrap = ordinal_model(trained), trained.refitted.bootstrap
    assert bootstrap is not None
    again = partial(resample_ordinal_model, trained)
    found = explanation_stability(trained, model, [bootstrap], again)
    assert (found["refits"], found["patients"]) == (10, 50)
    first = found["drivers"][0]
    assert (first["variable"], first["stable"]) == ("frankel_grade", True)
    matrix = trained.cohort.matrix(model.predictors)[trained.labelled.rows]
    for split in bootstrap.splits[:3]:
        one = again(model, split, [bootstrap.tuned[split.name]])
        assert one.log_odds(matrix) == pytest.approx(bootstrap.risk[split.name], abs=1e-12)


def test_it_is_judged_by_what_it_says_it_is_judged_by(trained: TrainedLevels) -> None:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    evaluation, checklist = judge_levels(trained)
    levels, reached = trained.labelled.values, expit(trained.final)
    assert [one["events"] for one in evaluation["thresholds"]] == [int((levels > k).sum()) for k in range(4)]
    assert [one["label"] for one in evaluation["thresholds"]] == ["Alive", "At least C", "At least D", "At least E"]
    brier = [brier_score_loss(levels > k, reached[:, k]) for k in range(4)]
    assert evaluation["measures"]["ranked_probability_score"]["estimate"] == pytest.approx(np.mean(brier))
    for k, one in enumerate(evaluation["thresholds"]):
        auc = evaluation["measures"][f"auc_at_{k + 1}"]["estimate"]
        assert auc == pytest.approx(roc_auc_score(levels > k, reached[:, k]))
        assert one["measures"]["auc"]["estimate"] == pytest.approx(auc)
        assert one["net_benefit"]["thresholds"] == list(trained.study.evaluation.thresholds)
    assert sum(group["n"] for group in evaluation["levels_by_prediction"]) == 300
    for group in evaluation["levels_by_prediction"]:
        assert sum(group["observed"]) == pytest.approx(1)
        assert sum(group["predicted"]) == pytest.approx(1)
    assert evaluation["measures"]["ordinal_concordance"]["estimate"] > 0.65
    assert evaluation["parallel_slopes"]["degrees"] == 3
    assert any(one.code == "SC005" for one in checklist.results)


def test_the_model_carries_what_missing_inputs_change_of_those_who_did_not_see_them(trained: TrainedLevels) -> None:
    model, found = measured_ordinal_model(trained)
    assert model.missing is not None
    matrix = trained.cohort.matrix(model.predictors)[trained.labelled.rows]
    place = model.predictors.index("albumin")
    had = ~np.isnan(matrix[:, place])
    gone = matrix.copy()
    gone[:, place] = np.nan
    fold, by_hand = inner_folds(trained.splits), np.empty((len(matrix), 4))
    for number in range(2):
        rows = fold == number
        before, after = (model.member_log_odds(values[rows])[number] for values in (matrix, gone))
        by_hand[rows] = (after - before) ** 2
    expected = by_hand[had].mean(axis=0)
    assert model.missing.variance[place] * model.lines.slopes**2 == pytest.approx(expected)
    known = matrix[had & ~np.isnan(matrix).any(axis=1)][:1]
    unknown = np.where(np.arange(len(model.predictors)) == place, np.nan, known)
    assert model.missing_variance(unknown)[0] == pytest.approx(expected)
    assert not model.missing_variance(known).any()
    assert model.missing_deviation(unknown)[0] == pytest.approx(np.sqrt(expected[trained.checked_threshold]))
    assert found.scale == "log-odds of reaching the level"
    assert found.judged.startswith("probability of at least")
    assert {one.variable for one in found.each} == set(model.predictors)
    whole = found.with_all["auc"].estimate  # type: ignore[union-attr]
    costs = [one.auc_difference.estimate for one in found.each]  # type: ignore[union-attr]
    assert costs == sorted(costs)
    assert costs == pytest.approx([one.measures["auc"].estimate - whole for one in found.each])  # type: ignore[union-attr]
    # One of two trials may do no worse without an input that says little; with fewer inputs known all do.
    assert found.each[0].variable == "frankel_grade"
    assert costs[0] < -0.1
    assert all(one.measures["auc"]["mean"] < whole for one in found.several)


def test_somebody_unlike_the_patients_is_told_so_and_a_study_may_decline(trained: TrainedLevels) -> None:
    model, _ = measured_ordinal_model(trained)
    usual = predict_levels(model, "i" * 64, {"age": 62, "albumin": 3.6, "frankel_grade": "d"})
    assert usual.development is not None
    assert not usual.development.outside
    strange = predict_levels(model, "i" * 64, {"age": 19, "albumin": 1.2, "ecog_performance_status": "0"})
    assert strange.development is not None
    assert strange.development.outside
    assert any("outside the development range" in warning for warning in strange.warnings)
    careful = replace(model, about={**model.about, "decline": {"without": ["albumin"], "added_deviation": 9.0}})
    with pytest.raises(DeclinedError, match="Albumin is not known"):
        predict_levels(careful, "i" * 64, {"age": 62})
    table = pd.DataFrame({"age": [62, 62], "albumin": [3.6, np.nan], "frankel_grade": ["d", "d"]})
    found = predict_level_table(careful, "i" * 64, table).table
    assert found["level_e"].isna().tolist() == [False, True]
    assert found["declined"].tolist() == ["", "Albumin is not known"]
    narrow = replace(model, about={**model.about, "decline": {"added_deviation": 0.01}})
    with pytest.raises(DeclinedError, match="to the log-odds of reaching the level, more than"):
        predict_levels(narrow, "i" * 64, {"age": 62})


def test_what_is_measured_is_kept_with_the_model(trained: TrainedLevels, tmp_path: Path) -> None:
    model, _ = measured_ordinal_model(trained)
    save_ordinal_model(model, tmp_path / "model")
    again, _ = load_ordinal_model(tmp_path / "model")
    assert model.missing is not None
    assert again.missing is not None
    assert_same_bits(again.missing.variance, model.missing.variance)
    matrix = np.full((1, len(model.predictors)), np.nan)
    matrix[0, 0] = 60
    for before, after in zip(model.interval(matrix), again.interval(matrix), strict=True):
        assert_same_bits(after, before)
    assert again.development is not None


@pytest.mark.parametrize("threshold", range(4))
def test_contributions_add_up_at_every_threshold(trained: TrainedLevels, threshold: int) -> None:
    from spinecast.explanation.ordinal_contributions import explain_threshold

    model = ordinal_model(trained)
    matrix = trained.cohort.matrix(model.predictors)[:40]
    found = explain_threshold(model, matrix, threshold)
    total = found.base_value + found.values.sum(axis=1) + found.reordered
    np.testing.assert_allclose(total, found.served, atol=1e-4)
    np.testing.assert_allclose(expit(found.served), model.reached(matrix)[:, threshold], rtol=1e-12)


def test_the_procedure_is_judged_in_resamples_and_on_fewer_patients(trained: TrainedLevels) -> None:
    from sklearn.metrics import roc_auc_score

    found = judge_levels_internally(trained, ordinal_model(trained))
    boot, levels, refitted = found.bootstrap, trained.labelled.values, trained.refitted.bootstrap
    assert isinstance(boot, BootstrapValidation)
    assert refitted is not None
    # By hand: the ranked probability score, and scikit-learn's area, in the resample less that in everybody.
    losses, areas = [], []
    for split in refitted.splits:
        chances = expit(refitted.risk[split.name])
        parts = [(levels[rows], chances[rows]) for rows in (split.train, np.arange(len(levels)))]
        loss = [((p - (y[:, None] > np.arange(p.shape[1]))) ** 2).mean() for y, p in parts]
        area = [roc_auc_score(y > 3, p[:, 3]) for y, p in parts]
        losses.append(loss[0] - loss[1])
        areas.append(area[0] - area[1])
    shown = boot.measures["ranked_probability_score"]
    assert shown.optimism.estimate == pytest.approx(np.mean(losses))  # type: ignore[union-attr]
    assert boot.measures["auc_at_4"].optimism.estimate == pytest.approx(np.mean(areas))  # type: ignore[union-attr]
    assert boot.measures["calibration_slope_at_4"].optimism_corrected.lower is None  # type: ignore[union-attr]
    assert isinstance(found.learning_curve, LearningCurve)
    assert isinstance(found.instability, Instability)
    assert isinstance(found.repeated_cross_validation, Absent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "outcome={kind: ordinal, variable: ambulation_30d, death: excluded}",
            "ambulation_30d is nominal, its levels have no order",
        ),
        ("outcome.variable=age", "age is not an outcome"),
        ("outcome.variable=intraoperative_blood_loss", "is measured and has no levels"),
        ("outcome.death=null", "the study does not say what becomes of them"),
        ("outcome={kind: ordinal, variable: pain_response, death: excluded}", "no level for people who died"),
        ("outcome.combined_levels=[[a, c]]", "a, c do not follow each other"),
        ("outcome.combined_levels=[[a, f]]", "no level 'f'"),
        ("outcome.combined_levels=[[a, a]]", "a is listed twice"),
        ("outcome.excluded_levels=[f]", "no level 'f'"),
        ("candidates=[{kind: elastic_net}]", "elastic_net learns an event that is had or not"),
        ("candidates=[{kind: linear_quantile}]", "linear_quantile learns a measured quantity"),
        ("candidates=[{kind: cumulative, learner: random_forest, imputation: native}]", "takes no missing values"),
        ("missing={decline: {without: [sodium]}}", "missing.decline.without: sodium is none of the predictors"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused_with_what_is_wrong(change: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=re.escape(message)):
        small_study(tmp_path, change)


def test_learners_of_levels_are_for_levels_alone(tmp_path: Path) -> None:
    change = "outcome={kind: binary, variable: frankel_grade_30d, event_levels: [d, e]}"
    with pytest.raises(StudyError, match="proportional_odds learns ordered levels"):
        small_study(tmp_path, change)


def test_a_level_with_few_patients_or_none_is_refused_once_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"levels with too few patients to learn from: A \(\d\)") as caught:
        ordinal_patients(small_study(tmp_path, "outcome.combined_levels=[]", "cohort.source.patients=120"))
    assert "combined_levels" in str(caught.value.remedy)
    with pytest.raises(CohortError, match=r"IVa \(0\)"):
        ordinal_patients(
            small_study(tmp_path, "outcome={kind: ordinal, variable: complication_grade}", "cohort.source.patients=60")
        )


def test_a_fold_without_a_level_is_refused() -> None:
    levels = np.repeat([0.0, 1.0, 2.0], [20, 20, 2])
    groups = np.concatenate([np.arange(40), [40, 40]])
    with pytest.raises(CohortError, match=r"have 2 of the 3 levels"):
        nested_splits(levels, groups, outer_folds=2, inner_folds=2, seed=1)


def test_what_needs_an_event_refuses_a_study_of_levels_and_the_summary_tells_it(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    with pytest.raises(ContractError, match="predicts ordered levels and no event"):
        outcome_definition(study)
    said = summary(study)
    assert "the level of frankel_grade_30d; death before the assessment: worst level; as one: a, b" in said
    assert "mean cumulative log-odds of proportional_odds, cumulative" in said
