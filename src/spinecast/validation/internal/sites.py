"""Internal-external validation: each site judged by the model of the others, pooled over sites.

The pooled value is that of an average site; the prediction interval says what a further site may show (Steyerberg &
Harrell 2016, J Clin Epidemiol 69:245; Debray et al. 2017, BMJ 356:i6460).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.statistics import (
    Absent,
    Estimate,
    Measure,
    MetaAnalysis,
    Range,
    auc,
    auc_effects,
    measure_from_dict,
    meta_analyse,
    ratio_effects,
)
from spinecast.statistics.foundations.inputs import NORMAL_975
from spinecast.validation.internal.optimism import Tuning
from spinecast.validation.measures import accuracy_measures, calibration_in_groups
from spinecast.validation.predictions import Predictions

__all__ = [
    "SITE_MEASURES",
    "InternalExternal",
    "PooledMeasure",
    "SiteEvaluation",
    "SitePredictions",
    "pooled_measure",
    "validate_by_site",
]

FloatArray = NDArray[np.float64]

SITE_MEASURES = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope", "observed_expected_ratio")
SHARES = ("auc", "horizon_auc", "harrell_c", "ordinal_concordance", "coverage")
"""Beginnings of the names of measures that lie between 0 and 1: chances of a right order, and of being covered."""
POOLED = ("auc", "calibration_in_the_large", "calibration_slope", "observed_expected_ratio")


@dataclass(frozen=True, eq=False)
class SitePredictions:
    """One site and the risks of its patients by the model of the others, or why there are none."""

    label: str
    predictions: Predictions | Absent


@dataclass(frozen=True)
class SiteEvaluation:
    """One site.

    Parameters
    ----------
    label : str
    n, events : int or None
        None where the site is too small to be shown.
    measures : dict of str to Estimate or Absent
        By :data:`SITE_MEASURES`.
    """

    label: str
    n: int | None
    events: int | None
    measures: dict[str, Measure]

    def to_dict(self) -> dict[str, Any]:
        """Return the site as JSON-ready values."""
        return {
            "label": self.label,
            "n": self.n,
            "events": self.events,
            "measures": {name: measure.to_dict() for name, measure in self.measures.items()},
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> SiteEvaluation:
        """Rebuild a site from :meth:`to_dict`."""
        measures = {name: measure_from_dict(measure) for name, measure in value["measures"].items()}
        return cls(value["label"], value["n"], value["events"], measures)


@dataclass(frozen=True)
class PooledMeasure:
    """One measure over sites, by random effects.

    Parameters
    ----------
    pooled : Estimate
        With Hartung and Knapp's interval.
    prediction : Range or Absent
        Where a further site is expected with 95 % probability.
    tau2, i2 : float
        Variance between sites on the scale of the model, and its share of the observed variance.
    scale : {"log-odds", "logarithm", "as it is"}
        On which the sites were pooled.
    sites : tuple of str
        Those in the pool.
    weights : tuple of float
        Their shares of it.
    """

    pooled: Estimate
    prediction: Range | Absent
    tau2: float
    i2: float
    scale: str
    sites: tuple[str, ...]
    weights: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the pool as JSON-ready values: those of the estimate, and what the sites differ by."""
        prediction = self.prediction
        return self.pooled.to_dict() | {
            "prediction": prediction.to_dict()
            if isinstance(prediction, Absent)
            else {"lower": prediction.lower, "upper": prediction.upper},
            "tau2": self.tau2,
            "i2": self.i2,
            "scale": self.scale,
            "sites": list(self.sites),
            "weights": list(self.weights),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> PooledMeasure:
        """Rebuild a pool from :meth:`to_dict`."""
        ends = value["prediction"]
        return cls(
            pooled=Estimate.from_dict(value),
            prediction=Absent.from_dict(ends) if "absent" in ends else Range(**ends),
            tau2=value["tau2"],
            i2=value["i2"],
            scale=value["scale"],
            sites=tuple(value["sites"]),
            weights=tuple(value["weights"]),
        )


@dataclass(frozen=True)
class InternalExternal:
    """Performance in each site by models of the others.

    Parameters
    ----------
    by, label : str
        What tells sites apart, and its words.
    tuning : {"fixed", "repeated"}
        Whether the search over parameters was repeated without each site; fixed parameters were found with it.
    sites : tuple of SiteEvaluation
    pooled : dict of str to PooledMeasure or Absent
    """

    by: str
    label: str
    tuning: Tuning
    sites: tuple[SiteEvaluation, ...]
    pooled: dict[str, PooledMeasure | Absent]

    def to_dict(self) -> dict[str, Any]:
        """Return the validation as JSON-ready values."""
        return {
            "basis": "internal-external",
            "by": self.by,
            "label": self.label,
            "tuning": self.tuning,
            "sites": [site.to_dict() for site in self.sites],
            "pooled": {name: pooled.to_dict() for name, pooled in self.pooled.items()},
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> InternalExternal:
        """Rebuild a validation from :meth:`to_dict`."""
        return cls(
            by=value["by"],
            label=value["label"],
            tuning=value["tuning"],
            sites=tuple(SiteEvaluation.from_dict(site) for site in value["sites"]),
            pooled={
                name: Absent.from_dict(one) if "absent" in one else PooledMeasure.from_dict(one)
                for name, one in value["pooled"].items()
            },
        )


def validate_by_site(
    sites: Sequence[SitePredictions], *, by: str, label: str, tuning: Tuning, bootstrap: int, seed: int
) -> InternalExternal:
    """Judge every site by the model of the others and pool over sites.

    AUCs are pooled on the log-odds scale, observed to expected ratios on that of their logarithm, intercept and slope
    as they are (Debray et al. 2017; Snell et al. 2018, Stat Methods Med Res 27:3505); REML, Hartung-Knapp interval,
    prediction interval with k - 2 degrees of freedom.

    Parameters
    ----------
    sites : sequence of SitePredictions
    by, label, tuning
        As in :class:`InternalExternal`.
    bootstrap, seed : int
        Resamples, and their seed, of intervals that have no formula.
    """
    judged = tuple(_judge(site, bootstrap, seed) for site in sites)
    return InternalExternal(by, label, tuning, judged, {name: pooled_measure(name, judged) for name in POOLED})


def _judge(site: SitePredictions, bootstrap: int, seed: int) -> SiteEvaluation:
    found = site.predictions
    if isinstance(found, Absent):
        return SiteEvaluation(site.label, None, None, dict.fromkeys(SITE_MEASURES, found))
    measures = accuracy_measures(found, bootstrap=bootstrap, seed=seed)
    measures |= calibration_in_groups(found, bootstrap=bootstrap, seed=seed)
    # On the scale it is pooled on: Wald's interval of a small site is cut off at 1, which has no log-odds.
    measures["auc"] = auc(found.outcome, found.risk, found.weights, interval="logit", bootstrap=bootstrap, seed=seed)
    return SiteEvaluation(site.label, found.n, found.events, {name: measures[name] for name in SITE_MEASURES})


def pooled_measure(name: str, sites: Sequence[SiteEvaluation]) -> PooledMeasure | Absent:
    """Pool one measure over sites by random effects; shares (`SHARES`) on the log-odds scale."""
    there = []
    for site in sites:
        measure = site.measures[name]
        if isinstance(measure, Estimate) and measure.lower is not None and measure.upper is not None:
            there.append((site.label, measure, (measure.estimate, measure.lower, measure.upper)))
    values = np.array([limits for _, _, limits in there], dtype=np.float64).reshape(-1, 3)
    effects, errors, scale = _effects(name, values)
    usable = np.isfinite(effects) & np.isfinite(errors) & (errors > 0)
    if usable.sum() < 2:
        return Absent(f"{usable.sum()} of {len(sites)} sites could be judged: two are needed to pool")
    fit = meta_analyse(effects[usable], errors[usable])
    if isinstance(fit, Absent):
        return fit
    used = [one for one, kept in zip(there, usable, strict=True) if kept]
    return PooledMeasure(
        pooled=Estimate(
            _back(fit.estimate, scale),
            _back(fit.lower, scale),
            _back(fit.upper, scale),
            sum(measure.n for _, measure, _ in used),
            sum(measure.events or 0 for _, measure, _ in used),
            f"random effects over {fit.studies} sites, REML, Hartung-Knapp interval; scale: {scale}",
        ),
        prediction=_prediction(fit, scale),
        tau2=fit.tau2,
        i2=fit.i2,
        scale=scale,
        sites=tuple(label for label, _, _ in used),
        weights=tuple(fit.weights.tolist()),
    )


def _effects(name: str, values: FloatArray) -> tuple[FloatArray, FloatArray, str]:
    estimate, lower, upper = values.T
    if name.startswith(SHARES):
        return *auc_effects(estimate, lower, upper), "log-odds"
    if name == "observed_expected_ratio":
        return *ratio_effects(estimate, lower, upper), "logarithm"
    return estimate, (upper - lower) / (2 * NORMAL_975), "as it is"


def _back(value: float, scale: str) -> float:
    if scale == "log-odds":
        return float(expit(value))
    return float(np.exp(value)) if scale == "logarithm" else float(value)


def _prediction(fit: MetaAnalysis, scale: str) -> Range | Absent:
    ends = fit.prediction_interval()
    return ends if isinstance(ends, Absent) else Range(_back(ends.lower, scale), _back(ends.upper, scale))
