"""A model explained on a cohort that its user has: every part, with the arrays behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.depth.agreement import agreements, permutation_changes
from spinecast.explanation.depth.dependence import Dependence, dependence_of
from spinecast.explanation.depth.folds import explained_by_folds
from spinecast.explanation.depth.importance import Groups, importance_by_group, mean_absolute
from spinecast.explanation.depth.interactions import Swaps, pair_interactions, total_interactions
from spinecast.explanation.depth.local_fit import local_fits, varied_places
from spinecast.explanation.depth.stability import stability_of
from spinecast.explanation.depth.stored import StoredExplanation
from spinecast.explanation.depth.versions import changed_shares
from spinecast.explanation.depth.views import Explained, View
from spinecast.statistics import Estimate

__all__ = ["ExplainedCohort", "ExplainingSettings", "NamedGroups", "compare_versions", "explain_cohort"]

FloatArray = NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True)
class ExplainingSettings:
    """How many patients each part is made from, drawn at random, and how intervals are found.

    Parameters
    ----------
    patients : int
        Of the contributions, by group and over time.
    curves : int
        Of partial dependence: each is asked at every value of every input shown.
    swapped : int
        Of interactions, local fits and permutation importance: each is asked with every other's value.
    inputs : int
        Inputs with curves and interactions: those with the largest mean absolute contribution.
    neighbours : int
        Of a local fit, each with the values of every reference patient in turn.
    bootstrap, seed : int
    """

    patients: int = 500
    curves: int = 100
    swapped: int = 40
    inputs: int = 6
    neighbours: int = 100
    bootstrap: int = 200
    seed: int = 1


@dataclass(frozen=True, eq=False)
class NamedGroups:
    """The groups of one variable: each a name and its members, shape (n,), among the patients who are explained."""

    variable: str
    label: str
    groups: Groups

    def of(self, rows: NDArray[np.intp]) -> NamedGroups:
        """Return the groups among some of the patients, those without any left out."""
        drawn = [(label, members[rows]) for label, members in self.groups]
        return NamedGroups(self.variable, self.label, [one for one in drawn if one[1].any()])


@dataclass(frozen=True, eq=False)
class ExplainedCohort:
    """What was found, and of whom.

    Parameters
    ----------
    found : dict
        JSON values.
    arrays : dict of str to ndarray
    drawn : ndarray of int
        Rows that contributions are of.
    explained : Explained
    """

    found: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    drawn: NDArray[np.intp]
    explained: Explained

    def stored(self, about: dict[str, Any]) -> StoredExplanation:
        """Return it as it is stored."""
        return StoredExplanation({"about": about, "found": self.found}, self.arrays)


@dataclass
class _Work:
    view: View
    matrix: FloatArray
    settings: ExplainingSettings
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return self.view.model.predictors

    def sample(self, count: int, use: int) -> NDArray[np.intp]:
        """Draw rows for one use, in their order."""
        generator = np.random.default_rng([self.settings.seed, use])
        return np.sort(generator.choice(len(self.matrix), size=min(count, len(self.matrix)), replace=False))


def explain_cohort(
    view: View, matrix: FloatArray, groupings: Sequence[NamedGroups], settings: ExplainingSettings, say: Say
) -> ExplainedCohort:
    """Explain a model on some patients.

    Parameters
    ----------
    view : View
    matrix : ndarray, shape (n, predictors)
        Patients of whom the model gives an answer.
    groupings : sequence of NamedGroups
    settings : ExplainingSettings
    say : callable
        Is told what is being done.

    Raises
    ------
    AdditivityError
        If contributions do not add up.
    """
    work = _Work(view, matrix, settings)
    again = {"replicates": settings.bootstrap, "seed": settings.seed}
    drawn = work.sample(settings.patients, 0)
    rows = matrix[drawn]
    say(f"contributions of {len(rows)} patients, by the model and by each fold's fits")
    explained, folds = explained_by_folds(view, rows)
    work.arrays |= {
        "contributions": explained.values,
        "base": explained.base,
        "served": explained.served,
        "added": explained.added,
        "fold_contributions": folds,
    }
    importance = mean_absolute(explained.values, **again)
    order = [int(place) for place in np.argsort([-one.estimate for one in importance], kind="stable")]
    order = [place for place in order if not variable(work.names[place]).is_label]
    leading = [place for place in order if place in varied_places(view.model)][: settings.inputs]
    say(f"curves of {len(leading)} inputs")
    curves = _curves(work, leading)
    found = {
        "patients": len(rows),
        "predictors": list(work.names),
        "base_value": float(explained.base.mean()),
        "residual_max": float(np.abs(explained.residual).max()),
        "parts": [{"name": name, "method": method} for name, method in explained.methods],
        "importance": [_input(work, place, importance[place]) for place in order],
        "stability": {
            "folds": len(folds),
            "drivers": [one.to_dict(work.names) for one in stability_of(explained.values, folds)],
        },
        "curves": curves,
        **_swapped(work, leading, say),
        "groups": [_groups(one.of(drawn), explained.values, work.names, order, settings) for one in groupings],
    }
    return ExplainedCohort(found, work.arrays, drawn, explained)


def _input(work: _Work, place: int, importance: Estimate) -> dict[str, Any]:
    """Describe an input: one that is the same in everybody may move all answers, but tells nobody from another."""
    name, values = work.names[place], work.matrix[:, place]
    apart = np.unique(values).size > 1  # a missing value is one too
    return {"variable": name, "label": variable(name).label, "tells_apart": bool(apart), **importance.to_dict()}


def _curves(work: _Work, leading: Sequence[int]) -> list[dict[str, Any]]:
    rows = work.matrix[work.sample(work.settings.curves, 1)]
    found = []
    for place in leading:
        curve = dependence_of(work.view, rows, place, variable(work.names[place]))
        if curve is not None:
            name = work.names[place]
            work.arrays |= {
                f"curve.{name}.grid": curve.grid,
                f"curve.{name}.answers": curve.answers,
                f"curve.{name}.on_scale": curve.on_scale,
            }
            found.append(_curve(curve))
    return found


def _curve(curve: Dependence) -> dict[str, Any]:
    """Averages and the spread of single curves: no curve of one patient stands in what a report is written from."""
    entry = curve.variable
    low, high = np.quantile(curve.centred, (0.1, 0.9), axis=0)
    spread = np.quantile(curve.answers, (0.1, 0.5, 0.9), axis=0)
    return {
        "variable": entry.name,
        "label": entry.label,
        "unit": entry.unit_symbol,
        "levels": [entry.levels[int(value)].label for value in curve.grid] if entry.is_levelled else None,
        "ordered": entry.kind != "nominal",
        "patients": len(curve.answers),
        "grid": curve.grid.tolist(),
        "average": curve.average.tolist(),
        "answers": {"low": spread[0].tolist(), "median": spread[1].tolist(), "high": spread[2].tolist()},
        "centred": {"mean": curve.centred.mean(axis=0).tolist(), "low": low.tolist(), "high": high.tolist()},
    }


def _swapped(work: _Work, leading: Sequence[int], say: Say) -> dict[str, Any]:
    """Everything that asks the model of each patient with every other's values."""
    settings, names = work.settings, work.names
    rows = work.matrix[work.sample(settings.swapped, 2)]
    again = {"replicates": settings.bootstrap, "seed": settings.seed}
    swaps = Swaps(work.view, rows)
    places = varied_places(work.view.model)
    say(f"interactions of {len(leading)} inputs, in {len(rows)} patients")
    pairs = pair_interactions(swaps, leading, **again)
    totals = total_interactions(swaps, leading, **again)
    say(f"local fits of {len(rows)} patients")
    fits = local_fits(work.view, rows, seed=settings.seed, draws=settings.neighbours)
    say(f"permutation importance of {len(places)} inputs")
    ways = (
        np.abs(work.view.explained(rows).values[:, places]),
        np.abs(fits.effects[:, places]),
        permutation_changes(swaps, places),
    )
    return {
        "interactions": {
            "patients": len(rows),
            "pairs": [one.to_dict(names) for one in pairs],
            "totals": [one.to_dict(names) for one in totals],
        },
        "agreement": {
            "patients": len(rows),
            "neighbours": settings.neighbours,
            "r_squared": np.quantile(fits.r_squared, (0.1, 0.5, 0.9)).tolist(),
            "pairs": [one.to_dict() for one in agreements(ways, **again)],
            "importance": [
                {"variable": names[int(place)], "ways": [float(way[:, column].mean()) for way in ways]}
                for column, place in enumerate(places)
            ],
        },
    }


def _groups(
    grouping: NamedGroups,
    values: FloatArray,
    names: Sequence[str],
    order: Sequence[int],
    settings: ExplainingSettings,
) -> dict[str, Any]:
    found = importance_by_group(values[:, order], grouping.groups, replicates=settings.bootstrap, seed=settings.seed)
    return {
        "variable": grouping.variable,
        "label": grouping.label,
        "inputs": [names[place] for place in order],
        "groups": [one.to_dict() for one in found],
    }


def compare_versions(
    now: ExplainedCohort, before: View, matrix: FloatArray, settings: ExplainingSettings
) -> dict[str, Any]:
    """Compare the reasons of a model with those of another about the same patients: JSON values.

    Parameters
    ----------
    now : ExplainedCohort
    before : View
    matrix : ndarray, shape (n, its predictors)
        Its inputs of the patients `now` was explained on, in the same order.
    settings : ExplainingSettings
    """
    rows = matrix[now.drawn]
    found = before.explained(rows)
    changes = changed_shares(
        now.explained.values,
        found.values,
        now.found["predictors"],
        before.model.predictors,
        replicates=settings.bootstrap,
        seed=settings.seed,
    )
    return {
        "patients": len(rows),
        "shares": [one.to_dict() for one in changes],
        "importance_before": [
            {"variable": name, "mean_absolute": float(value)}
            for name, value in zip(before.model.predictors, np.abs(found.values).mean(axis=0), strict=True)
        ],
    }
