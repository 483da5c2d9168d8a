"""What the final model loses without its inputs, measured by each member on the patients it did not see.

The final model's members are the fits of the inner folds over all patients, so every patient has a member of each part
that never saw them: that one is asked with the patient's inputs and without. Nothing is fitted for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.models.loading import AnyModel, named_parts
from spinecast.models.members import DrawnMember, PatternMember
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.prognosis_model import PrognosisModel, mean_in_order
from spinecast.training.resampling import Split, inner_folds
from spinecast.training.seeds import derive_seed
from spinecast.training.study import Study
from spinecast.training.tuning_unit import CandidatePlan
from spinecast.validation import Predictions
from spinecast.validation.missing_inputs import MissingInputs
from spinecast.validation.removing_inputs import OF_RISKS, Reading, evaluate_missing_inputs, following_inputs

__all__ = [
    "FOLD",
    "by_held_out_member",
    "describe_handling",
    "held_out_risk",
    "measure_final_model",
    "measure_missing_inputs",
    "missing_loss",
    "recorded_missing",
]

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]

DRAWS = 5
"""Random choices for each number of missing inputs: enough for the mean that the model carries."""

# Inverse-probability weights make the intervals bootstraps, one for every input.
MOST_RESAMPLES = 100

# Travels with the patients' values, so that a patient drawn is asked of the member that did not see them.
FOLD = "inner fold"


def measure_missing_inputs(
    predict: Callable[[Columns], FloatArray],
    predictors: Sequence[str],
    matrix: FloatArray,
    fold: NDArray[np.int64],
    labelled: LabelledOutcome,
    *,
    bootstrap: int,
    seed: int,
    reading: Reading = OF_RISKS,
) -> MissingInputs:
    """Evaluate a model with inputs missing, on the patients it was made from, held out.

    Parameters
    ----------
    predict : callable
        Maps patients' values and, under `FOLD`, their inner fold to the answers of the members that did not see them.
    predictors : sequence of str
    matrix : ndarray, shape (n, predictors)
        The labelled patients' values of them.
    fold : ndarray of int64, shape (n,)
        Inner fold of each: member ``k`` of every part did not see fold ``k``.
    labelled : LabelledOutcome
        The event whose risk is judged.
    bootstrap, seed : int
        Resamples, used with weights only and at most `MOST_RESAMPLES`, and the seed of every draw.
    reading : Reading
        How the answers are read.
    """
    columns = {name: matrix[:, place] for place, name in enumerate(predictors)}
    columns[FOLD] = fold.astype(np.float64)
    risk = reading.risk(predict(columns))
    predictions = Predictions(risk, labelled.values, labelled.weights, None, "out-of-fold")
    known = [name for place, name in enumerate(predictors) if not np.isnan(matrix[:, place]).all()]
    return evaluate_missing_inputs(
        predict,
        columns,
        known,
        predictions,
        draws=DRAWS,
        bootstrap=min(bootstrap, MOST_RESAMPLES),
        seed=derive_seed(seed, "missing inputs"),
        reading=reading,
    )


class Fitted(Protocol):
    """A training that is done, of any kind of outcome: its study, patients, candidates and how it was divided."""

    @property
    def study(self) -> Study: ...
    @property
    def cohort(self) -> Cohort: ...
    @property
    def plans(self) -> Sequence[CandidatePlan]: ...
    @property
    def splits(self) -> Sequence[Split]: ...


def measure_final_model(
    trained: Fitted,
    predictors: Sequence[str],
    predict: Callable[[Columns], FloatArray],
    labelled: LabelledOutcome,
    reading: Reading = OF_RISKS,
) -> MissingInputs:
    """Evaluate the model of all patients with inputs missing, each patient asked of members that did not see them.

    Parameters
    ----------
    trained : Fitted
    predictors, predict, labelled, reading
        As :func:`measure_missing_inputs`.
    """
    return measure_missing_inputs(
        predict,
        predictors,
        trained.cohort.matrix(predictors)[labelled.rows],
        inner_folds(trained.splits),
        labelled,
        bootstrap=trained.study.evaluation.bootstrap,
        seed=trained.study.seed,
        reading=reading,
    )


def by_held_out_member(
    predictors: Sequence[str], answer: Callable[[FloatArray, int], FloatArray]
) -> Callable[[Columns], FloatArray]:
    """Return what asks each patient of the members that did not see them.

    Parameters
    ----------
    predictors : sequence of str
        In matrix order.
    answer : callable
        Maps predictor values, shape (n, predictors), and the number of a fold to the answers, shape (n, ...), of the
        members that were fitted without it.
    """

    def predict(columns: Columns) -> FloatArray:
        matrix = np.column_stack([columns[name] for name in predictors])
        found: FloatArray | None = None
        for fold in np.unique(columns[FOLD]).astype(int):
            rows = np.flatnonzero(columns[FOLD] == fold)
            own = answer(matrix[rows], int(fold))
            found = np.empty((len(matrix), *own.shape[1:])) if found is None else found
            found[rows] = own
        assert found is not None  # there are patients
        return found

    return predict


def held_out_risk(model: PrognosisModel) -> Callable[[Columns], FloatArray]:
    """Return what maps patients' values and inner folds to risks by the members that did not see them."""

    def answer(matrix: FloatArray, fold: int) -> FloatArray:
        parts = []
        for part in model.parts:
            own = np.ascontiguousarray(matrix[:, part.positions])
            parts.append(part.intercept + part.slope * part.members[fold].score(own))
        return np.asarray(expit(model.intercept + model.slope * mean_in_order(np.stack(parts))), dtype=np.float64)

    return by_held_out_member(model.predictors, answer)


def recorded_missing(found: MissingInputs, model: AnyModel, trained: Fitted, rows: NDArray[np.intp]) -> dict[str, Any]:
    """What was measured of a model with inputs missing, and how each part of it meets them: JSON values.

    Parameters
    ----------
    found : MissingInputs
    model : AnyModel
    trained : Fitted
    rows : ndarray of int, shape (n,)
        Patients of the cohort who were analysed.
    """
    matrix = trained.cohort.matrix(model.predictors)[rows]
    return found.to_dict() | {"handling": describe_handling(model, matrix, trained.plans)}


def describe_handling(model: AnyModel, matrix: FloatArray, plans: Sequence[CandidatePlan]) -> list[dict[str, Any]]:
    """Say of each part of a model how it meets missing inputs: JSON values.

    Parameters
    ----------
    model : AnyModel
    matrix : ndarray, shape (n, predictors)
        The development patients, to count whom each submodel answers.
    plans : sequence of CandidatePlan
        The candidates of the study.
    """
    kinds = {plan.name: plan.imputation.kind for plan in plans}
    described = []
    for label, part in named_parts(model):
        member = part.members[0]
        entry: dict[str, Any] = {"label": label, "kind": kinds[part.name]}
        if isinstance(member, DrawnMember):
            entry["draws"] = len(member.draws)
        if isinstance(member, PatternMember):
            patterns = member.patterns
            labels = [variable(model.predictors[place]).label for place in part.positions]
            answering = patterns.of(matrix[:, part.positions])
            entry["submodels"] = [
                {
                    "lacks": [labels[place] for place in patterns.compared[lacking]],
                    "fitted_to": int(fitted),
                    "answers": int((answering == number).sum()),
                }
                for number, (lacking, fitted) in enumerate(zip(patterns.missing, patterns.patients, strict=True))
            ]
            entry["otherwise"] = {"fitted_to": len(matrix), "answers": int((answering < 0).sum())}
        described.append(entry)
    return described


def missing_loss(predictors: Sequence[str], found: MissingInputs, slope: float | FloatArray = 1.0) -> MissingLoss:
    """Turn what was measured into what the model carries.

    Parameters
    ----------
    predictors : sequence of str
        Of the model, in order.
    found : MissingInputs
    slope : float or ndarray, shape (k,)
        Of the model's last recalibration: the loss is kept before it, so that an update of that line moves the loss
        with the risk.
    """
    scale = np.square(np.where(np.asarray(slope) == 0, 1.0, slope))
    changed = {one.variable: one.by_column for one in found.each if one.by_column is not None}
    columns = max((len(change) for change in changed.values()), default=1)
    variance = np.full((len(predictors), columns), np.nan)
    for place, name in enumerate(predictors):
        if name in changed:
            variance[place] = changed[name] / scale
    follows = [[other in following_inputs(name, predictors) for other in predictors] for name in predictors]
    steps = [(one.missing, one.joint) for one in found.several if one.joint is not None]
    return MissingLoss(
        variance=variance[:, 0] if columns == 1 else variance,
        follows=np.array(follows, dtype=bool),
        missing=np.array([1.0, *(float(missing) for missing, _ in steps)]),
        joint=np.array([1.0, *(joint for _, joint in steps)]),
    )
