"""Level and spread of predicted log-odds: what tells how alike the patients of two cohorts are to a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit

from spinecast.statistics import Absent
from spinecast.validation.predictions import Predictions

__all__ = ["LinearPredictor", "linear_predictor"]


@dataclass(frozen=True)
class LinearPredictor:
    """Level and spread of the predicted log-odds in one cohort.

    Parameters
    ----------
    mean, deviation : float
    n : float
        Patients, or the sum of their weights.
    basis : str
        How the risks came about.
    binned : bool
        Whether from risks in bins, as those of a development before this was recorded.
    """

    mean: float
    deviation: float
    n: float
    basis: str
    binned: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "mean": self.mean,
            "standard_deviation": self.deviation,
            "n": self.n,
            "basis": self.basis,
            "binned": self.binned,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> LinearPredictor:
        """Rebuild it from :meth:`to_dict`."""
        return cls(value["mean"], value["standard_deviation"], value["n"], value["basis"], value["binned"])


def linear_predictor(predictions: Predictions) -> LinearPredictor | Absent:
    """Compute mean and standard deviation of the predicted log-odds, weighted where the patients are.

    Debray et al. (2015, J Clin Epidemiol 68:279) read the case mix from them: a smaller spread makes ranking harder.

    Returns
    -------
    LinearPredictor or Absent
        Absent where a risk is exactly 0 or 1.
    """
    cases = np.ones_like(predictions.risk) if predictions.weights is None else predictions.weights
    risk, cases = predictions.risk[cases > 0], cases[cases > 0]
    extreme = int(np.count_nonzero((risk == 0) | (risk == 1)))
    if extreme or not risk.size:
        return Absent(f"{extreme} of {risk.size} predicted risks are exactly 0 or 1 and have no log-odds")
    log_odds, total = logit(risk), float(cases.sum())
    mean = float(cases @ log_odds) / total
    spread = float(np.sqrt(cases @ (log_odds - mean) ** 2 / total))
    return LinearPredictor(mean, spread, total, predictions.basis)
