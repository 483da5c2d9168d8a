"""What a pooling says as one JSON document, in the names of the glossary."""

from __future__ import annotations

from typing import Any

from spinecast.evidence.cautions import cautions
from spinecast.evidence.pooling import Measured, Pooled
from spinecast.evidence.printed import SummaryCheck
from spinecast.evidence.recipes import recipe_text, variants
from spinecast.evidence.results import PublishedResult
from spinecast.notices import RESEARCH_USE
from spinecast.statistics import Absent, Range

__all__ = ["check_document", "pooled_document", "result_document"]


def pooled_document(pooled: Pooled, table: str, checks: tuple[SummaryCheck, ...] = ()) -> dict[str, Any]:
    """Return a pooling as JSON-ready values.

    Parameters
    ----------
    pooled : Pooled
        What was pooled.
    table : str
        Name of the table it comes from.
    checks : tuple of SummaryCheck
        Printed summaries of the same table.
    """
    fit, recipe = pooled.fit, pooled.recipe
    method = recipe_text(recipe)
    return {
        "table": table,
        "sources": sources(pooled),
        "outcome": pooled.selected.outcome,
        "stage": pooled.selected.stage,
        "model": pooled.selected.model,
        "recipe": {
            "quantity": recipe.quantity,
            "scale": recipe.scale,
            "method": recipe.method,
            "interval": recipe.interval,
            "standard_error": recipe.standard_error,
            "missing_standard_error": recipe.missing_standard_error,
        },
        recipe.quantity: {**_measured(pooled.measured()), "studies": fit.studies, "method": method},
        "prediction_interval": _range(pooled.predicted()),
        "heterogeneity": {
            "tau2": {"estimate": fit.tau2, **_range(fit.tau2_interval)},
            "i2": {"estimate": fit.i2, **_range(fit.i2_interval)},
            "h2": fit.h2,
            "q": {"statistic": fit.q, "degrees": fit.q_degrees, "p": fit.q_p},
        },
        "model_scale": {"estimate": fit.estimate, "standard_error": fit.standard_error, "scale": recipe.scale},
        "studies": [
            {
                **result_document(study.result),
                recipe.quantity: _measured(study.shown),
                "effect": study.effect,
                "standard_error": study.standard_error,
                "weight": study.weight,
                "basis": study.basis or "printed",
            }
            for study in pooled.studies
        ],
        "leave_one_out": _without(pooled),
        "influence": _influence(pooled),
        "small_studies": _small_studies(pooled),
        "other_recipes": [
            {
                "recipe": variant.label,
                recipe.quantity: _measured(variant.pooled),
                "prediction_interval": _range(variant.prediction),
                "tau2": variant.tau2,
            }
            for variant in variants(pooled)[1:]
        ],
        "left_out": [{"id": left.result.id, "study": left.result.study, "why": left.why} for left in pooled.left_out],
        "cautions": [{"title": one.title, "text": one.text, "serious": one.serious} for one in cautions(pooled)],
        "printed": [check_document(check) for check in checks],
        "notices": [RESEARCH_USE],
    }


def sources(pooled: Pooled) -> list[str]:
    """Return where the pooled rows were read, each place once; a row may name several with '; ' between."""
    places = (place for study in pooled.studies for place in study.result.source.split("; "))
    return list(dict.fromkeys(place for place in places if place))


def result_document(result: PublishedResult) -> dict[str, Any]:
    """Return who reported a result, and what is known to be wrong with it."""
    return {
        "id": result.id,
        "study": result.study,
        "stage": result.stage or None,
        "outcome": result.outcome_name or None,
        "model": result.model or None,
        "population": result.population or None,
        "method": result.method or None,
        "n": result.n,
        "events": result.events,
        "printed": result.printed or None,
        "flags": [{"code": flag.code, "why": flag.why} for flag in result.flags],
        "source": result.source or None,
        "table": result.table or None,
        "citation": result.citation or None,
        "place": result.place,
    }


def check_document(check: SummaryCheck) -> dict[str, Any]:
    """Return a printed summary beside what its table gives."""
    return {
        "id": check.summary.id,
        "label": check.summary.label,
        "source": check.summary.source,
        "quantity": check.summary.quantity,
        "printed": check.summary.printed,
        "verdict": check.verdict,
        "contradicts_itself": check.contradicts_itself,
        "statement": check.statement,
        "numbers": [
            {"part": each.part, "printed": each.printed, "recomputed": each.recomputed, "last_digits_off": each.off}
            for each in check.comparisons
        ],
        "recipes_that_follow": list(check.recipes),
        "flag": check.summary.cells["flag"] or None,
        "why": check.summary.cells["why"] or None,
    }


def _measured(value: Measured) -> dict[str, float]:
    return {"estimate": value.estimate, "lower": value.lower, "upper": value.upper}


def _range(value: Range | Absent) -> dict[str, Any]:
    return value.to_dict() if isinstance(value, Absent) else {"lower": value.lower, "upper": value.upper}


def _without(pooled: Pooled) -> Any:
    if isinstance(pooled.without, Absent):
        return pooled.without.to_dict()
    return [
        {
            "left_out": study.result.id,
            pooled.recipe.quantity: _measured(pooled.measured(fit)),
            "tau2": fit.tau2,
            "i2": fit.i2,
        }
        for study, fit in zip(pooled.studies, pooled.without, strict=True)
    ]


def _influence(pooled: Pooled) -> Any:
    if isinstance(pooled.influence, Absent):
        return pooled.influence.to_dict()
    return [
        {
            "id": study.result.id,
            "studentised_residual": one.residual,
            "dffits": one.dffits,
            "cook": one.cook,
            "covariance_ratio": one.covariance_ratio,
            "hat": one.hat,
            "dfbetas": one.dfbetas,
            "tau2_without": one.tau2,
            "q_without": one.q,
            "influential": one.influential,
        }
        for study, one in zip(pooled.studies, pooled.influence, strict=True)
    ]


def _small_studies(pooled: Pooled) -> dict[str, Any]:
    test = pooled.small_studies
    if isinstance(test, Absent):
        return test.to_dict()
    return {
        "slope": test.slope,
        "z": test.statistic,
        "p": test.p,
        "limit": pooled.shown(test.limit)[0],
        "method": "regression on the standard error, random effects",
    }
