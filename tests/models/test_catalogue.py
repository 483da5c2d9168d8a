from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_models import FITTED, assert_same_bits, parameters
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from spinecast.models.catalogue import FAMILIES, Choice, Interval, Range
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.scorers import KernelScorer, LinearScorer

REFERENCE = Path(__file__).parents[1] / "reference" / "glmnet_rotterdam"
EVERY_FAMILY = pytest.mark.parametrize("family", list(FAMILIES))
EVERY_FITTED_FAMILY = pytest.mark.parametrize("family", FITTED)
LINEAR = ("baseline", "elastic_net")
BOOSTERS = ("lightgbm", "catboost")

Table = tuple[np.ndarray, np.ndarray]


def easy(count: int, seed: int) -> Table:
    """Standardised columns of which two carry nearly all there is to know."""
    draw = np.random.default_rng(seed)
    columns = draw.normal(size=(count, 5))
    return columns, (draw.random(count) < expit(2 * columns[:, 0] - 2 * columns[:, 1])).astype(float)


@pytest.fixture(scope="module")
def table() -> Table:
    return easy(300, 0)


def test_the_families_of_the_field_and_a_baseline() -> None:
    assert set(FAMILIES) == {
        "baseline",
        "elastic_net",
        "random_forest",
        "xgboost",
        "support_vector_machine",
        "neural_network",
        "decision_tree",
        "gradient_boosting",
        "gaussian_process",
        "lightgbm",
        "catboost",
    }
    assert all(name == family.name for name, family in FAMILIES.items())


@EVERY_FAMILY
def test_defaults_are_whole_and_lie_inside_the_search_space(family: str) -> None:
    known = FAMILIES[family]
    assert set(known.defaults) == set(known.search_space)
    for name, dimension in known.search_space.items():
        value = known.defaults[name]
        if isinstance(dimension, Choice):
            assert value in dimension.options
        else:
            assert dimension.low <= value <= dimension.high
            assert not dimension.whole or value == int(value)
            assert not dimension.log or dimension.low > 0


@EVERY_FAMILY
def test_what_is_searched_is_allowed(family: str) -> None:
    known = FAMILIES[family]
    assert set(known.allowed) == set(known.search_space)
    for name, dimension in known.search_space.items():
        searched = dimension.options if isinstance(dimension, Choice) else (dimension.low, dimension.high)
        assert all(known.allowed[name].holds(value) for value in (*searched, known.defaults[name]))


def ends() -> list[tuple[str, str, float]]:
    """Both ends of what each parameter may be; of counts the low one, for the high one only takes long."""
    found = []
    for family in FITTED:
        for name, allowed in FAMILIES[family].allowed.items():
            values: tuple[float, ...] = ()
            if isinstance(allowed, Choice):
                values = allowed.options
            else:
                slow = allowed.whole and name not in ("depth", "smallest_leaf", "leaves")
                values = (allowed.low,) if slow else (allowed.low, allowed.high)
            found += [(family, name, value) for value in values]
    return found


@pytest.mark.parametrize(("family", "name", "value"), ends())
def test_a_learner_takes_the_ends_of_what_is_allowed(family: str, name: str, value: float, table: Table) -> None:
    assert FAMILIES[family].allowed[name].holds(value)
    scorer = FAMILIES[family].fit(*table, None, {**parameters(family), name: value}, 1)
    assert np.isfinite(scorer.score(table[0])).all()


def test_every_spline_that_is_allowed_is_known_to_the_encoder() -> None:
    schema = PredictorSchema(("a",), np.array([0]), np.array([False]), np.array([False]))
    values = np.random.default_rng(0).normal(size=(200, 1))
    knots = FAMILIES["elastic_net"].allowed["knots"]
    assert isinstance(knots, Choice)
    columns = [
        fit_encoder(values, schema, Imputation(), knots=int(number)).transform(values) for number in knots.options
    ]
    assert [matrix.shape[1] for matrix in columns] == [1, 2, 3, 4]  # the line, and two terms fewer than knots


def test_a_whole_share_of_predictors_is_a_share(table: Table) -> None:
    """A study may write 1 where 1.0 is meant; scikit-learn takes the one for a single predictor."""
    small = parameters("random_forest")
    whole, real = (FAMILIES["random_forest"].fit(*table, None, {**small, "predictor_share": s}, 1) for s in (1, 1.0))
    assert_same_bits(whole.score(table[0]), real.score(table[0]))


def test_intervals_say_what_they_are() -> None:
    assert Interval(0, 1).describe() == "from 0 to 1"
    assert Interval(1, 20, whole=True).describe() == "a whole number from 1 to 20"
    assert [Interval(0, 1).holds(value) for value in (-1, 0, 0.5, 1, 2)] == [False, True, True, True, False]
    assert [Interval(0, 9, whole=True).holds(value) for value in (0, 2.5, 3.0, 9, 10)] == [
        True,
        False,
        True,
        True,
        False,
    ]


def test_dimensions_say_what_they_are() -> None:
    assert Range(0.5, 30, log=True).describe() == "0.5 to 30 (real, log scale)"
    assert Range(2, 5, whole=True).describe() == "2 to 5 (whole numbers)"
    assert Choice((0, 3, 4)).describe() == "one of 0, 3, 4"


@EVERY_FITTED_FAMILY
def test_scores_rise_with_the_risk_of_patients_never_seen(family: str, table: Table) -> None:
    scorer = FAMILIES[family].fit(*table, None, parameters(family), 1)
    columns, outcome = easy(600, 99)
    assert roc_auc_score(outcome, scorer.score(columns)) > 0.86  # the truth itself reaches .91


@EVERY_FITTED_FAMILY
def test_the_same_seed_gives_the_same_scores(family: str, table: Table) -> None:
    def scores(seed: int) -> np.ndarray:
        return FAMILIES[family].fit(*table, None, parameters(family), seed).score(table[0])

    assert_same_bits(scores(4), scores(4))
    if family not in (*LINEAR, "decision_tree", "support_vector_machine", "gaussian_process"):
        assert (scores(4) != scores(5)).any()


@EVERY_FITTED_FAMILY
def test_heavier_events_raise_the_scores(family: str, table: Table) -> None:
    columns, outcome = table
    even = FAMILIES[family].fit(columns, outcome, np.ones(len(outcome)), parameters(family), 1)
    heavy = FAMILIES[family].fit(columns, outcome, np.where(outcome == 1, 6.0, 1.0), parameters(family), 1)
    assert heavy.score(columns).mean() > even.score(columns).mean() + 0.05


@pytest.mark.parametrize("family", LINEAR)
def test_a_weight_of_two_counts_as_two_patients(family: str, table: Table) -> None:
    columns, outcome = table
    twice = np.arange(len(outcome)) % 3 == 0
    weighted = FAMILIES[family].fit(columns, outcome, np.where(twice, 2.0, 1.0), parameters(family), 1)
    order = np.concatenate([np.arange(len(outcome)), np.flatnonzero(twice)])
    doubled = FAMILIES[family].fit(columns[order], outcome[order], None, parameters(family), 1)
    assert isinstance(weighted, LinearScorer)
    assert isinstance(doubled, LinearScorer)
    # saga stops at a relative change of 5e-4, lbfgs at a gradient of 1e-8.
    tolerance = 5e-3 if family == "elastic_net" else 1e-5
    np.testing.assert_allclose(weighted.coefficients, doubled.coefficients, atol=tolerance)
    assert weighted.intercept == pytest.approx(doubled.intercept, abs=tolerance)


@pytest.mark.parametrize("family", [*LINEAR, "support_vector_machine", "gaussian_process"])
def test_a_weight_of_zero_counts_as_nobody(family: str, table: Table) -> None:
    columns, outcome = table
    kept = np.arange(len(outcome)) % 4 != 0
    turned = np.where(kept, outcome, 1 - outcome)  # what has no weight may say anything
    weighted = FAMILIES[family].fit(columns, turned, kept.astype(float), parameters(family), 1)
    fewer = FAMILIES[family].fit(columns[kept], outcome[kept], None, parameters(family), 1)
    tolerance = 1e-2 if family == "elastic_net" else 1e-3
    np.testing.assert_allclose(weighted.score(columns), fewer.score(columns), atol=tolerance)


def test_a_forest_is_scikit_learns(table: Table) -> None:
    scorer = FAMILIES["random_forest"].fit(*table, None, parameters("random_forest"), 3)
    learner = RandomForestClassifier(n_estimators=15, min_samples_leaf=5, max_features=0.25, random_state=3).fit(*table)
    np.testing.assert_allclose(scorer.score(table[0]), learner.predict_proba(table[0])[:, 1], rtol=0, atol=1e-12)


def test_a_support_vector_machine_is_scikit_learns_on_its_waves(table: Table) -> None:
    scorer = FAMILIES["support_vector_machine"].fit(*table, None, parameters("support_vector_machine"), 3)
    assert isinstance(scorer, KernelScorer)
    angles = scorer.angles(table[0])
    waves = np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(angles.shape[1])
    learner = SVC(C=0.5, kernel="linear").fit(waves, table[1])
    np.testing.assert_allclose(scorer.score(table[0]), learner.decision_function(waves), rtol=0, atol=2e-3)


def test_a_neural_network_is_scikit_learns(table: Table) -> None:
    scorer = FAMILIES["neural_network"].fit(*table, None, parameters("neural_network"), 3)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        learner = MLPClassifier(
            (6,), alpha=3.0, learning_rate_init=0.01, max_iter=20, batch_size=128, random_state=3
        ).fit(*table)
    np.testing.assert_allclose(expit(scorer.score(table[0])), learner.predict_proba(table[0])[:, 1], atol=1e-12)


@pytest.mark.parametrize(
    "family", sorted({"random_forest", "decision_tree", "gradient_boosting", *BOOSTERS} & {*FITTED})
)
def test_trees_whose_library_routes_missing_values_itself_refuse_them(family: str, table: Table) -> None:
    columns = np.where(np.random.default_rng(1).random(table[0].shape) < 0.2, np.nan, table[0])
    with pytest.raises(ValueError, match="complete columns"):
        FAMILIES[family].fit(columns, table[1], None, parameters(family), 1)


def test_boosted_trees_meet_missing_values(table: Table) -> None:
    columns, outcome = table[0].copy(), table[1]
    columns[np.random.default_rng(1).random(columns.shape) < 0.2] = np.nan
    boosted = FAMILIES["xgboost"].fit(columns, outcome, None, parameters("xgboost"), 1)
    assert roc_auc_score(outcome, boosted.score(columns)) > 0.8


Objective = Callable[[np.ndarray], float]


def rotterdam(position: int) -> tuple[Table, dict[str, float], np.ndarray, Objective]:
    """Standardised patients, the family's parameters, R's coefficients, and what both minimise less R's minimum.

    R's glmnet 4.1.6 at lambda 0.02 on survival::rotterdam; scikit-learn's C is 1 / (n lambda).
    """
    expected = json.loads((REFERENCE / "expected.json").read_text())
    with (REFERENCE / "development.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    columns = np.array([[float(row[name]) for name in expected["columns"]] for row in rows])
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    outcome = np.array([float(row["y5"]) for row in rows])
    fit, penalty = expected["fits"][position], expected["lambda"]

    def excess(coefficients: np.ndarray) -> float:
        lean, slopes = coefficients[0] + columns @ coefficients[1:], coefficients[1:]
        loss = np.mean(np.logaddexp(0, lean) - outcome * lean)
        size = fit["alpha"] * np.abs(slopes).sum() + (1 - fit["alpha"]) / 2 * (slopes**2).sum()
        return float(loss + penalty * size - fit["objective"])

    parameters = {"inverse_penalty": 1 / (len(outcome) * penalty), "l1_ratio": fit["alpha"]}
    return (columns, outcome), parameters, np.array(fit["coefficients"]), excess


def coefficients_of(found: object) -> np.ndarray:
    assert isinstance(found, LinearScorer)
    return np.array([found.intercept, *found.coefficients])


@pytest.mark.parametrize("position", [0, 1, 2])
def test_elastic_net_against_glmnet(position: int) -> None:
    """The fit stops early because tuning fits it some hundred times.

    The objective agrees to 1e-4 of itself, the coefficients, flat around the optimum where columns go together, to
    0.02 standard deviations.
    """
    table, parameters, known, excess = rotterdam(position)
    found = coefficients_of(FAMILIES["elastic_net"].fit(*table, None, parameters, 0))
    assert excess(known) == pytest.approx(0, abs=1e-9)
    assert excess(found) == pytest.approx(0, abs=6e-5)
    np.testing.assert_allclose(found, known, atol=2e-2)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_elastic_net_that_does_not_stop_early_is_that_of_glmnet(position: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinecast.models.catalogue.regression.ELASTIC_NET_TOLERANCE", 1e-9)
    monkeypatch.setattr("spinecast.models.catalogue.regression.ELASTIC_NET_STEPS", 20_000)
    table, parameters, known, excess = rotterdam(position)
    found = coefficients_of(FAMILIES["elastic_net"].fit(*table, None, parameters, 0))
    assert excess(found) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(found, known, atol=1e-4)
