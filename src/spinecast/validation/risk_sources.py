"""What risks are computed from: a model of ours, a published score or a published regression model, all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.declared import NOTHING_DECLARED, DevelopmentDeclared
from spinecast.clinical.published_model import PublishedModel
from spinecast.clinical.scores import Score, compute_scores
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import Outcome
from spinecast.errors import ContractError
from spinecast.explanation.standing import declined_limits
from spinecast.models.loading import AnyModel, TimedModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel

__all__ = [
    "AskedOutcome",
    "RiskSource",
    "SourceKind",
    "asked_outcome",
    "cohort_columns",
    "level_source",
    "model_source",
    "predict_columns",
    "predictor_blocks",
    "published_source",
    "score_source",
    "threshold_source",
    "timed_source",
]

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]
SourceKind = Literal["model", "score", "published"]

# Rows predicted at once: bounds the memory of a cohort of any size.
ROWS_AT_ONCE = 20_000
# A chance on the log-odds must be no certainty.
CERTAIN = 1e-6
# The event whose survival published scores state.
DEATH = "death"


@dataclass(frozen=True)
class AskedOutcome:
    """What is to be predicted: the variable that records it, and the day it is read at.

    Parameters
    ----------
    event : str
        Dictionary variable.
    horizon_days : float or None
        None where the outcome has no horizon.
    """

    event: str
    horizon_days: float | None

    @property
    def words(self) -> str:
        """The outcome, for a message."""
        return self.event if self.horizon_days is None else f"{self.event} by day {self.horizon_days:g}"


@dataclass(frozen=True, eq=False)
class RiskSource:
    """Something that gives every patient of a cohort a risk, or a value that ranks them.

    Parameters
    ----------
    name, label : str
    kind : {"model", "score", "published"}
    inputs : tuple of str
        Dictionary variables it reads.
    identity : str
        Identity of a model, or the publication.
    compute : callable
        Maps matrix columns (coding of `Cohort.matrix`) of n patients to a risk of the outcome asked for, shape (n,),
        NaN where it is not known; where `ranks_only` says why there are no risks, to a value higher for patients more
        likely to have the outcome.
    ranks_only : str
    note : str
        What a reader must know of it.
    declared : DevelopmentDeclared
        How it was made, as far as that is stated.
    declines : callable, optional
        Maps the same columns to the limits, in words, for which it wants no risk of each patient given; None where it
        has none.
    """

    name: str
    label: str
    kind: SourceKind
    inputs: tuple[str, ...]
    identity: str
    compute: Callable[[Columns], FloatArray]
    ranks_only: str = ""
    note: str = ""
    declared: DevelopmentDeclared = NOTHING_DECLARED
    declines: Callable[[Columns], list[tuple[str, ...]]] | None = None

    def served(self, columns: Columns) -> FloatArray:
        """Compute as it would be served: NaN too for patients of whom it wants no risk given, shape (n,)."""
        values = self.compute(columns)
        if self.declines is None:
            return values
        return np.where([not limits for limits in self.declines(columns)], values, np.nan)

    def to_dict(self) -> dict[str, Any]:
        """Return what it is as JSON values."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "identity": self.identity,
            "ranks_only": self.ranks_only or None,
            "note": self.note,
            "declared": self.declared.model_dump(mode="json", exclude_none=True),
        }


def asked_outcome(outcome: Outcome) -> AskedOutcome:
    """Return what an outcome of the cohorts room asks for."""
    event = next(str(getattr(outcome, key)) for key in ("event", "status", "variable") if hasattr(outcome, key))
    horizon = getattr(outcome, "horizon_days", None)
    return AskedOutcome(event, None if horizon is None else float(horizon))


def cohort_columns(cohort: Cohort) -> dict[str, FloatArray]:
    """Return every variable of a cohort as a matrix column."""
    return {name: cohort.matrix([name])[:, 0] for name in cohort.variables}


def model_source(model: PrognosisModel, identity: str, asked: AskedOutcome, *, label: str = "") -> RiskSource:
    """Take risks from a model of ours.

    Parameters
    ----------
    model : PrognosisModel
    identity : str
    asked : AskedOutcome
        A model of another outcome or another horizon ranks patients only.
    label : str
        What reports call it; the model's title when empty.
    """

    def compute(columns: Columns) -> FloatArray:
        return predict_columns(model, columns)

    recorded = dict(model.about.get("outcome") or {})
    return _own_source(model, identity, compute, _other_outcome(recorded, asked), label)


def predict_columns(model: PrognosisModel, columns: Columns) -> FloatArray:
    """Predict from matrix columns, shape (n,); a predictor without a column is missing for everyone."""
    return np.concatenate([model.predict(block) for block in predictor_blocks(model.predictors, columns)])


def predictor_blocks(predictors: Sequence[str], columns: Columns) -> Iterator[FloatArray]:
    """Yield the patients' predictors some rows at a time, shape (rows, predictors); what has no column is missing."""
    count = len(next(iter(columns.values())))
    for start in range(0, count, ROWS_AT_ONCE):
        length = min(ROWS_AT_ONCE, count - start)
        nothing = np.full(length, np.nan)
        block = [columns[name][start : start + length] if name in columns else nothing for name in predictors]
        yield np.ascontiguousarray(np.column_stack(block))


def timed_source(model: TimedModel, identity: str, asked: AskedOutcome, *, label: str = "") -> RiskSource:
    """Take risks by one day from a model of times.

    Parameters
    ----------
    model : TimeToEventModel or CompetingRisksModel
    identity : str
    asked : AskedOutcome
        Of another outcome, or past the last day it answers for, it ranks patients by its risk on a day it does.
    label : str
        As :func:`model_source`.
    """
    day = asked.horizon_days
    event = str(model.about["outcome"].get("event") or model.about["outcome"].get("status"))
    if event != asked.event:
        why = f"the model predicts {model.about['outcome'].get('label') or event}, not {asked.words}"
    elif day is None:
        why = "the model predicts a risk by a day, and the outcome has none"
    else:
        why = "" if day <= model.last_day else f"the model answers up to day {model.last_day:g}, not {asked.words}"
    read = model.last_day if day is None else min(day, model.last_day)

    def compute(columns: Columns) -> FloatArray:
        return np.concatenate(
            [model.risk(block, [read])[:, 0] for block in predictor_blocks(model.predictors, columns)]
        )

    return _own_source(model, identity, compute, why, label)


def threshold_source(
    model: QuantityModel, identity: str, variable: str, threshold: float, *, label: str = ""
) -> RiskSource:
    """Take the chance of reaching a threshold from a model of a quantity.

    Parameters
    ----------
    model : QuantityModel
    identity : str
    variable : str
        The quantity that is measured; a model of another one ranks patients only.
    threshold : float
        In the canonical unit.
    label : str
        As :func:`model_source`.
    """

    def chance(block: FloatArray) -> FloatArray:
        return model.distribution(block).exceedance([threshold])[:, 0]

    return _reaching_source(model, identity, variable, chance, label)


def level_source(model: OrdinalModel, identity: str, variable: str, number: int, *, label: str = "") -> RiskSource:
    """Take the chance of reaching one level from a model of ordered levels.

    Parameters
    ----------
    model : OrdinalModel
    identity : str
    variable : str
        The variable whose levels are read; a model of another one ranks patients only.
    number : int
        Position of the threshold, from 0.
    label : str
        As :func:`model_source`.
    """

    def chance(block: FloatArray) -> FloatArray:
        return model.reached(block)[:, number]

    return _reaching_source(model, identity, variable, chance, label)


def _reaching_source(
    model: QuantityModel | OrdinalModel,
    identity: str,
    variable: str,
    chance: Callable[[FloatArray], FloatArray],
    label: str,
) -> RiskSource:
    theirs = str(model.about["outcome"]["variable"])
    why = "" if theirs == variable else f"the model predicts {theirs}, not {variable}"

    def compute(columns: Columns) -> FloatArray:
        risk = np.concatenate([chance(block) for block in predictor_blocks(model.predictors, columns)])
        return np.asarray(np.clip(risk, CERTAIN, 1 - CERTAIN), dtype=np.float64)

    return _own_source(model, identity, compute, why, label)


def _own_source(
    model: AnyModel, identity: str, compute: Callable[[Columns], FloatArray], why: str, label: str
) -> RiskSource:
    """A model of ours, with the limits of its study where it has any: whom it would decline, nobody judges."""

    def declines(columns: Columns) -> list[tuple[str, ...]]:
        return [one for block in predictor_blocks(model.predictors, columns) for one in declined_limits(model, block)]

    return RiskSource(
        name=model.name,
        label=label or str(model.about.get("title") or model.name),
        kind="model",
        inputs=model.predictors,
        identity=identity,
        compute=compute,
        ranks_only=why,
        note=f"Model {model.name}, identity {identity[:12]}.",
        declared=DevelopmentDeclared.model_validate(model.about.get("development") or {}),
        declines=declines if model.about.get("decline") else None,
    )


def _other_outcome(recorded: Mapping[str, Any], asked: AskedOutcome) -> str:
    event = next((recorded[key] for key in ("event", "status", "variable") if recorded.get(key)), None)
    if event is not None and event != asked.event:
        return f"the model predicts {recorded.get('label') or event}, not {asked.words}"
    horizon = recorded.get("horizon_days")
    if event is not None and horizon != asked.horizon_days:
        theirs = "without a horizon" if horizon is None else f"by day {horizon:g}"
        return f"the model predicts {event} {theirs}, not {asked.words}"
    return ""


def score_source(entry: Score, asked: AskedOutcome) -> RiskSource:
    """Take risks from a published score: 1 less the survival published for the patient's stratum.

    Parameters
    ----------
    entry : Score
    asked : AskedOutcome
        Where its publication states no survival by that day, or the outcome is not death, the score ranks only.

    Raises
    ------
    ContractError
        If the score is a quantity that is no prognosis.
    """
    if entry.direction == "neither":
        raise ContractError(f"{entry.name} is a quantity and no prognosis", remedy="see spinecast scores --list")
    day = None if asked.horizon_days is None else int(asked.horizon_days)
    why = _without_survival(entry, asked, day)
    sign = -1.0 if entry.direction == "higher_is_better" else 1.0

    def compute(columns: Columns) -> FloatArray:
        found = compute_scores([entry], columns)[entry.name]
        if why or day is None:
            return sign * found.value
        return 1 - found.expected_survival(day)

    certain = [] if why or day is None else [band.label for band in entry.strata if day in band.deterministic_days]
    return RiskSource(
        name=entry.name,
        label=entry.label,
        kind="score",
        inputs=entry.inputs,
        identity=entry.source if why else f"{entry.source}. Survival: {entry.survival_source}",
        compute=compute,
        ranks_only=why,
        note=" ".join(
            [
                *([] if why else ["Risk: 1 less the survival published for the stratum."]),
                *([f"Nobody can be sure, as it is of {', '.join(certain)}."] if certain else []),
                *([entry.notes] if entry.notes else []),
            ]
        ),
    )


def _without_survival(entry: Score, asked: AskedOutcome, day: int | None) -> str:
    if asked.event != DEATH:
        return f"published scores state survival, not {asked.words}"
    if day is None or day != asked.horizon_days or not all(day in band.expected_survival for band in entry.strata):
        return f"no survival by day {asked.horizon_days:g} is published for it" if day else "the outcome has no horizon"
    return "" if entry.strata else "no survival is published for it"


def published_source(model: PublishedModel, asked: AskedOutcome) -> RiskSource:
    """Take risks from a published regression model; the linear predictor ranks where it gives none for that day.

    Parameters
    ----------
    model : PublishedModel
    asked : AskedOutcome
    """
    why = _without_risk(model, asked)

    def compute(columns: Columns) -> FloatArray:
        if why:
            return model.linear_predictor(columns)
        return model.risk(columns, None if asked.horizon_days is None else int(asked.horizon_days))

    left_out = f" Left out here: {', '.join(part.what for part in model.left_out)}." if model.left_out else ""
    return RiskSource(
        name=model.published_model,
        label=model.label,
        kind="published",
        inputs=model.inputs,
        identity=model.source.citation,
        compute=compute,
        ranks_only=why,
        note=f"Predicts: {model.outcome.label}.{left_out}",
        declared=model.development,
    )


def _without_risk(model: PublishedModel, asked: AskedOutcome) -> str:
    if not model.gives_level:
        return str(model.link.ranks_only)
    if model.link.kind == "linear":
        return "it predicts an amount and no risk"
    if asked.event not in model.outcome.variables:
        return f"the model predicts {model.outcome.label}, not {asked.words}"
    if asked.horizon_days not in model.horizons_days and (model.horizons_days or asked.horizon_days is not None):
        known = ", ".join(f"{day}" for day in model.horizons_days)
        return f"the model gives a risk by day {known}, not {asked.words}" if known else "the model states no horizon"
    return ""
