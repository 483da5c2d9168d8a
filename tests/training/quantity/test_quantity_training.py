"""Training of quantities: the same bits on any workers and after a kill, and shifts never learned where they judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import simulated
from made_models import assert_same_bits

from spinecast.errors import CohortError, ContractError, StudyError
from spinecast.models.quantiles.quantile_function import QuantileFunction, to_scale
from spinecast.statistics import Absent, pinball_losses
from spinecast.training.explanation_stability import explanation_stability
from spinecast.training.plan import outcome_definition, quantity_thresholds
from spinecast.training.quantity.final_model import measured_quantity_model, quantity_model, resample_quantity_model
from spinecast.training.quantity.fitting import TrainedQuantity, fit_quantity_study, quantity_patients
from spinecast.training.quantity.internal_judging import judge_quantity_internally
from spinecast.training.quantity.judging import judge_quantity
from spinecast.training.resampling import ALL_PATIENTS, inner_folds
from spinecast.training.study import Study
from spinecast.training.study.file import load_study, summary
from spinecast.validation.internal import (
    BootstrapValidation,
    Instability,
    InternalExternal,
    InternalValidation,
    LearningCurve,
    RepeatedValidation,
)


def small_study(folder: Path, *changes: str) -> Study:
    path = folder / "quantity.yaml"
    path.write_text(simulated.QUANTITY_STUDY, encoding="utf-8")
    return load_study(path, changes)


def fitted(study: Study, folder: Path, workers: int = 1) -> TrainedQuantity:
    return fit_quantity_study(study, checkpoints=folder, workers=workers, started=datetime.now(UTC))


AGAIN = (
    "internal_validation={bootstrap: {resamples: 10}, repeated_cross_validation: {repeats: 1}, "
    "internal_external: {by: sex}, learning_curve: {shares: [0.5]}}"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainedQuantity, Path]:
    """A study trained on two workers, and its checkpoints."""
    folder = tmp_path_factory.mktemp("quantity")
    return fitted(small_study(folder, AGAIN), folder / "checkpoints", workers=2), folder


@pytest.fixture(scope="module")
def trained(run: tuple[TrainedQuantity, Path]) -> TrainedQuantity:
    return run[0]


@pytest.mark.slow
def test_the_same_bits_on_one_worker_after_a_kill(run: tuple[TrainedQuantity, Path]) -> None:
    trained, folder = run
    journals = sorted((folder / "checkpoints").glob("**/*.jsonl"))
    for journal in journals[::2]:
        # Killed while the second trial of every other unit was being written.
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(lines[0] + (lines[1][:20] if len(lines) > 1 else b""))
    again = fitted(small_study(folder, AGAIN), folder / "checkpoints")
    assert 0 < again.trials_resumed < 2 * len(journals)
    assert_same_bits(again.final, trained.final)
    for name, quantiles in trained.candidates.items():
        assert_same_bits(again.candidates[name], quantiles)
    for way in ("bootstrap", "internal_external", "learning_curve"):
        for name, quantiles in getattr(trained.refitted, way).risk.items():
            assert_same_bits(getattr(again.refitted, way).risk[name], quantiles)


def test_a_trial_s_loss_is_the_pinball_loss_of_its_shifted_held_out_quantiles(trained: TrainedQuantity) -> None:
    from spinecast.models.quantiles.model import conformal_shifts

    values = to_scale(trained.labelled.values, "logarithm")
    for split in trained.splits:
        tuned = trained.tuned[split.name, "linear_quantile"]
        own = values[split.train]
        shifted = np.sort(tuned.held_out + conformal_shifts(trained.levels, own, tuned.held_out), axis=1)
        assert tuned.best.loss == pytest.approx(pinball_losses(own, shifted, trained.levels).mean(), abs=1e-12)


def test_shifts_do_not_know_the_patients_they_are_judged_by(trained: TrainedQuantity) -> None:
    """Other values of the test patients leave everything that is predicted for them as it was."""
    from spinecast.training.quantity.assembly import choose_quantiles

    split = trained.splits[0]
    values = to_scale(trained.labelled.values, "logarithm")
    values[split.test] = 99.0
    tuned = {plan.name: trained.tuned[split.name, plan.name] for plan in trained.plans}
    again = choose_quantiles(split, tuned, ("linear_quantile", "xgboost_quantile"), values, trained.levels)
    assert_same_bits(again.test, trained.final[split.test])


def test_out_of_fold_quantiles_are_in_order_and_the_model_serves_what_was_chosen(trained: TrainedQuantity) -> None:
    assert (np.diff(trained.final, axis=1) >= 0).all()
    model = quantity_model(trained)
    assert [part.name for part in model.parts] == ["linear_quantile", "xgboost_quantile"]
    assert "surgical_procedure" in model.predictors
    assert model.thresholds == quantity_thresholds(trained.study) == (500.0, 1000.0, 2500.0)
    assert_same_bits(model.shifts, trained.choices[ALL_PATIENTS].shifts)


def test_reasons_over_resamples_are_those_of_the_models_that_were_judged(trained: TrainedQuantity) -> None:
    model, bootstrap = quantity_model(trained), trained.refitted.bootstrap
    assert bootstrap is not None
    again = partial(resample_quantity_model, trained)
    found = explanation_stability(trained, model, [bootstrap], again)
    assert (found["refits"], found["patients"]) == (10, 50)
    assert {one["variable"] for one in found["drivers"]} <= set(model.predictors)
    assert any(one["stable"] for one in found["drivers"])
    matrix = trained.cohort.matrix(model.predictors)[trained.labelled.rows]
    for split in bootstrap.splits[:3]:
        one = again(model, split, [bootstrap.tuned[split.name]])
        assert one.distribution(matrix).values == pytest.approx(bootstrap.risk[split.name], abs=1e-12)


def test_it_is_judged_by_what_it_says_it_is_judged_by(trained: TrainedQuantity) -> None:
    evaluation, checklist = judge_quantity(trained)
    values, found = trained.labelled.values, trained.distribution()
    lower, upper = found.interval(0.8)
    assert evaluation["measures"]["coverage_80"]["estimate"] == ((values >= lower) & (values <= upper)).mean()
    assert evaluation["intervals"][1]["width"]["estimate"] == pytest.approx((upper - lower).mean())
    assert [one["events"] for one in evaluation["thresholds"]] == [
        int((values >= at).sum()) for at in (500, 1000, 2500)
    ]
    assert sum(one["n"] for one in evaluation["observed_by_predicted"]) == 300
    assert 0.7 < evaluation["measures"]["coverage_80"]["estimate"] < 0.9
    assert evaluation["measures"]["pinball_skill"]["estimate"] > 0.03
    assert any(one.code == "SC005" for one in checklist.results)


def test_contributions_add_up_to_the_served_median(trained: TrainedQuantity) -> None:
    from spinecast.explanation.quantity_contributions import explain_median

    model = quantity_model(trained)
    matrix = trained.cohort.matrix(model.predictors)[:60]
    found = explain_median(model, matrix)
    total = found.base_value + found.values.sum(axis=1) + found.reordered
    np.testing.assert_allclose(total, found.served, atol=1e-4)
    np.testing.assert_allclose(np.expm1(found.served), model.distribution(matrix).median(), rtol=1e-9)


def test_the_model_carries_what_missing_inputs_change_of_its_median_and_whom_it_knows(trained: TrainedQuantity) -> None:
    model, found = measured_quantity_model(trained)
    matrix, fold = trained.cohort.matrix(model.predictors)[trained.passing.rows], inner_folds(trained.splits)
    place = model.predictors.index("tumour_vascularity")
    had, gone = ~np.isnan(matrix[:, place]), matrix.copy()
    gone[:, place] = np.nan
    medians = [
        np.array([model.shifted(values[[row]], int(fold[row]))[0, model.middle] for row in range(len(values))])
        for values in (matrix, gone)
    ]
    squared = (medians[1] - medians[0]) ** 2
    assert model.missing is not None
    assert model.missing.variance[place] == pytest.approx(squared[had].mean())
    assert found.judged == "probability of 1000 mL and more"
    unknown = np.where(np.arange(len(model.predictors)) == place, np.nan, matrix[had][:1])
    assert model.missing_deviation(unknown)[0] ** 2 == pytest.approx(squared[had].mean())
    # Learners that met it missing in development know what that does to the spread; of others it widens.
    assert not model.always_known[place]
    wide, narrow = (
        np.ptp(replace(model, always_known=known, missing=model.missing).distribution(unknown).values)
        for known in (np.ones(len(model.predictors), bool), model.always_known)
    )
    assert wide > narrow
    assert model.development is not None
    assert model.development.outside(model.development.distances(matrix)).mean() < 0.05


def test_the_procedure_is_judged_in_resamples_other_folds_without_a_site_and_on_fewer_patients(
    trained: TrainedQuantity,
) -> None:
    from sklearn.metrics import mean_pinball_loss, roc_auc_score

    model = quantity_model(trained)
    found = judge_quantity_internally(trained, model)
    assert InternalValidation.from_dict(found.to_dict()).to_dict() == found.to_dict()
    boot, values = found.bootstrap, trained.labelled.values
    assert isinstance(boot, BootstrapValidation)
    assert set(boot.measures) == {
        "mean_pinball_loss",
        "pinball_skill",
        "mean_absolute_error",
        *(f"coverage_{stated}" for stated in (50, 80, 90)),
        *(f"{name}_at_{at}" for name in ("auc", "calibration_slope") for at in (500, 1000, 2500)),
    }
    # By hand, with scikit-learn's loss and a count: what each resample's model does in its resample and in everybody.
    levels, refitted = trained.levels, trained.refitted.bootstrap
    assert refitted is not None
    losses, covered = [], []
    for split in refitted.splits:
        quantiles = np.expm1(refitted.risk[split.name])
        parts = [(values[rows], quantiles[rows]) for rows in (split.train, np.arange(len(values)))]
        loss = [np.mean([mean_pinball_loss(y, q[:, i], alpha=a) for i, a in enumerate(levels)]) for y, q in parts]
        inside = [((y >= q[:, 0]) & (y <= q[:, 2])).mean() for y, q in parts]
        losses.append(loss[0] - loss[1])
        covered.append(inside[0] - inside[1])
    shown = boot.measures["mean_pinball_loss"]
    assert shown.optimism.estimate == pytest.approx(np.mean(losses))  # type: ignore[union-attr]
    assert shown.optimism_corrected.estimate == pytest.approx(  # type: ignore[union-attr]
        shown.apparent.estimate - np.mean(losses)  # type: ignore[union-attr]
    )
    assert boot.measures["coverage_80"].optimism.estimate == pytest.approx(np.mean(covered))  # type: ignore[union-attr]
    assert boot.measures["calibration_slope_at_1000"].optimism_corrected.lower is None  # type: ignore[union-attr]
    # The model of each sex by the other.
    sites, apart = found.internal_external, trained.refitted.internal_external
    assert isinstance(sites, InternalExternal)
    assert apart is not None
    first = apart.splits[0]
    chance = QuantileFunction(levels, apart.risk[first.name], trained.scale).exceedance([1000])[:, 0]
    area = roc_auc_score(values[first.test] >= 1000, chance)
    assert sites.sites[0].measures["auc_at_1000"].estimate == pytest.approx(area)  # type: ignore[union-attr]
    assert sites.sites[0].n == len(first.test)
    # Half of the patients of each fold to learn from, everybody judged.
    curve = found.learning_curve
    assert isinstance(curve, LearningCurve)
    assert curve.points[0].n_train == pytest.approx(75, abs=1)
    assert not isinstance(curve.points[0].measures, Absent)
    assert curve.points[0].measures["mean_pinball_loss"].mean.n == len(values)
    assert isinstance(found.repeated_cross_validation, RepeatedValidation)
    assert isinstance(found.instability, Instability)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("outcome.quantiles=[0.1, 0.9, 0.95]", "the median is not among them"),
        ("outcome.quantiles=[0.5, 0.1, 0.9]", "0.1 follows 0.5"),
        ("outcome.quantiles=[0.1, 0.5, 1.0]", "less than 1"),
        ("outcome.thresholds=[1, 1]", "1 is listed twice"),
        ("outcome.thresholds=[0.5, 900]", "cannot be 900 L"),
        ("outcome.unit=kg", "is not measured in 'kg'"),
        ("outcome.variable=death", "death is binary"),
        ("candidates=[{kind: elastic_net}]", "elastic_net learns an event that is had or not"),
        ("candidates=[{kind: cox}]", "cox learns a time"),
        ("missing={decline: {without: [albumin]}}", "albumin is none of the predictors"),
        ("internal_validation={bootstrap: {resamples: 3}}", "greater than or equal to 10"),
        ("comparators=[{name: other, variable: sorg_survival_90d}]", "risks are not set beside a quantity"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused_with_what_is_wrong(change: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=message):
        small_study(tmp_path, change)


def test_learners_of_quantiles_are_for_quantities_alone(tmp_path: Path) -> None:
    changes = ("outcome={kind: threshold, variable: intraoperative_blood_loss, threshold: 2500}",)
    with pytest.raises(StudyError, match="linear_quantile learns a measured quantity"):
        small_study(tmp_path, *changes)


def test_a_threshold_hardly_anybody_reaches_cannot_be_judged(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="no threshold divides the patients"):
        quantity_patients(small_study(tmp_path, "outcome.thresholds=[19.9]"))


def test_what_needs_an_event_refuses_a_study_of_a_quantity_and_the_summary_tells_it(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    with pytest.raises(ContractError, match="predicts a measured quantity and no event"):
        outcome_definition(study)
    assert "chance of 0.5, 1, 2.5 L" in summary(study)
