"""How answers to signalling questions become a judgement of a domain and of the whole, by the published rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.answers import DomainJudgement, Judgement, Signal

__all__ = ["judge_domain", "judge_overall"]


def judge_domain(domain: str, answers: Mapping[str, Signal]) -> DomainJudgement:
    """Judge a domain: high with any no, low only when every answer is yes, unclear otherwise.

    The tools let an assessor call a domain low in spite of a no, with a reason; no record can give one, so that step is
    left to the reader (Moons 2019, Ann Intern Med 170:W1).

    Parameters
    ----------
    domain : str
    answers : mapping of str to {"Y", "PY", "PN", "N", "NI", "NA"}
        By the number of the question; a question that does not apply has no part in the judgement.
    """
    no = [number for number, answer in answers.items() if answer in ("N", "PN")]
    unknown = [number for number, answer in answers.items() if answer == "NI"]
    if no:
        return DomainJudgement(domain, "high", f"{_questions(no)} answered no or probably no.")
    if unknown:
        return DomainJudgement(domain, "unclear", f"{_questions(unknown)} left to a reader.")
    if all(answer == "NA" for answer in answers.values()):
        return DomainJudgement(domain, "unclear", "No question of it applies.")
    return DomainJudgement(domain, "low", "Every question that applies is answered yes or probably yes.")


def judge_overall(
    domains: Sequence[DomainJudgement],
    *,
    developed_only: bool = False,
    very_large: bool = False,
    internally_validated: bool = False,
) -> DomainJudgement:
    """Judge the whole: high with any domain high, low only when all are low, unclear otherwise.

    A model that was developed and not validated on other patients is high even when every domain is low, unless it was
    developed on a very large data set and validated internally (PROBAST: Wolff 2019, Ann Intern Med 170:51).

    Parameters
    ----------
    domains : sequence of DomainJudgement
        One a domain.
    developed_only : bool
        Whether the rule of development without external validation applies.
    very_large : bool
        Whether a reader holds the data for very large: no number is published.
    internally_validated : bool
        Whether the optimism of performance was accounted for.
    """
    found: list[Judgement] = [domain.judgement for domain in domains]
    worst: Judgement = "high" if "high" in found else "unclear" if "unclear" in found else "low"
    named = fmt.joined([domain.domain for domain in domains if domain.judgement == worst])
    if worst != "low":
        never = " Without validation on other patients it would not become low by the rule." if developed_only else ""
        return DomainJudgement("Overall", worst, f"{worst.capitalize()} in: {named}.{never}")
    if developed_only and not (very_large and internally_validated):
        reason = (
            "Every domain is low, but the model was not validated on other patients: the tool then asks for high, "
            "unless a reader holds the data for very large and the model was validated internally."
        )
        return DomainJudgement("Overall", "high", reason)
    return DomainJudgement("Overall", "low", "Every domain is low.")


def _questions(numbers: Sequence[str]) -> str:
    return f"Question{'s' if len(numbers) > 1 else ''} {fmt.joined(list(numbers))}"
