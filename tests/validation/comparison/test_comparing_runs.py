import json

import numpy as np
import pytest
from validation.comparison.made_runs import OTHER, made_run

from spinecast.errors import ContractError
from spinecast.statistics import auc, compare_auc, compare_horizon_auc, compare_net_benefit, holm_adjusted
from spinecast.validation.comparison.comparing_runs import ComparisonSettings, compare_runs

SETTINGS = ComparisonSettings(thresholds=(0.3, 0.5), decision_range=(0.1, 0.9), bootstrap=20, seed=1)


def test_differences_are_those_of_the_patients_in_pairs() -> None:
    one, two = made_run("one", noise=0.1), made_run("two", noise=2)
    found = compare_runs([one, two], SETTINGS).pairs[0]
    expected = compare_auc(one.outcome, one.risk, two.risk)
    assert found.differences["auc"] == expected.difference
    assert found.p_values["auc"] == pytest.approx(expected.p_value)
    assert found.adjusted == found.p_values
    brier = ((one.outcome - one.risk) ** 2 - (one.outcome - two.risk) ** 2).mean()
    assert found.differences["brier"].estimate == pytest.approx(brier)
    assert dict(found.net_benefit)[0.3] == compare_net_benefit(one.outcome, one.risk, two.risk, 0.3)
    curve = found.net_benefit_curve
    assert curve is not None
    at = curve["thresholds"].index(0.5)
    assert curve["difference"][at] == pytest.approx(dict(found.net_benefit)[0.5].estimate)
    agreement = found.agreement
    assert agreement is not None
    assert sum(count for *_, count in agreement.cells) == 120
    assert agreement.agreement.mean_absolute_difference.estimate == pytest.approx(np.abs(one.risk - two.risk).mean())


def test_every_two_are_tested_and_adjusted_for_their_number() -> None:
    found = compare_runs([made_run(name) for name in ("one", "two", "three", "four")], SETTINGS)
    assert [(pair.first, pair.second) for pair in found.pairs[:3]] == [
        ("one", "two"),
        ("one", "three"),
        ("one", "four"),
    ]
    assert len(found.pairs) == 6
    for name in ("auc", "log_loss", "brier"):
        plain = [pair.p_values[name] for pair in found.pairs]
        assert [pair.adjusted[name] for pair in found.pairs] == list(holm_adjusted(plain))
    assert [pair.net_benefit_curve is None for pair in found.pairs] == [False, False, False, True, True, True]


def test_turning_the_order_turns_the_signs() -> None:
    one, two = made_run("one"), made_run("two", noise=1)
    forth, back = compare_runs([one, two], SETTINGS).pairs[0], compare_runs([two, one], SETTINGS).pairs[0]
    for name, difference in forth.differences.items():
        assert difference.estimate == pytest.approx(-back.differences[name].estimate)
        assert forth.p_values[name] == pytest.approx(back.p_values[name])


def test_censored_patients_are_weighted_and_the_weights_error_is_in_the_test() -> None:
    one, two = made_run("one", censored=True, timed=True), made_run("two", censored=True, timed=True, noise=1)
    found = compare_runs([one, two], SETTINGS)
    assert found.weighted
    expected = compare_horizon_auc(one.time, one.cause, one.risk, two.risk, 90.0)
    assert found.pairs[0].differences["auc"] == expected.difference
    assert "jackknife" in found.runs[0].evaluation.measures["auc"].method


def test_the_same_risks_are_the_same_and_no_test_is_made() -> None:
    one = made_run("one")
    twin = made_run("one")
    found = compare_runs([one, twin], SETTINGS).pairs[0]
    assert found.differences["auc"].estimate == 0
    assert found.p_values == {"auc": None, "log_loss": None, "brier": None}
    assert found.agreement is not None
    assert all(share.estimate == 0 for _, share in found.agreement.changed)


def test_runs_of_other_people_are_compared_unpaired_and_say_so() -> None:
    one, there = made_run("one"), made_run("there", seed=8, first=900, cohort=OTHER)
    with pytest.raises(ContractError, match="share no patient"):
        compare_runs([one, there], SETTINGS)
    found = compare_runs([one, there], SETTINGS, unpaired=True)
    assert not found.paired
    pair = found.pairs[0]
    difference = auc(one.outcome, one.risk).estimate - auc(there.outcome, there.risk).estimate
    assert pair.differences["auc"].estimate == pytest.approx(difference)
    assert "unpaired" in pair.differences["auc"].method
    assert "not compared between cohorts" in pair.differences["brier"].reason
    assert pair.agreement is None
    with pytest.raises(ContractError, match="no independent groups"):
        compare_runs([one, made_run("two")], SETTINGS, unpaired=True)
    with pytest.raises(ContractError, match="compared with nothing"):
        compare_runs([one], SETTINGS)


def test_its_numbers_are_json_and_name_no_patient() -> None:
    text = json.dumps(compare_runs([made_run("one"), made_run("two")], SETTINGS).to_dict(), allow_nan=False)
    assert "P00" not in text
