"""How many patients a model's development or validation needs: criteria, the one that binds, what they assume."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "PARAMETER_NOTE",
    "REGRESSION_NOTE",
    "Adequacy",
    "Criterion",
    "Outcome",
    "SampleSize",
    "Z",
    "check_targets",
    "whole",
]

Outcome = Literal["binary", "survival", "continuous"]

Z = 1.96
"""The papers and programs of these criteria round the 97.5 % point so: with more digits their n would not come back."""

REGRESSION_NOTE = (
    "The criteria are those of unpenalised regression. Trees, forests and neural networks need many times more events "
    "for stable predictions (van der Ploeg, Austin & Steyerberg 2014, BMC Med Res Methodol 14:137)."
)
PARAMETER_NOTE = (
    "Parameters are those of all candidates considered, spline terms, categories and interactions counted one by one, "
    "also where some are dropped later."
)


@dataclass(frozen=True)
class Criterion:
    """One demand on a sample, and the number of patients that meets it.

    Parameters
    ----------
    name : str
        Short name, snake_case.
    label : str
        The demand in words.
    target : float
        The number demanded.
    n : int or None
        Smallest number of patients; None where the criterion does not apply.
    source : str
        Where formula and target come from.
    reason : str or None
        Why there is no ``n``.

    Raises
    ------
    ValueError
        If neither or both of ``n`` and ``reason`` are given.
    """

    name: str
    label: str
    target: float
    n: int | None
    source: str
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.n is None) == (self.reason is None):
            raise ValueError("a criterion has a number of patients or the reason why it has none")

    def to_dict(self) -> dict[str, Any]:
        """Return the criterion as JSON-ready values."""
        return {
            "name": self.name,
            "label": self.label,
            "target": self.target,
            "n": self.n,
            "reason": self.reason,
            "source": self.source,
        }


@dataclass(frozen=True)
class Adequacy:
    """Whether a cohort of some size meets the criteria.

    Parameters
    ----------
    n : int
        Patients at hand.
    required : int
        Patients that meet every criterion.
    unmet : tuple of Criterion
        Those that ask for more than ``n``, the most demanding first.
    """

    n: int
    required: int
    unmet: tuple[Criterion, ...]

    @property
    def suffices(self) -> bool:
        """Whether every criterion is met."""
        return not self.unmet

    @property
    def statement(self) -> str:
        """One sentence for a report."""
        if self.suffices:
            return f"{self.n:,} patients meet every criterion; {self.required:,} would have been enough."
        asked = "; ".join(f"{criterion.label}: {criterion.n:,}" for criterion in self.unmet)
        return f"{self.n:,} patients are fewer than the {self.required:,} needed ({asked})."

    def to_dict(self) -> dict[str, Any]:
        """Return the judgement as JSON-ready values."""
        return {
            "n": self.n,
            "required": self.required,
            "suffices": self.suffices,
            "unmet": [criterion.name for criterion in self.unmet],
            "statement": self.statement,
        }


@dataclass(frozen=True)
class SampleSize:
    """The criteria of one purpose, with everything they assume.

    Parameters
    ----------
    purpose : {"development", "validation"}
        What the patients are for.
    outcome : {"binary", "survival", "continuous"}
        Kind of outcome.
    criteria : tuple of Criterion
        At least one has a number of patients.
    assumptions : dict of str to float or str
        Every number and distribution that went in, by name.
    notes : tuple of str
        What the criteria do not say.
    events_per_patient : float or None
        Expected events a patient, where the outcome has events.
    parameters : int or None
        Candidate predictor parameters, in a development.
    """

    purpose: Literal["development", "validation"]
    outcome: Outcome
    criteria: tuple[Criterion, ...]
    assumptions: dict[str, float | str]
    notes: tuple[str, ...]
    events_per_patient: float | None = None
    parameters: int | None = None

    def __post_init__(self) -> None:
        if all(criterion.n is None for criterion in self.criteria):
            raise ValueError("no criterion has a number of patients")

    @property
    def binding(self) -> Criterion:
        """The criterion that asks for most."""
        return max(self.criteria, key=lambda criterion: criterion.n or 0)

    @property
    def n(self) -> int:
        """Smallest number of patients that meets every criterion."""
        return self.binding.n or 0

    @property
    def events(self) -> int | None:
        """Expected events among them, rounded up."""
        return None if self.events_per_patient is None else whole(self.n * self.events_per_patient)

    @property
    def events_per_parameter(self) -> float | None:
        """Expected events per candidate predictor parameter."""
        if self.events_per_patient is None or self.parameters is None:
            return None
        return self.n * self.events_per_patient / self.parameters

    def judge(self, n: int) -> Adequacy:
        """Say whether a cohort of ``n`` patients meets the criteria.

        Raises
        ------
        ValueError
            If there is no patient.
        """
        if n < 1:
            raise ValueError(f"a cohort has at least one patient, not {n}")
        unmet = [criterion for criterion in self.criteria if (criterion.n or 0) > n]
        return Adequacy(n, self.n, tuple(sorted(unmet, key=lambda criterion: -(criterion.n or 0))))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON-ready values."""
        return {
            "purpose": self.purpose,
            "outcome": self.outcome,
            "n": self.n,
            "events": self.events,
            "events_per_parameter": self.events_per_parameter,
            "binding": self.binding.name,
            "criteria": [criterion.to_dict() for criterion in self.criteria],
            "assumptions": dict(self.assumptions),
            "notes": list(self.notes),
        }


def whole(patients: float) -> int:
    """Round up to whole patients, at least one; a rounding error above a whole number does not count.

    Raises
    ------
    ValueError
        If there is no such number.
    """
    if not math.isfinite(patients):
        raise ValueError("these numbers ask for more patients than can be counted")
    return max(1, math.ceil(patients * (1 - 1e-12)))


def check_targets(parameters: int, **targets: float) -> None:
    """Refuse a development without parameters, and targets that are not strictly between 0 and 1.

    Raises
    ------
    ValueError
        If so.
    """
    if parameters < 1:
        raise ValueError(f"a model has at least one parameter, not {parameters}")
    for name, value in targets.items():
        if not 0 < value < 1:
            raise ValueError(f"{name.replace('_', ' ')} must lie strictly between 0 and 1, not {value:g}")
