"""What every score says of itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import Score, ScoreResult, Stratum, score, scores
from spinecast.clinical.scores.points import Item, inputs, level
from spinecast.errors import ContractError

DAYS = (90, 180, 365)


def test_every_score_asked_for_is_there() -> None:
    assert set(scores()) == {
        "revised_tokuhashi",
        "tomita",
        "bauer",
        "modified_bauer",
        "nesms",
        "katagiri_2005",
        "katagiri_2014",
        "katagiri_2014_individual",
        "oswestry_spinal_risk_index",
        "van_der_linden",
        "mizumoto",
        "bollen",
        "sins",
        "prognostic_nutritional_index",
        "controlling_nutritional_status",
        "nutritional_risk_index",
        "geriatric_nutritional_risk_index",
        "charlson_index",
        "charlson_index_with_age",
        "bed_3",
        "bed_10",
        "eqd2_10",
        "blood_volume",
        "gross_blood_loss",
        "total_blood_loss",
        "hidden_blood_loss",
    }


@pytest.mark.parametrize(
    ("names", "direction"),
    [
        # Directions of the publications: the family does not share one.
        (("revised_tokuhashi", "bauer", "modified_bauer", "van_der_linden", "nesms"), "higher_is_better"),
        (("tomita", "katagiri_2005", "katagiri_2014", "katagiri_2014_individual"), "higher_is_worse"),
        (("oswestry_spinal_risk_index", "mizumoto", "sins", "bollen"), "higher_is_worse"),
        (("charlson_index", "controlling_nutritional_status"), "higher_is_worse"),
        (("prognostic_nutritional_index", "nutritional_risk_index"), "higher_is_better"),
    ],
)
def test_directions(names: tuple[str, ...], direction: str) -> None:
    assert {score(name).direction for name in names} == {direction}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # Percent alive at 3, 6 and 12 months by stratum, lowest first, as the scoring notebook of the external
        # validation of Bindels et al. 2025 took them from the publications.
        ("revised_tokuhashi", [(17, 15, 4.5), (85, 73, 30), (100, 100, 91)]),
        ("tomita", [(100, 100, 100), (100, 100, 100), (100, 100, 0), (0, 0, 0)]),
        ("bauer", [(20, 0, 0), (71, 50, 25), (87, 73, 50)]),
        ("modified_bauer", [(50, 29, 7.1), (82, 65, 45), (97, 88, 75)]),
        ("nesms", [(41, 30, 19), (75, 57, 35), (73, 59, 46), (86, 77, 68)]),
        ("katagiri_2014", [(99, 98, 91), (84, 74, 49), (43, 27, 6)]),
        (
            "katagiri_2014_individual",
            [
                (100, 100, 100),
                (100, 100, 95),
                (100, 100, 97),
                (99, 96, 87),
                (95, 95, 75),
                (88, 78, 53),
                (73, 60, 33),
                (52, 40, 10),
                (35, 21, 4),
                (16, 8, 0),
                (0, 0, 0),
            ],
        ),
        ("oswestry_spinal_risk_index", [(87, 79, 66), (62, 49, 37), (54, 30, 16), (31, 6.5, 0), (0, 0, 0)]),
        ("van_der_linden", [(50, 27, 6.3), (87, 66, 44), (90, 83, 60)]),
        ("mizumoto", [(99, 89, 77), (71, 46, 22), (18, 7, 4)]),
        ("bollen", [(96, 84, 78), (85, 71, 58), (60, 40, 17), (27, 14, 4.5)]),
    ],
)
def test_expected_survival(name: str, expected: list[tuple[float, ...]]) -> None:
    entry = score(name)
    found = [tuple(100 * band.expected_survival[days] for days in DAYS) for band in entry.strata]
    assert found == [pytest.approx(each) for each in expected]
    assert "Bindels" in entry.survival_source


def test_expected_survival_agrees_with_the_figures_of_the_abstracts() -> None:
    # Katagiri 2014, abstract: 91 % alive at 1 year with 3 points or fewer; 27 % at 6 months and 6 % at 1 year with 7 or
    # more. Mizumoto 2008, abstract: 89 and 77 %, 46 and 22 %, 7 and 4 % at 6 and 12 months.
    low, _, high = score("katagiri_2014").strata
    assert (low.expected_survival[365], high.expected_survival[180], high.expected_survival[365]) == (0.91, 0.27, 0.06)
    found = [(band.expected_survival[180], band.expected_survival[365]) for band in score("mizumoto").strata]
    assert found == [(0.89, 0.77), (0.46, 0.22), (0.07, 0.04)]


def test_survival_falls_with_time_and_with_the_score_but_where_published_otherwise() -> None:
    disorder = set()
    for name, entry in scores().items():
        bands = [band for band in entry.strata if band.expected_survival]
        for band in bands:
            ordered = [band.expected_survival[days] for days in DAYS]
            assert ordered == sorted(ordered, reverse=True)
        if entry.direction == "higher_is_better":
            bands = bands[::-1]
        for days in DAYS:
            for better, worse in pairwise(bands):
                if worse.expected_survival[days] > better.expected_survival[days]:
                    disorder.add((name, days, better.label, worse.label))
    assert disorder == {("nesms", 90, "2", "1"), ("katagiri_2014_individual", 365, "1", "2")}


def test_katagiri_of_2005_gives_no_survival_that_could_not_be_checked() -> None:
    entry = score("katagiri_2005")
    assert not any(band.expected_survival for band in entry.strata)
    assert "could not be consulted" in entry.notes


def test_published_survival_of_patients() -> None:
    entry = score("modified_bauer")
    lower, upper = np.array([0.0, 1.0, 4.0]), np.array([1.0, 2.0, 4.0])
    result = ScoreResult(lower, upper, entry.strata)
    assert result.stratum().tolist() == [0, -1, 2]
    found = result.expected_survival(365)
    assert found[[0, 2]].tolist() == [0.071, 0.75]
    assert np.isnan(found[1])
    assert np.isnan(result.expected_survival(42)).all()


def test_inputs_are_variables_of_the_dictionary_and_none_is_another_models_output() -> None:
    for entry in scores().values():
        for name in entry.read_variables:
            assert variable(name).role in ("predictor", "outcome")
        for name in entry.alternatives:
            assert set(variable(name).derived_from) <= set(entry.inputs)


def test_an_unknown_score_is_refused_with_the_nearest() -> None:
    with pytest.raises(ContractError, match=r"(?s)no score 'tokuhashi'.*did you mean revised_tokuhashi"):
        score("tokuhashi")


def test_a_variable_in_two_items_is_refused() -> None:
    item = Item.of("once", [level("brain_metastases")], lambda brain: brain)
    with pytest.raises(ValueError, match="two items"):
        inputs([item, item])


@pytest.mark.parametrize(
    "changes",
    [
        {"strata": (Stratum(0, 8, "low"), Stratum(12, 15, "high"), Stratum(9, 11, "middle"))},
        {"strata": (Stratum(1, 15, "all but the lowest"),)},
        {"direction": "upwards"},
        {"maximum": 0},
        {"inputs": ()},
        {"inputs": ("frankel_grade", "frankel_grade")},
        {"survival_source": ""},
    ],
)
def test_a_score_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="revised_tokuhashi"):
        replace(score("revised_tokuhashi"), **changes)  # type: ignore[arg-type]


def test_a_score_of_an_unknown_variable_is_refused() -> None:
    with pytest.raises(ContractError, match="frankel_grad"):
        replace(score("revised_tokuhashi"), inputs=("frankel_grad",))


def test_a_stratum_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before"):
        Stratum(3, 2, "backwards")
    with pytest.raises(ValueError, match="no proportion"):
        Stratum(0, 1, "percent", {90: 85})


def test_a_score_is_data_of_its_module() -> None:
    assert all(isinstance(entry, Score) for entry in scores().values())
    assert all(name == entry.name for name, entry in scores().items())
