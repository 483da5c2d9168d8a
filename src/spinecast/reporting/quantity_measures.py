"""How reports name and explain the measures of predicted quantities: one entry a measure."""

from __future__ import annotations

from collections.abc import Mapping

from spinecast.reporting.measures import MEASURES, Measure

__all__ = ["QUANTITY_MEASURES"]

QUANTITY_MEASURES: Mapping[str, Measure] = {
    **MEASURES,
    **{
        measure.name: measure
        for measure in (
            Measure(
                "pinball_skill",
                "Share of the pinball loss removed",
                "Pinball skill",
                3,
                "1; 0 is everybody alike",
                "Share of the pinball loss of the cohort's own quantiles, given to everybody, that the model removes: "
                "for quantiles what explained variation is for means.",
                "Koenker and Machado 1999",
            ),
            Measure(
                "mean_pinball_loss",
                "Mean pinball loss of all levels",
                "Pinball loss",
                1,
                "0",
                "How far predicted quantiles lie from what was measured, misses on the rarer side of a level costing "
                "more, averaged over levels and people, in the quantity's unit.",
                "Koenker and Bassett 1978",
            ),
            Measure(
                "mean_absolute_error",
                "Mean absolute error of the median",
                "Absolute error",
                0,
                "0",
                "How far the predicted median lies from what was measured, on average, in its unit.",
                "Willmott and Matsuura 2005",
            ),
            *(
                Measure(
                    f"coverage_{stated}",
                    f"Coverage of {stated}% intervals",
                    f"{stated}% coverage",
                    3,
                    f"0.{stated}",
                    f"Share of patients whose value lies in the interval said to hold {stated}% of such patients.",
                    "Romano, Patterson and Candes 2019",
                )
                for stated in (50, 80, 90)
            ),
        )
    },
}
