"""From dictionary variables to the columns a learner sees: imputation, scale, splines, levels, indicators.

Features of an image come first onto one scale (:mod:`spinecast.models.feature_blocks`), and some may be left out; what
tells scanners apart has no column.
Everything here is learned from the training rows of one fold and stored as arrays. Each encoded column has
one owner among the variables, so that an explanation of columns sums back to what was asked of the patient.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.models.chained_imputation import ChainedImputer
from spinecast.models.feature_blocks import Harmoniser, harmonisers_from_arrays, harmonisers_to_arrays
from spinecast.models.forest_imputation import ForestImputer
from spinecast.models.predictor_schema import applied
from spinecast.statistics import restricted_cubic_terms

__all__ = ["ColumnMeaning", "Encoder", "all_knowing"]

FloatArray = NDArray[np.float64]
PartT = TypeVar("PartT")

_ARRAYS = (
    "levels",
    "nominal",
    "fill",
    "log_scale",
    "lower",
    "upper",
    "knots",
    "incomplete",
    "center",
    "scale",
    "owner",
)


@dataclass(frozen=True, eq=False)
class _Plan:
    """Which variables become which columns.

    Parameters
    ----------
    numbers, bent : ndarray of int64
        Variables that are a column themselves, and that have splines.
    coded, level : ndarray of int64, shape (columns,)
        Of each column of a level: its variable, and the level.
    logged : ndarray of int64
        Variables that linear parts see as logarithms.
    """

    numbers: NDArray[np.int64]
    bent: NDArray[np.int64]
    coded: NDArray[np.int64]
    level: NDArray[np.int64]
    logged: NDArray[np.int64]


@dataclass(frozen=True)
class ColumnMeaning:
    """What one encoded column says.

    Parameters
    ----------
    variable : int
        Position of the variable it was made from.
    kind : {"value", "spline", "level", "missing"}
        The variable itself, a bend of it, whether it has a level, or whether it was missing.
    level : int
        Of a level: which.
    """

    variable: int
    kind: Literal["value", "spline", "level", "missing"]
    level: int = -1


@dataclass(frozen=True)
class Encoder:
    """A learned encoding; see :func:`fit_encoder`.

    Parameters
    ----------
    native : bool
        True leaves the missing values of `incomplete` variables missing and scales nothing (for trees).
    levels, nominal
        As in :class:`PredictorSchema`.
    fill : ndarray, shape (variables,)
        Median or commonest level of the training rows.
    log_scale : ndarray, shape (variables,)
        ``log1p(value / log_scale)`` is what linear parts see; 0 where the value itself is.
    lower, upper : ndarray, shape (variables,)
        Winsorising limits on the scale linear parts see.
    knots : ndarray, shape (variables, knots)
        Spline knots; NaN rows have none.
    incomplete : ndarray of int64
        Variables that enough training patients lacked: each has an indicator column or, in a native encoding, stays
        missing.
    center, scale : ndarray, shape (columns,)
        Standardisation by mean and population standard deviation.
    owner : ndarray of int64, shape (columns,)
        The variable each encoded column belongs to.
    imputer : ForestImputer, ChainedImputer or None
        None fills in the typical value.
    used : ndarray of int64, shape (columns,), optional
        Which of all possible columns there are; every one where None.
    harmonisers : tuple of Harmoniser
        Of the blocks of image features, applied first.
    """

    native: bool
    levels: NDArray[np.int64]
    nominal: NDArray[np.bool_]
    fill: FloatArray
    log_scale: FloatArray
    lower: FloatArray
    upper: FloatArray
    knots: FloatArray
    incomplete: NDArray[np.int64]
    center: FloatArray
    scale: FloatArray
    owner: NDArray[np.int64]
    imputer: ForestImputer | ChainedImputer | None
    used: NDArray[np.int64] | None = None
    harmonisers: tuple[Harmoniser, ...] = ()

    def harmonised(self, matrix: FloatArray) -> FloatArray:
        """Rows on the common scale of their image features; to transform them gives what the rows themselves give."""
        return applied(self.harmonisers, matrix)

    def knowing(self, matrix: FloatArray) -> Encoder:
        """The encoder, knowing also the scanners of these rows of which enough patients are among them."""
        if not self.harmonisers:
            return self
        return replace(self, harmonisers=tuple(one.with_batches(matrix) for one in self.harmonisers))

    def transform(self, matrix: FloatArray) -> FloatArray:
        """Encode rows.

        Parameters
        ----------
        matrix : ndarray, shape (n, variables)
            Canonical units and level indices, NaN where missing.

        Returns
        -------
        ndarray, shape (n, columns), C-contiguous
        """
        matrix = self.harmonised(matrix)
        return self.standardise(self._kept(self.columns_of(self.completed(matrix), matrix)))

    def _kept(self, columns: FloatArray) -> FloatArray:
        return columns if self.used is None else columns[:, self.used]

    def standardise(self, raw: FloatArray) -> FloatArray:
        """Columns on the scale a learner sees."""
        return np.ascontiguousarray((raw - self.center) / self.scale)

    def completed(self, matrix: FloatArray) -> FloatArray:
        """Values as filled in; a tree that routes missing values itself keeps those."""
        if self.imputer is not None:
            return self.imputer.complete(matrix)
        values = np.where(np.isnan(matrix), self.fill, matrix)
        if self.native:
            values[:, self.incomplete] = matrix[:, self.incomplete]
        return values

    def columns_of(self, completed: FloatArray, matrix: FloatArray) -> FloatArray:
        """Columns before they are standardised, of values as filled in and as they were."""
        values = completed if self.native else self.linear_scale(completed)
        plan = self._plan
        blocks = [values[:, plan.numbers]]
        if plan.bent.size:
            terms = restricted_cubic_terms(values[:, plan.bent], self.knots[plan.bent].T)
            blocks.append(terms.reshape(len(values), math.prod(terms.shape[1:])))  # of no rows too
        if plan.coded.size:
            codes = values[:, plan.coded]
            blocks.append(np.where(np.isnan(codes), np.nan, codes == plan.level))
        if self.incomplete.size and not self.native:
            blocks.append(np.isnan(matrix[:, self.incomplete]).astype(np.float64))
        return np.hstack(blocks)

    @cached_property
    def _plan(self) -> _Plan:
        nominal = np.flatnonzero(self.nominal)
        levels = self.levels[nominal]
        return _Plan(
            numbers=np.flatnonzero(~self.nominal),
            bent=np.flatnonzero(np.isfinite(self.knots).all(axis=1)),
            coded=np.repeat(nominal, levels),
            level=np.concatenate([np.arange(count) for count in levels] or [np.empty(0)]),
            logged=np.flatnonzero(self.log_scale > 0),
        )

    def meanings(self) -> tuple[ColumnMeaning, ...]:
        """What each encoded column says, in their order."""
        plan = self._plan
        bends = 0 if not plan.bent.size else self.knots.shape[1] - 2
        found = [
            *(ColumnMeaning(int(place), "value") for place in plan.numbers),
            *(ColumnMeaning(int(place), "spline") for place in np.repeat(plan.bent, bends)),
            *(
                ColumnMeaning(int(place), "level", int(level))
                for place, level in zip(plan.coded, plan.level, strict=True)
            ),
            *(ColumnMeaning(int(place), "missing") for place in (() if self.native else self.incomplete)),
        ]
        return tuple(found) if self.used is None else tuple(found[place] for place in self.used)

    def value_at(self, column: int, encoded: float) -> float:
        """The value of its variable at which a column that is the variable itself has an encoded value."""
        variable = self.meanings()[column].variable
        seen = encoded * float(self.scale[column]) + float(self.center[column])
        scale = 0.0 if self.native else float(self.log_scale[variable])
        return scale * math.expm1(seen) if scale > 0 else seen

    def linear_scale(self, values: FloatArray) -> FloatArray:
        """What linear parts see of values: logarithms of skewed ones, within the training limits."""
        seen = values.copy()
        logged = self._plan.logged
        seen[:, logged] = np.log1p(np.maximum(values[:, logged], 0.0) / self.log_scale[logged])
        return np.clip(seen, self.lower, self.upper)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the encoder as named arrays."""
        arrays: dict[str, NDArray[Any]] = {"native": np.array(self.native)}
        arrays |= {name: getattr(self, name) for name in _ARRAYS}
        if self.imputer is not None:
            arrays |= {f"imputer.{name}": array for name, array in self.imputer.to_arrays().items()}
        if self.used is not None:
            arrays["used"] = self.used
        return arrays | harmonisers_to_arrays(self.harmonisers)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Encoder:
        """Rebuild an encoder from :meth:`to_arrays`."""
        prefix = "imputer."
        imputer = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        return cls(
            native=bool(arrays["native"]),
            imputer=_imputer_from_arrays(imputer) if imputer else None,
            used=arrays.get("used"),
            harmonisers=harmonisers_from_arrays(arrays),
            **{name: arrays[name] for name in _ARRAYS},
        )


def _imputer_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> ForestImputer | ChainedImputer:
    return (ChainedImputer if "offsets" in arrays else ForestImputer).from_arrays(arrays)


def all_knowing(parts: Iterable[PartT], matrix: FloatArray) -> tuple[PartT, ...]:
    """Let the encoding of each fold fit of some parts know the scanners of some rows; see :meth:`Encoder.knowing`.

    A scanner that was too rare in some folds, or is all of one, is then known to every fit from all its patients.

    Parameters
    ----------
    parts : iterable of dataclasses
        Parts of a model, with ``positions`` and ``members``.
    matrix : ndarray, shape (n, predictors of the model)
    """
    given: Iterable[Any] = parts
    return tuple(
        replace(part, members=_knowing_members(part.members, np.ascontiguousarray(matrix[:, part.positions])))
        for part in given
    )


def _knowing_members(members: Sequence[Any], matrix: FloatArray) -> tuple[Any, ...]:
    """Fits with an encoder that know the scanners of some rows; those of another kind hold no image features."""
    found: list[Any] = []
    for member in members:
        encoder = getattr(member, "encoder", None)
        known = isinstance(encoder, Encoder) and encoder.harmonisers
        found.append(replace(member, encoder=encoder.knowing(matrix)) if known else member)  # type: ignore[union-attr]
    return tuple(found)
