"""The study's procedure once more in further splits: what internal validation judges is fitted here.

Resamples, repeats, sites and shares are splits like the outer folds, so that they share the units, the journal, the
workers and the rule that chooses. Where tuning is *fixed*, a candidate's only trial has the parameters found on all
patients; encoding, imputation, censoring weights, recalibration and the choice of a winner are learned again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.errors import CohortError
from spinecast.training.assembly import choose
from spinecast.training.checkpoint import count_finished
from spinecast.training.internal_splits import FurtherSplits, SplitPlan
from spinecast.training.patients import patient_groups, patient_sites
from spinecast.training.plan import ensemble_names, fixed_plans
from spinecast.training.resampling import ALL_PATIENTS, Split
from spinecast.training.search import SearchData, SearchResult, search
from spinecast.training.study import Study
from spinecast.training.study.judging import TuningMode
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate
from spinecast.validation.subgroups import FEWEST, Grouping, follows_from_the_others

__all__ = [
    "Answer",
    "Further",
    "Refitted",
    "RefittedSplits",
    "count_refitted",
    "further_splits",
    "large_enough",
    "refit",
]

FURTHER = "internal_validation"
"""Folder of the finished trials of further splits, inside the study's checkpoint."""

FloatArray = NDArray[np.float64]
Answer = Callable[[Split, Mapping[str, TunedCandidate]], FloatArray]
"""Maps a split and its tuned candidates to what the study's rule makes of them for the split's test patients."""


@dataclass(frozen=True, eq=False)
class RefittedSplits:
    """One way to validate, fitted.

    Parameters
    ----------
    tuning : {"fixed", "repeated"}
        Whether the search was repeated inside each training set.
    splits : tuple of Split
        Those that could be used.
    risk : mapping of split name to ndarray, shape (len(test), ...)
        Risk of each split's test patients by the whole procedure; of times curves, of a quantity quantiles.
    refused : mapping of split name to str
        Why others could not be used.
    tuned : mapping of split name to mapping of candidate to TunedCandidate
        Each split's candidates; their members stand in the checkpoint until the run is published.
    """

    tuning: TuningMode
    splits: tuple[Split, ...]
    risk: Mapping[str, FloatArray]
    refused: Mapping[str, str]
    tuned: Mapping[str, Mapping[str, TunedCandidate]]


@dataclass(frozen=True, eq=False)
class Refitted:
    """Every way the study asks for; None where it does not.

    Parameters
    ----------
    bootstrap, repeated_cross_validation, internal_external, learning_curve : RefittedSplits or None
    sites : Grouping or None
        Who is of which site, in the order of the splits ``"without site 1"`` and so on.
    fit_seconds, workers_peak_mb : float
        As of :class:`~spinecast.training.search.SearchResult`.
    """

    bootstrap: RefittedSplits | None
    repeated_cross_validation: RefittedSplits | None
    internal_external: RefittedSplits | None
    learning_curve: RefittedSplits | None
    sites: Grouping | None
    fit_seconds: float
    workers_peak_mb: float


@dataclass(frozen=True, eq=False)
class Further:
    """The further splits a study asks for, by the way to validate, and its sites where it leaves sites out."""

    splits: Mapping[str, FurtherSplits]
    sites: Grouping | None


def further_splits(study: Study, cohort: Cohort, labelled: LabelledOutcome) -> Further:
    """Divide the patients in every further way a study asks for, before anything is fitted.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    labelled : LabelledOutcome

    Raises
    ------
    CohortError
        If the cohort has no two sites to leave out.
    """
    asked = study.internal_validation
    sites = None
    if asked.internal_external is not None and asked.internal_external.by is not None:
        sites = patient_sites(asked.internal_external.by, study, cohort, labelled)
    plan = SplitPlan(
        outcome=labelled.values,
        groups=patient_groups(study, cohort, labelled),
        known=labelled.known,
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=study.seed,
    )
    further: dict[str, FurtherSplits] = {}
    if asked.bootstrap is not None:
        further["bootstrap"] = plan.resamples(asked.bootstrap.resamples)
    if asked.repeated_cross_validation is not None:
        further["repeated_cross_validation"] = plan.repeats(asked.repeated_cross_validation.repeats)
    if sites is not None:
        members = [site for _, site in sites.groups]
        further["internal_external"] = large_enough(plan, plan.without_sites(members), members)
    if asked.learning_curve is not None:
        further["learning_curve"] = plan.smaller(asked.learning_curve.shares, asked.learning_curve.repeats)
    return Further(further, sites)


def refit(
    further: Further,
    study: Study,
    labelled: LabelledOutcome,
    plans: Sequence[CandidatePlan],
    data: SearchData,
    tuned: Mapping[tuple[str, str], TunedCandidate],
    *,
    checkpoint: Path,
    workers: int,
    seed: int | None = None,
    answer: Answer | None = None,
) -> Refitted:
    """Fit the study's procedure in every further split.

    Parameters
    ----------
    further : Further
    study : Study
    labelled : LabelledOutcome
    plans : sequence of CandidatePlan
    data : SearchData
        Of the labelled patients.
    tuned : mapping of (split, candidate) to TunedCandidate
        What was found in the nested splits.
    checkpoint : pathlib.Path
        Folder of the study's finished trials.
    workers : int
    seed : int, optional
        Of the search; the study's if not given.
    answer : callable, optional
        Maps a split and its tuned candidates to what the study's rule makes of them for the split's test patients; the
        risk of an event if not given.
    """
    asked = study.internal_validation
    weighted = {name: _with_weights(splits, labelled) for name, splits in further.splits.items()}
    modes: dict[str, TuningMode] = {name: getattr(asked, name).tuning for name in weighted}
    ensemble = ensemble_names(study)
    used = [plan for plan in plans if ensemble is None or plan.name in ensemble]
    fixed = fixed_plans(used, {plan.name: tuned[ALL_PATIENTS, plan.name].best.parameters for plan in used})
    found: list[SearchResult] = []
    risks: dict[str, FloatArray] = {}
    by_split: dict[str, Mapping[str, TunedCandidate]] = {}
    for mode, candidates in (("fixed", fixed), ("repeated", used)):
        own = [weighted[name] for name in weighted if modes[name] == mode]
        splits = [split for one, _ in own for split in one.splits]
        if not splits:
            continue
        weights = {name: values for _, learned in own for name, values in learned.items()}
        learning = replace(data, weights=weights)
        found.append(
            search(
                learning,
                splits,
                candidates,
                seed=study.seed if seed is None else seed,
                checkpoint=checkpoint / FURTHER / mode,
                workers=workers,
                what="fits of internal validation" if mode == "fixed" else "trials of internal validation",
            )
        )
        answering = answer or _risk_of(learning, ensemble)
        for split in splits:
            here = {plan.name: found[-1].tuned[split.name, plan.name] for plan in candidates}
            risks[split.name], by_split[split.name] = answering(split, here), here
    done = {
        name: RefittedSplits(
            tuning=modes[name],
            splits=splits.splits,
            risk={split.name: risks[split.name] for split in splits.splits},
            refused=splits.refused,
            tuned={split.name: by_split[split.name] for split in splits.splits},
        )
        for name, (splits, _) in weighted.items()
    }
    return Refitted(
        bootstrap=done.get("bootstrap"),
        repeated_cross_validation=done.get("repeated_cross_validation"),
        internal_external=done.get("internal_external"),
        learning_curve=done.get("learning_curve"),
        sites=further.sites,
        fit_seconds=sum(one.fit_seconds for one in found),
        workers_peak_mb=max((one.workers_peak_mb for one in found), default=0.0),
    )


def count_refitted(checkpoint: Path) -> int:
    """Count the finished trials of further splits below a study's checkpoint."""
    return sum(count_finished(checkpoint / FURTHER / mode) for mode in get_args(TuningMode))


def large_enough(plan: SplitPlan, further: FurtherSplits, sites: Sequence[NDArray[np.bool_]]) -> FurtherSplits:
    """Leave out sites too small to be judged: nothing is fitted for what will not be shown.

    Where the numbers of one alone would follow from those of the others and of all, the smallest of these goes with it.
    """
    refused = dict(further.refused)

    def counted(members: NDArray[np.bool_]) -> tuple[int, int]:
        outcome = plan.outcome[members & plan.known]
        return int(outcome.sum()), int((1 - outcome).sum())

    counts = {f"without site {number}": counted(members) for number, members in enumerate(sites, start=1)}
    for name, count in counts.items():
        if min(count) < FEWEST:
            refused.setdefault(name, f"fewer than {FEWEST} events, or fewer than {FEWEST} patients without one")
    shown = [name for name in counts if name not in refused]
    if shown and follows_from_the_others([counts[name] for name in refused]):
        smallest = min(shown, key=lambda name: sum(counts[name]))
        refused[smallest] = "not shown, as the numbers of the one other that is not would follow from it"
    return FurtherSplits(tuple(split for split in further.splits if split.name not in refused), refused)


def _with_weights(further: FurtherSplits, labelled: LabelledOutcome) -> tuple[FurtherSplits, dict[str, FloatArray]]:
    """Learn censoring weights on each split's training patients, and leave out splits that cannot have any."""
    if labelled.weights is None:
        return further, {}
    weights: dict[str, FloatArray] = {}
    refused = dict(further.refused)
    for split in further.splits:
        try:
            weights[split.name] = labelled.ipcw_weights_for(split.train)
        except CohortError as error:
            refused[split.name] = f"in {split.name}, {error.what}"
    return FurtherSplits(tuple(split for split in further.splits if split.name in weights), refused), weights


def _risk_of(data: SearchData, ensemble: Sequence[str] | None) -> Answer:
    def answer(split: Split, here: Mapping[str, TunedCandidate]) -> FloatArray:
        return np.asarray(expit(choose(split, here, ensemble, data.outcome, data.weights.get(split.name)).test))

    return answer
