"""How reports name and explain the measures of risks over time: one entry a measure."""

from __future__ import annotations

from collections.abc import Mapping

from spinecast.reporting.measures import MEASURES, Measure
from spinecast.reporting.sections.external_follow_up import FOLLOW_UP_MEASURES

__all__ = ["TIMED_MEASURES"]

TIMED_MEASURES: Mapping[str, Measure] = {
    **MEASURES,
    **FOLLOW_UP_MEASURES,
    **{
        measure.name: measure
        for measure in (
            Measure(
                "harrell_c",
                "Harrell's C",
                "Harrell's C",
                3,
                "1; 0.5 is chance",
                "The chance that, of two people whose order is known, the one with the earlier event is expected to "
                "lose more time to it up to the last horizon. It changes with how long people were followed.",
                "Harrell 1982",
            ),
            Measure(
                "integrated_brier",
                "Integrated Brier score",
                "Integrated Brier",
                4,
                "0",
                "Mean squared distance between the risk by a day and what happened by then, weighted for censoring and "
                "averaged over the days up to the last horizon; the measure tuned on.",
                "Graf 1999",
            ),
            Measure(
                "observed_expected_events",
                "Observed to expected events over the follow-up",
                "O:E, events",
                2,
                "1",
                "Events seen over those the predicted hazards expect during everybody's own follow-up: calibration "
                "without an estimate of the censoring.",
                "Crowson 2016",
            ),
            Measure(
                "integrated_ipa",
                "Share of the integrated Brier score removed",
                "Integrated IPA",
                3,
                "1; 0 is the observed curve",
                "Share of the integrated Brier score of giving everybody the observed curve that the model removes.",
                "Graf 1999; Kattan and Gerds 2018",
            ),
        )
    },
}
