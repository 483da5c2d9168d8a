"""What inputs are compared with: the development patients, or what their model keeps of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.models.development_distribution import QUANTILES
from spinecast.models.loading import AnyModel
from spinecast.models.prognosis_model import MARGINAL_QUANTILES, PrognosisModel
from spinecast.statistics import Absent, DistributionShift, level_shift, missing_shift, quantile_shift, sample_shift

__all__ = ["InputReference", "on_reference_scale", "reference_of_model", "reference_of_patients"]

FloatArray = NDArray[np.float64]
Shift = DistributionShift | Absent


@dataclass(frozen=True, eq=False)
class InputReference:
    """One input's distribution in the development patients: one of a sample, shares of levels, or quantiles.

    Parameters
    ----------
    name : str
    n : int or None
        Patients with a known value; None where that is not recorded, and then nothing can be tested.
    sample : ndarray, shape (patients,), optional
        Values, NaN where missing.
    shares : ndarray, shape (levels,), optional
    probabilities, quantiles : ndarray, shape (quantiles,), optional
    missing : tuple of int, optional
        Patients without a value, and all; None where that is not recorded.
    """

    name: str
    n: int | None
    sample: FloatArray | None = None
    shares: FloatArray | None = None
    probabilities: FloatArray | None = None
    quantiles: FloatArray | None = None
    missing: tuple[int, int] | None = None

    @property
    def kept(self) -> str:
        """What is known of the distribution: of patients, shares of levels, or quantiles."""
        if self.sample is not None:
            return "patients"
        return "levels" if self.shares is not None else "quantiles"

    def shift(self, values: FloatArray) -> Shift:
        """Compare the known among some values with the reference."""
        if self.n is None:
            return Absent("of how many development patients it was known is not at hand: nothing can be tested")
        if self.shares is not None:
            known = values[~np.isnan(values)].astype(np.intp)
            return level_shift(self.shares, self.n, np.bincount(known, minlength=self.shares.size))
        if self.sample is not None:
            return sample_shift(self.sample, values)
        if self.probabilities is None or self.quantiles is None:
            return Absent("the model keeps nothing of its distribution")
        return quantile_shift(self.probabilities, self.quantiles, self.n, values)

    def missing_shift(self, values: FloatArray) -> Shift:
        """Compare how many of some values are missing with the reference."""
        if self.missing is None:
            return Absent("how often it was missing in the development is not at hand: the model does not keep it")
        return missing_shift(*self.missing, int(np.isnan(values).sum()), values.size)


def reference_of_model(
    model: AnyModel, description: Mapping[str, Any] | None = None, predictors: Sequence[str] | None = None
) -> tuple[InputReference, ...]:
    """Take the reference from what a model keeps of its development patients.

    Parameters
    ----------
    model : AnyModel
    description : mapping, optional
        Recorded description of these patients, which says how often each input was missing.
    predictors : sequence of str, optional
        Which; the model's when left out. Labels, such as that of a scanner, have no distribution to keep.
    """
    everyone = int((model.about.get("cohort") or {}).get("n") or 0)
    recorded = {one["variable"]: one for one in (description or {}).get("missingness") or ()}
    size = int((description or {}).get("patients") or 0)
    found = []
    for name in predictors or model.predictors:
        if variable(name).is_label:
            continue
        missing = (int(recorded[name]["missing"]), size) if name in recorded and size else None
        # Without it everybody would count as known: more patients than there were, and p-values too small.
        known = max(everyone - missing[0], 0) if missing else None
        found.append(InputReference(name, known, missing=missing, **_kept(model, name)))
    return tuple(found)


def reference_of_patients(names: Sequence[str], matrix: FloatArray) -> tuple[InputReference, ...]:
    """Take the reference from patients at hand, shape (patients, names).

    Parameters
    ----------
    names : sequence of str
    matrix : ndarray, shape (patients, names)
        Level indices and numbers, NaN where missing, on the scale of :func:`on_reference_scale`.
    """
    found = []
    for name, values in zip(names, matrix.T, strict=True):
        entry = variable(name)
        if entry.is_label:
            continue
        known = values[~np.isnan(values)]
        missing = (int(values.size - known.size), int(values.size))
        if entry.is_levelled and known.size:
            counts = np.bincount(known.astype(np.intp), minlength=len(entry.levels))
            found.append(InputReference(name, known.size, shares=counts / known.size, missing=missing))
        else:
            found.append(InputReference(name, known.size, sample=values, missing=missing))
    return tuple(found)


def on_reference_scale(model: AnyModel, matrix: FloatArray) -> FloatArray:
    """Bring patients as recorded onto the scale on which a model keeps its development patients."""
    matrix = model.with_gaps(matrix)
    return model.on_common_scale(matrix) if isinstance(model, PrognosisModel) else matrix


def _kept(model: AnyModel, name: str) -> dict[str, Any]:
    place = model.predictors.index(name)
    distribution = model.development
    if variable(name).is_levelled and distribution is not None:
        return {"shares": distribution.level_shares(place)}
    at, values = np.array(MARGINAL_QUANTILES), model.marginals[place]
    if distribution is not None and not np.isnan(distribution.quantiles[place]).any():
        # Both keep the median and some others: each probability once.
        joined = dict(zip(QUANTILES, distribution.quantiles[place], strict=True))
        joined |= dict(zip(MARGINAL_QUANTILES, values, strict=True))
        at = np.array(sorted(joined))
        values = np.maximum.accumulate([joined[one] for one in at])
    return {"probabilities": at, "quantiles": np.asarray(values, dtype=np.float64)}
