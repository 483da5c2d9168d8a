"""The patients of a study: its cohort, their outcomes, and who of them stays together in resampling."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome, LabelledTimes, label_outcome, require_events
from spinecast.errors import CohortError
from spinecast.training.features import cohort_with_features
from spinecast.training.plan import any_definition, cohort_source, cohort_variables, is_group_column, outcome_definition
from spinecast.training.study import Study
from spinecast.validation.recorded_outcome import label_as_event
from spinecast.validation.subgroups import SITE, Grouping, group_patients

__all__ = ["patient_groups", "patient_sites", "patients_as_event", "study_patients"]

# Ten events cannot carry even one predictor (Peduzzi 1996, doi:10.1016/S0895-4356(96)00236-3). A floor below which
# nothing is fitted, far from a sufficient size.
FEWEST_EVENTS = 10


def study_patients(study: Study) -> tuple[Cohort, LabelledOutcome]:
    """Read the patients of a study and their outcomes, as training does.

    Parameters
    ----------
    study : Study

    Returns
    -------
    cohort : Cohort
        Everybody who passed the contract.
    labelled : LabelledOutcome
        The outcome of those of them who are analysed; ``labelled.rows`` are their rows in the cohort.

    Raises
    ------
    ContractError
        If the table breaks the contract.
    CohortError
        If there is no table or nobody in it, or the outcome is too rare or too common to learn from.
    """
    cohort = cohort_with_features(study, cohort_source(study), cohort_variables(study))
    labelled = label_outcome(cohort, outcome_definition(study))
    require_events(labelled, max(FEWEST_EVENTS, 2 * study.resampling.outer_folds))
    return cohort, labelled


def patients_as_event(study: Study) -> tuple[Cohort, LabelledOutcome]:
    """Read the patients of a study of any kind, their outcome as one that is had or not; to find and describe them.

    Raises
    ------
    SpinecastError
        If they cannot be read, or nobody's outcome is known.
    """
    cohort = cohort_with_features(study, cohort_source(study), cohort_variables(study))
    return cohort, label_as_event(cohort, any_definition(study))


def patient_groups(study: Study, cohort: Cohort, labelled: LabelledOutcome | LabelledTimes) -> NDArray[np.int64] | None:
    """Number the groups whose patients stay together: the table's group column, or the values of a variable.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    labelled : LabelledOutcome

    Returns
    -------
    ndarray of int64, shape (n,), or None
        The group of each labelled patient; None where the study keeps nobody together.

    Raises
    ------
    CohortError
        If the cohort does not hold it, or a patient has none: those without a group do not belong together.
    """
    group = study.resampling.group
    if group is None:
        return None
    values = cohort.groups if is_group_column(study, group) else cohort.frame.get(group)
    if values is None:
        raise CohortError(
            f"the cohort holds no {group!r} to keep patients together by",
            where="resampling.group",
            expected="a variable of the dictionary, or cohort.source.group_column",
        )
    codes, _ = pd.factorize(values.iloc[labelled.rows], use_na_sentinel=True)
    missing = int((codes < 0).sum())
    if missing:
        raise CohortError(
            f"{missing} of {len(codes)} patients have no {group}, by which patients are kept together",
            where="resampling.group",
            expected="a group for every patient",
            remedy="fill it in, or name another variable or the table's group_column",
        )
    return np.asarray(codes, dtype=np.int64)


def patient_sites(by: str, study: Study, cohort: Cohort, labelled: LabelledOutcome) -> Grouping:
    """Tell the sites of a study apart, each of which is left out in turn.

    Parameters
    ----------
    by : str
        The table's group column, or a variable: years fall into single ones or five at a time, numbers at quartiles.
    study : Study
    cohort : Cohort
    labelled : LabelledOutcome

    Raises
    ------
    CohortError
        If there are not two sites.
    """
    name = SITE if is_group_column(study, by) else by
    found = [
        one
        for one in group_patients(cohort, labelled.rows, () if name == SITE else (name,))
        if one.variable == name and len(one.groups) > 1
    ]
    if not found:
        raise CohortError(
            f"the patients do not differ in {by}, by which one site after the other is left out",
            where="internal_validation.internal_external.by",
            expected="two sites or more",
            remedy="name what tells the sites apart, or leave internal_external out",
        )
    return found[0]
