"""LIME in the dictionary's variables: a weighted straight line through what the model says near one patient.

Ribeiro, Singh and Guestrin 2016, doi:10.1145/2939672.2939778. A neighbour keeps the patient's value of some inputs,
each with a chance of one half; in place of the others stand those of reference patients made of development quantiles,
and what the model says is averaged over these, so that no chance draw blurs it. That, on the scale of the
contributions, is regressed on which inputs were kept, by ridge regression with weights that fall with the number that
were not. The effect of an input is what keeping the patient's value, rather than somebody else's, adds. R² says how
well a straight line fits: what is missing from 1 is inputs that act together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import block_of
from spinecast.explanation.depth.views import View
from spinecast.explanation.keeping import reference_patients
from spinecast.models.loading import AnyModel

__all__ = ["LocalFit", "kernel_weights", "local_fits", "neighbours", "ridge_fit", "varied_places"]

FloatArray = NDArray[np.float64]

DRAWS = 200
# As in the authors' package for tables: width of the kernel as a share of the root of the number of inputs, and the
# penalty of the ridge.
KERNEL_WIDTH = 0.75
PENALTY = 1.0


@dataclass(frozen=True, eq=False)
class LocalFit:
    """Local fits of some patients.

    Parameters
    ----------
    effects : ndarray, shape (n, predictors)
        NaN for inputs that are not varied.
    intercept : ndarray, shape (n,)
    r_squared : ndarray, shape (n,)
        Share of the weighted variance among the neighbours that the line explains.
    """

    effects: FloatArray
    intercept: FloatArray
    r_squared: FloatArray


def varied_places(model: AnyModel) -> NDArray[np.int64]:
    """Return the positions of inputs that may be varied alone: no image features, whose values hang on a scanner."""
    names = model.predictors
    alone = [not variable(name).is_label and block_of(name) is None for name in names]
    return np.flatnonzero(alone)


def neighbours(inputs: int, draws: int, seed: int) -> tuple[NDArray[np.bool_], FloatArray]:
    """Draw which inputs are kept, shape (draws, inputs), and return the weight of each, shape (draws,)."""
    kept = np.random.default_rng(seed).random((draws, inputs)) < 0.5
    return kept, kernel_weights(kept)


def kernel_weights(kept: NDArray[np.bool_]) -> FloatArray:
    """Return the weight of each neighbour, shape (draws,), from which inputs it keeps, shape (draws, inputs).

    The authors' kernel is the root of exp(-distance² / width²); of inputs kept or not the squared distance is a count.
    """
    width = KERNEL_WIDTH * np.sqrt(kept.shape[1])
    return np.asarray(np.sqrt(np.exp(-(~kept).sum(axis=1) / width**2)), dtype=np.float64)


def local_fits(view: View, rows: FloatArray, *, seed: int, draws: int = DRAWS) -> LocalFit:
    """Fit a line near each of some patients.

    Parameters
    ----------
    view : View
    rows : ndarray, shape (n, predictors)
    seed : int
        Of all patients the same choices of inputs are kept.
    draws : int
        Neighbours a patient; four an input where that is more.
    """
    places, references = varied_places(view.model), reference_patients(view.model)
    kept, weights = neighbours(len(places), max(draws, 4 * len(places)), seed)
    effects = np.full(rows.shape, np.nan)
    intercept, r_squared = np.empty(len(rows)), np.empty(len(rows))
    for number, row in enumerate(rows):
        asked = np.tile(row, (len(kept), len(references), 1))
        asked[:, :, places] = np.where(kept[:, None, :], row[places], references[:, places])
        served = view.on_scale(asked.reshape(-1, len(row))).reshape(len(kept), len(references)).mean(axis=1)
        effects[number, places], intercept[number], r_squared[number] = ridge_fit(
            kept.astype(np.float64), served, weights
        )
    return LocalFit(effects, intercept, r_squared)


def ridge_fit(inputs: FloatArray, served: FloatArray, weights: FloatArray) -> tuple[FloatArray, float, float]:
    """Return coefficients, intercept and R² of a weighted ridge regression; R² is 1 where nothing varies."""
    from sklearn.linear_model import Ridge

    line = Ridge(alpha=PENALTY).fit(inputs, served, sample_weight=weights)
    r_squared = 1.0 if np.ptp(served) == 0 else float(line.score(inputs, served, sample_weight=weights))
    return np.asarray(line.coef_, dtype=np.float64), float(line.intercept_), r_squared
