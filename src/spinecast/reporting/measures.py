"""How the report names, formats and explains each performance measure: one entry a measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.reporting import formatting

__all__ = ["FOR_COMPARISON", "MEASURES", "Measure", "measure_text", "value_of"]

FOR_COMPARISON = "for comparison"  # the ideal of a measure that has none


@dataclass(frozen=True)
class Measure:
    """A performance measure as readers meet it.

    Parameters
    ----------
    name : str
        Key in the evaluation record.
    label, short : str
        Name in running text and in a column heading.
    decimals : int
        Decimals shown.
    ideal : str
        What a perfect model would have.
    meaning : str
        Glossary entry.
    source : str
        Where it is defined.
    """

    name: str
    label: str
    short: str
    decimals: int
    ideal: str
    meaning: str
    source: str


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "auc",
            "Area under the ROC curve",
            "AUC",
            3,
            "1; 0.5 is chance",
            "The chance that, of one person with the event and one without, the model gives the higher risk to the one "
            "with the event. It says how well people are ranked and nothing about whether the risks are right.",
            "Hanley and McNeil 1982; interval after DeLong 1988",
        ),
        Measure(
            "brier",
            "Brier score",
            "Brier",
            3,
            "0",
            "Mean squared distance between the predicted risk and what happened (1 or 0).",
            "Brier 1950",
        ),
        Measure(
            "brier_null",
            "Brier score of the null model",
            "Brier, null",
            3,
            FOR_COMPARISON,
            "Brier score of giving everybody the average risk.",
            "Steyerberg 2010",
        ),
        Measure(
            "scaled_brier",
            "Scaled Brier score",
            "Scaled Brier",
            3,
            "1; 0 is the null model",
            "Share of the null model's Brier score that the model removes; negative when it does worse than giving "
            "everybody the average risk.",
            "Steyerberg 2010",
        ),
        Measure(
            "log_loss",
            "Logarithmic loss",
            "Log-loss",
            3,
            "0",
            "Mean negative logarithm of the probability the model gave to what happened; the measure tuned on.",
            "Good 1952",
        ),
        Measure(
            "calibration_in_the_large",
            "Calibration-in-the-large",
            "Calibration-in-the-large",
            3,
            "0",
            "How far, on the log-odds scale, predicted risks would have to be shifted to agree with the observed "
            "number "
            "of events: above 0 the model predicts too low, below 0 too high.",
            "Cox 1958; Van Calster 2016",
        ),
        Measure(
            "calibration_slope",
            "Calibration slope",
            "Slope",
            2,
            "1",
            "Slope of the outcome on the predicted log-odds: below 1 the risks are too extreme (a sign of "
            "overfitting), "
            "above 1 too moderate.",
            "Cox 1958; Van Calster 2016",
        ),
        Measure(
            "observed_expected_ratio",
            "Observed to expected events",
            "O:E",
            2,
            "1",
            "Number of events observed over the number predicted.",
            "Debray 2017",
        ),
        Measure(
            "ici",
            "Integrated calibration index",
            "ICI",
            3,
            "0",
            "Mean absolute distance between predicted risk and the flexible calibration curve, over the people "
            "studied.",
            "Austin and Steyerberg 2019",
        ),
        Measure(
            "e50",
            "Median calibration error (E50)",
            "E50",
            3,
            "0",
            "Half of the people have a predicted risk closer to the calibration curve than this.",
            "Harrell 2015; Austin and Steyerberg 2019",
        ),
        Measure(
            "e90",
            "90th centile of calibration error (E90)",
            "E90",
            3,
            "0",
            "Nine in ten people have a predicted risk closer to the calibration curve than this.",
            "Harrell 2015; Austin and Steyerberg 2019",
        ),
        Measure(
            "e_max",
            "Largest calibration error (Emax)",
            "Emax",
            3,
            "0",
            "Largest distance between a predicted risk and the calibration curve.",
            "Harrell 2015",
        ),
    )
}


def measure_text(measures: Mapping[str, Any], name: str) -> str:
    """Format one measure of a record with its interval, or say why there is none."""
    return formatting.estimate(measures.get(name), MEASURES[name].decimals)


def value_of(measures: Mapping[str, Any], name: str) -> tuple[float, float | None, float | None] | None:
    """Return a measure's estimate and interval limits, or None where it is absent."""
    measure = measures.get(name)
    if formatting.absence(measure) is not None or measure is None:
        return None
    return measure["estimate"], measure.get("lower"), measure.get("upper")
