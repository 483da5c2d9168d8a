"""What a model loses when inputs are missing, measured on patients its members did not see.

The model that is asked without an input answers something else than it would have answered with it. The mean squared
change of what it serves (log-odds; of times, log cumulative hazards; of a quantity, its median on the scale that is
learned), over patients who had the input, is the variance that its absence adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MissingLoss"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MissingLoss:
    """Measured loss of each input, and of several at once.

    Parameters
    ----------
    variance : ndarray, shape (predictors,) or (predictors, days)
        Mean squared change of what is served, before the model's last recalibration, when the predictor and what
        follows from it are taken away; of times at each day of the grid; NaN where nobody had it.
    follows : ndarray of bool, shape (predictors, predictors)
        ``follows[i, j]``: predictor ``j`` is computed from predictor ``i``, so that its loss is counted in that of
        ``i``.
    missing : ndarray, shape (steps,)
        Numbers of inputs taken away at once, from 1, rising.
    joint : ndarray, shape (steps,)
        For each, the mean squared change over the sum of the single losses: above 1 where inputs that stand in for
        each other go together, below 1 where their changes cancel.
    """

    variance: FloatArray
    follows: NDArray[np.bool_]
    missing: FloatArray
    joint: FloatArray

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Predictors whose loss was measured, shape (predictors,)."""
        return np.asarray(~np.isnan(self.variance).reshape(len(self.variance), -1).any(axis=1))

    def added_variance(self, missing: NDArray[np.bool_]) -> FloatArray:
        """Variance that missing inputs add before the last recalibration, shape (n,) or (n, days).

        Parameters
        ----------
        missing : ndarray of bool, shape (n, predictors)
            A predictor whose loss was not measured adds nothing here.
        """
        # What follows from another missing input is lost with it, once.
        counted = missing & ~(missing[:, :, None] & self.follows[None]).any(axis=1)
        total = np.zeros((len(missing), *self.variance.shape[1:]))
        together = np.interp(counted.sum(axis=1), self.missing, self.joint)
        lacks, ratio = (
            values.reshape(values.shape + (1,) * (self.variance.ndim - 1)) for values in (counted, together)
        )
        for column, variance in enumerate(np.nan_to_num(self.variance, nan=0.0)):
            total += np.where(lacks[:, column], variance, 0.0)
        return np.asarray(total * ratio, dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the losses as named arrays."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> MissingLoss:
        """Rebuild losses from :meth:`to_arrays`."""
        return cls(**{name: arrays[name] for name in _ARRAYS})


_ARRAYS = ("variance", "follows", "missing", "joint")
