"""Whether the development had patients enough, at a performance that validations bear out.

The criteria ask for fewer patients the better a model is anticipated to be, and a study anticipates what it likes. If
it declares more than a validation leaves possible, the size is computed again at what was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.promotion.deciding import Deciding
from spinecast.promotion.evidence import Evidence, Validated
from spinecast.promotion.gates_file import SampleSizeGate
from spinecast.promotion.results import Finding, Status
from spinecast.reporting import formatting as fmt
from spinecast.statistics import cox_snell_from_c_statistic, development_size_binary

__all__ = ["judge_development_size"]

_DECLARED = ("c_statistic", "r2_nagelkerke")


def judge_development_size(evidence: Evidence, asked: SampleSizeGate, deciding: Deciding) -> Finding:
    """Hold the patients of the development against what its criteria ask for.

    Parameters
    ----------
    evidence : Evidence
    asked : SampleSizeGate
    deciding : Deciding
        The validations that say whether the performance a study declared can be.
    """
    bound = f"{fmt.percentage(asked.development_share, 0)} or more of what the criteria ask for"

    def finding(found: str, status: Status) -> Finding:
        return Finding("Patients of the development", found, bound, asked.development_source, status)

    if evidence.development is None:
        return finding("the registry does not hold the training that the version goes back to", "not assessed")
    judged = evidence.development.get("run.json", "sample_size")
    adequacy = judged.get("adequacy") if judged else None
    if adequacy is None:
        reason = fmt.absence(evidence.development.files["run.json"].get("sample_size"))
        return finding(f"not judged: {reason or 'its record holds no judgement'}", "not assessed")
    n, required, said = adequacy["n"], adequacy["required"], f"assuming {judged['assumed']}"
    declared = evidence.development.study.get("sample_size") or {}
    seen = _best_seen(deciding) if any(declared.get(key) is not None for key in _DECLARED) else None
    if seen is not None and (size := _Criteria.of(judged)) and size.asks_for_more_at(seen.upper):
        again = size.required_at(seen.estimate)
        said = (
            f"as validations leave no room for {judged['assumed']}: computed again at the AUC of {seen.words}; at what "
            f"was declared, {required:,} would have been enough"
        )
        if again is None:
            return finding(f"{n:,} patients, and no number would be enough, {said}", "failed")
        required = again
    share = n / required
    found = f"{n:,} of {required:,} asked for ({fmt.percentage(share, 0)}), {said}"
    return finding(found, "passed" if share >= asked.development_share else "failed")


@dataclass(frozen=True)
class _Seen:
    """The AUC of a validation."""

    estimate: float
    upper: float
    words: str


def _best_seen(deciding: Deciding) -> _Seen | None:
    """Return the AUC with the highest upper limit of all that decide; None where none has a limit, as of times."""
    return max(_seen(deciding), key=lambda one: one.upper, default=None)


def _seen(deciding: Deciding) -> Iterator[_Seen]:
    for one in deciding.anywhere:
        measure: Mapping[str, Any] = _measures(one).get("auc") or {}
        if measure.get("upper") is not None:
            yield _Seen(measure["estimate"], measure["upper"], f"{fmt.estimate(measure, 2)} in {one.cohort}")


def _measures(validated: Validated) -> Mapping[str, Any]:
    measures: Mapping[str, Any] = validated.recorded.files["evaluation.json"].get("measures") or {}
    return measures


@dataclass(frozen=True)
class _Criteria:
    """What the criteria of a development were computed from."""

    parameters: int
    proportion: float
    cox_snell_r2: float

    @classmethod
    def of(cls, judged: Mapping[str, Any]) -> _Criteria | None:
        """Read it from a judgement; None where its record does not hold it."""
        assumed = (judged.get("required") or {}).get("assumptions") or {}
        parameters = (judged.get("at_hand") or {}).get("parameters")
        if parameters is None or not {"proportion", "cox_snell_r2"} <= set(assumed):
            return None
        return cls(int(parameters), float(assumed["proportion"]), float(assumed["cox_snell_r2"]))

    def asks_for_more_at(self, auc: float) -> bool:
        """Say whether an AUC explains less than was assumed."""
        if not 0.5 < auc < 1:
            return auc <= 0.5
        return cox_snell_from_c_statistic(auc, self.proportion) < self.cox_snell_r2

    def required_at(self, auc: float) -> int | None:
        """Return how many patients the criteria ask for at an AUC; None where it explains nothing."""
        if auc <= 0.5:
            return None
        explained = cox_snell_from_c_statistic(auc, self.proportion)
        return development_size_binary(parameters=self.parameters, proportion=self.proportion, cox_snell_r2=explained).n
