"""Judging predicted probabilities of ordered levels; no patient stands in the result.

All levels together are judged by the ranked probability score and by how well patients are ranked; reaching each level
is judged as any risk is, by ranking, calibration and net benefit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.outcomes import LabelledLevels
from spinecast.models.ordinal.thresholds import level_probabilities
from spinecast.statistics import (
    Absent,
    Measure,
    ParallelSlopes,
    auc,
    brant_test,
    decision_curve,
    measure_from_dict,
    ordinal_concordance,
    ranked_probability_score,
    ranked_probability_skill,
    somers_dxy,
)
from spinecast.validation.threshold import as_json, judge_threshold, threshold_again

__all__ = ["ORDINAL_MEASURES", "OrdinalJudge", "described_levels", "rank_score"]

FloatArray = NDArray[np.float64]

ORDINAL_MEASURES = ("ordinal_concordance", "somers_dxy", "ranked_probability_score", "ranked_probability_skill")
CURVE_THRESHOLDS = 41
FIFTHS = 5


def rank_score(log_odds: FloatArray) -> FloatArray:
    """One number to rank patients by, shape (n,): the mean probability of reaching a level.

    It orders them as the expected level would if levels were one apart, which they are not: it is never shown.
    """
    return np.asarray(expit(log_odds).mean(axis=1), dtype=np.float64)


def described_levels(labelled: LabelledLevels, name: str) -> list[dict[str, Any]]:
    """Describe every level, lowest first: its value, its words, what reaching it is called, and how many were at it.

    Parameters
    ----------
    labelled : LabelledLevels
    name : str
        The dictionary variable they were read from.
    """
    died = variable(name).died_before_levels
    return [
        {
            "level": level,
            "label": label,
            "short": short,
            "reached": words,
            "count": count,
            "died_before": level in died,
        }
        for level, label, short, words, count in zip(
            labelled.levels,
            labelled.level_labels,
            labelled.short_labels,
            ("", *labelled.reached_labels),
            labelled.counts,
            strict=True,
        )
    ]


@dataclass(frozen=True, eq=False)
class OrdinalJudge:
    """Observed levels of the patients judged.

    Parameters
    ----------
    levels : ndarray of int, shape (n,)
        0 the lowest.
    reached_labels : tuple of str
        What it is to reach each level but the lowest.
    thresholds : tuple of float
        Risks at which net benefit is given.
    decision_range : tuple of float
        Lowest and highest threshold of the decision curves.
    """

    levels: NDArray[np.intp]
    reached_labels: tuple[str, ...]
    thresholds: tuple[float, ...]
    decision_range: tuple[float, float]

    def brief(self, log_odds: FloatArray) -> dict[str, Any]:
        """Judge by the measures that candidates are compared by: JSON values.

        Parameters
        ----------
        log_odds : ndarray, shape (n, thresholds)
            Of reaching each level but the lowest, falling in each row.
        """
        reached, score = expit(log_odds), rank_score(log_odds)
        found = {
            "ordinal_concordance": ordinal_concordance(self.levels, score),
            "somers_dxy": somers_dxy(self.levels, score),
            "ranked_probability_score": ranked_probability_score(self.levels, reached),
            "ranked_probability_skill": ranked_probability_skill(self.levels, reached),
        }
        found |= {
            f"auc_at_{number + 1}": auc(self._reached(number), reached[:, number])
            for number in range(len(self.reached_labels))
        }
        return as_json(found)

    def again(self, rows: NDArray[np.int64], log_odds: FloatArray) -> dict[str, Measure]:
        """Judge what was fitted again, in some patients: measures of reaching a level end in its number, from 1.

        Parameters
        ----------
        rows : ndarray of int
            Patients, who may stand there twice.
        log_odds : ndarray, shape (m, thresholds)
            Of these.
        """
        here = replace(self, levels=self.levels[rows])
        reached = expit(log_odds)
        found: dict[str, Measure] = {
            "ordinal_concordance": ordinal_concordance(here.levels, rank_score(log_odds)),
            "ranked_probability_score": ranked_probability_score(here.levels, reached),
            "ranked_probability_skill": ranked_probability_skill(here.levels, reached),
        }
        for number in range(len(self.reached_labels)):
            judged = threshold_again(here._reached(number), reached[:, number])
            found |= {f"{name}_at_{number + 1}": measure for name, measure in judged.items()}
        return found

    def whole(self, log_odds: FloatArray) -> dict[str, Any]:
        """Judge all levels and each threshold: JSON values."""
        slopes = self._slopes(log_odds)
        return {
            "measures": self.brief(log_odds),
            "thresholds": [
                {"label": label, **self._threshold(number, expit(log_odds[:, number]))}
                for number, label in enumerate(self.reached_labels)
            ],
            "levels_by_prediction": self._by_prediction(log_odds),
            "parallel_slopes": slopes.to_dict(),
        }

    def group(self, log_odds: FloatArray, number: int) -> dict[str, Measure]:
        """Judge a group of patients: the measures of subgroups, those of one threshold among them."""
        reached = expit(log_odds)
        at = judge_threshold(self._reached(number), reached[:, number])["measures"]
        return {
            "ordinal_concordance": ordinal_concordance(self.levels, rank_score(log_odds)),
            "ranked_probability_skill": ranked_probability_skill(self.levels, reached),
            **{name: measure_from_dict(at[name]) for name in ("auc", "observed_expected_ratio", "calibration_slope")},
        }

    def _slopes(self, log_odds: FloatArray) -> ParallelSlopes | Absent:
        if self.levels.max() < log_odds.shape[1]:
            return Absent(f"nobody reached the highest level ({self.reached_labels[-1]})")
        return brant_test(self.levels, log_odds.mean(axis=1, keepdims=True))

    def _reached(self, number: int) -> FloatArray:
        return (self.levels > number).astype(np.float64)

    def _threshold(self, number: int, chance: FloatArray) -> dict[str, Any]:
        happened = self._reached(number)
        described = judge_threshold(happened, chance)
        if "calibration_curve" not in described:
            absent = Absent("the threshold separates nobody").to_dict()
            return described | {"decision_curve": absent, "net_benefit": absent}
        along = np.linspace(*self.decision_range, CURVE_THRESHOLDS)
        return described | {
            "decision_curve": decision_curve(happened, chance, along).to_dict(),
            "net_benefit": decision_curve(happened, chance, self.thresholds).to_dict(),
        }

    def _by_prediction(self, log_odds: FloatArray) -> list[dict[str, Any]]:
        """Predicted and observed share of every level, by fifth of the ranked predictions."""
        score, chances = rank_score(log_odds), level_probabilities(log_odds)
        rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
        groups = min(FIFTHS, len(rank))
        fifth = rank * groups // len(rank)
        rows = []
        for number in range(groups):
            own = fifth == number
            counts = np.bincount(self.levels[own], minlength=chances.shape[1])
            rows.append(
                {
                    "n": int(own.sum()),
                    "predicted": chances[own].mean(axis=0).tolist(),
                    "observed": (counts / own.sum()).tolist(),
                }
            )
        return rows
