from __future__ import annotations

import copy
import gc
import itertools
import json
import math
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_models import FITTED, model_of, patients, plain_encoder, variables

from spinecast.explanation import contributions
from spinecast.explanation.contributions import RESIDUAL_TOLERANCE, AdditivityError, explain
from spinecast.explanation.summary import summarise
from spinecast.explanation.table_prediction import predict_table
from spinecast.models.encoding import Encoder
from spinecast.models.prognosis_model import Member, PrognosisModel
from spinecast.models.scorers import BoostedTreesScorer, LinearScorer, NetworkScorer

# shap's plotting code is imported with it and touches matplotlib functions that are pending deprecation.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning:shap")


@pytest.mark.parametrize("families", [*((name,) for name in FITTED), FITTED], ids="+".join)
def test_contributions_add_up_to_the_served_log_odds(families: tuple[str, ...]) -> None:
    model, (matrix, _) = model_of(*families), patients(count=30, seed=2)
    found = explain(model, matrix)
    assert np.array_equal(found.log_odds, model.log_odds(matrix))
    assert np.abs(found.base_value + found.values.sum(axis=1) - model.log_odds(matrix)).max() < 1e-5
    assert np.abs(found.residual).max() < RESIDUAL_TOLERANCE


@pytest.mark.parametrize("family", FITTED)
def test_a_patient_is_explained_the_same_alone_and_in_company(family: str) -> None:
    model, (matrix, _) = model_of(family), patients(count=20, seed=2)
    together = explain(model, matrix)
    for row in range(5):
        alone = explain(model, matrix[row : row + 1])
        assert np.array_equal(alone.values[0], together.values[row])
        assert alone.base_value[0] == together.base_value[row]
        assert alone.residual[0] == together.residual[row]


def test_boosted_contributions_are_those_of_the_shap_library() -> None:
    import shap

    model, (matrix, _) = model_of("xgboost"), patients(count=25, seed=3)
    member = model.parts[0].members[0]
    assert isinstance(member.scorer, BoostedTreesScorer)
    columns = member.encoder.transform(matrix)
    ours, start = contributions.boosted_contributions(member.scorer, columns)
    reference = shap.TreeExplainer(member.scorer.booster)
    assert np.isnan(columns).any()  # missing values go where the trees send them
    assert ours == pytest.approx(reference.shap_values(columns), abs=1e-5)
    assert start == pytest.approx(float(np.ravel(reference.expected_value)[0]), abs=1e-5)


def test_forest_contributions_are_those_of_shap_on_the_scikit_learn_forest() -> None:
    import shap
    from sklearn.ensemble import RandomForestClassifier

    from spinecast.models.trees import forest_from_sklearn

    draw = np.random.default_rng(1)
    columns = draw.normal(size=(200, 4)).astype(np.float32).astype(float)
    outcome = (columns[:, 0] + columns[:, 1] * columns[:, 2] > 0).astype(int)
    forest = RandomForestClassifier(8, max_depth=5, random_state=0).fit(columns, outcome)
    ours, _ = contributions.forest_contributions(forest_from_sklearn(forest.estimators_, slice(1, 2)), columns[:20])
    assert ours == pytest.approx(shap.TreeExplainer(forest).shap_values(columns[:20])[:, :, 1], abs=1e-9)


def test_linear_contributions_are_those_of_the_shap_library() -> None:
    import shap

    model, (matrix, _) = model_of("elastic_net"), patients(count=25, seed=3)
    member = model.parts[0].members[0]
    assert isinstance(member.scorer, LinearScorer)
    columns = member.encoder.transform(matrix)
    center = np.zeros((1, columns.shape[1]))
    reference = shap.LinearExplainer((member.scorer.coefficients, member.scorer.intercept), center)
    by_variable = np.zeros(matrix.shape)
    np.add.at(by_variable.T, member.encoder.owner, reference.shap_values(columns).T)
    ours, _, _ = contributions.fit_contributions(member, matrix, model.background())
    assert ours == pytest.approx(by_variable, abs=1e-10)


@pytest.mark.parametrize("family", ["support_vector_machine", "neural_network"])
def test_walks_in_parts_are_walks_of_half_swapped_patients(family: str) -> None:
    model, (matrix, _) = model_of(family), patients(count=6, seed=4)
    member, background = model.parts[0].members[0], model.background()

    class Whole:
        """The member, of which the walks know no more than its scores."""

        score = staticmethod(member.score)

    ours, start = contributions.permutation_contributions(member, matrix, background)
    plain, plain_start = contributions.permutation_contributions(Whole(), matrix, background)
    assert ours == pytest.approx(plain, abs=1e-12)
    assert start == pytest.approx(plain_start, abs=1e-14)


@pytest.mark.parametrize("family", ["gaussian_process", "support_vector_machine", "neural_network"])
def test_what_walks_prepared_of_a_scorer_goes_with_it(family: str) -> None:
    model = copy.deepcopy(model_of(family))
    contributions.explain(model, patients(count=1, seed=4)[0])
    watched = weakref.ref(model.parts[0].members[0].scorer)  # type: ignore[union-attr]
    del model
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize("explained", [False, True])
def test_each_fit_encodes_and_scores_the_rows_of_a_table_once(explained: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("neural_network", "elastic_net")
    table = pd.DataFrame({"age": [50.0, 60.0, 70.0], "albumin": [3.1, 2.8, 4.0]})
    # As of a model whose loss by missing inputs was measured: others are tried with each of their quantiles.
    monkeypatch.setattr(PrognosisModel, "missing_variance", lambda _, rows: np.zeros(len(rows)))
    predict_table(model, "0" * 64, table, contributions=explained)  # what is prepared once is prepared now
    asked: Counter[tuple[str, int]] = Counter()
    for kind, method in ((Encoder, "transform"), (NetworkScorer, "score"), (LinearScorer, "score")):
        own = getattr(kind, method)

        def counted(
            self: object, rows: np.ndarray, own: Callable[..., np.ndarray] = own, name: str = method
        ) -> np.ndarray:
            asked[name, len(rows)] += 1
            return own(self, rows)

        monkeypatch.setattr(kind, method, counted)
    predict_table(model, "0" * 64, table, contributions=explained)
    fits = sum(len(part.members) for part in model.parts)
    # One row is the patient of whom nothing is known, by whom the columns are named.
    assert asked == {(name, rows): fits for name in ("transform", "score") for rows in (1, 3)}


class _Product:
    """x0 * x1 + 2 x2 - x3: known Shapley values by enumeration."""

    kind = "product"

    def score(self, columns: np.ndarray) -> np.ndarray:
        return columns[:, 0] * columns[:, 1] + 2 * columns[:, 2] - columns[:, 3]


def brute_force(member: Member, patient: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Exact Shapley values over all 2^4 coalitions, averaged over the reference patients."""
    count = len(patient)

    def value(inside: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, list(inside)] = patient[list(inside)]
        return float(member.score(mixed).mean())

    found = np.zeros(count)
    for j in range(count):
        others = [k for k in range(count) if k != j]
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for inside in itertools.combinations(others, size):
                found[j] += weight * (value((*inside, j)) - value(inside))
    return found


def test_permutation_contributions_are_shapley_values() -> None:
    member = Member(plain_encoder(4), _Product())  # type: ignore[arg-type]
    draw = np.random.default_rng(0)
    background, patient = draw.normal(size=(9, 4)), draw.normal(size=4)
    ours, start = contributions.permutation_contributions(member, patient[None, :], background)
    exact = brute_force(member, patient, background)
    # A product of two is walked forwards and backwards: pairs of orders average to the exact value.
    assert ours[0] == pytest.approx(exact, abs=1e-12)
    assert start == pytest.approx(member.score(background).mean())


def test_a_gap_in_the_sum_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model, (matrix, _) = model_of("elastic_net"), patients(count=5)
    honest = contributions.column_contributions

    def gap(*arguments: object) -> tuple[np.ndarray, float]:
        values, start = honest(*arguments)  # type: ignore[arg-type, misc]
        return values, start + 0.01

    monkeypatch.setattr(contributions, "column_contributions", gap)
    with pytest.raises(AdditivityError, match="miss the served log-odds"):
        explain(model, matrix)


def test_a_summary_holds_no_patient() -> None:
    model, (matrix, _) = model_of("elastic_net", "xgboost"), patients()
    summary = summarise(model, matrix, model.predict(matrix), variables(), patients=60, seed=1)
    json.dumps(summary, allow_nan=False)
    assert summary["residual_max"] <= summary["residual_tolerance"]
    rows = np.array(
        [[math.nan if p["value"] is None else p["value"] for p in v["points"]] for v in summary["beeswarm"]]
    ).T
    order = [[v.name for v in variables()].index(entry["variable"]) for entry in summary["beeswarm"]]
    real = matrix[:, order]
    assert not any(((row == real) | (np.isnan(row) & np.isnan(real))).all(axis=1).any() for row in rows)
    assert len(summary["illustrative"]) == 4
    risks = [person["risk"] for person in summary["illustrative"]]
    assert risks == sorted(risks)
    for person in summary["illustrative"]:
        assert "Not a real person" in person["description"]
        total = person["base_value"] + sum(row["contribution"] for row in person["contributions"])
        assert total == pytest.approx(person["log_odds"], abs=1e-4)


def test_the_order_of_importance_is_that_of_the_mean_absolute_contribution() -> None:
    model, (matrix, _) = model_of("elastic_net"), patients()
    everyone = replace(model)
    summary = summarise(everyone, matrix, model.predict(matrix), variables(), patients=len(matrix), seed=1)
    by_hand = np.abs(explain(model, matrix).values).mean(axis=0)
    assert [entry["mean_absolute"] for entry in summary["importance"]] == pytest.approx(sorted(by_hand, reverse=True))
