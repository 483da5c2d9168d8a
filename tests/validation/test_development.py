"""Whether a cohort is the development cohort again: under its own name, other identifiers, another unit, or in part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from validation.made_validation import INPUTS, VARIABLES, cohort_of, development_of, labelled_of, table

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.errors import CohortError
from spinecast.models.prognosis_model import PrognosisModel, development_marginals
from spinecast.validation.development import Development, Overlap, find_overlap, refuse_development_cohort

HOME = table(400, seed=1)


def model_of(cohort: Cohort, names: tuple[str, ...] = INPUTS) -> PrognosisModel:
    """A model with nothing in it but the quantiles of its development cohort."""
    levels = [len(variable(name).levels) for name in names]
    marginals = development_marginals(cohort.matrix(names), levels)
    return PrognosisModel("made", names, (), 0.0, 1.0, marginals, {})


def overlap(development: Development, cohort: Cohort, model: PrognosisModel | None = None) -> Overlap:
    if model is not None:
        held = dict(zip(model.predictors, model.marginals.tolist(), strict=True))
        development = replace(development, quantiles=held)
    return find_overlap(development, cohort, labelled_of(cohort))


def test_the_same_patients_under_another_name_are_told_by_their_fingerprint() -> None:
    home = cohort_of(HOME)
    recorded = Development("home", "synthetic", home.fingerprint, n=400, variables=VARIABLES, unreadable="gone")
    again = cohort_of(HOME.sample(frac=1, random_state=2).reset_index(drop=True), "somewhere_else")
    found = overlap(recorded, again)
    assert found.is_same_cohort
    assert "fingerprint" in found.how
    with pytest.raises(CohortError, match="somewhere_else is the development cohort of the model, home"):
        refuse_development_cohort(found, recorded, again)


def test_further_variables_do_not_hide_it() -> None:
    home = cohort_of(HOME)
    fewer = tuple(name for name in VARIABLES if name != "creatinine")
    recorded = Development("home", "synthetic", "", n=400, variables=fewer, unreadable="gone")
    fingerprint = replace(home, frame=home.frame[list(fewer)]).fingerprint
    assert overlap(replace(recorded, fingerprint=fingerprint), home).is_same_cohort


def test_new_identifiers_are_told_by_the_quantiles_a_model_holds() -> None:
    home = cohort_of(HOME)
    recorded = Development("home", "synthetic", home.fingerprint, n=400, variables=VARIABLES, unreadable="gone")
    renamed = cohort_of(HOME.assign(patient=[f"X{number}" for number in range(400)]))
    assert not overlap(recorded, renamed).is_same_cohort  # nothing is left to tell it by
    found = overlap(recorded, renamed, model_of(home))
    assert found.is_same_cohort
    assert "quantiles" in found.how
    other = cohort_of(table(400, seed=2))
    assert not overlap(recorded, other, model_of(home)).how


def test_two_measured_predictors_do_not_tell_by_quantiles() -> None:
    home = cohort_of(HOME)
    renamed = cohort_of(HOME.assign(patient=[f"X{number}" for number in range(400)]))
    recorded = Development("home", "synthetic", "", n=400, variables=VARIABLES, unreadable="gone")
    assert not overlap(recorded, renamed, model_of(home, ("age", "albumin", "sex"))).how


def test_rows_tell_a_part_and_an_extension() -> None:
    development = development_of(cohort_of(HOME))
    part = HOME.iloc[:90].assign(patient=[f"X{number}" for number in range(90)])
    found = overlap(development, cohort_of(part))
    assert (found.shared, found.of) == (90, 90)
    assert found.is_same_cohort
    more = table(800, seed=5, prefix="Q")
    longer = cohort_of(pd.concat([HOME, more], ignore_index=True))
    found = overlap(development, longer)
    assert (found.shared, found.of, found.of_development) == (400, 1200, 400)
    assert found.is_same_cohort  # all of the development patients are in it


def test_a_few_shared_people_are_counted_and_not_refused() -> None:
    development = development_of(cohort_of(HOME))
    mixed = pd.concat([HOME.iloc[:7], table(300, seed=5, prefix="Q")], ignore_index=True)
    cohort = cohort_of(mixed)
    found = overlap(development, cohort)
    assert (found.shared, found.of) == (7, 307)
    assert not found.is_same_cohort
    refuse_development_cohort(found, development, cohort)


def test_another_unit_converted_back_is_the_same_value() -> None:
    development = development_of(cohort_of(HOME))
    converted = HOME.assign(albumin=(HOME["albumin"] * 10 * 0.1), patient=[f"X{number}" for number in range(400)])
    assert (converted["albumin"] != HOME["albumin"]).any()
    assert overlap(development, cohort_of(converted)).shared == 400


def test_other_people_share_nothing() -> None:
    found = overlap(development_of(cohort_of(HOME)), cohort_of(table(400, seed=9)))
    assert (found.how, found.shared, found.searched) == ("", 0, True)


def test_rows_that_cannot_tell_people_apart_tell_nothing() -> None:
    draw = np.random.default_rng(1)

    def coarse(count: int, seed: int) -> pd.DataFrame:
        made = table(count, seed)
        return made.assign(
            age=draw.integers(5, 8, count) * 10.0, albumin=3.0, creatinine=1.0, follow_up_time=100.0, death="absent"
        )

    home = coarse(300, 1)
    home.loc[0, ["death", "follow_up_time"]] = ["present", 20.0]
    there = coarse(300, 2)
    there.loc[0, ["death", "follow_up_time"]] = ["present", 30.0]
    found = overlap(development_of(cohort_of(home)), cohort_of(there))
    assert found.shared == 0
    assert not found.searched
    assert "cannot tell two people apart" in found.looked


def test_without_the_patients_rows_are_not_searched() -> None:
    found = overlap(development_of(None), cohort_of(HOME))
    assert not found.searched
    assert found.looked == "nobody kept them"
    assert found.to_dict()["shared"] == 0
