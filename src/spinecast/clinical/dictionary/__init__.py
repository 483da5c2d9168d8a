"""The variable dictionary: one module a domain, gathered here.

A new variable is one entry in the ``VARIABLES`` of its domain's module. Nothing else changes: contract, reports,
explanations and forms read it from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from spinecast.clinical.dictionary import (
    blood_count,
    comorbidity,
    comparators,
    course,
    demography,
    function,
    imaging,
    laboratory,
    nutrition,
    outcomes,
    radiotherapy,
    spread,
    surgery,
    treatment,
    tumour,
    vital_signs,
)
from spinecast.clinical.features import feature_variable
from spinecast.clinical.variable import Variable
from spinecast.errors import ContractError, nearest

__all__ = ["variable", "variables"]

_DOMAINS = (
    demography,
    tumour,
    spread,
    function,
    imaging,
    comorbidity,
    nutrition,
    course,
    vital_signs,
    laboratory,
    blood_count,
    treatment,
    surgery,
    radiotherapy,
    outcomes,
    comparators,
)


@cache
def variables() -> Mapping[str, Variable]:
    """Return every variable by name, in the order a record is usually read.

    Raises
    ------
    ValueError
        If two entries share a name.
    """
    gathered: dict[str, Variable] = {}
    for domain in _DOMAINS:
        for entry in domain.VARIABLES:
            if entry.name in gathered:
                raise ValueError(f"the dictionary defines {entry.name} twice")
            gathered[entry.name] = entry
    return MappingProxyType(gathered)


def variable(name: str) -> Variable:
    """Return one variable, or the description of a feature computed from an image.

    Raises
    ------
    ContractError
        If the dictionary does not have it; names the nearest it has.
    """
    entries = variables()
    if name in entries:
        return entries[name]
    if (feature := feature_variable(name)) is not None:
        return feature
    close = nearest(name, entries)
    raise ContractError(
        f"the dictionary has no variable {name!r}",
        expected="one that `spinecast dictionary list` lists",
        remedy=f"did you mean {close}?" if close else None,
    )
