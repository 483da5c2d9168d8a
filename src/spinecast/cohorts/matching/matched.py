"""Propensity matching: for each treated patient, controls who were as likely to be treated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.matching.covariate_balance import BalanceRow, balance_rows
from spinecast.cohorts.matching.neighbours import match_with_replacement, match_without_replacement
from spinecast.cohorts.matching.plan import MatchingPlan
from spinecast.cohorts.matching.propensity import Propensity, fit_propensity
from spinecast.cohorts.standardised_differences import NOTICEABLE, effective_size
from spinecast.errors import CohortError

__all__ = ["MatchedCohort", "Members", "match_cohort"]

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]

_FEWEST = 2


@dataclass(frozen=True, eq=False)
class Members:
    """Who is matched with whom: one entry a patient and set, set by set, the treated patient first.

    Parameters
    ----------
    rows : ndarray of int, shape (m,)
        Row positions in the cohort.
    sets : ndarray of int, shape (m,)
        Number of the set, from 1, in the order of the treated patients in the cohort.
    treated : ndarray of bool, shape (m,)
    weights : ndarray, shape (m,)
        1 for the treated and 1 / (controls of the set) for each control, so that both sides of a set weigh the same:
        what is estimated is the effect in the treated who are matched.
    """

    rows: IndexArray
    sets: IndexArray
    treated: NDArray[np.bool_]
    weights: FloatArray


@dataclass(frozen=True, eq=False)
class MatchedCohort:
    """A cohort and its matched sets.

    Parameters
    ----------
    cohort : Cohort
        The patients whose treatment is known.
    plan : MatchingPlan
    treated : ndarray of bool, shape (n,)
    propensity : Propensity
    deviation, width : float
        Pooled standard deviation of the logit of the propensity, and the caliper in its units.
    members : Members
    alone : int
        Treated patients without any control of the same exact values.
    balance : tuple of BalanceRow
    """

    cohort: Cohort
    plan: MatchingPlan
    treated: NDArray[np.bool_]
    propensity: Propensity
    deviation: float
    width: float
    members: Members
    alone: int
    balance: tuple[BalanceRow, ...]

    @property
    def matched_treated(self) -> int:
        """Treated patients with at least one control."""
        return int(self.members.treated.sum())

    @property
    def dropped_treated(self) -> int:
        """Treated patients without a control."""
        return int(self.treated.sum()) - self.matched_treated

    @property
    def control_weights(self) -> FloatArray:
        """Weight of each control that is used, each once."""
        controls = ~self.members.treated
        total = np.bincount(self.members.rows[controls], self.members.weights[controls], minlength=len(self.cohort))
        return total[total > 0].astype(np.float64)

    @property
    def set_sizes(self) -> dict[int, int]:
        """How many sets have how many controls."""
        sizes = np.bincount(np.bincount(self.members.sets[~self.members.treated])[1:])
        return {size: int(count) for size, count in enumerate(sizes) if size and count}

    def warnings(self) -> tuple[str, ...]:
        """Say what a reader must know before using the matched patients."""
        said, cases = [], int(self.treated.sum())
        uneven = [
            f"{row.label} ({'not estimable' if row.after is None else f'{abs(row.after):.2f}'})"
            for row in self.balance
            if row.kind != "propensity" and (row.after is None or abs(row.after) > NOTICEABLE)
        ]
        if uneven:
            said.append(f"After matching the groups still differ by more than {NOTICEABLE} in {'; '.join(uneven)}.")
        if self.dropped_treated:
            lonely = f", {self.alone:,} of them because no control agrees in {', '.join(self.plan.exact)}"
            said.append(
                f"{self.dropped_treated:,} of {cases:,} treated patients have no match"
                f"{lonely if self.alone else ''}: what is found is about the others."
            )
        if not self.plan.replace and len(self.treated) - cases < cases:
            said.append(
                f"There are fewer controls ({len(self.treated) - cases:,}) than treated patients ({cases:,}): nearly "
                "all controls are taken, alike or not. Match the other way round, or with replacement."
            )
        fewer = sum(count for size, count in self.set_sizes.items() if size < self.plan.ratio)
        if fewer:
            said.append(f"{fewer:,} sets hold fewer than {self.plan.ratio} controls; use the weights.")
        if self.plan.late:
            names = ", ".join(variable(name).label for name in self.plan.late)
            said.append(f"Not known before a prediction, and perhaps changed by the treatment: {names}.")
        if self.propensity.constant:
            names = ", ".join(variable(name).label for name in self.propensity.constant)
            said.append(f"The same in every patient, so without influence: {names}.")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; no patient is among them."""
        plan, weights = self.plan, self.control_weights
        treated = int(self.treated.sum())
        return {
            "cohort": self.cohort.name,
            "kind": self.cohort.kind,
            "fingerprint": self.cohort.fingerprint,
            "attrition": [step.to_dict() for step in self.cohort.attrition],
            "treatment": plan.treatment,
            "level": plan.level,
            "covariates": list(plan.covariates),
            "exact": list(plan.exact),
            "ratio": plan.ratio,
            "replace": plan.replace,
            "seed": plan.seed,
            "caliper": plan.caliper,
            "logit_standard_deviation": self.deviation,
            "caliper_width": self.width,
            "missing_indicators": list(self.propensity.indicated),
            "treated": treated,
            "controls": len(self.treated) - treated,
            "treated_matched": self.matched_treated,
            "treated_dropped": self.dropped_treated,
            "controls_used": len(weights),
            "sets_by_controls": {str(size): count for size, count in self.set_sizes.items()},
            "effective_controls": effective_size(weights),
            "balance": [row.to_dict() for row in self.balance],
            "warnings": list(self.warnings()),
        }


def match_cohort(cohort: Cohort, plan: MatchingPlan, *, smallest: int = 0) -> MatchedCohort:
    """Match controls to the treated patients of a cohort.

    Parameters
    ----------
    cohort : Cohort
        With the plan's variables.
    plan : MatchingPlan
    smallest : int
        Levels that fewer patients have are not broken down in the balance; 0 breaks all down.

    Returns
    -------
    MatchedCohort

    Raises
    ------
    CohortError
        If there are fewer than two treated or control patients, too few controls for the ratio, or no pair within the
        caliper.
    """
    analysed, treated = _by_treatment(cohort, plan)
    _require_controls(treated, plan)
    entries = [variable(name) for name in plan.covariates]
    propensity = fit_propensity(analysed.matrix(plan.covariates), entries, treated)
    spread = [float(np.var(propensity.logit[group], ddof=1)) for group in (treated, ~treated)]
    deviation = float(np.sqrt(sum(spread) / 2))
    width = plan.caliper * deviation
    members, alone = _match(analysed, treated, propensity.logit, plan, width)
    if not len(members.rows):
        raise CohortError(
            "no treated patient has a control within the caliper",
            where=f"caliper {plan.caliper:g} standard deviations of the logit of the propensity ({width:.3g})",
            remedy="the groups hardly overlap: a wider --caliper, fewer --exact variables, or no comparison at all",
        )
    balance = balance_rows(
        analysed, plan, treated, propensity, rows=members.rows, weights=members.weights, smallest=smallest
    )
    return MatchedCohort(analysed, plan, treated, propensity, deviation, width, members, alone, balance)


def _by_treatment(cohort: Cohort, plan: MatchingPlan) -> tuple[Cohort, NDArray[np.bool_]]:
    """Leave out who is not known to be treated or not; return who is treated of the others."""
    entry = variable(plan.treatment)
    column = cohort.matrix([plan.treatment])[:, 0]
    known = ~np.isnan(column)
    if not known.any():
        raise CohortError(f"nobody's treatment is known: {plan.treatment} is missing in every patient")
    if not known.all():
        cohort = cohort.subset(known, step="treatment known", reason=f"{entry.label} not recorded")
    treated = column[known] == entry.level_values.index(plan.level)
    count = int(treated.sum())
    for found, words in ((count, "treated"), (len(treated) - count, "control")):
        if found < _FEWEST:
            others = sorted({entry.level_values[int(value)] for value in np.unique(column[known])})
            raise CohortError(
                f"there {'is' if found == 1 else 'are'} {found or 'no'} {words} patient{'' if found == 1 else 's'}",
                where=f"{plan.treatment}={plan.level}; the table has {', '.join(others)}",
                expected=f"at least {_FEWEST} treated and {_FEWEST} control patients",
            )
    return cohort, treated


def _require_controls(treated: NDArray[np.bool_], plan: MatchingPlan) -> None:
    cases = int(treated.sum())
    controls = len(treated) - cases
    most = controls if plan.replace else max(controls // cases, 1)
    if plan.ratio > most:
        raise CohortError(
            f"a ratio of {plan.ratio} asks for more controls than there are",
            where=f"--ratio {plan.ratio}: {cases:,} treated and {controls:,} control patients",
            expected=f"at most {most}",
            remedy=None if plan.replace else "a lower --ratio, or --replace",
        )


def _match(
    cohort: Cohort, treated: NDArray[np.bool_], logit: FloatArray, plan: MatchingPlan, width: float
) -> tuple[Members, int]:
    """Match within strata of equal exact values; return who is matched, and how many treated have no control there."""
    method = match_with_replacement if plan.replace else match_without_replacement
    found: dict[int, list[int]] = {}
    alone = 0
    for stratum in _strata(cohort, plan):
        cases, controls = stratum[treated[stratum]], stratum[~treated[stratum]]
        alone += 0 if len(controls) else len(cases)
        chosen = method(logit[cases], logit[controls], ratio=plan.ratio, caliper=width)
        for case, places in zip(cases.tolist(), chosen, strict=True):
            if places:
                found[case] = controls[places].tolist()
    rows, sets, weights, is_case = [], [], [], []
    for number, case in enumerate(sorted(found), start=1):
        controls_of = found[case]
        rows += [case, *controls_of]
        sets += [number] * (1 + len(controls_of))
        weights += [1.0, *([1 / len(controls_of)] * len(controls_of))]
        is_case += [True, *([False] * len(controls_of))]
    return (
        Members(
            np.array(rows, dtype=np.intp),
            np.array(sets, dtype=np.intp),
            np.array(is_case, dtype=bool),
            np.array(weights, dtype=np.float64),
        ),
        alone,
    )


def _strata(cohort: Cohort, plan: MatchingPlan) -> Iterator[IndexArray]:
    """Yield the rows of each stratum, in the order in which equals come."""
    count = len(cohort)
    order = np.arange(count) if plan.seed is None else np.random.default_rng(plan.seed).permutation(count)
    if not plan.exact:
        yield order
        return
    values = np.nan_to_num(cohort.matrix(plan.exact), nan=-np.inf)
    _, codes = np.unique(values, axis=0, return_inverse=True)
    grouped = order[np.argsort(codes[order], kind="stable")]
    yield from np.split(grouped, np.flatnonzero(np.diff(codes[grouped])) + 1)
