"""Net benefit at named thresholds against its definition by hand (Vickers & Elkin 2006, Med Decis Making 26:565)."""

import numpy as np
import pytest

from spinecast.statistics import Estimate
from spinecast.validation import Predictions
from spinecast.validation.net_benefit import net_benefit_at


def test_it_is_counted_by_hand() -> None:
    outcome = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 1.0])
    risk = np.array([0.9, 0.6, 0.1, 0.7, 0.3, 0.2, 0.1, 0.1, 0.05, 0.4])
    found = net_benefit_at(Predictions(risk, outcome, None, None, "external"), (0.2, 0.5), bootstrap=20, seed=1)
    low, high = found
    # At 0.2: 3 of 4 events and 3 of 6 others at or above; a false alarm costs 0.25.
    assert low.net_benefit.estimate == pytest.approx(3 / 10 - 3 / 10 * 0.25)
    assert low.treat_all == pytest.approx(4 / 10 - 6 / 10 * 0.25)
    assert low.over_treat_all.estimate == pytest.approx(low.net_benefit.estimate - low.treat_all)
    # At 0.5: 2 events and 1 other; a false alarm costs as much as an event gains.
    assert high.net_benefit.estimate == pytest.approx(2 / 10 - 1 / 10)
    assert high.to_dict()["treat_none"] == 0
    assert high.to_dict()["estimate"] == pytest.approx(0.1)


def test_weights_count_patients_as_often() -> None:
    draw = np.random.default_rng(0)
    risk, outcome = draw.random(80), draw.integers(0, 2, 80).astype(float)
    twice = np.concatenate([risk, risk[:40]]), np.concatenate([outcome, outcome[:40]])
    weights = np.where(np.arange(80) < 40, 2.0, 1.0)
    weighted = net_benefit_at(Predictions(risk, outcome, weights, None, "external"), (0.3,), bootstrap=20, seed=1)[0]
    repeated = net_benefit_at(Predictions(*twice, None, None, "external"), (0.3,), bootstrap=20, seed=1)[0]
    assert weighted.net_benefit.estimate == pytest.approx(repeated.net_benefit.estimate)
    assert isinstance(weighted.over_treat_all, Estimate)
    assert weighted.over_treat_all.estimate == pytest.approx(repeated.over_treat_all.estimate)


def test_apparent_predictions_are_refused_and_no_threshold_gives_nothing() -> None:
    seen = Predictions(np.array([0.2, 0.8]), np.array([0.0, 1.0]), None, None, "apparent")
    with pytest.raises(ValueError, match="net benefit needs out-of-sample"):
        net_benefit_at(seen, (0.2,), bootstrap=20, seed=1)
    other = Predictions(seen.risk, seen.outcome, None, None, "external")
    assert net_benefit_at(other, (), bootstrap=20, seed=1) == ()
