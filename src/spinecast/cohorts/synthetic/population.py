"""What a chunk of patients is like: when they were treated and every variable, before anything is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.derivations import derive
from spinecast.clinical.dictionary import variable
from spinecast.cohorts.synthetic.copula import Copula
from spinecast.cohorts.synthetic.marginals import Marginal, marginal
from spinecast.cohorts.synthetic.recipe_blocks import Recipe, Site, Years
from spinecast.cohorts.synthetic.recording import Recording
from spinecast.cohorts.synthetic.streams import Streams
from spinecast.cohorts.synthetic.variable_blocks import ByLevel, Distribution, Sum, VariableSpec

__all__ = ["YEAR", "Columns", "Patients", "Population", "limits_of", "needs", "recording_of"]

FloatArray = NDArray[np.float64]

YEAR = "treatment_year"
OTHERWISE = ""
_EPOCH = date(1970, 1, 1)


class Columns(Mapping[str, FloatArray]):
    """The variables of a chunk of patients by name; derived ones are worked out when they are asked for."""

    def __init__(self, given: Mapping[str, FloatArray]) -> None:
        self._known = dict(given)

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self._known:
            inputs = variable(name).derived_from
            if not inputs:
                raise KeyError(name)
            self._known[name] = derive(name, {each: self[each] for each in inputs if self.can_have(each)})
        return self._known[name]

    def can_have(self, name: str) -> bool:
        """Say whether a variable is here or can be derived from what is here."""
        return name in self._known or any(self.can_have(each) for each in variable(name).derived_from)

    def add(self, name: str, values: FloatArray) -> None:
        """Add a variable."""
        self._known[name] = values

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True, eq=False)
class Patients:
    """A chunk of patients.

    Parameters
    ----------
    index_day : ndarray of int, shape (n,)
        Day of entry, counted from 1970-01-01.
    columns : Columns
        Complete variables, in the coding of `Cohort.matrix`.
    """

    index_day: NDArray[np.int64]
    columns: Columns

    @property
    def year(self) -> FloatArray:
        """Calendar year of entry, shape (n,)."""
        return self.columns[YEAR]


@dataclass(frozen=True, eq=False)
class Population:
    """Whom a recipe draws patients from at one site.

    Parameters
    ----------
    recipe : Recipe
    site : Site, optional
        None for the recipe as it stands.
    years : Years, optional
        When patients are treated; the recipe's years when None.
    """

    recipe: Recipe
    site: Site | None = None
    years: Years | None = None

    @property
    def treated(self) -> Years:
        """When the patients are treated."""
        return self.years or self.recipe.years

    @cached_property
    def specs(self) -> dict[str, VariableSpec]:
        """Every variable's block, a variable after those it needs."""
        specs = self.recipe.variables | (self.site.variables if self.site else {})
        order = TopologicalSorter({name: needs(spec.distribution) for name, spec in specs.items()}).static_order()
        return {name: specs[name] for name in order}

    def draw(self, streams: Streams) -> Patients:
        """Draw a chunk of patients."""
        index_day, year = self._entry(streams)
        columns = Columns({YEAR: year})
        scores = self._copula.scores(streams)
        for name, spec in self.specs.items():
            columns.add(name, self._values(name, spec, scores[name] + self._shift(name, year), columns))
        return Patients(index_day, columns)

    @cached_property
    def _copula(self) -> Copula:
        pairs = {(pair.between[0], pair.between[1]): pair.latent for pair in self.recipe.correlation}
        return Copula.of(tuple(self.recipe.variables), pairs)

    def _entry(self, streams: Streams) -> tuple[NDArray[np.int64], FloatArray]:
        first, last = (date(year, 1, 1) for year in (self.treated.first, self.treated.last + 1))
        start, days = (first - _EPOCH).days, (last - first).days
        index_day = start + np.floor(streams.uniform("day of entry") * days).astype(np.int64)
        year = index_day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
        return index_day, year.astype(np.float64)

    def _shift(self, name: str, year: FloatArray) -> FloatArray | float:
        moved = float(self.site.shifts.get(name, 0)) if self.site else 0.0
        drift = self.recipe.drift
        if drift is None or name not in drift.shifts:
            return moved
        return moved + float(drift.shifts[name]) * (year - drift.reference_year)

    def _values(self, name: str, spec: VariableSpec, scores: FloatArray, columns: Columns) -> FloatArray:
        distribution, entry = spec.distribution, variable(name)
        if isinstance(distribution, ByLevel):
            values = np.full(scores.shape, np.nan)
            parent, of = variable(distribution.variable), columns[distribution.variable]
            rest = ~np.isnan(of)
            for level in distribution.cases:
                here = of == (parent.level_values.index(level) if parent.is_levelled else float(level))
                values[here] = self._marginals[name][level].values(scores[here])
                rest &= ~here
            if OTHERWISE in self._marginals[name]:
                values[rest] = self._marginals[name][OTHERWISE].values(scores[rest])
        else:
            values = self._marginals[name][OTHERWISE].values(scores)
        if entry.is_levelled:
            return values
        recording = self.recordings[name]
        if isinstance(distribution, Sum):
            floor = np.sum([columns[each] for each in distribution.of], axis=0)
            return np.maximum(recording.recorded_not_below(floor), recording.recorded(floor + values))
        return recording.recorded(values, limits_of(spec))

    @cached_property
    def recordings(self) -> dict[str, Recording]:
        """How each measured variable is written."""
        return {
            name: recording_of(name, spec, self.site)
            for name, spec in self.specs.items()
            if not variable(name).is_levelled
        }

    @cached_property
    def _marginals(self) -> dict[str, dict[str, Marginal]]:
        return {name: _marginals(name, spec) for name, spec in self.specs.items()}


def needs(distribution: Distribution) -> tuple[str, ...]:
    """Return the variables a distribution depends on."""
    if isinstance(distribution, Sum):
        return distribution.of
    return (distribution.variable,) if isinstance(distribution, ByLevel) else ()


def limits_of(spec: VariableSpec) -> tuple[float, float] | None:
    """Return the limits of a measured variable, canonical unit."""
    return None if spec.limits is None else (float(spec.limits[0]), float(spec.limits[1]))


def recording_of(name: str, spec: VariableSpec | None, site: Site | None) -> Recording:
    """Return how a site writes a measured variable."""
    entry, coding = variable(name), site.coding.get(name) if site else None
    decimals = spec.decimals if spec is not None and spec.decimals is not None else entry.decimals
    return Recording.of(
        entry,
        unit=coding.unit if coding else None,
        decimals=coding.decimals if coding else None,
        canonical_decimals=decimals,
    )


def _marginals(name: str, spec: VariableSpec) -> dict[str, Marginal]:
    """Return a variable's marginals by case of the variable it depends on, and the one that holds otherwise."""
    entry, distribution, limits = variable(name), spec.distribution, limits_of(spec)
    if isinstance(distribution, Sum):
        return {OTHERWISE: marginal(distribution.plus, entry)}
    if not isinstance(distribution, ByLevel):
        return {OTHERWISE: marginal(distribution, entry, limits)}
    made = {level: marginal(shape, entry, limits) for level, shape in distribution.cases.items()}
    if distribution.otherwise is not None:
        made[OTHERWISE] = marginal(distribution.otherwise, entry, limits)
    return made
