"""Pooling chosen results: from printed numbers to a meta-analysis and what a reader must know about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.errors import SpinecastError
from spinecast.evidence.ratios import NORMAL_975, ratio_of
from spinecast.evidence.results import PublishedResult
from spinecast.evidence.selection import LeftOut, Selected
from spinecast.statistics import (
    Absent,
    HeterogeneityMethod,
    Influence,
    IntervalMethod,
    MetaAnalysis,
    Range,
    SmallStudyTest,
    StandardErrorSource,
    auc_effects,
    leave_one_out,
    meta_analyse,
    small_study_test,
    study_influence,
)

__all__ = ["Measured", "Pooled", "PooledStudy", "Quantity", "Recipe", "pool"]

Quantity: TypeAlias = Literal["auc", "observed_expected_ratio"]
Scale: TypeAlias = Literal["logit", "raw", "log"]


@dataclass(frozen=True)
class Recipe:
    """How results are pooled.

    Parameters
    ----------
    quantity : {"auc", "observed_expected_ratio"}
        What is pooled.
    scale : {"logit", "raw", "log"}
        AUCs are pooled on the scale of their log-odds, or raw; ratios on that of their logarithms.
    method, interval : str
        As for :func:`spinecast.statistics.meta_analyse`.
    standard_error : {"limits", "width"}
        As ``source`` of :func:`spinecast.statistics.auc_effects`.
    missing_standard_error : {"leave_out", "mean"}
        What becomes of a result without an interval: it is left out, or given the mean standard error of the others.
        The second invents precision, and is there to compute again what others have printed.
    """

    quantity: Quantity = "auc"
    scale: Scale = "logit"
    method: HeterogeneityMethod = "reml"
    interval: IntervalMethod = "hartung-knapp"
    standard_error: StandardErrorSource = "limits"
    missing_standard_error: Literal["leave_out", "mean"] = "leave_out"


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval, on the scale it is printed on."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class PooledStudy:
    """One result in the pool.

    Parameters
    ----------
    result : PublishedResult
        The row.
    effect, standard_error : float
        On the scale of the recipe.
    shown : Measured
        The value with its interval: as printed, or as computed where nothing is printed.
    weight : float
        Share of the pooled value, in [0, 1].
    basis : str
        What the value or its interval was computed from, where it is not printed.
    assumed : bool
        Whether the standard error is the mean of the others.
    """

    result: PublishedResult
    effect: float
    standard_error: float
    shown: Measured
    weight: float
    basis: str = ""
    assumed: bool = False

    @property
    def as_printed(self) -> str:
        """Value and interval as the source writes them; empty where they are computed or not given so."""
        return "" if self.basis or self.result.auc != self.shown.estimate else self.result.printed


@dataclass(frozen=True)
class Pooled:
    """Results pooled, with everything a reader needs to judge the pooling.

    Parameters
    ----------
    selected : Selected
        What was asked for, and what was left out on request.
    recipe : Recipe
        How it was done.
    fit : MetaAnalysis
        On the scale of the recipe.
    studies : tuple of PooledStudy
        In the order of the table.
    without : tuple of MetaAnalysis or Absent
        The pool without each study in turn.
    influence : tuple of Influence or Absent
        Of each study.
    small_studies : SmallStudyTest or Absent
        Egger's regression, random effects.
    left_out : tuple of LeftOut
        Every result of the selection that is not in the pool.
    """

    selected: Selected
    recipe: Recipe
    fit: MetaAnalysis
    studies: tuple[PooledStudy, ...]
    without: tuple[MetaAnalysis, ...] | Absent
    influence: tuple[Influence, ...] | Absent
    small_studies: SmallStudyTest | Absent
    left_out: tuple[LeftOut, ...]

    def shown(self, *values: float) -> tuple[float, ...]:
        """Turn values from the scale of the recipe to the one they are printed on."""
        return tuple(float(value) for value in _back(np.array(values), self.recipe.scale))

    def measured(self, fit: MetaAnalysis | None = None) -> Measured:
        """Return the pooled value, or that of another fit on the same scale, with its interval."""
        one = fit or self.fit
        return Measured(*self.shown(one.estimate, one.lower, one.upper))

    def predicted(self, fit: MetaAnalysis | None = None, *, model_based: bool = False) -> Range | Absent:
        """Return the prediction interval on the scale values are printed on."""
        found = (fit or self.fit).prediction_interval(model_based=model_based)
        return found if isinstance(found, Absent) else Range(*self.shown(found.lower, found.upper))

    @property
    def effects(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Effects and standard errors, in the order of the studies."""
        return (
            np.array([study.effect for study in self.studies]),
            np.array([study.standard_error for study in self.studies]),
        )

    def again(self, **changes: object) -> Pooled:
        """Pool the same selection by a recipe that differs in some parts.

        Raises
        ------
        SpinecastError
            As :func:`pool`.
        """
        return pool(self.selected, replace(self.recipe, **changes))  # type: ignore[arg-type]


def pool(selected: Selected, recipe: Recipe) -> Pooled:
    """Pool the chosen results.

    Raises
    ------
    SpinecastError
        If fewer than two results can be pooled (one, for a common effect), or a value has no place on the scale.
    """
    measured, left_out = _ratios(selected) if recipe.quantity != "auc" else _aucs(selected, recipe)
    fewest = 1 if recipe.method == "fixed" else 2
    if len(measured) < fewest:
        raise _too_few(selected, measured, left_out, recipe)
    effect = np.array([study.effect for study in measured])
    error = np.array([study.standard_error for study in measured])
    fit = meta_analyse(effect, error, method=recipe.method, interval=recipe.interval)
    if isinstance(fit, Absent):
        raise SpinecastError(f"nothing is pooled: {fit.reason}")
    return Pooled(
        selected=selected,
        recipe=recipe,
        fit=fit,
        studies=tuple(
            replace(study, weight=float(weight)) for study, weight in zip(measured, fit.weights, strict=True)
        ),
        without=leave_one_out(effect, error, method=recipe.method, interval=recipe.interval),
        influence=study_influence(effect, error, method=recipe.method, interval=recipe.interval),
        small_studies=small_study_test(effect, error, method=recipe.method),
        left_out=(*selected.left_out, *left_out),
    )


def _back(values: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    if scale == "raw":
        return values
    return np.asarray(expit(values) if scale == "logit" else np.exp(values), dtype=np.float64)


def _aucs(selected: Selected, recipe: Recipe) -> tuple[list[PooledStudy], list[LeftOut]]:
    usable, left_out = [], []
    for result in selected.results:
        if result.auc is None:
            left_out.append(LeftOut(result, "no AUC is printed"))
        elif result.excludes_itself:
            left_out.append(LeftOut(result, "the printed interval does not hold its own estimate"))
        elif result.lower is None and recipe.missing_standard_error == "leave_out":
            left_out.append(LeftOut(result, "no interval is printed"))
        else:
            usable.append(result)
    _check_scale(usable, recipe)
    value, lower, upper = (_column(usable, name) for name in ("auc", "lower", "upper"))
    scale: Literal["logit", "raw"] = "raw" if recipe.scale == "raw" else "logit"
    effect, error = auc_effects(value, lower, upper, scale=scale, source=recipe.standard_error)
    assumed = np.isnan(error)
    if assumed.any():
        if assumed.all():
            return [], [*left_out, *(LeftOut(result, "no interval is printed") for result in usable)]
        error = np.where(assumed, np.nanmean(error), error)
    reach = NORMAL_975 * error
    ends = np.clip(_back(np.array([effect - reach, effect + reach]), recipe.scale), 0, 1)
    return [
        PooledStudy(
            result,
            float(effect[place]),
            float(error[place]),
            Measured(
                float(value[place]),
                float(ends[0][place] if assumed[place] else lower[place]),
                float(ends[1][place] if assumed[place] else upper[place]),
            ),
            weight=0.0,
            basis="interval from the mean standard error of the others" if assumed[place] else "",
            assumed=bool(assumed[place]),
        )
        for place, result in enumerate(usable)
    ], left_out


def _check_scale(results: Sequence[PublishedResult], recipe: Recipe) -> None:
    if recipe.scale == "raw":
        return
    for result in results:
        named = [("AUC", result.auc)]
        if recipe.standard_error == "limits":
            named += [("lower limit", result.lower), ("upper limit", result.upper)]
        for what, value in named:
            if value in (0.0, 1.0):
                raise SpinecastError(
                    f"the {what} of {result.id!r} is {value:g}, which has no log-odds",
                    where=result.place,
                    expected="a number between 0 and 1",
                    remedy="take the standard error from the width of the interval (--standard-error width), "
                    "or leave the result out (--exclude)"
                    if what != "AUC"
                    else "pool raw AUCs (--scale raw), or leave the result out (--exclude)",
                )


def _column(results: Sequence[PublishedResult], name: str) -> NDArray[np.float64]:
    values = [getattr(result, name) for result in results]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _ratios(selected: Selected) -> tuple[list[PooledStudy], list[LeftOut]]:
    studies, left_out = [], []
    for result in selected.results:
        found = ratio_of(result)
        if isinstance(found, str):
            left_out.append(LeftOut(result, found))
            continue
        shown = Measured(found.value, found.lower, found.upper)
        studies.append(
            PooledStudy(
                result,
                float(np.log(found.value)),
                found.standard_error,
                shown,
                weight=0.0,
                basis="" if found.basis == "printed" else found.basis,
            )
        )
    return studies, left_out


def _too_few(
    selected: Selected, measured: Sequence[PooledStudy], left_out: Sequence[LeftOut], recipe: Recipe
) -> SpinecastError:
    what = "AUC with its interval" if recipe.quantity == "auc" else "observed to expected ratio"
    if not measured:
        found = f"no result of this selection gives an {what}"
    else:
        found = f"only {measured[0].result.id!r} gives an {what}: there is nothing to pool it with"
    reasons = "; ".join(f"{left.result.id}: {left.why}" for left in (*selected.left_out, *left_out)[:6])
    return SpinecastError(
        found,
        where=f"left out: {reasons}" if reasons else None,
        expected="two results or more",
        remedy="widen the selection, or name a table of your own (see the columns in configs/evidence/README.md)",
    )
