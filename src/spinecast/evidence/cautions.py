"""What a reader must know before believing a pooled value: said in words, found in the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from spinecast.evidence.pooling import Pooled, PooledStudy
from spinecast.evidence.ratios import NORMAL_975
from spinecast.statistics import Absent

__all__ = ["Caution", "cautions"]

FEW = 5
"""Below this many studies, the variance between them is little more than a guess."""
FEW_FOR_FUNNEL = 10
"""Studies a test of small-study effects needs (Sterne et al. 2011, BMJ 343:d4002)."""


@dataclass(frozen=True)
class Caution:
    """One thing to know.

    Parameters
    ----------
    title, text : str
        In short, and in full.
    serious : bool
        Whether the pooled value answers no clear question because of it.
    """

    title: str
    text: str
    serious: bool = False


def cautions(pooled: Pooled) -> tuple[Caution, ...]:
    """Return what is doubtful about a pool, gravest first."""
    found = [caution for check in _CHECKS for caution in check(pooled)]
    return tuple(sorted(found, key=lambda caution: not caution.serious))


def _mixed(pooled: Pooled) -> Iterator[Caution]:
    outcomes = dict.fromkeys(study.result.outcome_name for study in pooled.studies)
    stages = dict.fromkeys(study.result.stage for study in pooled.studies if study.result.stage)
    models = dict.fromkeys(study.result.model for study in pooled.studies if study.result.model)
    if len(outcomes) > 1:
        yield Caution(
            f"{len(outcomes)} outcomes in one average",
            "Averaging the performance of models of different outcomes describes none of them.",
            serious=True,
        )
    if len(stages) > 1:
        yield Caution(
            f"{len(stages)} stages in one average",
            f"Results of {' and '.join(stages)} validation are pooled; the first kind is more hopeful by construction.",
            serious=True,
        )
    if len(models) > 1:
        yield Caution(
            f"{len(models)} models in one average",
            "The pooled value is of no model in particular. One model: --model.",
        )


def _same_patients(pooled: Pooled) -> Iterator[Caution]:
    shared = _groups(pooled, lambda study: study.result.patients)
    if shared:
        said = "; ".join(_named(group) for group in shared[:4])
        more = f"; and {len(shared) - 4} further groups" if len(shared) > 4 else ""
        yield Caution(
            "The same patients more than once",
            f"Counted as if they were independent: {said}{more}. The interval is too short.",
            serious=True,
        )
    known = {id(study) for group in shared for study in group}
    centres = [
        group
        for group in _groups(pooled, lambda study: study.result.centre)
        if not all(id(study) in known for study in group)
    ]
    if centres:
        said = "; ".join(f"{_named(group)} ({group[0].result.centre})" for group in centres)
        yield Caution("One hospital more than once", f"Patients may be counted twice: {said}.")


def _groups(pooled: Pooled, key: Callable[[PooledStudy], str]) -> list[list[PooledStudy]]:
    groups: dict[str, list[PooledStudy]] = {}
    for study in pooled.studies:
        if key(study):
            groups.setdefault(key(study), []).append(study)
    return [group for group in groups.values() if len(group) > 1]


def _named(group: list[PooledStudy]) -> str:
    names = list(dict.fromkeys(study.result.study for study in group))
    if len(names) == 1:
        return f"{names[0]} ({len(group)} results)"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _few(pooled: Pooled) -> Iterator[Caution]:
    k = pooled.fit.studies
    if pooled.recipe.method != "fixed" and k < FEW:
        yield Caution(
            f"{k} studies",
            "The variance between so few studies is hardly known, and the prediction interval with it.",
        )
    if k < FEW_FOR_FUNNEL and not isinstance(pooled.small_studies, Absent):
        yield Caution(
            "Too few studies to see what is missing",
            f"With {k} studies a test for small-study effects has little power: a large p says nothing.",
        )


def _interval(pooled: Pooled) -> Iterator[Caution]:
    fit = pooled.fit
    if pooled.recipe.interval == "hartung-knapp" and fit.upper - fit.lower < 2 * NORMAL_975 * fit.model_standard_error:
        yield Caution(
            "Hartung and Knapp's interval is shorter than Wald's",
            f"The studies agree more than their errors and tau² say (factor {fit.dispersion:.2f}), and the interval is "
            "shorter for it. --interval hartung-knapp-truncated does not take that credit.",
        )
    if pooled.recipe.method == "fixed" and pooled.fit.i2 > 0.5:
        yield Caution(
            "One true value is assumed, and the studies differ",
            f"I² is {100 * pooled.fit.i2:.0f} %: the interval leaves out the differences between studies.",
            serious=True,
        )


def _assumed(pooled: Pooled) -> Iterator[Caution]:
    assumed = [study for study in pooled.studies if study.assumed]
    if assumed:
        yield Caution(
            f"{len(assumed)} of {len(pooled.studies)} standard errors are invented",
            "Results without an interval were given the mean standard error of the others.",
            serious=True,
        )
    approximate = [study.result.study for study in pooled.studies if "approximately" in study.basis]
    if approximate:
        yield Caution(
            "Ratios from calibration-in-the-large",
            f"{', '.join(approximate)}: computed as if all predicted risks were equal, so too far from one.",
        )


def _flagged(pooled: Pooled) -> Iterator[Caution]:
    flagged = [study for study in pooled.studies if study.result.flags]
    if flagged:
        yield Caution(
            f"{len(flagged)} of {len(pooled.studies)} results are flagged",
            "Something is known to be wrong or doubtful with them; the values are pooled as printed.",
        )


_CHECKS: tuple[Callable[[Pooled], Iterator[Caution]], ...] = (
    _mixed,
    _same_patients,
    _assumed,
    _interval,
    _few,
    _flagged,
)
