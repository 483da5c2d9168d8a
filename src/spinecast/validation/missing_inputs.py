"""How a model does when inputs are not there: each one alone, and several at random.

It is found by :func:`spinecast.validation.removing_inputs.evaluate_missing_inputs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import Measure

__all__ = ["InputMissing", "MissingInputs", "SeveralMissing"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class InputMissing:
    """The model without one input.

    Parameters
    ----------
    variable, label : str
    already_missing : float
        Share of the patients who lacked it anyway.
    measures : dict of str to Estimate or Absent
    auc_difference : Estimate or Absent
        AUC without it less AUC with it, paired.
    also : tuple of str
        Labels of the inputs that follow from it and cannot be known without it.
    change : float or None
        Mean squared change, on the scale of what is served, in the patients who had it; None where nobody had.
    by_column : ndarray or None
        The same of every column that is served: of times, of each day.
    """

    variable: str
    label: str
    already_missing: float
    measures: dict[str, Measure]
    auc_difference: Measure
    also: tuple[str, ...] = ()
    change: float | None = None
    by_column: FloatArray | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "variable": self.variable,
            "label": self.label,
            "already_missing": self.already_missing,
            "measures": {name: measure.to_dict() for name, measure in self.measures.items()},
            "auc_difference": self.auc_difference.to_dict(),
            "also": list(self.also),
            "change": self.change,
        }


@dataclass(frozen=True)
class SeveralMissing:
    """The model without some number of inputs, over random choices of which.

    Parameters
    ----------
    missing : int
        Inputs that are missing.
    draws : int
        Random choices.
    measures : dict of str to dict
        For each measure ``mean``, ``standard_deviation`` (None of one choice), ``lowest`` and ``highest`` over the
        choices, and how many gave a number, or ``absent`` with the reason.
    joint : float or None
        Mean squared change over the sum of the single inputs' changes; None where that is nothing.
    """

    missing: int
    draws: int
    measures: dict[str, dict[str, Any]]
    joint: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"missing": self.missing, "draws": self.draws, "measures": self.measures, "joint": self.joint}


@dataclass(frozen=True)
class MissingInputs:
    """The model with inputs missing.

    Parameters
    ----------
    n, events : int
        Patients it was tried on.
    of : int
        Patients of the cohort.
    with_all : dict of str to Estimate or Absent
        Performance in these patients with every input that is known.
    each : tuple of InputMissing
        The input that costs most discrimination first.
    several : tuple of SeveralMissing
    sorg_inputs : tuple of str
        Labels of the inputs that the SORG model asks for too, as it asks or in more detail.
    sorg : tuple of SeveralMissing
        Some of these alone missing, from one to all of them; empty where there are fewer than two.
    scale, judged : str
        What changes are of, and what performance is of where that is not the one risk of the model: "risk by day 90".
    """

    n: int
    events: int
    of: int
    with_all: dict[str, Measure]
    each: tuple[InputMissing, ...]
    several: tuple[SeveralMissing, ...]
    sorg_inputs: tuple[str, ...] = ()
    sorg: tuple[SeveralMissing, ...] = ()
    scale: str = "log-odds"
    judged: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "n": self.n,
            "events": self.events,
            "of": self.of,
            "with_all": {name: measure.to_dict() for name, measure in self.with_all.items()},
            "each": [one.to_dict() for one in self.each],
            "several": [one.to_dict() for one in self.several],
            "sorg_inputs": list(self.sorg_inputs),
            "sorg": [one.to_dict() for one in self.sorg],
            "scale": self.scale,
            "judged": self.judged,
        }
