"""The loss a model carries, and what it does to the interval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_models import PREDICTORS, model_of, patients, schema
from scipy.special import expit, ndtri

from spinecast.models.artifact import load_model, save_model
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.missing_loss import MissingLoss

ALBUMIN, SODIUM, SEX = 2, 3, 4


def loss(variance: dict[int, float], follows: tuple[tuple[int, int], ...] = ()) -> MissingLoss:
    own = np.full(len(PREDICTORS), np.nan)
    own[list(variance)] = list(variance.values())
    following = np.zeros((len(PREDICTORS),) * 2, dtype=bool)
    for pair in follows:
        following[pair] = True
    return MissingLoss(own, following, np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.5, 1.2]))


def without(*places: int) -> np.ndarray:
    missing = np.zeros((1, len(PREDICTORS)), dtype=bool)
    missing[0, list(places)] = True
    return missing


def test_losses_add_up_and_grow_by_what_several_were_measured_to() -> None:
    found = loss({ALBUMIN: 0.4, SODIUM: 0.1, SEX: 0.02})
    assert found.added_variance(without())[0] == 0
    assert found.added_variance(without(ALBUMIN))[0] == pytest.approx(0.4)
    assert found.added_variance(without(ALBUMIN, SODIUM))[0] == pytest.approx(1.5 * 0.5)
    # Between the steps on a straight line: three are 1.35.
    assert found.added_variance(without(ALBUMIN, SODIUM, SEX))[0] == pytest.approx(1.35 * 0.52)


def test_what_follows_is_lost_once() -> None:
    found = loss({ALBUMIN: 0.4, SODIUM: 0.1}, follows=((ALBUMIN, SODIUM),))
    assert found.added_variance(without(ALBUMIN, SODIUM))[0] == pytest.approx(0.4)
    assert found.added_variance(without(SODIUM))[0] == pytest.approx(0.1)


def test_the_interval_is_wider_by_the_measured_amount() -> None:
    plain = model_of("elastic_net")
    model = replace(plain, missing=loss({ALBUMIN: 0.4}), slope=1.3)
    matrix = patients(count=20, missing=0.0)[0]
    matrix[:, ALBUMIN] = np.nan
    members = model.member_log_odds(matrix)
    jackknife = (len(members) - 1) * members.var(axis=0)
    reach = ndtri(0.975) * np.sqrt(jackknife + 1.3**2 * 0.4)
    assert model.interval(matrix)[1] == pytest.approx(expit(members.mean(axis=0) + reach))
    # Sodium was not measured: it is varied over its development quantiles, as in a model that carries nothing.
    matrix = patients(count=20, missing=0.0)[0]
    matrix[:, SODIUM] = np.nan
    assert np.array_equal(model.interval(matrix), replace(plain, slope=1.3).interval(matrix))


def test_what_came_later_is_saved_and_a_model_without_it_is_read(tmp_path: Path) -> None:
    plain, matrix = model_of("elastic_net"), patients()[0]
    known = learn_development_distribution(matrix, schema(), np.arange(len(matrix)) % 3)
    save_model(plain, tmp_path / "plain")
    save_model(replace(plain, missing=loss({ALBUMIN: 0.4}), development=known), tmp_path / "later")
    before, after = (load_model(tmp_path / name)[0] for name in ("plain", "later"))
    assert before.missing is None
    assert before.development is None
    assert after.missing is not None
    assert after.missing.added_variance(without(ALBUMIN))[0] == 0.4
    assert after.development is not None
    assert np.array_equal(after.development.distances(matrix).standardised, known.distances(matrix).standardised)
