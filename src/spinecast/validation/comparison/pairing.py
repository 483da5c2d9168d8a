"""Which risks of two runs are risks of the same people: by identifier, and only where the outcomes bear it out.

An identifier says nothing of whose it is: two hospitals may both number their patients from 1. Runs of the same cohort
(the same fingerprint) hold the same people; of others the recorded outcomes must agree in every shared patient, and in
so many that chance cannot have done it (docs/decisions/0025).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from spinecast.errors import CohortError, ContractError
from spinecast.validation.evaluation import CohortIdentity
from spinecast.validation.predictions import Predictions
from spinecast.validation.survival import FollowedRisk, predictions_at_horizon

__all__ = ["CHANCE", "PairedRisks", "RunRisks", "pair", "require_comparable", "shares_patients"]

FloatArray = NDArray[np.float64]

CHANCE = 1e-6
"""Outcomes that agree throughout with a greater chance than this, were they dealt at random, prove no identity."""


@dataclass(frozen=True, eq=False)
class RunRisks:
    """Out-of-fold risks of one run, or of one of its candidates, patient by patient.

    Parameters
    ----------
    name, label : str
    patients : ndarray of str, shape (n,)
        Identifiers, each once.
    risk : ndarray, shape (n,)
    outcome : ndarray, shape (n,)
        0 or 1; NaN where it is not known.
    fold : ndarray of int, shape (n,)
        Outer fold that held the patient out.
    event : str
        Dictionary variable that records the outcome.
    cohort : CohortIdentity
    day : float, optional
        Day the outcome is read at; None where it has none.
    weights : ndarray, shape (n,), optional
        Weights for censoring; 0 where the outcome is not known.
    time, cause : ndarray, shape (n,), optional
        Follow-up in days and what ended it: 0 nothing, 1 the event, 2 another event.
    """

    name: str
    label: str
    patients: NDArray[np.object_]
    risk: FloatArray
    outcome: FloatArray
    fold: NDArray[np.int64]
    event: str
    cohort: CohortIdentity
    day: float | None = None
    weights: FloatArray | None = None
    time: FloatArray | None = None
    cause: FloatArray | None = None

    @property
    def predicts(self) -> str:
        """The outcome in words, for a message."""
        return self.event if self.day is None else f"{self.event} by day {self.day:g}"

    def at(self, rows: NDArray[np.intp]) -> RunRisks:
        """Return some of the patients, in the order of the row numbers."""
        return replace(
            self,
            patients=self.patients[rows],
            risk=self.risk[rows],
            outcome=self.outcome[rows],
            fold=self.fold[rows],
            weights=None if self.weights is None else self.weights[rows],
            time=None if self.time is None else self.time[rows],
            cause=None if self.cause is None else self.cause[rows],
        )

    def predictions(self) -> Predictions:
        """Return the risks with their outcomes, as they can be judged.

        Where the follow-up is known, the censoring is learned on these very patients.

        Raises
        ------
        CohortError
            If nobody was followed up to the day.
        """
        followed = self.followed()
        if followed is not None:
            found = predictions_at_horizon(followed)
            if not isinstance(found, Predictions):
                raise CohortError(f"{self.label} cannot be judged: {found.reason}")
            return Predictions(found.risk, found.outcome, found.weights, self.fold, "out-of-fold")
        return Predictions(self.risk, np.nan_to_num(self.outcome), self.weights, self.fold, "out-of-fold")

    def followed(self) -> FollowedRisk | None:
        """Return the risks beside the follow-up, where it is known."""
        if self.time is None or self.cause is None or self.day is None:
            return None
        return FollowedRisk(self.time, self.cause, self.risk, self.day)


@dataclass(frozen=True, eq=False)
class PairedRisks:
    """Risks of the same n patients.

    Parameters
    ----------
    runs : tuple of RunRisks
        In the order given, each restricted to the shared patients in one order. Outcome, weights and follow-up of all
        are those of one run: the first with a follow-up, else the first with weights, else the first.
    left_out : tuple of int
        Patients of each run whom another run does not have.
    same_cohort : bool
        Whether all have one fingerprint.
    same_folds : bool
        Whether all held out the same patients together.
    """

    runs: tuple[RunRisks, ...]
    left_out: tuple[int, ...]
    same_cohort: bool
    same_folds: bool


def require_comparable(runs: Sequence[RunRisks]) -> None:
    """Refuse a single run, runs of other outcomes, of other days, or of real beside made-up people.

    Raises
    ------
    ContractError
        Naming what each predicts, or whose patients are made up.
    """
    if len(runs) < 2:
        raise ContractError("one run is compared with nothing", expected="two runs or more")
    first = runs[0]
    if any((one.event, one.day) != (first.event, first.day) for one in runs):
        raise ContractError(
            "these runs predict different outcomes, and a risk of one is no better or worse than a risk of another",
            where="; ".join(f"{one.label}: {one.predicts}" for one in runs),
            expected="one event, read at one day",
            remedy="compare runs of one outcome; a model of times answers at any of its days: --horizon DAYS",
        )
    if any(one.cohort.kind != first.cohort.kind for one in runs):
        raise ContractError(
            "real patients are not compared with made-up ones",
            where="; ".join(f"{one.label}: {one.cohort.name} ({one.cohort.kind})" for one in runs),
            expected="cohorts that are all real or all synthetic",
        )


def shares_patients(runs: Sequence[RunRisks]) -> bool:
    """Say whether any two runs hold the same person; identifiers that two cohorts both use by chance are none."""
    return any(_share(first, second) for first, second in combinations(runs, 2))


def _share(first: RunRisks, second: RunRisks) -> bool:
    _, here, there = np.intersect1d(first.patients, second.patients, return_indices=True)
    if not here.size or first.cohort.fingerprint == second.cohort.fingerprint:
        return bool(here.size)
    outcome, other = first.outcome[here], second.outcome[there]
    known = np.isfinite(outcome) & np.isfinite(other)
    return bool((outcome[known] == other[known]).all()) and _chance_agreement(outcome[known]) <= CHANCE


def pair(runs: Sequence[RunRisks]) -> PairedRisks:
    """Put the patients that all runs have side by side.

    Parameters
    ----------
    runs : sequence of RunRisks
        Two or more.

    Raises
    ------
    ContractError
        If there are fewer than two, they predict different outcomes, share no patient, or the shared identifiers are
        not shown to be the same people.
    CohortError
        If the shared patients all had the outcome, or none.
    """
    require_comparable(runs)
    places = [{name: row for row, name in enumerate(one.patients.tolist())} for one in runs]
    shared = [name for name in runs[0].patients.tolist() if all(name in other for other in places[1:])]
    if not shared:
        raise ContractError(
            "these runs share no patient",
            where=_cohorts(runs),
            expected="runs whose out-of-fold tables name the same patients",
            remedy="compare runs of one cohort, or add --unpaired: then each is judged in its own patients",
        )
    rows = [np.array([place[name] for name in shared], dtype=np.intp) for place in places]
    here = [one.at(own) for one, own in zip(runs, rows, strict=True)]
    same = len({one.cohort.fingerprint for one in runs}) == 1
    _require_same_people(here, _cohorts(runs), same_cohort=same)
    source = next((one for one in here if one.time is not None), None)
    source = source or next((one for one in here if one.weights is not None), here[0])
    judged_by = {name: getattr(source, name) for name in ("outcome", "weights", "time", "cause")}
    return PairedRisks(
        runs=tuple(replace(one, **judged_by) for one in here),
        left_out=tuple(len(one.patients) - len(shared) for one in runs),
        same_cohort=same,
        same_folds=all(_one_partition(here[0].fold, other.fold) for other in here[1:]),
    )


def _require_same_people(runs: Sequence[RunRisks], where: str, *, same_cohort: bool) -> None:
    first = runs[0]
    for other in runs[1:]:
        known = np.isfinite(first.outcome) & np.isfinite(other.outcome)
        differ = int((first.outcome[known] != other.outcome[known]).sum())
        if differ:
            raise ContractError(
                f"{differ:,} of {int(known.sum()):,} shared identifiers have another outcome in {other.label} than in "
                f"{first.label}: these are not the same people, or not the same outcome",
                where=where,
                expected="one outcome for each patient",
                remedy="compare runs of one table and one definition of the outcome",
            )
        if not same_cohort and _chance_agreement(first.outcome[known]) > CHANCE:
            raise ContractError(
                f"that the outcomes of the {int(known.sum()):,} shared identifiers agree may be chance: it is not "
                "shown that they are the same people",
                where=where,
                expected="runs of one cohort, or more shared patients with and without the outcome",
            )
    known = np.isfinite(first.outcome)
    events = int(first.outcome[known].sum())
    if events in (0, int(known.sum())):
        raise CohortError(
            f"{'none' if events == 0 else 'all'} of the {int(known.sum()):,} shared patients had the outcome",
            expected="shared patients with and without it",
        )


def _chance_agreement(outcome: FloatArray) -> float:
    """Chance that as many events, dealt at random to these patients, fall on the very same ones."""
    n, events = outcome.size, float(outcome.sum())
    ways = float(gammaln(n + 1) - gammaln(events + 1) - gammaln(n - events + 1)) if n else 0.0
    return float(np.exp(-ways))


def _one_partition(first: NDArray[np.int64], second: NDArray[np.int64]) -> bool:
    """Say whether two numberings of folds hold the same patients together."""
    pairs = len(set(zip(first.tolist(), second.tolist(), strict=True)))
    return pairs == len(set(first.tolist())) == len(set(second.tolist()))


def _cohorts(runs: Sequence[RunRisks]) -> str:
    return "; ".join(
        f"{one.label}: {one.cohort.name}, {one.patients.size:,} patients, fingerprint {one.cohort.fingerprint[:12]}"
        for one in runs
    )
