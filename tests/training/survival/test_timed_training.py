"""Training of times: the same bits on any workers and after a kill, judged by what it says it is judged by."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated
from made_models import assert_same_bits

from spinecast.errors import CohortError, StudyError
from spinecast.models import extras
from spinecast.models.loading import TimedModel
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import TimeToEventModel
from spinecast.statistics import harrell_c, integrated_brier
from spinecast.training.explanation_stability import MOST_PATIENTS_OF_TIMES
from spinecast.training.resampling import inner_folds
from spinecast.training.study import Study
from spinecast.training.study.file import load_study, study_schema, summary
from spinecast.training.survival.beside import horizon_studies
from spinecast.training.survival.final_model import measured_timed_model, resample_timed_model
from spinecast.training.survival.fitting import TrainedTimes, fit_timed_study
from spinecast.training.survival.internal_judging import judge_times_internally
from spinecast.training.survival.tuning import CurveTask
from spinecast.validation.internal import (
    BootstrapValidation,
    Instability,
    InternalExternal,
    InternalValidation,
    LearningCurve,
    RepeatedValidation,
)
from spinecast.validation.timed import TimedJudge, mean_time_lost
from spinecast.validation.timed_horizon import TimedSettings

SMALL = ("tuning.trials=2", "candidates.1.search.rounds=[20]", "resampling.outer_folds=2", "resampling.inner_folds=2")


def small_study(folder: Path, *changes: str) -> Study:
    return load_study(simulated.write_study(folder, text=simulated.TIMED_STUDY), (*SMALL, *changes))


def fitted(study: Study, folder: Path, workers: int = 1) -> TrainedTimes:
    return fit_timed_study(study, checkpoints=folder, workers=workers, started=datetime.now(UTC))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainedTimes, Path]:
    folder = tmp_path_factory.mktemp("timed")
    return fitted(small_study(folder), folder / "checkpoints"), folder


@pytest.mark.slow
def test_the_same_bits_on_two_workers_and_after_a_kill(trained: tuple[TrainedTimes, Path], tmp_path: Path) -> None:
    first, _ = trained
    study = small_study(tmp_path)
    checkpoints = tmp_path / "checkpoints"
    fitted(study, checkpoints, workers=2)
    for journal in sorted(checkpoints.glob("*/cause_1/*/*.jsonl"))[::2]:
        # Killed while the second trial of every other unit was being written.
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(lines[0] + lines[1][:20])
    again = fitted(study, checkpoints)
    days = [30.0, 45.0, 90.0, 180.0]
    assert_same_bits(again.risk(days), first.risk(days))
    for plan in first.plans:
        assert_same_bits(again.risk(days, plan.name), first.risk(days, plan.name))


def test_out_of_fold_risks_never_fall_over_time(trained: tuple[TrainedTimes, Path]) -> None:
    found, _ = trained
    risk = found.risk(np.linspace(1, found.grid[-1], 50))
    assert (np.diff(risk, axis=1) >= 0).all()
    assert ((risk >= 0) & (risk <= 1)).all()


def test_a_trial_s_loss_is_the_integrated_brier_score_of_its_corrected_held_out_curves(
    trained: tuple[TrainedTimes, Path],
) -> None:
    found, _ = trained
    cause = found.causes[0]
    for split in found.splits:
        tuned = cause.tuned[split.name, "cox"]
        days = found.grid[found.grid <= 180]
        served = np.maximum.accumulate(tuned.held_out, axis=1)
        risk = -np.expm1(-np.exp(served[:, found.grid <= 180]))
        judged = integrated_brier(cause.task.time[split.train], cause.task.event[split.train], risk, days)
        assert tuned.best.loss == pytest.approx(judged.estimate, abs=1e-12)  # type: ignore[union-attr]


def timed_task(count: int = 6000, seed: int = 3, death: float = 0.0) -> tuple[CurveTask, np.ndarray]:
    """Follow-up whose true log cumulative hazards are given: effects of the index fade as time goes on.

    With `death`, another cause ends the follow-up of those of high index sooner.
    """
    draw = np.random.default_rng(seed)
    index, grid = draw.normal(size=count), np.array([7.0, 15.0, 30.0, 60.0, 90.0, 180.0, 365.0])
    fading = np.interp(np.log(grid), np.log(grid[[0, -1]]), [1.4, 0.5])
    true = 0.9 * np.log(grid / 200) + fading * index[:, None]
    # By inversion: the day at which each reaches an exponential draw, on the curve as it is read between days.
    reached = np.log(draw.exponential(size=count))
    time = np.full(count, 366.0)
    for row in range(count):
        if reached[row] < true[row, -1]:
            time[row] = np.exp(np.interp(reached[row], true[row], np.log(grid)))
    early = reached < true[:, 0]
    time[early] = grid[0] * np.exp(reached - true[:, 0])[early]
    other = draw.exponential(300 * np.exp(-0.8 * index)) if death else np.full(count, np.inf)
    censored = draw.uniform(200, 500, count)
    first = np.argmin([censored, time, other], axis=0)
    cause = np.where((first == 1) & (time > 365), 0, first)
    ended = np.ceil(np.minimum(np.minimum(time, other), np.minimum(censored, 365.0)))
    return CurveTask.of(ended, cause, 1, grid, 365.0), true


@pytest.mark.parametrize("death", [0.0, 1.0])
def test_a_spread_that_is_wrong_early_and_wrong_late_is_corrected_at_every_day(death: float) -> None:
    """Curves with one spread for all days, and a level that is off, against effects that fade."""
    task, true = timed_task(death=death)
    rows = np.arange(len(true))
    flat = 0.3 + true.mean(axis=0) + 0.9 * (true - true.mean(axis=0)) / (true.std(axis=0) / true.std())
    found = task.correction(rows, flat)
    # The truth at each day is a line of these curves: its slope, and its value in the middle.
    slope = np.array([np.polyfit(own, sure, 1)[0] for own, sure in zip(flat.T, true.T, strict=True)])
    # From the first day that is corrected on: before it the line stays as it is there.
    late = slice(int(task.corrected_at[0]), None)
    np.testing.assert_allclose(found.slope[late], slope[late], atol=0.1)
    middle = found.apply(flat.mean(axis=0)[None], task.reference)[0]
    np.testing.assert_allclose(middle[late], true.mean(axis=0)[late], atol=0.1)


def test_few_events_leave_the_correction_of_all_days() -> None:
    task, true = timed_task(count=60)
    found = task.correction(np.arange(60), true - 3)
    many = timed_task()[0].correction(np.arange(6000), timed_task()[1] - 3)
    assert np.ptp(found.slope) < np.ptp(1 + (many.slope - 1)) + 0.5
    assert (found.slope >= 0).all()
    np.testing.assert_allclose(many.slope, 1.0, atol=0.1)


def test_the_model_carries_what_missing_inputs_change_on_each_day_and_whom_it_knows(
    trained: tuple[TrainedTimes, Path],
) -> None:
    done, _ = trained
    model, found = measured_timed_model(done)
    assert isinstance(model, TimeToEventModel)
    assert model.missing is not None
    matrix, fold = done.cohort.matrix(model.predictors)[done.labelled.rows], inner_folds(done.splits)
    place = model.predictors.index("albumin")
    had, gone = ~np.isnan(matrix[:, place]), matrix.copy()
    gone[:, place] = np.nan
    squared = np.empty((len(matrix), len(model.grid)))
    for number in np.unique(fold):
        rows = fold == number
        before, after = (
            np.maximum.accumulate(model.member_log_hazards(values[rows])[number], axis=1) for values in (matrix, gone)
        )
        squared[rows] = (after - before) ** 2
    np.testing.assert_allclose(model.missing.variance[place] * model.correction.slope**2, squared[had].mean(axis=0))
    unknown = np.where(np.arange(len(model.predictors)) == place, np.nan, matrix[~np.isnan(matrix).any(axis=1)][:1])
    np.testing.assert_allclose(model.missing_variance(unknown)[0], squared[had].mean(axis=0))
    at = int(np.flatnonzero(model.grid == model.explained_day)[0])
    assert model.missing_deviation(unknown)[0] == pytest.approx(np.sqrt(squared[had].mean(axis=0)[at]))
    assert {one.variable for one in found.each} == set(model.predictors)
    assert found.judged == f"risk by day {done.checked_day:g}"
    # Albumin drives these patients' deaths, creatinine does not.
    assert model.missing.variance[place, at] > 5 * model.missing.variance[model.predictors.index("creatinine"), at]
    assert model.development is not None
    assert model.development.outside(model.development.distances(matrix)).mean() < 0.05


def test_a_cohort_without_enough_events_is_refused(tmp_path: Path) -> None:
    table = simulated.patients()
    table.loc[5:, "died"] = "absent"
    study = load_study(simulated.write_study(tmp_path, table, simulated.TIMED_STUDY), SMALL)
    with pytest.raises(CohortError, match=r"too few to learn from"):
        fitted(study, tmp_path / "checkpoints")


def test_a_study_of_times_reads_back_as_it_was_resolved(tmp_path: Path) -> None:
    from spinecast.training.study import resolved_yaml, study_hash

    study = load_study(simulated.write_study(tmp_path, text=simulated.TIMED_STUDY))
    (tmp_path / "again.yaml").write_text(resolved_yaml(study), encoding="utf-8")
    assert study_hash(load_study(tmp_path / "again.yaml")) == study_hash(study)
    assert "read at day 30, 90, 180" in summary(study)
    assert "log cumulative hazard" in summary(study)
    assert "BoostedAft" in study_schema()["$defs"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("candidates.0.kind=elastic_net", r"elastic_net learns an event that is had or not"),
        ("outcome.horizons_days=[30, 30]", "30 is listed twice"),
        ("outcome.horizons_days=[]", "horizons_days"),
        ("outcome.event=follow_up_time", "cannot be both the time and the event"),
        ("published=[modifed_bauer]", "did you mean modified_bauer"),
        ("published=[blood_volume]", "is a quantity and no prognosis"),
        ("candidates.0={kind: discrete_time, learner: elastic_net, imputation: native}", "takes no missing values"),
        ("candidates.0={kind: discrete_time, learner: support_vector_machine}", "learner"),
        ("candidates.1.search.scale=[-1, 1]", "cannot take -1"),
    ],
)
def test_a_wrong_study_of_times_is_refused_by_name(tmp_path: Path, change: str, message: str) -> None:
    path = simulated.write_study(tmp_path, text=simulated.TIMED_STUDY)
    with pytest.raises(StudyError, match=message):
        load_study(path, (change, "final={kind: winner}"))


def test_a_study_of_an_event_takes_no_learner_of_times(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"cox learns a time, and the outcome is of the kind horizon"):
        load_study(simulated.write_study(tmp_path), ("candidates.0.kind=cox",))
    with pytest.raises(StudyError, match="only a model of times"):
        load_study(simulated.write_study(tmp_path), ("horizon_studies=[another]",))


def test_a_study_that_needs_an_extra_says_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = simulated.write_study(tmp_path, text=simulated.TIMED_STUDY)
    forest = ("candidates.0={kind: random_survival_forest}", "final={kind: winner}")
    assert load_study(path, forest).candidates[0].kind == "random_survival_forest"
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(StudyError, match=r"pip install 'spinecast\[survival\]'"):
        load_study(path, forest)


def results(folder: Path, table: pd.DataFrame, day: int = 90) -> None:
    """What a study of one day leaves that is read here."""
    (folder / "record").mkdir(parents=True)
    (folder / "record" / "study.yaml").write_text(json.dumps({"outcome": {"kind": "horizon", "horizon_days": day}}))
    table.to_csv(folder / "out_of_fold.csv", index=False)


def test_studies_of_one_day_are_set_beside_the_same_people_only(
    trained: tuple[TrainedTimes, Path], tmp_path: Path
) -> None:
    found, _ = trained
    labelled = found.labelled
    judge = TimedJudge(
        labelled.time,
        labelled.cause.astype(float),
        found.grid[found.grid <= 180],
        TimedSettings((30.0, 90.0, 180.0), (0.2,), (0.05, 0.95), 20, 1),
    )
    names = found.cohort.patient_ids.to_numpy()[labelled.rows]
    own = found.risk([90.0])[:, 0]
    happened = ((labelled.cause == 1) & (labelled.time <= 90)).astype(int)
    results(tmp_path / "simulated_mortality", pd.DataFrame({"patient": names, "outcome": happened, "risk": own}))
    same, missing = horizon_studies(found, judge, tmp_path)
    assert same["difference"]["estimate"] == 0
    assert same["study_measures"] == same["model_measures"]
    assert same["n"] == len(names)
    assert "train it into the same folder first" in missing["absent"]
    results(tmp_path / "another_study", pd.DataFrame({"patient": names, "outcome": 1 - happened, "risk": own}))
    assert "not the same people" in horizon_studies(found, judge, tmp_path)[1]["absent"]


AGAIN = (
    "internal_validation={bootstrap: {resamples: 10}, repeated_cross_validation: {repeats: 2}, "
    "internal_external: {by: tumour_group}, learning_curve: {shares: [0.5]}}",
    "candidates=[{kind: cox, trials: 1, search: {knots: [0]}}, {kind: boosted_aft, trials: 1, search: {rounds: [20]}}]",
)


def assert_models_of_resamples_are_those_that_were_judged(done: TrainedTimes, model: TimedModel) -> None:
    bootstraps = [one.bootstrap for one in done.refitted if one.bootstrap is not None]
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows]
    for split in bootstraps[0].splits[:2]:
        one = resample_timed_model(done, model, split, [each.tuned[split.name] for each in bootstraps])
        hazards = one.hazards if isinstance(one, CompetingRisksModel) else (one,)
        for hazard, refitted in zip(hazards, bootstraps, strict=True):
            assert hazard.log_hazards(matrix) == pytest.approx(refitted.risk[split.name], abs=1e-12)


@pytest.mark.slow
def test_the_procedure_is_fitted_again_in_resamples_other_folds_and_without_each_site(tmp_path: Path) -> None:
    study = small_study(tmp_path, *AGAIN)
    done = fitted(study, tmp_path / "checkpoints")
    model, _ = measured_timed_model(done)
    found = judge_times_internally(done, model)
    again = InternalValidation.from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()
    boot = found.bootstrap
    assert isinstance(boot, BootstrapValidation)
    assert set(boot.measures) == {
        "harrell_c",
        "integrated_brier",
        *(f"{name}_{day}" for name in ("horizon_auc", "calibration_slope") for day in (30, 90, 180)),
    }
    # By hand, of the first resample: concordance in it, and in everybody.
    refitted = done.refitted[0].bootstrap
    assert refitted is not None
    days = done.grid[done.grid <= 180]
    inside, original = [], []
    for split in refitted.splits:
        curves = refitted.risk[split.name][:, done.grid <= 180]
        lost = mean_time_lost(days, -np.expm1(-np.exp(curves)))
        time, event = done.labelled.time, (done.labelled.cause == 1).astype(float)
        inside.append(harrell_c(time[split.train], event[split.train], lost[split.train]).estimate)  # type: ignore[union-attr]
        original.append(harrell_c(time, event, lost).estimate)  # type: ignore[union-attr]
    optimism = np.mean(inside) - np.mean(original)
    concordance = boot.measures["harrell_c"]
    assert concordance.optimism.estimate == pytest.approx(optimism)  # type: ignore[union-attr]
    corrected, apparent = concordance.optimism_corrected, concordance.apparent
    assert corrected.estimate == pytest.approx(apparent.estimate - optimism)  # type: ignore[union-attr]
    assert corrected.lower is not None  # type: ignore[union-attr]
    assert boot.measures["calibration_slope_90"].optimism_corrected.lower is None  # type: ignore[union-attr]
    repeats = found.repeated_cross_validation
    assert isinstance(repeats, RepeatedValidation)
    assert repeats.repeats == 2
    sites = found.internal_external
    assert isinstance(sites, InternalExternal)
    assert len(sites.sites) == 3
    assert 0.5 < sites.pooled["horizon_auc_90"].pooled.estimate < 1  # type: ignore[union-attr]
    assert isinstance(found.instability, Instability)
    # Half of each fold's patients to learn from: concordance by hand, of everybody.
    curve, halves = found.learning_curve, done.refitted[0].learning_curve
    assert isinstance(curve, LearningCurve)
    assert halves is not None
    pooled = np.empty((len(done.labelled), len(days)))
    for split in halves.splits:
        assert len(split.train) == pytest.approx(len(done.labelled) / 4, abs=1)
        pooled[split.test] = -np.expm1(-np.exp(halves.risk[split.name][:, done.grid <= 180]))
    lost = mean_time_lost(days, pooled)
    by_hand = harrell_c(done.labelled.time, (done.labelled.cause == 1).astype(float), lost)
    assert curve.points[0].measures["harrell_c"].mean.estimate == by_hand.estimate  # type: ignore[union-attr,index]
    assert_models_of_resamples_are_those_that_were_judged(done, model)
    # Interrupted, on two workers: the same bits.
    journals = sorted((tmp_path / "checkpoints").glob("*/cause_1/internal_validation/fixed/*/*.jsonl"))
    for journal in journals[::2]:
        journal.unlink()
    resumed = fitted(study, tmp_path / "checkpoints", workers=2)
    for name, curves in refitted.risk.items():
        assert_same_bits(resumed.refitted[0].bootstrap.risk[name], curves)  # type: ignore[union-attr]


@pytest.mark.slow
def test_competing_causes_are_trained_published_and_served_as_incidences(tmp_path: Path) -> None:
    from spinecast.models.loading import load_any_model
    from spinecast.training.survival.publication import publish_times

    study = load_study(
        Path(__file__).parents[3] / "configs" / "radiotherapy" / "sbrt_local_progression.yaml",
        (
            "cohort.source.patients=600",
            "resampling.outer_folds=2",
            "resampling.inner_folds=2",
            "candidates=[{kind: cox, trials: 1}, {kind: boosted_cox, trials: 1, search: {rounds: [20]}}]",
            "evaluation.bootstrap=20",
            "explanation.patients=10",
            "internal_validation={bootstrap: {resamples: 10}, learning_curve: {shares: [0.25, 1.0]}}",
        ),
    )
    found = fitted(study, tmp_path / "checkpoints")
    assert [cause.cause for cause in found.causes] == ["local_progression", "death"]
    days = [180.0, 365.0, 730.0]
    # Alone, a cause's hazard promises more than can come true beside death.
    alone = -np.expm1(-np.exp(found.causes[0].final[:, np.searchsorted(found.grid, days)]))
    assert (found.risk(days) < alone).all()
    (tmp_path / "out").mkdir()
    written = publish_times(found, tmp_path / "out", tmp_path, overrides=())
    assert written.model.predictors == study.predictors
    model, identity = load_any_model(tmp_path / "out" / "model")
    assert isinstance(model, CompetingRisksModel)
    assert identity == written.identity
    matrix = found.cohort.matrix(model.predictors)[:40]
    assert (model.risks(matrix, days).sum(axis=0) < 1).all()
    assert model.missing is not None
    assert model.missing.variance.shape == (len(model.predictors), len(model.hazards[0].grid))
    without = np.where(np.arange(len(model.predictors)) == model.predictors.index("sins_lesion"), np.nan, matrix[:5])
    widths = [np.subtract(*model.interval(values, days)[::-1]) for values in (matrix[:5], without)]
    assert (widths[1] > widths[0]).mean() > 0.8
    evaluation = written.evaluation
    assert evaluation["missing_inputs"]["scale"] == "complementary log-log of the cumulative incidence"
    assert evaluation["kind"] == "competing_risks"
    assert "absent" in evaluation["measures"]["harrell_c"]
    assert evaluation["measures"]["integrated_brier"]["estimate"] < 0.2
    published = evaluation["comparators"][0]
    assert published["name"] == "local_progression_sbrt"
    beside = evaluation["comparators"][1]
    assert beside["name"] == "fine_gray"
    assert all(at["n"] == 600 for at in beside["horizons"]), beside["note"]
    assert [at["day"] for at in published["horizons"]] == days
    assert_models_of_resamples_are_those_that_were_judged(found, written.model)
    stability = written.record.explanation["stability"]
    assert (stability["refits"], stability["patients"]) == (10, MOST_PATIENTS_OF_TIMES)
    assert {one["variable"] for one in stability["drivers"]} <= set(model.predictors)
    assert written.record.explanation["residual_max"] <= written.record.explanation["residual_tolerance"]
    methods = (tmp_path / "out" / "record" / "reporting" / "methods.md").read_text()
    assert "tuned by the integrated Brier score" in methods
    assert "log-odds" not in methods
    assert "logistic recalibration" not in methods
    assert evaluation["measures"]["auc"]["estimate"] == next(
        at["measures"]["horizon_auc"]["estimate"] for at in evaluation["horizons"] if at["day"] == evaluation["one_day"]
    )
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Optimism-corrected" in page
    assert "How single risks scatter is shown of the risk by day" in page
    assert "Learning curve" in page
    assert "Whether models of resamples give the same reasons" in page
    assert "Incidences and the probability of no event add up to 1" in page
    assert "SYNTHETIC COHORT" in page
