"""What to match: the treatment, the covariates, how many controls and how close."""

from __future__ import annotations

from dataclasses import dataclass

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable
from spinecast.cohorts.derived_values import closure
from spinecast.errors import CohortError

__all__ = ["MatchingPlan", "parse_treatment"]

# Austin 2011, Pharm Stat 10:150.
USUAL_CALIPER = 0.2


@dataclass(frozen=True)
class MatchingPlan:
    """How patients are matched.

    Parameters
    ----------
    treatment : str
        Variable with levels that says who was treated.
    level : str
        Its level that is the treatment; patients of all other levels are the controls.
    covariates : tuple of str
        What the propensity is estimated from: known before the treatment.
    ratio : int
        Controls for each treated patient at most.
    caliper : float
        Largest difference of the logit of the propensity, in pooled standard deviations of it: 0.2 removes nearly all
        of the bias that can be removed (Austin 2011, Pharm Stat 10:150).
    exact : tuple of str
        Variables in which matched patients agree; a missing value agrees with a missing one.
    replace : bool
        Whether a control may be matched more than once.
    seed : int, optional
        Patients of equal propensity come in a random order drawn from it; None keeps the order of the table.

    Raises
    ------
    ContractError
        If a variable or level does not exist.
    CohortError
        If the plan makes no sense.
    """

    treatment: str
    level: str
    covariates: tuple[str, ...]
    ratio: int = 1
    caliper: float = USUAL_CALIPER
    exact: tuple[str, ...] = ()
    replace: bool = False
    seed: int | None = None

    def __post_init__(self) -> None:
        _treatment_entry(self.treatment).level_label(self.level)
        if not self.covariates:
            raise CohortError("no covariate to match on", where="--on", expected="variables joined by commas")
        for option, names in (("--on", self.covariates), ("--exact", self.exact)):
            for name in names:
                self._check(option, name)
        if self.ratio < 1:
            raise CohortError(f"{self.ratio} controls a treated patient", where="--ratio", expected="1 or more")
        if not self.caliper > 0:
            raise CohortError(
                f"a caliper of {self.caliper:g} allows no pair",
                where="--caliper",
                expected=f"standard deviations above 0, such as {USUAL_CALIPER}",
            )

    def _check(self, option: str, name: str) -> None:
        if self.treatment in closure((name,)):
            same = "is the treatment itself" if name == self.treatment else f"follows from {self.treatment}"
            raise CohortError(f"{name} {same}", where=option, expected="variables known before the treatment")
        if variable(name).role == "outcome":
            raise CohortError(
                f"{name} is an outcome",
                where=option,
                expected="variables known before the treatment: matching on what came after it hides its effect",
            )

    @property
    def variables(self) -> tuple[str, ...]:
        """Everything the plan reads, each once."""
        return tuple(dict.fromkeys((self.treatment, *self.covariates, *self.exact)))

    @property
    def late(self) -> tuple[str, ...]:
        """Covariates that the dictionary says are not known when a prediction is made, so perhaps after treatment."""
        names = dict.fromkeys((*self.covariates, *self.exact))
        return tuple(name for name in names if variable(name).role == "after_prediction")

    @property
    def treated_label(self) -> str:
        """The treated in words."""
        entry = variable(self.treatment)
        return entry.label if entry.kind == "binary" and self.level == "present" else self._named(entry)

    def _named(self, entry: Variable) -> str:
        return f"{entry.label}: {entry.level_label(self.level)}"


def parse_treatment(text: str) -> tuple[str, str]:
    """Read ``VARIABLE`` or ``VARIABLE=LEVEL``; a binary variable's presence is the treatment.

    Raises
    ------
    ContractError
        If the variable or level does not exist.
    CohortError
        If the variable is measured, or has several levels and none is named.
    """
    name, _, level = (part.strip() for part in text.partition("="))
    entry = _treatment_entry(name)
    if level:
        entry.level_label(level)
        return name, level
    if entry.kind != "binary":
        raise CohortError(
            f"which level of {name} is the treatment?",
            where="--treatment",
            expected=f"--treatment {name}=LEVEL, one of {', '.join(entry.level_values)}",
        )
    return name, "present"


def _treatment_entry(name: str) -> Variable:
    entry = variable(name)
    if not entry.is_levelled:
        raise CohortError(
            f"{name} is measured and cannot be the treatment", where="--treatment", expected="a variable with levels"
        )
    return entry
