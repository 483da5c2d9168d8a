"""The register of coded checks. ``docs/checks.md`` and ``spinecast checks`` are drawn from here.

A new check is one entry in `kinds` and one function.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.errors import ContractError
from spinecast.validation.checks.kinds import KINDS, CheckKind, Place

__all__ = ["CHECKS", "PLACES", "check_kind", "register_page"]

PLACES: Mapping[Place, str] = MappingProxyType(
    {
        "train": "the development of a model, judged out of fold",
        "validate": "a model, a score or a published formula on other patients",
        "update": "a model updated on some of other patients, on those set apart from them",
        "evaluate": "predictions made elsewhere",
    }
)

CHECKS: Mapping[str, CheckKind] = MappingProxyType({kind.code: kind for kind in sorted(KINDS, key=lambda k: k.code)})


def check_kind(code: str) -> CheckKind:
    """Return a kind of check by its code, in letters of either case.

    Raises
    ------
    ContractError
        If there is none; names them all.
    """
    known = code.strip().upper()
    if known in CHECKS:
        return CHECKS[known]
    raise ContractError(
        f"there is no check {code!r}",
        expected=f"one of {', '.join(CHECKS)}",
        remedy="spinecast checks list says what each looks for",
    )


def register_page() -> str:
    """Return the register as a page in Markdown."""
    lines = [
        "# Coded checks",
        "",
        "Made from the register (`spinecast checks export`); do not edit by hand. Research use only.",
        "",
        "An error stops the run before anything is written; warnings and notes stand in the report. Every check",
        "considered is in the record (`checks_made`) as found, not found or not applicable, with the reason: one",
        "that could not be made is no reassurance.",
        "",
        *(f"- `spinecast {place}`: {words}" for place, words in PLACES.items()),
        "",
        "| code | looks for | severity | made in |",
        "| --- | --- | --- | --- |",
        *(
            f"| [{kind.code}](#{kind.code.lower()}) | {kind.title} | {', '.join(kind.severities)} "
            f"| {', '.join(kind.places)} |"
            for kind in CHECKS.values()
        ),
    ]
    for kind in CHECKS.values():
        lines += [
            "",
            f"## {kind.code}",
            "",
            f"**{kind.title}** ({' or '.join(kind.severities)})",
            "",
            kind.explanation,
            "",
            f"- Cannot be made: {kind.not_applicable}",
            f"- To do: {kind.remedy}",
            f"- Source: {kind.source}",
        ]
    return "\n".join(lines) + "\n"
