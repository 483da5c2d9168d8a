"""What is said of a model on many patients, each against another implementation or the definition."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_levels import NAMES, SCHEMA, drawn, ordinal_model
from made_models import PREDICTORS, model_of, patients, plain_encoder, plain_model
from made_survival import competing_model, survival_model_of
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence, permutation_importance

from spinecast.clinical.dictionary import variable
from spinecast.errors import QuestionError
from spinecast.explanation.answering import Question
from spinecast.explanation.depth.agreement import agreements, permutation_changes, rank_correlation, shared_first
from spinecast.explanation.depth.dependence import dependence_of, grid_of
from spinecast.explanation.depth.folds import each_fold, explained_by_folds
from spinecast.explanation.depth.importance import importance_by_group, mean_absolute, shares
from spinecast.explanation.depth.interactions import Swaps, pair_interactions, total_interactions
from spinecast.explanation.depth.local_fit import kernel_weights, local_fits, neighbours, ridge_fit
from spinecast.explanation.depth.stability import jackknife_deviation, refitted_stability, stability_of
from spinecast.explanation.depth.versions import changed_shares, comparable_view
from spinecast.explanation.depth.views import View, view_of
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.loading import AnyModel
from spinecast.models.members import Member
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.quantiles.model import QuantilePart, QuantityModel
from spinecast.models.several_scorers import SeveralScorers

FEW = {"replicates": 50, "seed": 1}
REFERENCE = Path(__file__).parents[2] / "reference" / "explaining" / "expected.json"


def second_opinions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return found


class Wrapped(RegressorMixin, BaseEstimator):
    """A view as scikit-learn's inspection wants a regressor."""

    def __init__(self, view: View | None = None) -> None:
        self.view = view

    def fit(self, _x: np.ndarray, _y: np.ndarray) -> Wrapped:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, x: np.ndarray) -> np.ndarray:
        assert self.view is not None
        return self.view.on_scale(np.ascontiguousarray(x))


class Formula:
    """A scorer whose interactions are known, or those of a second opinion."""

    kind = "formula"

    def __init__(self, formula: Callable[..., np.ndarray]) -> None:
        self.formula = formula

    def score(self, columns: np.ndarray) -> np.ndarray:
        return np.asarray(self.formula(*columns.T))


def quantity_model() -> QuantityModel:
    """A model of a quantity whose two fits are of each half of the patients."""
    matrix, _ = drawn(120)
    values = 6 + 0.03 * (matrix[:, 0] - 60) + 0.5 * np.random.default_rng(3).normal(size=120)
    family, levels, half = QUANTILE_FAMILIES["linear_quantile"], np.array([0.1, 0.5, 0.9]), np.arange(120) % 2 == 0
    members = []
    for rows in (half, ~half):
        encoder = fit_encoder(matrix[rows], SCHEMA, Imputation(), seed=1)
        columns, settings = encoder.transform(matrix[rows]), dict(family.defaults)
        fits = tuple(family.fit(columns, values[rows], float(level), settings, 5) for level in levels)
        members.append(SeveralScorers(encoder, fits))
    return QuantityModel(
        name="simulated_loss",
        predictors=NAMES,
        parts=(QuantilePart("loss", "linear_quantile", "Loss", np.arange(2), tuple(members)),),
        levels=levels,
        shifts=np.zeros(3),
        scale="logarithm",
        marginals=development_marginals(matrix, [0, 0]),
        always_known=np.array([True, True]),
        about={
            "outcome": {"label": "Blood loss", "thresholds": [500.0], "unit": "mL"},
            "cohort": {"kind": "synthetic"},
        },
    )


def every_kind() -> list[tuple[str, AnyModel, np.ndarray]]:
    rows = patients(25, seed=4)[0]
    return [
        ("event", model_of("elastic_net", "xgboost"), rows),
        ("times", survival_model_of("cox", "random_survival_forest"), rows),
        ("competing", competing_model(), rows[:6]),
        ("levels", ordinal_model("proportional_odds"), drawn(25)[0]),
        ("quantity", quantity_model(), drawn(25)[0]),
    ]


@pytest.mark.parametrize(("model", "rows"), [one[1:] for one in every_kind()], ids=[one[0] for one in every_kind()])
def test_every_kind_of_model_has_one_number_whose_contributions_add_up(model: AnyModel, rows: np.ndarray) -> None:
    view = view_of(model)
    found = view.explained(rows)
    assert np.abs(found.residual).max() < 1e-4
    assert view.on_scale(rows) == pytest.approx(found.served, abs=1e-12)
    order = np.argsort(view.on_scale(rows))
    assert (np.diff(view.answer(rows)[order]) >= -1e-12).all()  # the number rises with its scale
    assert view.answer_of(view.on_scale(rows)) == pytest.approx(view.answer(rows), abs=1e-12)
    by_folds, values = explained_by_folds(view, rows)
    for name in ("values", "base", "served", "added"):
        assert getattr(by_folds, name) == pytest.approx(getattr(found, name), abs=1e-9)
    folds = each_fold(view)
    assert len(values) == len(folds) == (2 if view.model.name in ("simulated_levels", "simulated_loss") else 3)
    assert all(np.abs(one.explained(rows).residual).max() < 1e-4 for one in folds)


def test_folds_together_are_what_is_served() -> None:
    view, rows = view_of(model_of("elastic_net", "xgboost")), patients(25, seed=4)[0]
    assert np.mean([one.on_scale(rows) for one in each_fold(view)], axis=0) == pytest.approx(view.on_scale(rows))


@pytest.mark.parametrize("name", ["albumin", "tumour_group"])
def test_dependence_is_scikit_learns(name: str) -> None:
    view, rows, place = view_of(model_of("random_forest")), patients(30, seed=5)[0], PREDICTORS.index(name)
    found = dependence_of(view, rows, place, variable(name))
    assert found is not None
    reference = partial_dependence(
        Wrapped(view), rows, [place], custom_values={place: found.grid}, kind="both", method="brute"
    )
    assert reference["grid_values"][0] == pytest.approx(found.grid)
    assert found.on_scale == pytest.approx(reference["individual"][0], abs=1e-12)
    assert found.on_scale.mean(axis=0) == pytest.approx(reference["average"][0], abs=1e-12)
    assert (found.centred[:, 0] == 0).all()


def test_curves_need_two_values() -> None:
    rows = patients(10, seed=5)[0]
    rows[:, 0] = 60.0
    assert dependence_of(view_of(model_of("elastic_net")), rows, 0, variable("age")) is None
    assert grid_of(variable("sex"), np.array([0.0, 1.0, np.nan, 1.0])).tolist() == [0.0, 1.0]


def view_of_formula(formula: Callable[..., np.ndarray], rows: np.ndarray) -> View:
    """A model of four inputs that says what a formula does."""
    model = plain_model([], np.quantile(rows, np.linspace(0.05, 0.95, 9), axis=0).T)
    member = Member(plain_encoder(4), Formula(formula))  # type: ignore[arg-type]
    part = replace(model.parts[0], members=(member,))
    return view_of(replace(model, parts=(part,), about={"outcome": {"label": "Made up"}}))


def test_interactions_are_those_of_the_definition() -> None:
    rows = np.random.default_rng(8).normal(size=(60, 4))
    view = view_of_formula(lambda a, b, c, _: a + 2 * b * c, rows)
    swaps = Swaps(view, rows)
    pairs = {one.places: one for one in pair_interactions(swaps, range(4), **FEW)}
    b, c = rows[:, 1], rows[:, 2]
    # The joint effect of b and c is 2bc less its mean; what they do alone is 2b mean(c) and 2c mean(b).
    joint = 2 * b * c - np.mean(2 * b * c)
    alone = 2 * (b - b.mean()) * c.mean() + 2 * (c - c.mean()) * b.mean()
    by_hand = np.sqrt(np.sum((joint - alone) ** 2) / np.sum(joint**2))
    assert pairs[1, 2].strength.estimate == pytest.approx(by_hand)
    assert pairs[1, 2].size == pytest.approx(np.sqrt(np.mean((joint - alone) ** 2)))
    for places in ((0, 1), (0, 2)):
        assert pairs[places].strength.estimate == pytest.approx(0.0, abs=1e-6)
    totals = {one.places[0]: one for one in total_interactions(swaps, range(4), **FEW)}
    assert totals[0].strength.estimate == pytest.approx(0.0, abs=1e-6)
    served = view.on_scale(rows)
    spread = np.sqrt(np.sum((joint - alone) ** 2) / np.sum((served - served.mean()) ** 2))
    assert totals[1].strength.estimate == pytest.approx(spread)
    assert totals[3].strength.estimate == pytest.approx(0.0, abs=1e-6)  # an input that nothing hangs on


def test_interactions_are_those_of_pyartemis() -> None:
    """Its numbers are kept, with how they were made, in tests/reference/explaining/make.py."""
    expected = second_opinions()["interactions"]
    rows = np.array(expected["rows"])
    view = view_of_formula(
        lambda a, b, c, d: a + 2 * b * c + np.sin(a * b) + 0.5 * np.abs(c - d) + d**2 / 4,
        rows,
    )
    swaps = Swaps(view, rows)
    found = [*pair_interactions(swaps, range(4), **FEW), *total_interactions(swaps, range(4), **FEW)]
    assert len(found) == 10
    for one in found:
        name = "".join("abcd"[place] for place in one.places)
        assert one.strength.to_dict()["estimate"] ** 2 == pytest.approx(expected["squared"][name], abs=1e-9)
        assert one.size == pytest.approx(expected["size"][name], abs=1e-9)


def test_an_additive_model_has_no_interaction_where_risks_would_show_one() -> None:
    rows = patients(40, seed=6, missing=0.0)[0]
    found = pair_interactions(Swaps(view_of(model_of("elastic_net")), rows), [0, 1, 2], **FEW)
    assert all(one.size < 1e-9 for one in found)


def test_permutation_importance_is_scikit_learns_in_expectation() -> None:
    view, rows = view_of(model_of("random_forest")), patients(40, seed=7)[0]
    ours = permutation_changes(Swaps(view, rows), np.arange(rows.shape[1])).mean(axis=0)
    theirs = permutation_importance(
        Wrapped(view), rows, view.on_scale(rows), scoring="neg_mean_squared_error", n_repeats=40, random_state=0
    ).importances_mean
    # Its permutations leave one patient in place on average: a share of 1/n of the expectation.
    assert theirs == pytest.approx(ours * (1 - 1 / len(rows)), rel=0.12, abs=1e-4)


def test_rank_correlation_is_scipys_and_overlap_counts() -> None:
    one, two = np.array([3.0, 1.0, 1.0, 5.0, 0.0]), np.array([2.0, 2.0, 0.5, 6.0, 0.1])
    assert rank_correlation(one, two) == pytest.approx(spearmanr(one, two).statistic)
    assert rank_correlation(np.ones(5), two) is None
    assert shared_first(one, two, 2) == 1.0
    assert shared_first(one, -two, 2) == 0.0


def test_ways_that_are_the_same_agree_wholly_and_others_say_how_far() -> None:
    draw = np.random.default_rng(0)
    way = draw.random((30, 6)) * np.array([6, 5, 4, 3, 2, 1])
    found = agreements((way, way**2, draw.random((30, 6))), **FEW)
    assert found[0].ways == ("contributions", "local fits")
    assert found[0].rank_correlation.to_dict()["estimate"] == pytest.approx(1.0)
    assert found[0].shared.estimate == 1.0
    assert found[1].rank_correlation.to_dict()["estimate"] < 1.0


def test_a_local_fit_is_the_weighted_ridge_regression() -> None:
    view, rows = view_of(model_of("elastic_net", "random_forest")), patients(3, seed=9)[0]
    fit = local_fits(view, rows, seed=4, draws=80)
    kept, weights = neighbours(8, 80, 4)
    for row in range(3):
        asked = [np.where(kept, rows[row], other) for other in view.model.background()]
        served = np.mean([view.on_scale(np.ascontiguousarray(one)) for one in asked], axis=0)
        columns = np.column_stack([np.ones(80), kept])
        penalty = np.diag([0.0, *np.ones(rows.shape[1])])
        weighted = columns * weights[:, None]
        by_hand = np.linalg.solve(weighted.T @ columns + penalty, weighted.T @ served)
        assert fit.effects[row] == pytest.approx(by_hand[1:], abs=1e-8)
        assert fit.intercept[row] == pytest.approx(by_hand[0], abs=1e-8)
        mean = np.average(served, weights=weights)
        left, whole = weights @ (served - columns @ by_hand) ** 2, weights @ (served - mean) ** 2
        assert fit.r_squared[row] == pytest.approx(1 - left / whole)


def test_a_local_fit_is_limes_on_the_same_neighbours() -> None:
    """Its numbers are kept, with how they were made, in tests/reference/explaining/make.py."""
    expected = second_opinions()["local_fit"]
    kept = np.array([[one == "1" for one in row] for row in expected["kept"]])
    effects, intercept, r_squared = ridge_fit(kept.astype(float), np.array(expected["served"]), kernel_weights(kept))
    assert effects == pytest.approx(expected["effects"], abs=1e-10)
    assert (intercept, r_squared) == pytest.approx((expected["intercept"], expected["r_squared"]), abs=1e-10)
    drawn, weights = neighbours(6, 40, 2)  # as patients are asked of
    assert (weights == kernel_weights(drawn)).all()


def test_a_straight_line_is_fitted_without_a_rest() -> None:
    kept = np.random.default_rng(0).random((400, 3)) < 0.5
    effects, intercept, r_squared = ridge_fit(kept.astype(float), kept @ [1.0, -2.0, 0.0] + 3, np.ones(400))
    assert effects == pytest.approx([1, -2, 0], abs=0.03)  # the penalty draws them in
    assert (intercept, r_squared) == (pytest.approx(3, abs=0.03), pytest.approx(1, abs=1e-3))


def test_importance_and_its_interval_are_of_the_patients() -> None:
    values = np.random.default_rng(1).normal(size=(80, 2)) * [1.0, 0.1]
    found = mean_absolute(values, replicates=200, seed=3)
    by_hand = np.abs(values).mean(axis=0)
    for one, mean, own in zip(found, by_hand, np.abs(values).T, strict=True):
        assert one.estimate == pytest.approx(mean)
        reach = 1.96 * own.std(ddof=1) / np.sqrt(80)
        assert one.lower == pytest.approx(mean - reach, abs=0.3 * reach)
        assert one.upper == pytest.approx(mean + reach, abs=0.3 * reach)
    assert shares(by_hand).sum() == pytest.approx(1)
    assert shares(np.zeros(3)).tolist() == [0, 0, 0]


def test_small_groups_are_not_shown_and_cannot_be_counted() -> None:
    values = np.ones((50, 1))
    at = np.arange(50)
    groups = [("a", at < 30), ("b", (at >= 30) & (at < 47)), ("c", at >= 47)]
    assert [one.n for one in importance_by_group(values, groups, **FEW)] == [30, None, None]
    groups = [("a", at < 42), ("b", at >= 42)]
    assert [one.n for one in importance_by_group(values, groups, **FEW)] == [42, None]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 999), folds=st.integers(2, 6))
def test_fits_that_agree_give_firm_drivers_and_limits_are_the_jackknifes(seed: int, folds: int) -> None:
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(20, 3)) * [3, 1, 0]
    found = stability_of(values, np.stack([values] * folds))
    assert [one.place for one in found] == [0, 1]
    assert all(one.stable for one in found)
    assert [one.lower for one in found] == pytest.approx([one.upper for one in found])
    wobbling = np.stack([values * (1 + 0.1 * draw.normal(size=3)) for _ in range(folds)])
    own = np.abs(wobbling).mean(axis=1)[:, 0]
    deviation = np.sqrt((folds - 1) / folds * np.sum((own - own.mean()) ** 2))
    first = next(one for one in stability_of(values, wobbling) if one.place == 0)
    assert first.upper - first.importance == pytest.approx(1.959964 * deviation, rel=1e-5)


def test_one_fit_says_nothing_of_its_own_spread() -> None:
    with pytest.raises(ValueError, match="two of them"):
        jackknife_deviation(np.ones((1, 5, 2)))


def test_drivers_that_fits_disagree_about_are_said_to_be_unstable() -> None:
    values = np.random.default_rng(2).normal(size=(40, 3)) * [2, 1, 1]
    folds = np.stack([values * [1, sign, size] for sign, size in ((1, 0.1), (-1, 1.9), (1, 1), (-1, 0.2))])
    firm, *others = stability_of(values, folds)
    assert firm.stable
    reasons = {one.place: one.reasons for one in others}
    assert any("raises or lowers" in text for text in reasons[1])
    assert any("may hardly matter" in text for text in reasons[2])


def test_a_lower_limit_near_0_is_not_firm_by_folds_either() -> None:
    """Four fits whose jackknife limits end at 5% and at 20% of the value."""
    values = np.random.default_rng(2).normal(size=(40, 1))
    spread = np.array([-1, 1, -1, 1]) / np.sqrt(3) / 1.959964  # of a jackknife deviation of 1 / 1.96
    for share, stable in ((0.05, False), (0.2, True)):
        folds = np.stack([values * (1 + (1 - share) * one) for one in spread])
        (found,) = stability_of(values, folds)
        assert found.lower == pytest.approx(share * found.importance, rel=1e-6)
        assert found.stable is stable


def test_refits_give_limits_by_their_centiles_and_signs_by_counting() -> None:
    values = np.random.default_rng(4).normal(size=(30, 2)) * [2, 1]
    refits = np.stack(
        [values * [size, sign] for size, sign in zip(np.linspace(0.5, 1.5, 21), [1, -1, 1] * 7, strict=True)]
    )
    first, second = refitted_stability(values, refits)
    assert (first.lower, first.upper) == pytest.approx((0.525 * first.importance, 1.475 * first.importance))
    assert first.stable
    assert first.sign_agreement == 1.0
    assert second.sign_agreement == pytest.approx(2 / 3)
    assert second.reasons == ("whether it raises or lowers the answer of a patient differs from fit to fit",)
    faint = refitted_stability(values, np.stack([values * [0.05, 1]] * 3))[0]
    assert "hardly matter" in faint.reasons[0]


def test_only_models_on_one_scale_are_compared() -> None:
    view = view_of(model_of("elastic_net"))
    assert comparable_view(view, model_of("baseline"), Question()).model.name == view.model.name
    with pytest.raises(QuestionError, match="log cumulative hazard"):
        comparable_view(view, survival_model_of("cox"), Question())
    outcome = {**view.model.about["outcome"], "label": "Death within 42 days"}
    with pytest.raises(QuestionError, match="risk of death within 42 days"):
        comparable_view(view, replace(model_of("baseline"), about={**view.model.about, "outcome": outcome}), Question())
    early, late = Question(days=(30,)), view_of(survival_model_of("cox"), Question(days=(90,)))
    with pytest.raises(QuestionError, match=r"by day 30.*by day 90"):
        comparable_view(late, survival_model_of("cox"), early)


def test_a_version_that_reasons_otherwise_is_told_from_one_that_does_not() -> None:
    draw = np.random.default_rng(3)
    before = draw.normal(size=(100, 3)) * [2, 1, 1]
    same = changed_shares(before, before, "abc", "abc", **FEW)
    assert all(one.difference.estimate == 0 and not one.changed for one in same)
    # A new slope: each contribution larger, none of them more of the whole.
    assert not any(one.changed for one in changed_shares(before * 1.37, before, "abc", "abc", **FEW))
    now = np.column_stack([before[:, 1] * 3, before[:, 0], draw.normal(size=100)])
    found = changed_shares(now, before, "bad", "abc", **FEW)
    assert {one.variable for one in found} == set("abcd")
    assert sum(one.difference.estimate for one in found) == pytest.approx(0)
    told = {one.variable: one for one in found}
    assert told["b"].changed
    assert told["b"].difference.estimate > 0
    assert told["c"].now == 0
    assert told["d"].before == 0
    sizes = [abs(one.difference.estimate) for one in found]
    assert sizes == sorted(sizes, reverse=True)
