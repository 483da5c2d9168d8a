"""The patients a model is updated on: set apart from those it is then judged on, and known again when met later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome, Outcome
from spinecast.errors import CohortError
from spinecast.models.loading import AnyModel
from spinecast.models.prognosis_model import development_marginals
from spinecast.validation.development import (
    Development,
    development_again,
    find_overlap,
    fingerprint_over,
    refuse_development_cohort,
)
from spinecast.validation.recorded_outcome import label_as_event, outcome_variables

__all__ = ["describe_people", "divide_patients", "refuse_same_patients", "refuse_updating_cohorts", "updating_cohorts"]


def divide_patients(cohort: Cohort, labelled: LabelledOutcome, share: float, seed: int) -> tuple[Cohort, Cohort]:
    """Divide patients at random into those a model is updated on and those it is judged on.

    The shares of events are alike on both sides. Where the cohort has more than one group (site, centre), groups stay
    whole and go to one side each, because patients of one group are no proof of each other.

    Parameters
    ----------
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort; whoever it leaves out is on neither side.
    share : float
        Of the patients, or of the groups, that are judged on; strictly between 0 and 1.
    seed : int

    Returns
    -------
    updating, judging : Cohort

    Raises
    ------
    CohortError
        If a side would be without patients of one outcome.
    """
    from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

    groups = None if cohort.groups is None else pd.factorize(cohort.groups.iloc[labelled.rows])[0]
    known = labelled.values[labelled.known]
    if min(known.sum(), (1 - known).sum()) < 2:
        raise _one_sided(labelled)
    if groups is not None and len(np.unique(groups)) > 1:
        divide = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
        first, second = next(divide.split(groups[:, None], groups=groups))
    else:
        # Patients whose outcome is not known are a stratum of their own.
        strata = np.where(labelled.known, labelled.values, 2)
        strata = np.where(np.isin(strata, [2]) & ((strata == 2).sum() < 2), 0, strata)
        divide = StratifiedShuffleSplit(n_splits=1, test_size=share, random_state=seed)
        try:
            first, second = next(divide.split(strata[:, None], strata))
        except ValueError:  # fewer patients on a side than there are strata
            raise _one_sided(labelled) from None
    for side in (first, second):
        there = labelled.values[side][labelled.known[side]]
        if len(np.unique(there)) < 2:
            raise _one_sided(labelled)
    return (
        cohort.subset(np.sort(labelled.rows[first]), step="updating", reason="set apart to judge the updated model"),
        cohort.subset(np.sort(labelled.rows[second]), step="judging", reason="the model was updated on them"),
    )


def _one_sided(labelled: LabelledOutcome) -> CohortError:
    return CohortError(
        "the patients cannot be divided: one side would be all with the outcome, or all without",
        where=f"{labelled.events} of {int(labelled.known.sum())} patients have it",
        expected="both outcomes among those the model is updated on and among those it is judged on",
        remedy="gather more patients, name others to judge on with --judge FILE, or change --judge-share or --seed",
    )


def describe_people(
    cohort: Cohort, labelled: LabelledOutcome, predictors: Sequence[str], outcome: Outcome
) -> dict[str, Any]:
    """Return what tells a cohort again, and gives no patient away: fingerprint, counts, quantiles of the predictors.

    Parameters
    ----------
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort.
    predictors : sequence of str
        Of the model; those the cohort lacks are left out.
    outcome : Outcome

    Returns
    -------
    dict
        JSON values.
    """
    held = [name for name in predictors if name in cohort.frame]
    names = list(dict.fromkeys((*held, *outcome_variables(outcome))))
    levels = [len(variable(name).levels) for name in held]
    quantiles = development_marginals(cohort.matrix(held)[labelled.rows], levels).tolist()
    return {
        "name": cohort.name,
        "kind": cohort.kind,
        "fingerprint": fingerprint_over(cohort, names),
        "variables": names,
        "n": int(labelled.known.sum()),
        "events": labelled.events,
        "quantiles": dict(zip(held, quantiles, strict=True)),
    }


def updating_cohorts(model: AnyModel) -> tuple[Development, ...]:
    """Return the patients a model was updated on, and the whole cohorts they were part of, as the model records them.

    Parameters
    ----------
    model : AnyModel
        None of them for one that was never updated.
    """
    recorded = [one for update in model.about.get("updates") or () for one in (update["cohort"], update["drawn_from"])]
    return tuple(
        Development(
            name=one["name"],
            kind=one["kind"],
            fingerprint=one["fingerprint"],
            n=one["n"],
            events=one["events"],
            variables=tuple(one["variables"]),
            quantiles=one["quantiles"],
            unreadable="the model keeps no patient it was updated on",
            role="updating",
        )
        for one in recorded
        if one is not None
    )


def refuse_updating_cohorts(model: AnyModel, cohort: Cohort, labelled: LabelledOutcome) -> None:
    """Refuse to judge a model on the patients it was updated on, or on all it was updated and judged on together.

    Raises
    ------
    CohortError
        If they are.
    """
    for people in updating_cohorts(model):
        refuse_development_cohort(find_overlap(people, cohort, labelled), people, cohort)


def refuse_same_patients(updating: Cohort, judging: Cohort, outcome: Outcome) -> None:
    """Refuse two files of which the second, judged on, holds patients of the first, updated on.

    Raises
    ------
    CohortError
        If rows agree, or both are the same file.
    """
    known = development_again(updating, label_as_event(updating, outcome))
    overlap = find_overlap(known, judging, label_as_event(judging, outcome))
    if overlap.how:
        raise CohortError(
            f"{judging.name} holds patients of {updating.name}, on which the model is to be updated",
            where=f"{overlap.shared:,} of {overlap.of:,} patients: {overlap.how}",
            expected="patients to judge on who are none of those the model is updated on",
            remedy="take them out of one of the files, or leave --judge out: the patients are then divided",
        )
