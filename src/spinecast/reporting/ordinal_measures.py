"""How reports name and explain the measures of predicted levels: one entry a measure."""

from __future__ import annotations

from collections.abc import Mapping

from spinecast.reporting.measures import MEASURES, Measure

__all__ = ["ORDINAL_MEASURES"]

ORDINAL_MEASURES: Mapping[str, Measure] = {
    **MEASURES,
    **{
        measure.name: measure
        for measure in (
            Measure(
                "ordinal_concordance",
                "C of the ordered levels",
                "C",
                3,
                "1; 0.5 is chance",
                "The chance that, of two people at different levels, the model ranks the one at the higher level above "
                "the other.",
                "Harrell 2015; interval by the infinitesimal jackknife",
            ),
            Measure(
                "somers_dxy",
                "Somers' Dxy",
                "Dxy",
                3,
                "1; 0 is chance",
                "Pairs of people at different levels ranked rightly less those ranked wrongly, over all such pairs.",
                "Somers 1962",
            ),
            Measure(
                "ranked_probability_score",
                "Ranked probability score",
                "Ranked probability",
                3,
                "0",
                "Squared distance between having reached a level and its probability, averaged over levels and people: "
                "a miss by two levels costs more than one by one.",
                "Epstein 1969",
            ),
            Measure(
                "ranked_probability_skill",
                "Share of the ranked probability score removed",
                "Ranked probability skill",
                3,
                "1; 0 is everybody alike",
                "Share of the ranked probability score of the cohort's own frequencies, given to everybody, that the "
                "model removes.",
                "Murphy 1971",
            ),
        )
    },
}
