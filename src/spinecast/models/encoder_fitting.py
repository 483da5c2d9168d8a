"""How an encoding is learned from the training rows of one fold, alone or once for each draw of what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinecast.models.chained_imputation import ChainedImputer, fit_chained_imputer, normal_offsets
from spinecast.models.encoding import Encoder
from spinecast.models.feature_blocks import kept_features
from spinecast.models.forest_imputation import fit_forest_imputer
from spinecast.models.imputation import Imputation
from spinecast.models.predictor_schema import PredictorSchema, applied, typical_values
from spinecast.statistics import knot_positions

__all__ = ["draw_missing_values", "fit_drawn_encoders", "fit_encoder"]

FloatArray = NDArray[np.float64]

# Linear parts do not extrapolate: values outside these training quantiles are drawn to them, so that one
# mistyped but possible value cannot carry a prediction alone.
WINSOR_QUANTILES = (0.005, 0.995)

# That a value is missing says something only where enough training patients lacked it. Below this a tree's route for a
# missing value is arbitrary (it can be that of the sickest) and an indicator's coefficient rests on a handful of
# people, so the typical value stands in. Ten is the least for which a proportion is known to about 30 points.
FEWEST_MISSING = 10


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
    fill = typical_values(matrix, schema)
    imputer = None
    if imputation.kind == "forest":
        imputer = fit_forest_imputer(
            matrix, schema.levels, fill, iterations=imputation.iterations, trees=imputation.trees, seed=seed
        )
    draft = _draft(matrix, schema, native=imputation.kind == "native", knots=knots)
    draft = replace(draft, imputer=imputer)
    encoder = _standardised(draft, draft.columns_of(draft.completed(matrix), matrix))
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
    log_scale = _log_scale(schema, typical_values(matrix, schema))
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
        raw = draft.columns_of(completed, matrix)
        encoder = _standardised(replace(draft, imputer=imputer), raw)
        found.append((encoder, encoder.standardise(raw)))
    return tuple(found)


def _draft(matrix: FloatArray, schema: PredictorSchema, *, native: bool, knots: int) -> Encoder:
    """Everything but an imputer and the standardisation, which follows from the completed rows."""
    count = len(schema.names)
    fill = typical_values(matrix, schema)
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


def _bounded_and_bent(draft: Encoder, matrix: FloatArray, knots: int) -> Encoder:
    """Winsorising limits and spline knots come from observed values only."""
    seen = draft.linear_scale(matrix)
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
