"""Inputs taken away: against the model asked by hand."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.special import expit

from spinecast import statistics as st
from spinecast.clinical.dictionary import variables
from spinecast.clinical.sorg import SORG_INPUTS, SORG_SOURCES
from spinecast.reporting.document import Figure
from spinecast.reporting.sections.missing_inputs import missing_inputs_section
from spinecast.validation import Predictions, removing_inputs
from spinecast.validation.removing_inputs import evaluate_missing_inputs, missing_counts

NAMES = ("age", "albumin", "creatinine", "sodium")


def model(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Age matters most, sodium not at all; a missing value counts as the middle."""
    weights = {"age": 1.5, "albumin": -0.8, "creatinine": 0.3, "sodium": 0.0}
    terms = [weight * np.nan_to_num(columns[name], nan=0.0) for name, weight in weights.items()]
    return expit(np.sum(terms, axis=0) - 0.3)


@pytest.fixture
def patients() -> tuple[dict[str, np.ndarray], Predictions]:
    draw = np.random.default_rng(6)
    columns = {name: draw.normal(size=400) for name in NAMES}
    columns["albumin"][:40] = np.nan
    risk = model(columns)
    outcome = (draw.random(400) < risk).astype(float)
    return columns, Predictions(risk, outcome, None, None, "external")


def test_each_input_is_taken_from_everybody(patients: tuple[dict[str, np.ndarray], Predictions]) -> None:
    columns, predictions = patients
    found = evaluate_missing_inputs(model, columns, NAMES, predictions, draws=3, bootstrap=20, seed=1)
    assert found.each[0].variable == "age"  # what costs most comes first
    by_name = {one.variable: one for one in found.each}
    without = model({**columns, "albumin": np.full(400, np.nan)})
    assert by_name["albumin"].measures["auc"] == st.auc(predictions.outcome, without)
    compared = st.compare_auc(predictions.outcome, without, predictions.risk)
    assert by_name["albumin"].auc_difference == compared.difference
    assert by_name["albumin"].already_missing == pytest.approx(0.1)
    assert by_name["sodium"].auc_difference.estimate == 0
    assert found.with_all["auc"] == st.auc(predictions.outcome, predictions.risk)
    assert (found.n, found.of) == (400, 400)


def test_several_at_random_lose_more_and_are_summed_up(patients: tuple[dict[str, np.ndarray], Predictions]) -> None:
    columns, predictions = patients
    found = evaluate_missing_inputs(model, columns, NAMES, predictions, draws=40, bootstrap=20, seed=1)
    assert [step.missing for step in found.several] == [2, 3]
    two, three = (step.measures["auc"] for step in found.several)
    assert found.with_all["auc"].estimate > two["mean"] > three["mean"]
    assert two["lowest"] <= two["mean"] <= two["highest"]
    # Six pairs can be missing: every mean over many draws lies near the mean over the six.
    pairs = [
        st.auc(predictions.outcome, model({**columns, a: np.full(400, np.nan), b: np.full(400, np.nan)})).estimate
        for i, a in enumerate(NAMES)
        for b in NAMES[i + 1 :]
    ]
    assert two["mean"] == pytest.approx(np.mean(pairs), abs=3 * np.std(pairs) / np.sqrt(40))
    assert two["standard_deviation"] == pytest.approx(np.std(pairs), rel=0.4)


def test_one_choice_has_no_spread(patients: tuple[dict[str, np.ndarray], Predictions]) -> None:
    columns, predictions = patients
    found = evaluate_missing_inputs(model, columns, NAMES, predictions, draws=1, bootstrap=20, seed=1)
    for step in found.several:
        assert step.measures["auc"]["standard_deviation"] is None
        assert step.measures["auc"]["lowest"] == step.measures["auc"]["highest"]
    figures = [block for block in missing_inputs_section(found.to_dict()).blocks if isinstance(block, Figure)]
    table = next(figure.table for figure in figures if "several" in figure.table.caption)
    cells = [cell for row in table.rows for cell in row.cells]
    assert cells
    assert not any("±" in cell for cell in cells)


def test_the_same_seed_takes_the_same_inputs(patients: tuple[dict[str, np.ndarray], Predictions]) -> None:
    columns, predictions = patients
    one, two, other = (
        evaluate_missing_inputs(model, columns, NAMES, predictions, draws=3, bootstrap=20, seed=seed).to_dict()
        for seed in (4, 4, 5)
    )
    assert one == two
    assert one != other


def test_of_many_patients_some_are_drawn(
    patients: tuple[dict[str, np.ndarray], Predictions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removing_inputs, "MOST_PATIENTS", 150)
    columns, predictions = patients
    found = evaluate_missing_inputs(model, columns, NAMES, predictions, draws=2, bootstrap=20, seed=1)
    assert (found.n, found.of) == (150, 400)


@pytest.mark.parametrize(
    ("inputs", "expected"), [(1, ()), (2, ()), (3, (2,)), (5, (2, 3, 4)), (18, (2, 4, 6, 8, 11, 13, 15, 17))]
)
def test_how_many_are_taken_at_once(inputs: int, expected: tuple[int, ...]) -> None:
    assert missing_counts(inputs) == expected


def ratio_model(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """A risk from counts and from their ratio, which cannot be known without them."""
    ratio = np.nan_to_num(columns["neutrophil_lymphocyte_ratio"], nan=3.0)
    counts = np.nan_to_num(columns["neutrophil_count"], nan=5.0)
    return expit(0.4 * (ratio - 3) + 0.1 * (counts - 5) + 0.02 * (np.nan_to_num(columns["age"], nan=60.0) - 60))


def test_what_follows_from_an_input_goes_with_it() -> None:
    draw = np.random.default_rng(2)
    neutrophils, lymphocytes = draw.uniform(2, 12, 300), draw.uniform(0.5, 3, 300)
    columns = {
        "neutrophil_count": neutrophils,
        "neutrophil_lymphocyte_ratio": neutrophils / lymphocytes,
        "age": draw.normal(60, 10, 300),
    }
    risk = ratio_model(columns)
    predictions = Predictions(risk, (draw.random(300) < risk).astype(float), None, None, "external")
    found = evaluate_missing_inputs(ratio_model, columns, tuple(columns), predictions, draws=2, bootstrap=20, seed=1)
    by_name = {one.variable: one for one in found.each}
    nothing = np.full(300, np.nan)
    without = ratio_model({**columns, "neutrophil_count": nothing, "neutrophil_lymphocyte_ratio": nothing})
    assert by_name["neutrophil_count"].measures["auc"] == st.auc(predictions.outcome, without)
    assert by_name["neutrophil_count"].also == ("Neutrophil-to-lymphocyte ratio",)
    assert by_name["neutrophil_lymphocyte_ratio"].also == ()


def test_inputs_of_the_sorg_model_alone_go_missing(patients: tuple[dict[str, np.ndarray], Predictions]) -> None:
    columns, predictions = patients
    found = evaluate_missing_inputs(model, columns, NAMES, predictions, draws=6, bootstrap=20, seed=1)
    assert found.sorg_inputs == ("Albumin", "Creatinine")
    assert [(step.missing, step.draws) for step in found.sorg] == [(1, 6), (2, 1)]
    nothing = np.full(400, np.nan)
    both = st.auc(predictions.outcome, model({**columns, "albumin": nothing, "creatinine": nothing}))
    assert found.sorg[1].measures["auc"]["mean"] == both.estimate
    without = [st.auc(predictions.outcome, model({**columns, n: nothing})).estimate for n in ("albumin", "creatinine")]
    assert (found.sorg[0].measures["auc"]["lowest"], found.sorg[0].measures["auc"]["highest"]) == (
        min(without),
        max(without),
    )


def test_the_sorg_inputs_are_variables() -> None:
    assert len(SORG_INPUTS) == len(set(SORG_INPUTS)) == 18
    assert {*SORG_INPUTS, *SORG_SOURCES} <= set(variables())
