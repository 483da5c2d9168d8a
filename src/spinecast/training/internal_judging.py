"""Judging what was fitted again: optimism, repeats, sites, shares of patients and the scatter of risks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spinecast.models.prognosis_model import PrognosisModel
from spinecast.statistics import Absent
from spinecast.training.fitting import Trained
from spinecast.training.refitting import Refitted, RefittedSplits
from spinecast.training.resampling import Split
from spinecast.training.seeds import derive_seed
from spinecast.training.study import Study
from spinecast.training.study.judging import TuningMode
from spinecast.training.threshold_training import Searched
from spinecast.validation import Basis, Predictions
from spinecast.validation.internal import (
    BootstrapValidation,
    Drawn,
    DrawnAnswers,
    Instability,
    InternalExternal,
    InternalValidation,
    LearningCurve,
    Measured,
    RepeatedValidation,
    SitePredictions,
    answers_by_bootstrap,
    answers_by_share,
    answers_by_site,
    answers_repeatedly,
    instability,
    learning_curve,
    validate_by_bootstrap,
    validate_by_site,
    validate_repeatedly,
)
from spinecast.validation.threshold import CERTAIN

__all__ = ["judge_answers", "judge_internally", "judge_threshold_answers", "pooled_repeats"]

FloatArray = NDArray[np.float64]
NOT_ASKED = "the study does not ask for it"


def judge_internally(trained: Trained, model: PrognosisModel) -> InternalValidation:
    """Work out the internal validation of a study from the models that were fitted again.

    Parameters
    ----------
    trained : Trained
    model : PrognosisModel
        The final model, whose performance in its own patients is what optimism is taken off.
    """
    by_bootstrap, scatter = _bootstrap(trained, model)
    return InternalValidation(
        bootstrap=by_bootstrap,
        repeated_cross_validation=_repeats(trained),
        internal_external=_sites(trained),
        learning_curve=_shares(trained),
        instability=scatter,
    )


def _bootstrap(trained: Trained, model: PrognosisModel) -> tuple[BootstrapValidation | Absent, Instability | Absent]:
    found = trained.refitted.bootstrap
    if found is None:
        return Absent(NOT_ASKED), Absent("it needs the bootstrap, which the study does not ask for")
    matrix = trained.cohort.matrix(model.predictors)[trained.labelled.rows]
    apparent = _predictions(trained, model.predict(matrix), "apparent")
    drawn = [Drawn(split.train, found.risk[split.name]) for split in found.splits]
    drawn += [Drawn(np.empty(0, dtype=np.int64), None) for _ in found.refused]
    group = trained.study.resampling.group
    validated = validate_by_bootstrap(
        apparent,
        drawn,
        tuning=found.tuning,
        drawn="patients" if group is None else f"whole groups ({group})",
        notes=_notes(found),
        bootstrap=trained.study.evaluation.bootstrap,
        seed=_seed(trained),
    )
    risks = [one.risk for one in drawn if one.risk is not None]
    return validated, instability(apparent, risks, trained.study.evaluation.thresholds, tuning=found.tuning)


def _repeats(trained: Trained) -> RepeatedValidation | Absent:
    found = trained.refitted.repeated_cross_validation
    if found is None:
        return Absent(NOT_ASKED)
    return validate_repeatedly(
        _pooled(trained, found, ""),
        folds=trained.study.resampling.outer_folds,
        tuning=found.tuning,
        notes=_notes(found),
        bootstrap=trained.study.evaluation.bootstrap,
        seed=_seed(trained),
    )


def _sites(trained: Trained) -> InternalExternal | Absent:
    found, sites = trained.refitted.internal_external, trained.refitted.sites
    if found is None or sites is None:
        return Absent(NOT_ASKED)
    judged = []
    for number, (label, members) in enumerate(sites.groups, start=1):
        if (risk := found.risk.get(f"without site {number}")) is not None:
            predictions = _predictions(trained, risk, "internal-external", np.flatnonzero(members))
            judged.append(SitePredictions(label, predictions))
    # Not by name: what tells apart groups of few patients may tell who they are.
    for reason, count in Counter(found.refused.values()).items():
        judged.append(SitePredictions(f"{count} {'other' if count == 1 else 'others'}", Absent(reason)))
    return validate_by_site(
        judged,
        by=sites.variable,
        label=sites.label,
        tuning=found.tuning,
        bootstrap=trained.study.evaluation.bootstrap,
        seed=_seed(trained),
    )


def _shares(trained: Trained) -> LearningCurve | Absent:
    found, asked = trained.refitted.learning_curve, trained.study.internal_validation.learning_curve
    if found is None or asked is None:
        return Absent(NOT_ASKED)
    folds, events = trained.study.resampling.outer_folds, trained.labelled.values
    shares = {
        share: (n, happened, _pooled(trained, found, prefix) or _why_none(found, prefix))
        for share, prefix, n, happened in _learnt(found, asked.shares, events, trained.labelled.known)
    }
    return learning_curve(
        shares,
        repeats=asked.repeats,
        folds=folds,
        tuning=found.tuning,
        bootstrap=trained.study.evaluation.bootstrap,
        seed=_seed(trained),
    )


def _learnt(
    found: RefittedSplits, shares: Sequence[float], event: FloatArray, known: NDArray[np.bool_]
) -> Iterator[tuple[float, str, float, float]]:
    """Each share with the beginning of its splits' names, and how many patients and events its models learned from."""
    for share in shares:
        prefix = f"share {share:g} "
        rows = [split.train[known[split.train]] for split in found.splits if split.name.startswith(prefix)]
        count = float(np.mean([len(one) for one in rows])) if rows else 0.0
        yield share, prefix, count, float(np.mean([event[one].sum() for one in rows])) if rows else 0.0


def _why_none(found: RefittedSplits, prefix: str) -> Absent:
    """Say why no repeat of a share could be used."""
    reasons = [reason for name, reason in found.refused.items() if name.startswith(prefix)]
    return Absent(reasons[0] if reasons else "no division into folds could be used")


def _pooled(trained: Trained, found: RefittedSplits, prefix: str) -> list[Predictions]:
    risks = pooled_repeats(found, prefix, trained.study.resampling.outer_folds, len(trained.labelled))
    return [_predictions(trained, risk, "out-of-fold") for risk in risks]


def pooled_repeats(found: RefittedSplits, prefix: str, folds: int, count: int) -> list[FloatArray]:
    """Pool the folds of each repeat; a repeat one of whose folds could not be used is left out.

    Parameters
    ----------
    found : RefittedSplits
    prefix : str
        Of the names of the splits that count.
    folds, count : int
        Folds of a repeat, and patients.
    """
    by_repeat: dict[str, list[Split]] = {}
    for split in found.splits:
        if (told := re.fullmatch(rf"{re.escape(prefix)}(repeat \d+) fold \d+", split.name)) is not None:
            by_repeat.setdefault(told[1], []).append(split)
    pooled = []
    for splits in by_repeat.values():
        if len(splits) == folds:
            answers = np.empty((count, *found.risk[splits[0].name].shape[1:]))
            for split in splits:
                answers[split.test] = found.risk[split.name]
            pooled.append(answers)
    return pooled


def judge_threshold_answers(
    trained: Searched, apparent: FloatArray, measured: Measured, chance: Callable[[FloatArray], FloatArray]
) -> InternalValidation:
    """Work out the internal validation of a study one threshold of whose outcome is read as an event.

    Parameters
    ----------
    trained : Searched
    apparent : ndarray, shape (n, ...)
        Answers of the final model for the patients it was made from.
    measured : callable
        As :data:`spinecast.validation.internal.Measured`.
    chance : callable
        Maps answers to the probability of passing the threshold that was checked, shape (n,).
    """
    passing = trained.passing.values

    def scatter(answers: Sequence[FloatArray], tuning: TuningMode) -> Instability | Absent:
        own, *others = (np.clip(chance(found), CERTAIN, 1 - CERTAIN) for found in (apparent, *answers))
        final = Predictions(own, passing, None, None, "apparent")
        return instability(final, others, trained.study.evaluation.thresholds, tuning=tuning)

    return judge_answers(trained.refitted, trained.study, apparent, measured, passing, scatter)


def judge_answers(
    refitted: Refitted,
    study: Study,
    apparent: FloatArray,
    measured: Measured,
    event: FloatArray,
    scatter: Callable[[Sequence[FloatArray], TuningMode], Instability | Absent],
) -> InternalValidation:
    """Work out the internal validation of a study whose answers are no single risk.

    Parameters
    ----------
    refitted : Refitted
    study : Study
    apparent : ndarray, shape (n, ...)
        Answers of the final model for the patients it was made from.
    measured : callable
        As :data:`spinecast.validation.internal.Measured`.
    event : ndarray, shape (n,)
        1 where the event that patients are counted by was seen.
    scatter : callable
        Maps the answers of models of resamples, and their tuning, to how one risk scatters.
    """
    boot, repeated = refitted.bootstrap, refitted.repeated_cross_validation
    group = study.resampling.group
    drawn: list[DrawnAnswers] = []
    if boot is not None:
        drawn = [(split.train, boot.risk[split.name]) for split in boot.splits]
        drawn += [(np.empty(0, dtype=np.int64), None) for _ in boot.refused]
    return InternalValidation(
        bootstrap=Absent(NOT_ASKED)
        if boot is None
        else answers_by_bootstrap(
            apparent,
            drawn,
            measured,
            tuning=boot.tuning,
            drawn="patients" if group is None else f"whole groups ({group})",
            notes=_notes(boot),
        ),
        repeated_cross_validation=Absent(NOT_ASKED)
        if repeated is None
        else answers_repeatedly(
            pooled_repeats(repeated, "", study.resampling.outer_folds, len(apparent)),
            measured,
            folds=study.resampling.outer_folds,
            tuning=repeated.tuning,
            notes=_notes(repeated),
        ),
        internal_external=_answers_by_site(refitted, apparent, measured, event),
        learning_curve=_answers_by_share(refitted, study, measured, event),
        instability=Absent("it needs the bootstrap, which the study does not ask for")
        if boot is None
        else scatter([answers for _, answers in drawn if answers is not None], boot.tuning),
    )


def _answers_by_share(
    refitted: Refitted, study: Study, measured: Measured, event: FloatArray
) -> LearningCurve | Absent:
    found, asked = refitted.learning_curve, study.internal_validation.learning_curve
    if found is None or asked is None:
        return Absent(NOT_ASKED)
    folds, everyone = study.resampling.outer_folds, np.ones(len(event), dtype=np.bool_)
    shares = {
        share: (n, happened, pooled_repeats(found, prefix, folds, len(event)) or _why_none(found, prefix))
        for share, prefix, n, happened in _learnt(found, asked.shares, event, everyone)
    }
    return answers_by_share(shares, measured, repeats=asked.repeats, folds=folds, tuning=found.tuning)


def _answers_by_site(
    refitted: Refitted, apparent: FloatArray, measured: Measured, event: FloatArray
) -> InternalExternal | Absent:
    found, sites = refitted.internal_external, refitted.sites
    if found is None or sites is None:
        return Absent(NOT_ASKED)
    judged: list[tuple[str, NDArray[np.int64], FloatArray | Absent]] = []
    for number, (label, members) in enumerate(sites.groups, start=1):
        if (answers := found.risk.get(f"without site {number}")) is not None:
            judged.append((label, np.flatnonzero(members), answers))
    for reason, count in Counter(found.refused.values()).items():
        judged.append((f"{count} {'other' if count == 1 else 'others'}", np.empty(0, np.int64), Absent(reason)))
    names = tuple(measured(np.arange(len(apparent)), apparent))
    return answers_by_site(judged, measured, names, event, by=sites.variable, label=sites.label, tuning=found.tuning)


def _predictions(trained: Trained, risk: FloatArray, basis: Basis, rows: NDArray[np.intp] | None = None) -> Predictions:
    labelled = trained.labelled
    every = np.arange(len(labelled)) if rows is None else rows
    return Predictions(
        risk=risk,
        outcome=labelled.values[every],
        weights=None if labelled.weights is None else labelled.weights[every],
        fold=None,
        basis=basis,
    )


def _notes(found: RefittedSplits) -> Sequence[str]:
    return tuple(dict.fromkeys(found.refused.values()))


def _seed(trained: Trained) -> int:
    return derive_seed(trained.study.seed, "evaluation")
