"""What a filled form says: an answer an item, a judgement a domain, as JSON and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting.records.form import Design, Form

if TYPE_CHECKING:
    from spinecast.reporting.records.recorded import Recorded

__all__ = [
    "FILLED",
    "NOT_APPLICABLE",
    "PARTLY",
    "STATUSES",
    "TO_BE_WRITTEN",
    "Answer",
    "DomainJudgement",
    "FilledForm",
    "Judgement",
    "Signal",
    "Status",
]

Status = Literal["filled", "partly filled", "to be written by the authors", "not applicable"]
FILLED: Final = "filled"
PARTLY: Final = "partly filled"
TO_BE_WRITTEN: Final = "to be written by the authors"
NOT_APPLICABLE: Final = "not applicable"
STATUSES = (FILLED, PARTLY, TO_BE_WRITTEN, NOT_APPLICABLE)
Signal = Literal["Y", "PY", "PN", "N", "NI", "NA"]
"""Yes, probably yes, probably no, no, no information, not applicable."""
Judgement = Literal["low", "high", "unclear"]


@dataclass(frozen=True)
class Answer:
    """The answer to one item.

    Parameters
    ----------
    number, section, topic, asked : str
        The item.
    status : str
        Of a reporting item "filled", "partly filled", "to be written by the authors" or "not applicable"; of a
        signalling question Y, PY, PN, N, NI or NA.
    text : str
        What the record says.
    authors : tuple of (str, str)
        The authors' words, word for word, each under its key.
    wanted : tuple of str
        Keys of the words the authors still owe.
    evidence : tuple of str
        Where it stands in the record: ``evaluation.json#/measures/auc``.
    stated_by : str
        Who owes the words that are wanted.
    """

    number: str
    section: str
    topic: str
    asked: str
    status: str
    text: str
    authors: tuple[tuple[str, str], ...] = ()
    wanted: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    stated_by: str = "the authors"


@dataclass(frozen=True)
class DomainJudgement:
    """The judgement of a domain, or of the whole: what the rule makes of the answers."""

    domain: str
    judgement: Judgement
    reason: str


@dataclass(frozen=True)
class FilledForm:
    """A form with its answers.

    Parameters
    ----------
    form, title, version, kind, source, wording : str
        As in the form.
    about : str
        What was reported on.
    design : {"development", "evaluation"}
    synthetic : bool
        Whether the patients are not real.
    answers : tuple of Answer
        One an item, in the order of the form.
    domains : tuple of DomainJudgement
        Of an instrument; empty for a checklist.
    overall : DomainJudgement, optional
        Of an instrument.
    """

    form: str
    title: str
    version: str
    kind: str
    source: str
    wording: str
    about: str
    design: Design
    synthetic: bool
    answers: tuple[Answer, ...]
    domains: tuple[DomainJudgement, ...] = ()
    overall: DomainJudgement | None = None

    @classmethod
    def of(
        cls,
        form: Form,
        recorded: Recorded,
        answers: tuple[Answer, ...],
        *,
        domains: tuple[DomainJudgement, ...] = (),
        overall: DomainJudgement | None = None,
    ) -> FilledForm:
        """Put answers drawn from a record under their form."""
        return cls(
            form=form.form,
            title=form.title,
            version=form.version,
            kind=form.kind,
            source=form.source,
            wording=form.wording,
            about=recorded.title,
            design=recorded.design,
            synthetic=recorded.record.is_synthetic,
            answers=answers,
            domains=domains,
            overall=overall,
        )

    def counts(self) -> dict[str, int]:
        """Count the answers by status, in the order of `STATUSES` and of the answers to questions."""
        found = Counter(answer.status for answer in self.answers)
        return {status: found[status] for status in (*STATUSES, *get_args(Signal)) if found[status]}

    def to_dict(self) -> dict[str, Any]:
        """Return the filled form as JSON-ready values."""
        return {
            **asdict(self),
            "notices": [RESEARCH_USE, *([SYNTHETIC] if self.synthetic else [])],
            "counts": self.counts(),
            "answers": [
                {
                    **asdict(answer),
                    "authors": dict(answer.authors),
                    "wanted": list(answer.wanted),
                    "evidence": list(answer.evidence),
                }
                for answer in self.answers
            ],
            "domains": [asdict(domain) for domain in self.domains],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> FilledForm:
        """Make a filled form of :meth:`to_dict`."""
        answers = tuple(
            Answer(
                **{
                    **answer,
                    "authors": tuple(answer["authors"].items()),
                    "wanted": tuple(answer["wanted"]),
                    "evidence": tuple(answer["evidence"]),
                }
            )
            for answer in value["answers"]
        )
        overall = value.get("overall")
        own = {field.name for field in fields(cls)}
        return cls(
            **{
                **{name: held for name, held in value.items() if name in own},
                "answers": answers,
                "domains": tuple(DomainJudgement(**domain) for domain in value["domains"]),
                "overall": DomainJudgement(**overall) if overall else None,
            }
        )
