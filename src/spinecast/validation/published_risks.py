"""Risks of what is published: scores with the survival of their strata, and regression models."""

from __future__ import annotations

from spinecast.clinical.published_model import PublishedModel
from spinecast.clinical.scores import Score, compute_scores
from spinecast.errors import ContractError
from spinecast.validation.risk_sources import AskedOutcome, Columns, FloatArray, RiskSource

__all__ = ["published_source", "score_source"]

# The event whose survival published scores state.
DEATH = "death"


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
