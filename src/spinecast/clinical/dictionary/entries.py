"""Short forms for the entries that come in numbers."""

from __future__ import annotations

from typing import Any

from spinecast.clinical.variable import BINARY_LEVELS, Code, Domain, Level, Variable

__all__ = ["answers", "binary", "grades"]


def binary(name: str, label: str, text: str, domain: Domain, **more: Any) -> Variable:
    """Make a yes-or-no variable.

    Parameters
    ----------
    name, label, text, domain
        As in `Variable`; `text` is its help.
    **more
        Further fields of `Variable`.
    """
    return Variable(name=name, label=label, help=text, kind="binary", domain=domain, levels=BINARY_LEVELS, **more)


def grades(*labels: tuple[str, str]) -> tuple[Level, ...]:
    """Make levels of pairs of value and label, lowest first."""
    return tuple(Level(value, label) for value, label in labels)


def answers(*levels: tuple[str, str, str]) -> tuple[Level, ...]:
    """Make levels of triples of value, label and the code of LOINC's own answer, lowest first."""
    return tuple(
        Level(value, label, codes=(Code("LOINC", code, label.partition(": ")[2]),)) for value, label, code in levels
    )
