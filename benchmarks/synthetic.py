"""Made-up patients for benchmarks. Nobody in them exists; they are only as large and as incomplete as real ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.models.catalogue import FAMILIES
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import Member, Part, PrognosisModel, development_marginals
from spinecast.training.missing_loss import held_out_risk, measure_missing_inputs, missing_loss

__all__ = [
    "censored_follow_up",
    "correlated_columns",
    "fitted_part",
    "measured_model",
    "outcome_and_risk",
    "outcome_of",
    "patients",
    "prognosis_model",
    "with_holes",
]

FloatArray = NDArray[np.float64]


def correlated_columns(rows: int, columns: int, seed: int) -> FloatArray:
    """Continuous columns that share four hidden causes, so that one says something of another."""
    generator = np.random.default_rng(seed)
    causes = generator.normal(size=(rows, 4))
    shares = generator.normal(size=(4, columns))
    bent = causes @ shares + 0.5 * np.tanh(causes**2 @ shares)
    return np.asarray(bent + generator.normal(scale=0.6, size=(rows, columns)))


def with_holes(matrix: FloatArray, incomplete: int, share: float, seed: int) -> FloatArray:
    """Set a share of the first columns' cells to missing."""
    generator = np.random.default_rng(seed)
    holed = matrix.copy()
    holed[:, :incomplete][generator.random((len(matrix), incomplete)) < share] = np.nan
    return holed


def outcome_and_risk(count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Risks rounded to four decimals (so that some are tied) and outcomes drawn from them."""
    generator = np.random.default_rng(seed)
    risk = np.round(generator.beta(2, 3, count), 4).clip(0.0001, 0.9999)
    return (generator.random(count) < risk).astype(np.float64), risk


def censored_follow_up(count: int, horizon: float, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Whole days of follow-up, whether the event ended it, and the risk of one by the horizon it was drawn from."""
    generator = np.random.default_rng(seed)
    _, risk = outcome_and_risk(count, seed)
    until_event = np.ceil(generator.exponential(-horizon / np.log1p(-risk)))
    until_censored = np.ceil(generator.uniform(0.2 * horizon, 4 * horizon, count))
    return np.minimum(until_event, until_censored), (until_event <= until_censored).astype(np.float64), risk


def patients(count: int, predictors: tuple[str, ...], seed: int) -> FloatArray:
    """Values within each predictor's possible range or levels, one in ten of the numbers missing."""
    generator = np.random.default_rng(seed)
    columns = []
    for name in predictors:
        entry = variable(name)
        if entry.is_levelled:
            columns.append(generator.integers(0, len(entry.levels), count).astype(np.float64))
            continue
        expected = entry.plausible or entry.possible
        values = generator.uniform(expected.lower, expected.upper, count).round(2)
        values[generator.random(count) < 0.1] = np.nan
        columns.append(values)
    return np.column_stack(columns)


def outcome_of(matrix: FloatArray, seed: int) -> FloatArray:
    """Outcomes that depend on every column a little, and on the first two together."""
    generator = np.random.default_rng(seed)
    filled = np.where(np.isnan(matrix), np.nanmean(matrix, axis=0), matrix)
    scaled = (filled - filled.mean(axis=0)) / filled.std(axis=0)
    lean = scaled @ generator.normal(scale=0.5, size=matrix.shape[1]) + 0.5 * scaled[:, 0] * scaled[:, 1]
    return (generator.random(len(matrix)) < expit(lean)).astype(np.float64)


def fitted_part(
    kind: str, matrix: FloatArray, outcome: FloatArray, predictors: tuple[str, ...], *, members: int, **changed: float
) -> Part:
    """A part whose members each miss one fold of the patients; its line leaves log-odds as they are."""
    family = FAMILIES[kind]
    parameters = {**family.defaults, **changed}
    schema = PredictorSchema.from_variables([variable(name) for name in predictors])
    fold = _folds(matrix, members)
    fitted = []
    for member in range(members):
        rows = matrix[fold != member]
        imputation = Imputation("native" if kind == "xgboost" else "median")
        encoder = fit_encoder(rows, schema, imputation, knots=int(parameters.get("knots", 0)))
        scorer = family.fit(encoder.transform(rows), outcome[fold != member], None, parameters, member)
        fitted.append(Member(encoder=encoder, scorer=scorer))
    return Part(
        name=kind,
        family=kind,
        label=family.label,
        positions=np.arange(len(predictors)),
        intercept=0.0,
        slope=1.0,
        members=tuple(fitted),
    )


def prognosis_model(parts: tuple[Part, ...], matrix: FloatArray, predictors: tuple[str, ...]) -> PrognosisModel:
    """The parts as a model that says it is synthetic."""
    return PrognosisModel(
        name="synthetic_benchmark",
        predictors=predictors,
        parts=parts,
        intercept=0.0,
        slope=1.0,
        marginals=development_marginals(matrix, [len(variable(name).levels) for name in predictors]),
        about={"outcome": {"label": "a made-up outcome"}, "cohort": {"kind": "synthetic"}},
    )


def measured_model(model: PrognosisModel, matrix: FloatArray, outcome: FloatArray) -> PrognosisModel:
    """The model with what a training measures: the loss by missing inputs, and where patients stand among others.

    Parameters
    ----------
    model : PrognosisModel
        Made of parts of :func:`fitted_part`, fitted to these very patients.
    matrix : ndarray, shape (n, predictors)
    outcome : ndarray, shape (n,)
    """
    fold = _folds(matrix, len(model.parts[0].members))
    every = np.arange(len(matrix))
    labelled = LabelledOutcome("made up", "yes", "no", outcome, np.ones(len(matrix), bool), every, None, ())
    found = measure_missing_inputs(held_out_risk(model), model.predictors, matrix, fold, labelled, bootstrap=0, seed=13)
    schema = PredictorSchema.from_variables([variable(name) for name in model.predictors])
    return replace(
        model,
        missing=missing_loss(model.predictors, found, model.slope),
        development=learn_development_distribution(matrix, schema, fold),
    )


def _folds(matrix: FloatArray, members: int) -> NDArray[np.int64]:
    return np.arange(len(matrix)) % max(members, 2)
