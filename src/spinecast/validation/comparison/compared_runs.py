"""What a comparison of runs leaves: each run, every two of them, and who could not be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spinecast.statistics import Measure
from spinecast.validation.comparison.agreement import Agreement
from spinecast.validation.evaluation import CandidateEvaluation

__all__ = ["ComparedPair", "ComparedRun", "Comparison"]


@dataclass(frozen=True)
class ComparedRun:
    """One run in the patients it is compared in.

    Parameters
    ----------
    evaluation : CandidateEvaluation
    n, events : int
    left_out : int
        Of its patients, those whom another run does not have.
    """

    evaluation: CandidateEvaluation
    n: int
    events: int
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Return the run as JSON-ready values."""
        found = self.evaluation.to_dict()
        found.pop("is_final_part")
        return found | {"n": self.n, "events": self.events, "left_out": self.left_out}


@dataclass(frozen=True)
class ComparedPair:
    """Two runs, first less second.

    Parameters
    ----------
    first, second : str
        Names.
    differences : dict of str to Estimate or Absent
        ``auc``, above 0 where the first ranks better; ``log_loss`` and ``brier``, below 0 where it fits better.
    p_values, adjusted : dict of str to float or None
        Of no difference; adjusted for the number of pairs (Holm 1979).
    net_benefit : tuple of (float, Measure)
        Difference at each threshold, above 0 where the first does more good; empty unless paired.
    net_benefit_curve : dict or None
        The same along the thresholds of the decision curve: ``thresholds``, ``difference``, ``lower``, ``upper``. For
        pairs with the first run alone.
    agreement : Agreement or None
        None unless paired.
    """

    first: str
    second: str
    differences: dict[str, Measure]
    p_values: dict[str, float | None]
    adjusted: dict[str, float | None]
    net_benefit: tuple[tuple[float, Measure], ...] = ()
    net_benefit_curve: dict[str, Any] | None = None
    agreement: Agreement | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the pair as JSON-ready values."""
        return {
            "first": self.first,
            "second": self.second,
            "differences": {name: found.to_dict() for name, found in self.differences.items()},
            "p_values": self.p_values,
            "adjusted_p_values": self.adjusted,
            "net_benefit": [{"threshold": level, **found.to_dict()} for level, found in self.net_benefit],
            "net_benefit_curve": self.net_benefit_curve,
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
        }


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Parameters
    ----------
    paired : bool
        Whether all were judged in the same patients.
    same_cohort, same_folds : bool
        Whether the runs share a fingerprint, and held out the same patients together; False unless paired.
    weighted : bool
        Whether patients are weighted for censoring.
    runs : tuple of ComparedRun
        In the order given.
    pairs : tuple of ComparedPair
    """

    paired: bool
    same_cohort: bool
    same_folds: bool
    weighted: bool
    runs: tuple[ComparedRun, ...]
    pairs: tuple[ComparedPair, ...]

    @property
    def left_out(self) -> tuple[int, ...]:
        """Of each run's patients, those whom another run does not have."""
        return tuple(one.left_out for one in self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready values: no patient stands in it."""
        return {
            "paired": self.paired,
            "same_cohort": self.same_cohort,
            "same_folds": self.same_folds,
            "weighted": self.weighted,
            "runs": [one.to_dict() for one in self.runs],
            "pairs": [one.to_dict() for one in self.pairs],
        }
