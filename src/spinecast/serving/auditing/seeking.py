"""What somebody looks for in the log, read from an address, and judged where it is no matter of columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from spinecast.audit.records import ALIAS_KINDS, VALIDATION_KIND, Record, moment_text
from spinecast.audit.searching import Sought
from spinecast.serving.auditing.recorded import said_of_unaltered
from spinecast.serving.recording import REPLAYED_KINDS

__all__ = ["FIELDS", "KINDS", "Wanted", "read_wanted"]

ANSWERS, ALL = "answers", "all"
OTHER_KINDS = (
    "read", "replay", "explanation", "export", "verification", "outcome",
    "feedback", "hold", "release", "erasure", "start", "seal",
    *ALIAS_KINDS, VALIDATION_KIND, "signin", "refused", "signout", "account", "key",
)  # fmt: skip
KINDS: Mapping[str, tuple[str, ...]] = {
    ANSWERS: REPLAYED_KINDS,
    **{kind: (kind,) for kind in (*REPLAYED_KINDS, *OTHER_KINDS)},
    ALL: (),
}
"""What the page offers, and which kinds of record that is."""

FIELDS = ("kind", "model", "user", "pseudonym", "since", "until", "risk_from", "risk_to", "warning")
_MODEL = re.compile(r"[a-z][a-z0-9_]{0,150}(/[0-9]{1,9})?")
_NAME = re.compile(r"[^\x00-\x1f\x7f]+")  # PostgreSQL takes no NUL
_WITH_ROLES = re.compile(r"(.+?) \([^()]*\)")  # no account has a space in its name
_PSEUDONYM = re.compile("[0-9a-f]{32}")
_DAY = re.compile(r"(19|20|21)\d{2}-\d{2}-\d{2}")
_PERCENT = re.compile(r"\d{1,3}([.,]\d{1,6})?")
_LONGEST = 200
_A_PERCENTAGE = "a percentage from 0 to 100"


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Parameters
    ----------
    texts : mapping of str to str
        As typed, by field; empty ones left out.
    sought : Sought
        What of it stands in columns.
    lowest, highest : float
        Between which a probability must lie that the answer states; wider than typed by what rounding hides.
    by_risk : bool
        Whether that is asked at all.
    warning : str
        What one of its warnings must contain, whatever its case; empty where nothing is asked.
    errors : mapping of str to str
        What is wrong with a field.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    sought: Sought = field(default_factory=lambda: Sought(kinds=REPLAYED_KINDS))
    lowest: float = 0.0
    highest: float = 1.0
    by_risk: bool = False
    warning: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def fits(self) -> Callable[[Record], bool] | None:
        """What judges a content; None where no content is asked about."""
        return self._fits if self.by_risk or self.warning else None

    def about(self) -> dict[str, Any]:
        """Return what was asked of contents, for the log."""
        said: dict[str, Any] = {"risk": [self.lowest, self.highest]} if self.by_risk else {}
        return said | ({"warning": self.warning} if self.warning else {})

    def address(self, **more: object) -> str:
        """Return the query that asks the same, with more in it."""
        return urlencode({**self.texts, **{name: str(value) for name, value in more.items()}})

    def _fits(self, record: Record) -> bool:
        said = said_of_unaltered(record)  # whoever looks back has found it as it was written
        if said is None:
            return False
        if self.by_risk and not any(self.lowest <= risk <= self.highest for risk in said.risks()):
            return False
        return not self.warning or any(self.warning in text.casefold() for text in said.warnings)


def read_wanted(query: Mapping[str, str], whose: str | None = None) -> Wanted:
    """Read what is looked for.

    Parameters
    ----------
    query : mapping of str to str
        By field, as an address has it.
    whose : str, optional
        Only records of this person's own questions, whoever is typed.
    """
    texts = {name: query[name].strip()[:_LONGEST] for name in FIELDS if query.get(name, "").strip()}
    errors: dict[str, str] = {}

    def shaped(name: str, pattern: re.Pattern[str], expected: str) -> str | None:
        text = texts.get(name)
        if text is not None and pattern.fullmatch(text) is None:
            errors[name] = expected
            return None
        return text

    model = shaped("model", _MODEL, "a model's name, or name/version")
    pseudonym = shaped("pseudonym", _PSEUDONYM, "32 hexadecimal digits in small letters")
    user = shaped("user", _NAME, "a user's name")
    since, until = (_day(name, texts, errors) for name in ("since", "until"))
    kind = texts.get("kind", ANSWERS)
    if kind not in KINDS:
        errors["kind"] = f"one of {', '.join(KINDS)}"
    risks = {name: _percent(shaped(name, _PERCENT, _A_PERCENTAGE)) for name in ("risk_from", "risk_to")}
    errors |= {name: _A_PERCENTAGE for name, risk in risks.items() if risk is not None and risk[0] > 100}
    begin, end = risks.values()
    if not errors.keys() & risks.keys() and begin is not None and end is not None and begin[0] > end[0]:
        errors["risk_to"] = "no less than where it begins"
    lowest = 0.0 if begin is None else max(0.0, (begin[0] - begin[1]) / 100)
    highest = 1.0 if end is None else min(1.0, (end[0] + end[1]) / 100)
    sought = Sought(
        KINDS.get(kind, REPLAYED_KINDS),
        model,
        pseudonym,
        whose or (None if user is None else _without_roles(user)),
        None if since is None else moment_text(since),
        None if until is None else moment_text(until + timedelta(days=1)),
        # Who uses the command line is recorded without roles. A clinician's own name is an account's, which has some.
        without_roles=whose is None,
    )
    by_risk = any(risk is not None for risk in risks.values())
    return Wanted(texts, sought, lowest, highest, by_risk, texts.get("warning", "").casefold(), errors)


def _percent(text: str | None) -> tuple[float, float] | None:
    """Return a percentage, and half a unit of its last place: 55 is whatever is shown as 55 %, from 54.5 to 55.5."""
    if text is None:
        return None
    _, _, decimals = text.replace(",", ".").partition(".")
    return float(text.replace(",", ".")), 0.5 * 10 ** -len(decimals)


def _without_roles(user: str) -> str:
    """Return a user's name as typed, or as lists show it, with roles behind: anna, of "anna (clinician)"."""
    found = _WITH_ROLES.fullmatch(user)
    return user if found is None else found[1]


def _day(name: str, texts: Mapping[str, str], errors: dict[str, str]) -> datetime | None:
    text = texts.get(name)
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text) is None:
            raise ValueError
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        errors[name] = "a day, such as 2026-03-01"
        return None
