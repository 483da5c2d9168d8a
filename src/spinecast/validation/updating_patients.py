"""The patients a model is updated on: set apart from those it is then judged on, and known again when met later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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

__all__ = [
    "UpdatedOn",
    "describe_people",
    "divide_patients",
    "refuse_same_patients",
    "refuse_updating_patients",
    "updates_of",
]


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


@dataclass(frozen=True, eq=False)
class UpdatedOn:
    """The patients of one update.

    Parameters
    ----------
    parent : str
        Identity of the model that was updated: it tells which update this was.
    people : Development
        Whom the model was updated on.
    drawn_from : Development or None
        All of whom some were set apart to judge the updated model on; None where others were named for that.
    """

    parent: str
    people: Development
    drawn_from: Development | None = None

    @property
    def cohorts(self) -> tuple[Development, ...]:
        """Whom the model must not be judged on: those it was updated on, and as a whole those it was drawn from."""
        if self.drawn_from is None:
            return (self.people,)
        return self.people, replace(self.drawn_from, cohort=None)


def updates_of(model: AnyModel) -> tuple[UpdatedOn, ...]:
    """Return whom a model was updated on, the oldest update first, as the model records them: without a patient.

    Parameters
    ----------
    model : AnyModel
        None of them for one that was never updated.
    """
    return tuple(
        UpdatedOn(
            parent=str((update.get("parent") or {}).get("identity", "")),
            people=_recorded(update["cohort"]),
            drawn_from=None if update["drawn_from"] is None else _recorded(update["drawn_from"]),
        )
        for update in model.about.get("updates") or ()
    )


def _recorded(people: Mapping[str, Any]) -> Development:
    return Development(
        name=people["name"],
        kind=people["kind"],
        fingerprint=people["fingerprint"],
        n=people["n"],
        events=people["events"],
        variables=tuple(people["variables"]),
        quantiles=people["quantiles"],
        unreadable="the model keeps no patient it was updated on",
        role="updating",
    )


def refuse_updating_patients(
    updates: Sequence[UpdatedOn], cohort: Cohort, labelled: LabelledOutcome
) -> list[dict[str, Any]]:
    """Refuse to judge a model on patients it was updated on, or on all it was updated and judged on together.

    Whom an update was judged on, the model has not seen; they may be judged on again, and the answer says how many of
    them there are: they come from where the model was updated, and are no patients of elsewhere.

    Parameters
    ----------
    updates : sequence of UpdatedOn
        With the patients themselves, where they could be read again: only then are they looked for row by row.
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort.

    Returns
    -------
    list of dict
        JSON values, an update each: who of its patients was looked for, how, and how many were found.

    Raises
    ------
    CohortError
        If any of them is found.
    """
    found = []
    for update in updates:
        for people in update.cohorts:
            overlap = find_overlap(people, cohort, labelled)
            refuse_development_cohort(overlap, people, cohort)
            if overlap.how:
                raise CohortError(
                    f"{cohort.name} holds patients of {people.name}, on whom the model was updated",
                    where=f"{overlap.shared:,} of {overlap.of:,} patients: {overlap.how}",
                    expected="patients the model has not seen",
                    remedy="take them out of the file, or name another cohort",
                )
        looked_for = update.drawn_from or update.people
        overlap = find_overlap(looked_for, cohort, labelled)
        told = {"role": "updating", "name": looked_for.name, "fingerprint": looked_for.fingerprint}
        found.append({**told, "parent": update.parent, **overlap.to_dict()})
    return found


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
