"""Draws and submodels of what is no single event: what is served is what the fits say, kept, explained and limited."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_models import assert_same_bits
from training.test_handling import WAYS
from training.test_tuning import SCHEMA, simulated

from spinecast.explanation.answering import Question, predict_any, predict_any_table
from spinecast.explanation.curve_contributions import explain_at
from spinecast.explanation.ordinal_contributions import explain_threshold
from spinecast.explanation.prediction import answering_submodels
from spinecast.explanation.quantity_contributions import explain_median
from spinecast.models.catalogue import Choice
from spinecast.models.encoder_fitting import draw_missing_values, fit_drawn_encoders
from spinecast.models.loading import AnyModel, load_any_model, named_parts, save_any_model
from spinecast.models.members import DrawnMember, PatternMember
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.ordinal.catalogue import ORDINAL_FAMILIES
from spinecast.models.ordinal.model import OrdinalModel, OrdinalPart
from spinecast.models.ordinal.thresholds import ThresholdLines
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.quantiles.model import QuantilePart, QuantityModel, conformal_shifts
from spinecast.models.quantiles.quantile_function import QuantileFunction
from spinecast.models.several_scorers import SeveralScorers, several_scorers_from_bytes
from spinecast.models.survival.artifact import survival_member_from_bytes
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES
from spinecast.models.survival.competing import CompetingRisksModel, incidences
from spinecast.models.survival.correction import CurveCorrection
from spinecast.models.survival.model import SurvivalMember, SurvivalPart, TimeToEventModel
from spinecast.models.survival.time_grid import time_grid
from spinecast.statistics import pool_imputations
from spinecast.training.checkpoint import UnitCheckpoint
from spinecast.training.missing_loss import describe_handling
from spinecast.training.ordinal.tuning import OrdinalUnit
from spinecast.training.quantity.tuning import QuantityUnit
from spinecast.training.resampling import ALL_PATIENTS, Split, nested_splits
from spinecast.training.seeds import derive_seed
from spinecast.training.survival.tuning import CurveTask, TimedUnit
from spinecast.training.tuning import tune
from spinecast.training.tuning_unit import CandidatePlan, TuningUnit

pytestmark = [
    pytest.mark.slow,
    # Said by shap's plotting code of matplotlib, which explaining loads.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning:shap"),
]

FOLDS, SEED, AT = 3, 9, np.array([0.1, 0.5, 0.9])
NAMES = ("albumin", "hemoglobin", "surgical_approach", "sex")
DRAWN, BY_PATTERN = "multiple_imputation", "pattern_submodels"
SMALL: dict[str, float | int] = {"rounds": 6, "trees": 6}


def latent(count: int = 360) -> tuple[np.ndarray, np.ndarray]:
    """Predictor values, of which some are missing, and what they were told by with what nobody knows."""
    matrix, outcome = simulated(count)
    generator = np.random.default_rng(5)
    matrix[generator.random(count) < 0.25, 1] = np.nan
    known = np.where(np.isnan(matrix), 0.5, matrix)
    return matrix, outcome + known[:, 1] + np.log1p(known[:, 0]) + generator.logistic(scale=0.5, size=count)


def plan(family: Any, way: str) -> CandidatePlan:
    asked = dict(family.defaults) | {name: value for name, value in SMALL.items() if name in family.defaults}
    space = {name: Choice((value,)) for name, value in asked.items()}
    return CandidatePlan("one", family.name, "One", NAMES, WAYS[way], space, 1, 1)


@cache
def all_patients() -> Split:
    """One division for every kind, so that what was drawn for one serves the others."""
    splits = nested_splits((latent()[1] > 2).astype(float), None, outer_folds=3, inner_folds=FOLDS, seed=SEED)
    return next(one for one in splits if one.name == ALL_PATIENTS)


def levels_unit(folder: Path, way: str, family: str) -> TuningUnit:
    matrix, score = latent()
    levels = np.digitize(score, np.quantile(score, [0.4, 0.75])).astype(float)
    split = all_patients()
    candidate = plan(ORDINAL_FAMILIES[family], way)
    return OrdinalUnit(
        split, candidate, SCHEMA, matrix, levels, None, SEED, UnitCheckpoint(folder, "one", os.getpid()), thresholds=2
    )


def quantity_unit(folder: Path, way: str, family: str) -> TuningUnit:
    matrix, score = latent()
    split = all_patients()
    candidate = plan(QUANTILE_FAMILIES[family], way)
    return QuantityUnit(
        split, candidate, SCHEMA, matrix, score, None, SEED, UnitCheckpoint(folder, "one", os.getpid()), levels=AT
    )


@cache
def quantity_model(way: str, family: str) -> tuple[QuantityModel, TuningUnit]:
    with TemporaryDirectory() as folder:
        work = quantity_unit(Path(folder), way, family)
        done = tune(work)
        members = done.members(several_scorers_from_bytes)
    made = QuantityModel(
        "made",
        NAMES,
        (QuantilePart("one", family, "One", np.arange(4), members),),
        AT,
        conformal_shifts(AT, work.outcome, done.held_out),
        "as_measured",
        development_marginals(work.matrix, SCHEMA.levels),
        np.array([True, False, False, True]),  # as if nobody had lacked the first and the last
        {"outcome": {"label": "Loss", "unit": "", "thresholds": [2.0]}, "cohort": {"kind": "synthetic"}},
    )
    return made, work


DAYS = (30.0, 90.0, 365.0)


def followed() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictor values, follow-up in whole days and which of two causes ended it, 0 where neither did."""
    matrix, score = latent()
    generator = np.random.default_rng(6)
    first = generator.exponential(300 * np.exp(1.5 - 0.6 * score))
    second = generator.exponential(600 * np.exp(0.2 * score))
    censored = generator.uniform(400, 1200, len(matrix))
    time = np.ceil(np.min([first, second, censored], axis=0))
    cause = np.argmin([censored, first, second], axis=0)
    return matrix, time, cause


def hazard_model(way: str, family: str, own: int, causes: int) -> tuple[TimeToEventModel, TuningUnit]:
    matrix, time, cause = followed()
    cause = np.where(cause <= causes, cause, 0)
    grid = time_grid(time, cause, DAYS, points=8)
    task = CurveTask.of(time, cause, own, grid, DAYS[-1])
    candidate = plan(SURVIVAL_FAMILIES[family], way)
    split = all_patients()
    with TemporaryDirectory() as folder:
        checkpoint = UnitCheckpoint(Path(folder), "one", os.getpid())
        work = TimedUnit(split, candidate, SCHEMA, matrix, task.event, None, SEED, checkpoint, task=task)
        done = tune(work)
        members = done.members(survival_member_from_bytes)
    share = np.linspace(0.5, 1, len(grid))
    made = TimeToEventModel(
        "made",
        NAMES,
        (SurvivalPart("one", family, "One", np.arange(4), done.line, members),),
        CurveCorrection.by_day(0.05 * share, 1 + 0.1 * share),
        grid,
        task.reference,
        development_marginals(work.matrix, SCHEMA.levels),
        {"outcome": {"label": "Death", "horizons_days": list(DAYS)}, "cohort": {"kind": "synthetic"}},
    )
    return made, work


@cache
def times_model(way: str, family: str) -> tuple[TimeToEventModel, TuningUnit]:
    return hazard_model(way, family, 1, 1)


@cache
def causes_model(way: str) -> tuple[CompetingRisksModel, TuningUnit]:
    (first, work), (second, _) = (hazard_model(way, "cox", cause, 2) for cause in (1, 2))
    return CompetingRisksModel(("progression", "death"), ("Progression", "Death"), (first, second)), work


LEVELS = [
    {"level": str(k), "label": str(k), "short": str(k), "reached": f"At least {k}" if k else ""} for k in range(3)
]


@cache
def levels_model(way: str, family: str) -> tuple[OrdinalModel, TuningUnit]:
    with TemporaryDirectory() as folder:
        work = levels_unit(Path(folder), way, family)
        done = tune(work)
        members = done.members(several_scorers_from_bytes)
    part = OrdinalPart("one", family, "One", np.arange(4), done.line, members)
    lines = ThresholdLines(np.array([0.02, -0.01]), np.array([0.98, 1.1]))
    about = {"outcome": {"label": "Grade", "levels": LEVELS, "explained_threshold": 0}, "cohort": {"kind": "synthetic"}}
    marginals = development_marginals(work.matrix, SCHEMA.levels)
    return OrdinalModel("made", NAMES, (part,), lines, marginals, about), work


# Of each kind: its model, what is served of some patients in rows, and its limits on the scale that adds up.
Made = Callable[[str], tuple[Any, TuningUnit]]
KINDS: dict[str, Made] = {
    "levels, one score": lambda way: levels_model(way, "proportional_odds"),
    "levels, a score each": lambda way: levels_model(way, "cumulative_elastic_net"),
    "quantity": lambda way: quantity_model(way, "linear_quantile"),
    "times, relative hazards": lambda way: times_model(way, "cox"),
    "times, a location": lambda way: times_model(way, "boosted_aft_normal"),
    "two causes": causes_model,
}
each_kind = pytest.mark.parametrize("kind", KINDS)
each_way = pytest.mark.parametrize("way", [DRAWN, BY_PATTERN])


def served(model: AnyModel, matrix: np.ndarray) -> np.ndarray:
    """All that is answered of each patient, limits too, a row each."""
    if isinstance(model, QuantityModel):
        return model.distribution(matrix).values
    if isinstance(model, TimeToEventModel | CompetingRisksModel):
        return np.hstack([model.risk(matrix, DAYS), *model.interval(matrix, DAYS)])
    assert isinstance(model, OrdinalModel)
    return np.hstack([model.probabilities(matrix), *model.interval(matrix)])


def explained(model: AnyModel, matrix: np.ndarray) -> list[Any]:
    if isinstance(model, QuantityModel):
        return [explain_median(model, matrix)]
    if isinstance(model, TimeToEventModel | CompetingRisksModel):
        return [explain_at(model, matrix, 90.0)]
    assert isinstance(model, OrdinalModel)
    return [explain_threshold(model, matrix, threshold) for threshold in range(2)]


def moved(found: Any) -> np.ndarray:
    """What putting in order added to what is added up, or keeping a curve from falling."""
    return np.asarray(found.held if hasattr(found, "held") else found.reordered)


@each_kind
@each_way
def test_a_round_trip_is_exact_and_a_patient_is_answered_alone_as_in_company(
    kind: str, way: str, tmp_path: Path
) -> None:
    made, work = KINDS[kind](way)
    kept = [one for _, part in named_parts(made) for one in part.members]
    assert all(type(one) is {DRAWN: DrawnMember, BY_PATTERN: PatternMember}[way] for one in kept)
    identity = save_any_model(made, tmp_path / "model")
    loaded, same = load_any_model(tmp_path / "model")
    assert same == identity == save_any_model(loaded, tmp_path / "again")
    asked = np.vstack([work.matrix[:12], np.full((1, 4), np.nan)])
    together = served(loaded, asked)
    assert_same_bits(together, served(made, asked))
    for row in range(len(asked)):
        assert_same_bits(served(loaded, asked[row : row + 1])[0], together[row])


@each_kind
@each_way
def test_held_out_patients_are_answered_as_the_saved_member_answers_them(kind: str, way: str, tmp_path: Path) -> None:
    made, work = KINDS[kind](way)
    again = tune(replace(work, checkpoint=UnitCheckpoint(tmp_path, "one", os.getpid())))
    held_out = np.empty_like(again.held_out)
    for fold, member in enumerate(named_parts(made)[0][1].members):
        rows = work.split.inner == fold
        held_out[rows] = work.recalibrated(member.score(work.matrix[rows]), again.line)
    assert_same_bits(held_out, again.held_out)


known = st.tuples(st.floats(0.05, 8), st.floats(-3, 3), st.integers(0, 2), st.integers(0, 1))
absent = st.tuples(*[st.booleans()] * 4)


@each_kind
@each_way
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(known, absent), min_size=1, max_size=4))
def test_contributions_add_up_to_what_is_served(kind: str, way: str, rows: list[Any]) -> None:
    made, _ = KINDS[kind](way)
    matrix = np.array([np.where(gone, np.nan, values) for values, gone in rows])
    for found in explained(made, matrix):
        assert np.abs(found.base_value + found.values.sum(axis=1) + moved(found) - found.served).max() < 1e-5


@each_kind
def test_a_submodel_is_explained_from_its_own_base_and_knows_no_other_input(kind: str) -> None:
    made, work = KINDS[kind](BY_PATTERN)
    rows = work.matrix[:24]
    said, every = answering_submodels(made, rows), explained(made, rows)
    for label, part in named_parts(made):
        member = part.members[0]
        assert isinstance(member, PatternMember)
        pattern = member.patterns.of(rows)
        assert len(set(pattern)) > 1
        for found in every:
            for number in set(pattern):
                assert len(set(np.round(found.base_value[pattern == number], 9))) == 1
                unused = [] if number < 0 else np.setdiff1d(np.arange(4), member.patterns.used(int(number), 4))
                assert not found.values[np.ix_(pattern == number, unused)].any()
                words = "the fit to everybody" if number < 0 else "the submodel"
                named = [said[row] for row in np.flatnonzero(pattern == number)]
                assert all(any(one.startswith(f"{label}: {words}") for one in texts) for texts in named)


@each_kind
def test_an_answer_and_a_table_name_the_submodels_that_answered(kind: str) -> None:
    made, _ = KINDS[kind](BY_PATTERN)
    told = {"albumin": 2.1, "hemoglobin": 9.0, "surgical_approach": "posterior", "sex": "male"}
    for patient, words in ((told, "the submodel with every input"), ({"albumin": 2.1}, "the fit to everybody")):
        answer = predict_any(made, "0" * 64, patient, Question())
        named = answer.to_dict()["answered_by"]
        assert len(named) == len(named_parts(made))
        assert all(words in one and f"answered by {one}" in answer.to_text() for one in named)
        table = predict_any_table(made, "0" * 64, pd.DataFrame([patient]), Question()).table
        assert table["answered_by"].tolist() == ["; ".join(named)]
    # Where nothing was chosen, nothing is named: earlier answers are repeated to the letter.
    assert "answered_by" not in predict_any(KINDS[kind](DRAWN)[0], "0" * 64, told, Question()).to_dict()


@each_kind
def test_what_each_part_does_with_gaps_is_described(kind: str) -> None:
    for way in (DRAWN, BY_PATTERN):
        made, work = KINDS[kind](way)
        described = describe_handling(made, work.matrix, [work.candidate])
        assert [entry["label"] for entry in described] == [label for label, _ in named_parts(made)]
        for entry in described:
            assert entry["kind"] == way
            if way == DRAWN:
                assert entry["draws"] == 3
            else:
                answered = sum(one["answers"] for one in entry["submodels"]) + entry["otherwise"]["answers"]
                assert answered == len(work.matrix)


def completed_and_fitted(work: TuningUnit, fold: int, fit: Callable[..., Any]) -> list[Any]:
    """By hand: complete the table of a fold several times, encode each, fit to each."""
    rows = work.split.inner != fold
    seed = derive_seed(work.seed, "imputation", ALL_PATIENTS, fold)
    tables = draw_missing_values(work.matrix[rows], work.schema, work.candidate.imputation, seed=seed)
    parameters = {name: choice.options[0] for name, choice in work.candidate.search_space.items()}  # type: ignore[union-attr]
    knots = int(parameters.get("knots", 0))
    return [
        (encoder, fit(columns, rows, parameters, derive_seed(work.seed, "fit", ALL_PATIENTS, "one", fold, number)))
        for number, (encoder, columns) in enumerate(
            fit_drawn_encoders(work.matrix[rows], work.schema, tables, knots=knots)
        )
    ]


@pytest.mark.parametrize("family", ["proportional_odds", "cumulative_xgboost"])
def test_a_drawn_member_of_levels_is_the_mean_of_fits_to_each_completed_table(family: str) -> None:
    made, work = levels_model(DRAWN, family)
    learner = ORDINAL_FAMILIES[family].fit

    def fit(columns: np.ndarray, rows: np.ndarray, parameters: Any, seed: int) -> Any:
        return learner(columns, work.outcome[rows].astype(np.intp), 2, parameters, seed)

    for fold, member in enumerate(made.parts[0].members):
        fits = [SeveralScorers(*one) for one in completed_and_fitted(work, fold, fit)]
        by_hand = np.mean([one.scores(one.encoder.transform(work.matrix[:40])) for one in fits], axis=0)
        np.testing.assert_allclose(member.score(work.matrix[:40]), by_hand, rtol=1e-12)


@pytest.mark.parametrize("family", ["proportional_odds", "cumulative_xgboost"])
def test_limits_of_levels_take_the_wider_of_what_was_measured_and_what_the_draws_say(family: str) -> None:
    """The disagreement is Rubin's, at each threshold, and an input that is absent widens by it."""
    made, work = levels_model(DRAWN, family)
    rows = work.matrix[:40]
    drawn = [member for member in made.parts[0].members if isinstance(member, DrawnMember)]
    draws = np.mean([member.scores(rows) for member in drawn], axis=0)
    known = made.lines.apply(made.parts[0].lines.apply(draws))
    variance = made.draw_variance(rows)
    for patient in range(40):
        for threshold in range(2):
            pooled = pool_imputations(known[:, patient, threshold], np.full(3, 1e-12))
            assert variance[patient, threshold] == pytest.approx(pooled.total, rel=1e-6)
    instability = 2 * made.member_log_odds(rows).var(axis=0)
    in_all = instability + np.maximum(made.missing_variance(rows), variance)
    reach = 1.959964 * np.sqrt(in_all)
    lower, upper = made.interval(rows)
    log_odds = made.log_odds(rows)
    lowest = np.maximum.accumulate((log_odds - reach)[:, ::-1], axis=1)[:, ::-1]
    np.testing.assert_allclose(np.log(lower / (1 - lower)), lowest, atol=1e-6)
    np.testing.assert_allclose(np.log(upper / (1 - upper)), np.minimum.accumulate(log_odds + reach, axis=1), atol=1e-6)
    # Where nothing was measured and quantiles would not widen at all, the draws do.
    still = replace(made, marginals=np.repeat(made.marginals[:, 4:5], 9, axis=1))
    whole = work.matrix[~np.isnan(work.matrix).any(axis=1)][:20]
    gone = whole.copy()
    gone[:, 1] = np.nan
    assert still.missing_variance(gone).max() < 1e-20
    assert (still.draw_variance(gone).mean(axis=0) > 5 * still.draw_variance(whole).mean(axis=0)).all()


@pytest.mark.parametrize("family", ["linear_quantile", "xgboost_quantile"])
def test_a_drawn_member_of_a_quantity_is_the_mean_of_fits_to_each_completed_table(family: str) -> None:
    made, work = quantity_model(DRAWN, family)
    learner = QUANTILE_FAMILIES[family].fit

    def fit(columns: np.ndarray, rows: np.ndarray, parameters: Any, seed: int) -> Any:
        return tuple(learner(columns, work.outcome[rows], float(level), parameters, seed) for level in AT)

    for fold, member in enumerate(made.parts[0].members):
        fits = [SeveralScorers(*one) for one in completed_and_fitted(work, fold, fit)]
        by_hand = np.mean([one.scores(one.encoder.transform(work.matrix[:40])) for one in fits], axis=0)
        np.testing.assert_allclose(member.score(work.matrix[:40]), by_hand, rtol=1e-12)


def test_quantiles_are_widened_by_the_disagreement_about_what_nobody_had_lacked() -> None:
    """Rubin's variance of the median, less what is left of it when what is nearly always known is known."""
    made, work = quantity_model(DRAWN, "linear_quantile")
    whole = work.matrix[~np.isnan(work.matrix).any(axis=1)][:12]
    drawn = [member for member in made.parts[0].members if isinstance(member, DrawnMember)]

    def rubin(rows: np.ndarray) -> np.ndarray:
        draws = np.mean([member.scores(rows)[:, :, 1] for member in drawn], axis=0)
        return np.array([pool_imputations(column, np.full(3, 1e-12)).total for column in draws.T])

    gone, others, both = whole.copy(), whole.copy(), whole.copy()
    gone[:, 0] = both[:, 0] = np.nan
    others[:, 1] = both[:, 1] = np.nan
    still = replace(made, marginals=np.repeat(made.marginals[:, 4:5], 9, axis=1))
    assert not still.draw_variance(whole).any()
    assert not still.draw_variance(others).any()  # its absence was met by the learners
    for lacking, known in ((gone, whole), (both, others)):
        at_median = known.copy()
        at_median[:, 0] = made.marginals[0, 4]
        by_hand = np.maximum(rubin(lacking) - rubin(at_median), 0)
        np.testing.assert_allclose(still.draw_variance(lacking), by_hand, rtol=1e-6, atol=1e-9)
        plain = QuantileFunction.rearranged(AT, still.shifted(lacking), "as_measured")
        np.testing.assert_allclose(still.distribution(lacking).values, plain.widened(by_hand).values, rtol=1e-6)
    assert (still.draw_variance(gone) > 0.1).all()
    # Where more was measured, that widens.
    measured = MissingLoss(np.array([9.0, 1, 1, 1]), np.zeros((4, 4), dtype=bool), np.ones(1), np.ones(1))
    plain = QuantileFunction.rearranged(AT, still.shifted(gone), "as_measured").widened(np.full(12, 9.0))
    np.testing.assert_allclose(replace(still, missing=measured).distribution(gone).values, plain.values, rtol=1e-12)


@pytest.mark.parametrize("family", ["cox", "boosted_aft_normal"])
def test_a_drawn_member_of_times_is_the_mean_curve_of_fits_to_each_completed_table(family: str) -> None:
    made, work = times_model(DRAWN, family)
    assert isinstance(work, TimedUnit)
    task, learner = work.task, SURVIVAL_FAMILIES[family].fit

    def fit(columns: np.ndarray, rows: np.ndarray, parameters: Any, seed: int) -> Any:
        return learner(columns, task.time[rows], task.event[rows], task.grid, parameters, seed)

    for fold, member in enumerate(made.parts[0].members):
        fits = [SurvivalMember(*one) for one in completed_and_fitted(work, fold, fit)]
        by_hand = np.mean([one.log_hazards(work.matrix[:40]) for one in fits], axis=0)
        np.testing.assert_allclose(member.score(work.matrix[:40]), by_hand, rtol=1e-12)


def drawn_curves(made: TimeToEventModel, rows: np.ndarray) -> np.ndarray:
    """By hand: the corrected curves of each draw, shape (draws, n, days)."""
    part = made.parts[0]
    drawn = [member for member in part.members if isinstance(member, DrawnMember)]
    draws = np.mean([member.scores(rows) for member in drawn], axis=0)
    return made.correction.apply(part.correction.apply(draws, made.reference), made.reference)


def test_limits_of_times_take_the_wider_of_what_was_measured_and_what_the_draws_say_on_each_day() -> None:
    made, work = times_model(DRAWN, "cox")
    rows = work.matrix[:20]
    draws = drawn_curves(made, rows)
    variance = made.draw_variance(rows)
    for patient in range(20):
        for day in range(len(made.grid)):
            pooled = pool_imputations(draws[:, patient, day], np.full(3, 1e-12))
            assert variance[patient, day] == pytest.approx(pooled.total, rel=1e-6)
    assert (variance > made.missing_variance(rows)).any()
    in_all = 2 * made.member_log_hazards(rows).var(axis=0) + np.maximum(made.missing_variance(rows), variance)
    lower, upper = made.interval(rows, made.grid)
    center, reach = made.log_hazards(rows), 1.959964 * np.sqrt(in_all)
    lowest = np.maximum.accumulate(center - reach, axis=1)
    highest = np.minimum.accumulate((center + reach)[:, ::-1], axis=1)[:, ::-1]
    np.testing.assert_allclose(np.log(-np.log1p(-lower)), lowest, atol=1e-5)
    np.testing.assert_allclose(np.log(-np.log1p(-upper)), highest, atol=1e-5)


def test_an_incidence_is_limited_by_the_disagreement_of_whole_draws_of_all_causes() -> None:
    """Put through to the incidence one by one, as nobody can add up what causes share."""
    made, work = causes_model(DRAWN)
    rows = work.matrix[:12]
    curves = np.stack([np.maximum.accumulate(drawn_curves(one, rows), axis=-1) for one in made.hazards], axis=1)
    incidence = [incidences(made.hazards[0].grid, one, DAYS)[0] for one in curves]
    found = np.log(-np.log1p(-np.array(incidence)))
    variance = made.draw_variance(rows, DAYS)
    for patient in range(12):
        for day in range(3):
            pooled = pool_imputations(found[:, patient, day], np.full(3, 1e-12))
            assert variance[patient, day] == pytest.approx(pooled.total, rel=1e-6)
    gone = rows[~np.isnan(rows).any(axis=1)]
    still = replace(
        made, hazards=tuple(replace(one, marginals=np.repeat(one.marginals[:, 4:5], 9, 1)) for one in made.hazards)
    )
    before = np.subtract(*[np.log(-np.log1p(-one)) for one in still.interval(gone, DAYS)[::-1]])
    gone = gone.copy()
    gone[:, 1] = np.nan
    assert still.missing_variance(gone, DAYS).max() < 1e-20
    after = np.subtract(*[np.log(-np.log1p(-one)) for one in still.interval(gone, DAYS)[::-1]])
    assert (after.mean(axis=0) > 1.2 * before.mean(axis=0)).all()
