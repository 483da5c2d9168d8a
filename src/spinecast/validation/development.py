"""What is known of the patients a model was made from, and whether a validation cohort is made of them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import block_of
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.errors import CohortError
from spinecast.models.prognosis_model import development_marginals

__all__ = [
    "Development",
    "Overlap",
    "development_again",
    "find_overlap",
    "fingerprint_over",
    "refuse_borrowed_patients",
    "refuse_development_cohort",
]

FloatArray = NDArray[np.float64]

# Two rows are taken for one person where at least this many variables are known in both and all agree.
_FEWEST_KNOWN = 5
# Rows can tell people apart where hardly anybody shares theirs with another person of the same cohort.
_TELLING = 0.95
# Where people do share rows by chance, this many times as many must agree before it is called an overlap.
_BEYOND_CHANCE = 3
# From half on a cohort is the development cohort, a part of it or an extension of it: this project's own convention.
_SAME = 0.5
# Quantiles of fewer measured predictors than this could agree by chance.
_FEWEST_MEASURED = 3


@dataclass(frozen=True, eq=False)
class Development:
    """What is known of a model's development cohort.

    Parameters
    ----------
    name, kind, fingerprint : str
        As recorded with the model.
    n, events : int or None
        Patients with a known outcome, and events.
    variables : tuple of str
        What the fingerprint was taken over; empty where the run's record is not at hand.
    evaluation, description : mapping or None
        The recorded evaluation and description (``evaluation.json``, ``cohort.json``).
    quantiles : mapping of predictor to sequence of float
        What the model holds of each (`spinecast.models.prognosis_model.MARGINAL_QUANTILES`).
    cohort, labelled : Cohort and LabelledOutcome, or None
        The patients themselves, where their source could be read again and is unchanged.
    unreadable : str
        Why they could not.
    role : str
        What the patients were to the model: "development", "updating" for those it was updated on later, or "borrowed"
        for those who helped to fit it.
    """

    name: str
    kind: str
    fingerprint: str
    n: int | None = None
    events: int | None = None
    variables: tuple[str, ...] = ()
    evaluation: Mapping[str, Any] | None = None
    description: Mapping[str, Any] | None = None
    quantiles: Mapping[str, Sequence[float]] = field(default_factory=dict)
    cohort: Cohort | None = None
    labelled: LabelledOutcome | None = None
    unreadable: str = ""
    role: str = "development"

    def to_dict(self) -> dict[str, Any]:
        """Return what it is as JSON values, without a patient."""
        return {
            "name": self.name,
            "kind": self.kind,
            "fingerprint": self.fingerprint,
            "n": self.n,
            "events": self.events,
            "record": self.evaluation is not None,
            "patients": True if self.cohort is not None else {"absent": self.unreadable},
        }


@dataclass(frozen=True)
class Overlap:
    """People found in both cohorts.

    Parameters
    ----------
    how : str
        What told it; empty where nobody was found.
    shared : int
        Rows of the validation cohort that stand in the development cohort too.
    of, of_development : int
        Patients of each.
    looked : str
        How people in both were looked for, or why they could not be row by row.
    searched : bool
        Whether they could.
    """

    how: str
    shared: int
    of: int
    of_development: int
    looked: str
    searched: bool = True

    @property
    def is_same_cohort(self) -> bool:
        """Whether the one is the other, a part of it, or contains it."""
        return bool(self.how) and max(self.shared / self.of, self.shared / max(self.of_development, 1)) >= _SAME

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "shared": self.shared,
            "of": self.of,
            "looked": self.looked,
            "searched": self.searched,
            "how": self.how or None,
        }


def find_overlap(development: Development, cohort: Cohort, labelled: LabelledOutcome) -> Overlap:
    """Look for the development cohort, or people of it, in a validation cohort.

    Three things tell it: the fingerprint over the development's variables (the same people under the same identifiers);
    the quantiles of every predictor that are known of it, with the number of patients (the same people under other
    identifiers); and, where the development patients can be read again, rows that agree in every variable both have.

    Parameters
    ----------
    development : Development
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort.
    """
    size = development.n or 0
    if fingerprint_over(cohort, development.variables) == development.fingerprint or (
        cohort.fingerprint == development.fingerprint
    ):
        how = "every value of the development's variables, and every identifier, is the same (fingerprint)"
        return Overlap(how, len(cohort), len(cohort), len(cohort), "fingerprint")
    if _same_quantiles(development, cohort, labelled):
        how = "as many patients, and the same quantiles of every predictor to the last digit"
        return Overlap(how, len(labelled), len(labelled), size, "quantiles of the predictors")
    if development.cohort is None:
        return Overlap("", 0, len(cohort), size, development.unreadable, searched=False)
    return _shared_rows(development.cohort, cohort)


def refuse_development_cohort(overlap: Overlap, development: Development, cohort: Cohort) -> None:
    """Refuse a validation on the patients the model was made from.

    Raises
    ------
    CohortError
        If the cohort is the development cohort, a part of it, or contains it.
    """
    if not overlap.is_same_cohort:
        return
    seen, reported = ("updated on", "update") if development.role == "updating" else ("made from", "training")
    raise CohortError(
        f"{cohort.name} is the {development.role} cohort of the model, {development.name}, under another name or in "
        "part",
        where=f"{overlap.shared:,} of {overlap.of:,} patients: {overlap.how}",
        expected=f"patients the model was not {seen}: on its own patients any model looks good",
        remedy=f"name another cohort; how the model does in its own is in the report of its {reported}",
    )


def refuse_borrowed_patients(borrowed: Development, cohort: Cohort, labelled: LabelledOutcome) -> Overlap:
    """Refuse a validation on patients who helped to fit the model: it has seen them, though they judged nothing.

    Returns
    -------
    Overlap
        Of nobody; it says whether they could be looked for.

    Raises
    ------
    CohortError
        If any of them is found.
    """
    overlap = find_overlap(borrowed, cohort, labelled)
    if overlap.how:
        raise CohortError(
            f"{cohort.name} holds patients whom the model borrowed from {borrowed.name} to be fitted",
            where=f"{overlap.shared:,} of {overlap.of:,} patients: {overlap.how}",
            expected="patients the model has not seen: borrowed ones are none of its own, and are not external either",
            remedy="take them out of the file, or name another cohort",
        )
    return overlap


def development_again(cohort: Cohort, labelled: LabelledOutcome, name: str = "") -> Development:
    """Return patients at hand in the form in which those of a development are known, to look for them elsewhere.

    Parameters
    ----------
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort.
    name : str
        The cohort's own when empty.
    """
    return Development(
        name=name or cohort.name,
        kind=cohort.kind,
        fingerprint=cohort.fingerprint,
        n=int(labelled.known.sum()),
        events=labelled.events,
        variables=cohort.variables,
        cohort=cohort,
        labelled=labelled,
        role="updating",
    )


def fingerprint_over(cohort: Cohort, names: Sequence[str]) -> str | None:
    """Return the fingerprint of a cohort reduced to some variables; None where it lacks one of them."""
    if not names or not set(names) <= set(cohort.variables):
        return None
    return replace(cohort, frame=cohort.frame[list(names)]).fingerprint


def _same_quantiles(development: Development, cohort: Cohort, labelled: LabelledOutcome) -> bool:
    # Image features are kept on their common scale, on which no cohort as it was measured is.
    names = [name for name in development.quantiles if block_of(name) is None]
    if development.n is None or development.n != int(labelled.known.sum()) or not set(names) <= set(cohort.variables):
        return False
    levels = [len(variable(name).levels) for name in names]
    if levels.count(0) < _FEWEST_MEASURED:
        return False
    found = development_marginals(cohort.matrix(names)[labelled.rows], levels)
    return bool(np.allclose(found, np.array([development.quantiles[name] for name in names]), rtol=1e-9, atol=0))


def _shared_rows(development: Cohort, cohort: Cohort) -> Overlap:
    names = [name for name in cohort.variables if name in development.variables]
    theirs, mine = (_row_keys(each, names) for each in (development, cohort))
    known_theirs, known_mine = [key for key in theirs if key], [key for key in mine if key]
    size = len(development)
    if not known_theirs or not known_mine or len(set(known_theirs)) < _TELLING * len(known_theirs):
        looked = f"the {len(names)} variables that both cohorts hold cannot tell two people apart"
        return Overlap("", 0, len(cohort), size, looked, searched=False)
    among = set(known_theirs)
    shared = sum(key in among for key in known_mine)
    # As often as two of the development patients share a row by chance, one of each cohort may.
    by_chance = (1 - len(among) / len(known_theirs)) * len(known_mine)
    if by_chance and shared <= _BEYOND_CHANCE * (by_chance + 1):
        shared = 0
    looked = f"rows that agree in all of {len(names)} variables, {_FEWEST_KNOWN} or more of them known"
    return Overlap(looked if shared else "", shared, len(cohort), size, looked)


def _row_keys(cohort: Cohort, names: Sequence[str]) -> list[bytes]:
    """Return each patient's values as bytes, empty where too few are known.

    Single precision takes off what another unit, converted back, leaves behind.
    """
    matrix = cohort.matrix(names).astype(np.float32) + np.float32(0)  # makes -0.0 the same bits as 0.0
    known = ~np.isnan(matrix)
    matrix[~known] = np.nan  # one bit pattern for every missing value
    enough = known.sum(axis=1) >= _FEWEST_KNOWN
    return [row.tobytes() if tells else b"" for row, tells in zip(matrix, enough, strict=True)]
