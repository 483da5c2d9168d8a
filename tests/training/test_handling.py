"""Multiple imputation and pattern submodels, from search to model: against scikit-learn, and to the same bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from training.test_tuning import NAMES, SCHEMA, plan, same, simulated, unit

from spinecast.explanation.contributions import explain
from spinecast.models.artifact import load_model, save_model
from spinecast.models.encoder_fitting import draw_missing_values
from spinecast.models.imputation import Imputation
from spinecast.models.member_arrays import member_from_bytes
from spinecast.models.members import DrawnMember, PatternMember, Patterns
from spinecast.models.prognosis_model import Part, PrognosisModel, development_marginals
from spinecast.models.scorers import LinearScorer
from spinecast.statistics import pool_imputations
from spinecast.training import encoded_folds
from spinecast.training.encoded_folds import find_patterns
from spinecast.training.resampling import ALL_PATIENTS, nested_splits
from spinecast.training.search import SearchData, search
from spinecast.training.tuning import tune
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate, TuningUnit

pytestmark = pytest.mark.slow

WAYS = {
    "multiple_imputation": Imputation("multiple_imputation", iterations=2, draws=3),
    "pattern_submodels": Imputation("pattern_submodels", fewest_patients=20, fewest_events=6),
    "with_its_inputs": Imputation(
        "pattern_submodels", fewest_patients=20, fewest_events=6, fitted_to="patients_with_its_inputs"
    ),
}
each_way = pytest.mark.parametrize("way", WAYS)


def asked(folder: Path, way: str, family: str = "baseline", trials: int = 1, split: str = ALL_PATIENTS) -> TuningUnit:
    made = unit(folder, family, trials, split)
    matrix, outcome = simulated(count=360)
    splits = {one.name: one for one in nested_splits(outcome, None, outer_folds=3, inner_folds=3, seed=9)}
    candidate = replace(made.candidate, imputation=WAYS[way])
    return replace(made, candidate=candidate, matrix=matrix, outcome=outcome, split=splits[split])


@cache
def model(way: str, family: str = "baseline") -> tuple[PrognosisModel, TuningUnit, TunedCandidate]:
    with TemporaryDirectory() as folder:
        work = asked(Path(folder), way, family)
        done = tune(work)
        members = done.members(member_from_bytes)
    part = Part("one", family, "One", np.arange(4), *done.line, members)
    marginals = development_marginals(work.matrix, SCHEMA.levels)
    return PrognosisModel("made", NAMES, (part,), 0.02, 0.98, marginals, {}), work, done


@each_way
def test_an_interrupted_unit_goes_on_to_the_same_bits(tmp_path: Path, way: str) -> None:
    whole = tune(asked(tmp_path / "whole", way, trials=3, split="fold 1"))
    half = asked(tmp_path / "half", way, trials=3, split="fold 1")
    tune(replace(half, candidate=replace(half.candidate, trials=1)))
    assert same(whole, tune(half))


def test_candidates_of_the_same_predictors_share_their_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another name, another learner: the missing values of a fold are drawn once, in however many splits."""
    made: list[int] = []

    def counted(*given: Any, **named: Any) -> Any:
        made.append(1)
        return draw_missing_values(*given, **named)

    monkeypatch.setattr(encoded_folds, "draw_missing_values", counted)
    matrix, outcome = simulated(count=150)
    first = replace(plan("baseline", 1), imputation=Imputation("multiple_imputation", iterations=1, draws=2))
    other = replace(plan("elastic_net", 1), imputation=first.imputation)
    fewer = replace(first, name="fewer", predictors=NAMES[:3])
    splits = nested_splits(outcome, None, outer_folds=18, inner_folds=2, seed=9)
    data = SearchData(matrix, SCHEMA, outcome, {})

    def drawn(*plans: CandidatePlan) -> int:
        made.clear()
        search(data, splits, plans, seed=9, checkpoint=tmp_path / "-".join(one.name for one in plans), workers=1)
        assert not encoded_folds._DRAWS  # nothing is kept that nobody asks for again
        return len(made)

    folds = 2 * len(splits)
    assert drawn(first, other) == folds
    assert drawn(first, other, fewer) == 2 * folds  # other predictors draw for themselves


def test_one_worker_or_two_give_the_same_bits(tmp_path: Path) -> None:
    matrix, outcome = simulated()
    plans = [
        replace(plan("baseline", 1), name=way, imputation=WAYS[way])
        for way in ("multiple_imputation", "with_its_inputs")
    ]
    splits = nested_splits(outcome, None, outer_folds=2, inner_folds=2, seed=9)
    data = SearchData(matrix, SCHEMA, outcome, {})
    alone, together = (
        search(data, splits, plans, seed=9, checkpoint=tmp_path / str(workers), workers=workers) for workers in (1, 2)
    )
    assert all(same(alone.tuned[key], together.tuned[key]) for key in alone.tuned)


@each_way
def test_held_out_patients_are_answered_as_the_saved_member_answers_them(way: str) -> None:
    made, work, done = model(way)
    scores = np.empty(len(work.outcome))
    for fold, member in enumerate(made.parts[0].members):
        rows = work.split.inner == fold
        scores[rows] = member.score(work.matrix[rows])
    assert np.array_equal(done.held_out, done.line[0] + done.line[1] * scores)


@each_way
def test_a_round_trip_is_exact_and_a_patient_is_answered_alone_as_in_company(way: str, tmp_path: Path) -> None:
    made, work, _ = model(way)
    identity = save_model(made, tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    assert save_model(loaded, tmp_path / "again") == identity
    asked_of = np.vstack([work.matrix[:40], np.full((1, 4), np.nan)])
    together = loaded.log_odds(asked_of)
    assert np.array_equal(together, made.log_odds(asked_of))
    limits = np.stack(loaded.interval(asked_of))
    for row in range(len(asked_of)):
        alone = asked_of[row : row + 1]
        assert loaded.log_odds(alone)[0] == together[row]
        assert np.array_equal(np.stack(loaded.interval(alone))[:, 0], limits[:, row])


@pytest.mark.parametrize("family", ["baseline", "xgboost", "neural_network"])
@pytest.mark.parametrize("way", ["multiple_imputation", "pattern_submodels"])
def test_contributions_add_up_to_the_log_odds_of_whatever_answered(way: str, family: str) -> None:
    made, work, _ = model(way, family)
    rows = work.matrix[:25]
    found = explain(made, rows)
    tolerance = 1e-5
    assert np.abs(found.base_value + found.values.sum(axis=1) - made.log_odds(rows)).max() < tolerance
    if way == "pattern_submodels":
        member = made.parts[0].members[0]
        assert isinstance(member, PatternMember)
        pattern = member.patterns.of(rows)
        assert len(set(pattern)) > 1
        for number in set(pattern):
            assert len(set(np.round(found.base_value[pattern == number], 9))) == 1
            if number >= 0:  # an input the submodel does not know has no part in its answer
                unused = np.setdiff1d(np.arange(4), member.patterns.used(int(number), 4))
                assert not found.values[np.ix_(pattern == number, unused)].any()


def test_a_submodel_is_what_scikit_learn_fits_to_the_patients_of_its_pattern() -> None:
    made, work, _ = model("pattern_submodels")
    lacking = np.isnan(work.matrix)
    for fold, member in enumerate(made.parts[0].members):
        assert isinstance(member, PatternMember)
        assert len(member.submodels) == len(member.patterns.missing) > 1
        for number, submodel in enumerate(member.submodels):
            pattern = np.zeros(4, dtype=bool)
            pattern[member.patterns.compared] = member.patterns.missing[number]
            rows = (lacking == pattern).all(axis=1) & (work.split.inner != fold)
            columns = submodel.encoder.transform(work.matrix[np.ix_(rows, ~pattern)])
            known = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(columns, work.outcome[rows])
            assert isinstance(submodel.scorer, LinearScorer)
            assert submodel.scorer.coefficients == pytest.approx(known.coef_[0], abs=1e-3)
        everybody = member.otherwise.encoder.transform(work.matrix[work.split.inner != fold])
        known = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(
            everybody, work.outcome[work.split.inner != fold]
        )
        assert isinstance(member.otherwise.scorer, LinearScorer)
        assert member.otherwise.scorer.coefficients == pytest.approx(known.coef_[0], abs=1e-3)


def test_submodels_of_all_who_have_the_inputs_are_fitted_to_more_of_them() -> None:
    member, wider = (model(way)[0].parts[0].members[0] for way in ("pattern_submodels", "with_its_inputs"))
    assert isinstance(member, PatternMember)
    assert isinstance(wider, PatternMember)
    assert len(wider.patterns.missing) >= len(member.patterns.missing)
    matrix = model("with_its_inputs")[1].matrix
    for missing, fitted_to in zip(wider.patterns.missing, wider.patterns.patients, strict=True):
        has = ~np.isnan(matrix[:, wider.patterns.compared])
        assert fitted_to == has[:, ~missing].all(axis=1).sum()


def test_patterns_are_the_commonest_with_enough_patients_in_every_fold() -> None:
    generator = np.random.default_rng(4)
    matrix = generator.normal(size=(200, 3))
    matrix[:60, 0] = np.nan  # lacks the first
    matrix[60:84, [0, 1]] = np.nan  # lacks both
    matrix[84:88, 1] = np.nan  # too few are alike for a pattern
    outcome, inner = np.tile([0.0, 1.0], 100), np.repeat(np.arange(4), 50)
    inner = generator.permutation(inner)
    everybody = np.ones(200, dtype=bool)
    few = Imputation("pattern_submodels", fewest_patients=10, fewest_events=3)

    def counts(outcome: np.ndarray) -> Callable[[np.ndarray], tuple[int, int]]:
        return lambda rows: (int(outcome[rows].sum()), int((1 - outcome[rows]).sum()))

    found = find_patterns(matrix, counts(outcome), inner, everybody, few)
    assert found.compared.tolist() == [0, 1]
    assert found.missing.tolist() == [[False, False], [True, False], [True, True]]
    assert found.patients.tolist() == [112, 60, 24]
    more = find_patterns(matrix, counts(outcome), inner, everybody, replace(few, fewest_patients=40))
    assert more.patients.tolist() == [112, 60]
    assert find_patterns(matrix, counts(outcome), inner, everybody, replace(few, patterns=1)).patients.tolist() == [112]
    # Nobody in the second pattern has the event: nothing can be fitted.
    without = np.where(np.arange(200) < 60, 0.0, outcome)
    assert find_patterns(matrix, counts(without), inner, everybody, few).patients.tolist() == [112, 24]
    # Whose outcome is not known counts for nothing.
    known = np.arange(200) >= 60
    assert find_patterns(matrix, counts(outcome), inner, known, few).patients.tolist() == [112, 24]


def test_which_submodel_answers_is_said() -> None:
    patterns = Patterns(np.array([0, 2]), np.array([[False, False], [True, False]]), np.array([50, 20]))
    asked_of = np.array([[1.0, np.nan, 2.0], [np.nan, 3.0, 2.0], [np.nan, 3.0, np.nan]])
    assert patterns.of(asked_of).tolist() == [0, 1, -1]
    labels = ["Age", "Sex", "Albumin"]
    assert patterns.words(0, labels) == "the submodel with every input (50 development patients)"
    assert patterns.words(1, labels) == "the submodel without Age (20 development patients)"
    assert "everybody" in patterns.words(-1, labels)


def test_draws_are_averaged_and_their_disagreement_is_rubins() -> None:
    made, work, _ = model("multiple_imputation")
    part, rows = made.parts[0], work.matrix[:30]
    members = [member for member in part.members if isinstance(member, DrawnMember)]
    assert len(members) == 3
    by_draw = np.array([[draw.score(rows) for draw in member.draws] for member in members])  # members, draws, patients
    assert part.scores(rows) == pytest.approx(by_draw.mean(axis=1))
    draws = part.slope * by_draw.mean(axis=0)
    for patient in range(30):
        known = pool_imputations(draws[:, patient], np.full(3, 1e-12))
        assert part.draw_variance(rows)[patient] == pytest.approx(known.total, rel=1e-6)
    complete = ~np.isnan(rows).any(axis=1)
    variance = made.draw_variance(rows)
    assert variance == pytest.approx(made.slope**2 * part.draw_variance(rows))
    assert variance[~complete].mean() > 5 * variance[complete].mean() > 0


def test_the_interval_takes_the_wider_of_what_was_measured_and_what_the_draws_say() -> None:
    made, work, _ = model("multiple_imputation")
    rows = work.matrix[np.isnan(work.matrix).any(axis=1)][:20]
    lower, upper = made.interval(rows)
    members = made.member_log_odds(rows)
    instability = 2 * ((members - members.mean(axis=0)) ** 2).mean(axis=0)
    variance = instability + np.maximum(made.missing_variance(rows), made.draw_variance(rows))
    width = np.log(upper / (1 - upper)) - np.log(lower / (1 - lower))
    assert width == pytest.approx(2 * 1.959964 * np.sqrt(variance))
