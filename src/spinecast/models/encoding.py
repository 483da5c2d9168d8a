"""From dictionary variables to the columns a learner sees: imputation, scale, splines, levels, indicators.

Features of an image come first onto one scale (:mod:`spinecast.models.feature_blocks`), and some may be left out; what
tells scanners apart has no column.
Everything here is learned from the training rows of one fold and stored as arrays. Each encoded column has
one owner among the variables, so that an explanation of columns sums back to what was asked of the patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.models.chained_imputation import ChainedImputer, fit_chained_imputer, normal_offsets
from spinecast.models.feature_blocks import (
    FeatureBlock,
    Harmoniser,
    fit_harmoniser,
    harmonisers_from_arrays,
    harmonisers_to_arrays,
    kept_features,
)
from spinecast.models.forest_imputation import ForestImputer, fit_forest_imputer
from spinecast.models.imputation import Imputation
from spinecast.statistics import knot_positions, restricted_cubic_terms

__all__ = [
    "Encoder",
    "Imputation",
    "PredictorSchema",
    "all_knowing",
    "applied",
    "draw_missing_values",
    "fit_drawn_encoders",
    "fit_encoder",
]

FloatArray = NDArray[np.float64]
MemberT = TypeVar("MemberT")

# Linear parts do not extrapolate: values outside these training quantiles are drawn to them, so that one
# mistyped but possible value cannot carry a prediction alone.
WINSOR_QUANTILES = (0.005, 0.995)

# That a value is missing says something only where enough training patients lacked it. Below this a tree's route for a
# missing value is arbitrary (it can be that of the sickest) and an indicator's coefficient rests on a handful of
# people, so the typical value stands in. Ten is the least for which a proportion is known to about 30 points.
FEWEST_MISSING = 10


@dataclass(frozen=True)
class PredictorSchema:
    """What the encoder must know of each predictor.

    Parameters
    ----------
    names : tuple of str
        Dictionary names, in matrix order.
    levels : ndarray of int64, shape (variables,)
        Number of levels, 0 for a continuous variable.
    nominal : ndarray of bool, shape (variables,)
        True where more than two levels have no order: each becomes a column of its own.
    skewed : ndarray of bool, shape (variables,)
        True where linear parts see the logarithm.
    labels : ndarray of bool, shape (variables,), optional
        True where the value is a code of what tells scanners apart, which gets no column; nowhere when left out.
    blocks : tuple of FeatureBlock
        The image features among them.
    """

    names: tuple[str, ...]
    levels: NDArray[np.int64]
    nominal: NDArray[np.bool_]
    skewed: NDArray[np.bool_]
    labels: NDArray[np.bool_] | None = None
    blocks: tuple[FeatureBlock, ...] = ()

    @classmethod
    def from_variables(cls, variables: Sequence[Variable], blocks: Sequence[FeatureBlock] = ()) -> PredictorSchema:
        """Read the schema off the dictionary; of blocks, what is among the variables."""
        names = [variable.name for variable in variables]
        return cls(
            names=tuple(variable.name for variable in variables),
            levels=np.array([len(variable.levels) for variable in variables], dtype=np.int64),
            nominal=np.array([variable.kind == "nominal" and len(variable.levels) > 2 for variable in variables]),
            skewed=np.array([variable.skewed for variable in variables]),
            labels=np.array([variable.is_label for variable in variables], dtype=bool),
            blocks=tuple(own for block in blocks if (own := block.select(names)) is not None),
        )

    def select(self, names: Sequence[str]) -> tuple[PredictorSchema, NDArray[np.int64]]:
        """Return the schema of some predictors and their positions in this one."""
        positions = np.array([self.names.index(name) for name in names], dtype=np.int64)
        chosen = PredictorSchema(
            names=tuple(names),
            levels=self.levels[positions],
            nominal=self.nominal[positions],
            skewed=self.skewed[positions],
            labels=None if self.labels is None else self.labels[positions],
            blocks=tuple(own for block in self.blocks if (own := block.select(names)) is not None),
        )
        return chosen, positions

    def fit_harmonisers(self, matrix: FloatArray) -> tuple[Harmoniser, ...]:
        """Learn how each harmonised block is brought onto one scale, from training rows, shape (n, variables)."""
        harmonised = [block for block in self.blocks if block.batch is not None]
        if not harmonised:
            return ()
        typical = np.array([_typical(matrix[:, j], int(count)) for j, count in enumerate(self.levels)])
        nominal_levels = np.where(self.nominal, self.levels, 0)
        return tuple(fit_harmoniser(matrix, block, self.names, nominal_levels, typical) for block in harmonised)

    def on_common_scale(self, matrix: FloatArray) -> FloatArray:
        """Rows with every harmonised block brought onto one scale by what these rows themselves teach."""
        return applied(self.fit_harmonisers(matrix), matrix)


def applied(harmonisers: Sequence[Harmoniser], matrix: FloatArray) -> FloatArray:
    """Rows after every harmoniser; the same array where there is none."""
    for harmoniser in harmonisers:
        matrix = harmoniser.apply(matrix)
    return matrix


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
        return self._standardise(self._kept(self._columns_of(self._completed(matrix), matrix)))

    def _kept(self, columns: FloatArray) -> FloatArray:
        return columns if self.used is None else columns[:, self.used]

    def _standardise(self, raw: FloatArray) -> FloatArray:
        return np.ascontiguousarray((raw - self.center) / self.scale)

    def _completed(self, matrix: FloatArray) -> FloatArray:
        if self.imputer is not None:
            return self.imputer.complete(matrix)
        values = np.where(np.isnan(matrix), self.fill, matrix)
        if self.native:
            values[:, self.incomplete] = matrix[:, self.incomplete]
        return values

    def _columns_of(self, completed: FloatArray, matrix: FloatArray) -> FloatArray:
        """Columns before they are standardised, of values as filled in and as they were."""
        values = completed if self.native else self._linear_scale(completed)
        blocks = [values[:, ~self.nominal]]
        bent = np.flatnonzero(np.isfinite(self.knots).all(axis=1))
        blocks.extend(restricted_cubic_terms(values[:, variable], self.knots[variable]) for variable in bent)
        for variable in np.flatnonzero(self.nominal):
            code = values[:, variable, None]
            columns = (code == np.arange(self.levels[variable])).astype(np.float64)
            blocks.append(np.where(np.isnan(code), np.nan, columns))
        if self.incomplete.size and not self.native:
            blocks.append(np.isnan(matrix[:, self.incomplete]).astype(np.float64))
        return np.hstack(blocks)

    def _linear_scale(self, values: FloatArray) -> FloatArray:
        seen = values.copy()
        logged = self.log_scale > 0
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


def all_knowing(members: Sequence[MemberT], matrix: FloatArray) -> tuple[MemberT, ...]:
    """Let the encoding of each fold fit know the scanners of some rows; see :meth:`Encoder.knowing`.

    Parameters
    ----------
    members : sequence of dataclasses
        Fits with an ``encoder``; those of another kind hold no image features and stay as they are.
    matrix : ndarray, shape (n, variables)
    """
    found: list[Any] = []
    for member in members:
        encoder = getattr(member, "encoder", None)
        known = isinstance(encoder, Encoder) and encoder.harmonisers
        found.append(replace(member, encoder=encoder.knowing(matrix)) if known else member)  # type: ignore[union-attr, type-var]
    return tuple(found)


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


def fit_encoder(
    matrix: FloatArray,
    schema: PredictorSchema,
    imputation: Imputation,
    *,
    knots: int = 0,
    seed: int = 0,
    outcome: FloatArray | None = None,
    measured_outcome: bool = False,
) -> Encoder:
    """Learn an encoding from training rows.

    Parameters
    ----------
    matrix : ndarray, shape (n, variables)
        Canonical units and level indices, NaN where missing.
    schema : PredictorSchema
    imputation : Imputation
    knots : int
        Knots of a restricted cubic spline for each continuous variable, 0 for straight lines.
    seed : int
        Seed of the forest imputer, and of ties between image features.
    outcome : ndarray, shape (n,), optional
        Of the training rows, for a block of image features that keeps the most informative ones; nothing else reads it.
    measured_outcome : bool
        Whether the outcome is a number rather than had or not.
    """
    harmonisers = schema.fit_harmonisers(matrix)
    matrix = applied(harmonisers, matrix)
    dropped = np.zeros(len(schema.names), dtype=bool) if schema.labels is None else schema.labels.copy()
    for block in schema.blocks:
        places = np.array([schema.names.index(name) for name in block.features])
        dropped[places] = ~kept_features(
            matrix[:, places], block.reduction, outcome, measured_outcome=measured_outcome, seed=seed
        )
    fill = _typical_values(matrix, schema)
    imputer = None
    if imputation.kind == "forest":
        imputer = fit_forest_imputer(
            matrix, schema.levels, fill, iterations=imputation.iterations, trees=imputation.trees, seed=seed
        )
    draft = _draft(matrix, schema, native=imputation.kind == "native", knots=knots)
    draft = replace(draft, imputer=imputer)
    encoder = _standardised(draft, draft._columns_of(draft._completed(matrix), matrix))
    return replace(_with_columns_of(encoder, dropped, matrix, schema), harmonisers=harmonisers)


def _with_columns_of(
    encoder: Encoder, dropped: NDArray[np.bool_], matrix: FloatArray, schema: PredictorSchema
) -> Encoder:
    """Leave out the columns of dropped variables, and of image features missing together all indicators but one."""
    if not dropped.any() and not schema.blocks:
        return encoder
    keep = ~dropped[encoder.owner]
    if not encoder.native:
        first = len(encoder.owner) - len(encoder.incomplete)
        seen: set[tuple[str, bytes]] = set()
        block_of = {name: block.name for block in schema.blocks for name in block.features}
        for column, variable in enumerate(encoder.incomplete, start=first):
            block = block_of.get(schema.names[variable])
            pattern = (block or "", np.isnan(matrix[:, variable]).tobytes())
            if block is not None and not dropped[variable]:
                keep[column] &= pattern not in seen
                seen.add(pattern)
    used = np.flatnonzero(keep)
    return replace(
        encoder, used=used, owner=encoder.owner[used], center=encoder.center[used], scale=encoder.scale[used]
    )


def draw_missing_values(
    matrix: FloatArray, schema: PredictorSchema, imputation: Imputation, *, seed: int = 0
) -> tuple[tuple[ChainedImputer, FloatArray], ...]:
    """Draw the missing values of training rows several times.

    Parameters
    ----------
    matrix, schema, imputation
        As :func:`fit_encoder`.
    seed : int
        Seed of the draws.

    Returns
    -------
    tuple of (ChainedImputer, ndarray of shape (n, variables))
        Of each draw how others are completed, and the training rows with noise of their own.
    """
    log_scale = _log_scale(schema, _typical_values(matrix, schema))
    return tuple(
        fit_chained_imputer(
            matrix,
            schema.levels,
            schema.nominal,
            log_scale,
            offsets,
            rounds=imputation.iterations,
            seed=(seed + 7919 * number) % 2**32,
        )
        for number, offsets in enumerate(normal_offsets(imputation.draws, schema.levels, schema.nominal))
    )


def fit_drawn_encoders(
    matrix: FloatArray,
    schema: PredictorSchema,
    drawn: Sequence[tuple[ChainedImputer, FloatArray]],
    *,
    knots: int = 0,
) -> tuple[tuple[Encoder, FloatArray], ...]:
    """Learn an encoding from each draw of the missing values of training rows.

    Parameters
    ----------
    matrix, schema, knots
        As :func:`fit_encoder`.
    drawn : sequence of (ChainedImputer, ndarray)
        Of :func:`draw_missing_values`.

    Returns
    -------
    tuple of (Encoder, ndarray of shape (n, columns))
        Of each draw the encoding and the training rows encoded, which the encoding alone does not give back.
    """
    draft = _draft(matrix, schema, native=False, knots=knots)
    found = []
    for imputer, completed in drawn:
        raw = draft._columns_of(completed, matrix)
        encoder = _standardised(replace(draft, imputer=imputer), raw)
        found.append((encoder, encoder._standardise(raw)))
    return tuple(found)


def _draft(matrix: FloatArray, schema: PredictorSchema, *, native: bool, knots: int) -> Encoder:
    """Everything but an imputer and the standardisation, which follows from the completed rows."""
    count = len(schema.names)
    fill = _typical_values(matrix, schema)
    log_scale = np.zeros(count) if native else _log_scale(schema, fill)
    draft = Encoder(
        native=native,
        levels=schema.levels,
        nominal=schema.nominal,
        fill=fill,
        log_scale=log_scale,
        lower=np.full(count, -np.inf),
        upper=np.full(count, np.inf),
        knots=np.full((count, max(knots, 1)), np.nan),
        incomplete=np.flatnonzero(np.isnan(matrix).sum(axis=0) >= FEWEST_MISSING),
        center=np.array(0.0),
        scale=np.array(1.0),
        owner=np.array([], dtype=np.int64),
        imputer=None,
    )
    return draft if native else _bounded_and_bent(draft, matrix, knots)


def _log_scale(schema: PredictorSchema, fill: FloatArray) -> FloatArray:
    return np.where(schema.skewed, np.where(fill > 0, fill, 1.0), 0.0)


def _imputer_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> ForestImputer | ChainedImputer:
    return (ChainedImputer if "offsets" in arrays else ForestImputer).from_arrays(arrays)


def _typical_values(matrix: FloatArray, schema: PredictorSchema) -> FloatArray:
    return np.array([_typical(matrix[:, j], int(levels)) for j, levels in enumerate(schema.levels)])


def _typical(column: FloatArray, levels: int) -> float:
    observed = column[~np.isnan(column)]
    if observed.size == 0:
        return 0.0
    if levels:
        return float(np.bincount(observed.astype(np.int64), minlength=levels).argmax())
    return float(np.median(observed))


def _bounded_and_bent(draft: Encoder, matrix: FloatArray, knots: int) -> Encoder:
    """Winsorising limits and spline knots come from observed values only."""
    seen = draft._linear_scale(matrix)
    lower, upper, positions = draft.lower.copy(), draft.upper.copy(), draft.knots.copy()
    for variable in np.flatnonzero(draft.levels == 0):
        observed = seen[~np.isnan(matrix[:, variable]), variable]
        if observed.size == 0:
            continue
        lower[variable], upper[variable] = np.quantile(observed, WINSOR_QUANTILES)
        placed = knot_positions(observed, knots) if knots else None
        if placed is not None:
            positions[variable] = placed
    return replace(draft, lower=lower, upper=upper, knots=positions)


def _standardised(draft: Encoder, columns: FloatArray) -> Encoder:
    bent = np.flatnonzero(np.isfinite(draft.knots).all(axis=1))
    nominal = np.flatnonzero(draft.nominal)
    owner = np.concatenate(
        [
            np.flatnonzero(~draft.nominal),
            np.repeat(bent, max(draft.knots.shape[1] - 2, 0)),
            np.repeat(nominal, draft.levels[nominal]),
            draft.incomplete if not draft.native else np.array([], dtype=np.int64),
        ]
    ).astype(np.int64)
    if draft.native:
        center, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
    else:
        center, spread = columns.mean(axis=0), columns.std(axis=0)
        scale = np.where(spread > 1e-12, spread, 1.0)
    return replace(draft, center=center, scale=scale, owner=owner)
