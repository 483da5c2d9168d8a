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

from spinecast.models.ordinal.thresholds import level_probabilities
from spinecast.statistics import (
    Absent,
    Measure,
    auc,
    brant_test,
    decision_curve,
    ordinal_concordance,
    ranked_probability_score,
    ranked_probability_skill,
    somers_dxy,
)
from spinecast.validation.threshold import as_json, judge_threshold, threshold_again

__all__ = ["ORDINAL_MEASURES", "OrdinalJudge", "rank_score"]

FloatArray = NDArray[np.float64]

ORDINAL_MEASURES = ("ordinal_concordance", "somers_dxy", "ranked_probability_score", "ranked_probability_skill")
CURVE_THRESHOLDS = 41
FIFTHS = 5


def rank_score(log_odds: FloatArray) -> FloatArray:
    """One number to rank patients by, shape (n,): the mean probability of reaching a level.

    It orders them as the expected level would if levels were one apart, which they are not: it is never shown.
    """
    return np.asarray(expit(log_odds).mean(axis=1), dtype=np.float64)


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
        slopes = brant_test(self.levels, log_odds.mean(axis=1, keepdims=True))
        return {
            "measures": self.brief(log_odds),
            "thresholds": [
                {"label": label, **self._threshold(number, expit(log_odds[:, number]))}
                for number, label in enumerate(self.reached_labels)
            ],
            "levels_by_prediction": self._by_prediction(log_odds),
            "parallel_slopes": slopes.to_dict(),
        }

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
        fifth = rank * FIFTHS // len(rank)
        rows = []
        for number in range(FIFTHS):
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
