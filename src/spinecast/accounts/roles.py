"""Roles, and what each of them may do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, cast, get_args

from spinecast.errors import AccountError, nearest

__all__ = ["PERMISSIONS", "SCOPES", "WORDS", "Permission", "Role", "permitted_to", "read_roles", "read_scopes"]

Role = Literal["clinician", "data_scientist", "auditor", "administrator"]
Permission = Literal["own_account", "read_models", "predict", "read_own", "read_log", "replay", "read_metrics"]

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        "clinician": frozenset({"own_account", "read_models", "predict", "read_own"}),
        "data_scientist": frozenset({"own_account", "read_models", "read_metrics"}),
        "auditor": frozenset({"own_account", "read_models", "read_own", "read_log", "replay"}),
        "administrator": frozenset({"own_account", "read_models", "read_metrics"}),
    }
)
"""What each role may do. Somebody with several roles may do what any of them may. ``read_own`` is the records of one's
own questions, ``read_log`` everybody's; ``own_account`` is one's password, sessions and keys."""

WORDS: Mapping[Permission, str] = MappingProxyType(
    {
        "own_account": "see to one's own password, sessions and keys",
        "read_models": "read about models",
        "predict": "ask models about patients",
        "read_own": "read the records of one's own questions",
        "read_log": "read everybody's records",
        "replay": "put a recorded question again",
        "read_metrics": "read the server's metrics",
    }
)
"""What each is called on a page."""

SCOPES: tuple[Permission, ...] = tuple(one for one in get_args(Permission) if one != "own_account")
"""What a key may be good for: never for making further keys."""


def permitted_to(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return all that some roles together may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def read_roles(given: Collection[str]) -> frozenset[Role]:
    """Return roles by their names; ``data-scientist`` will do for ``data_scientist``.

    Raises
    ------
    AccountError
        If one is none, or there is none at all.
    """
    return cast(frozenset[Role], _read(given, get_args(Role), "role"))


def read_scopes(given: Collection[str]) -> frozenset[Permission]:
    """Return what a key shall be good for, by name.

    Raises
    ------
    AccountError
        If one is none, or there is none at all.
    """
    return cast(frozenset[Permission], _read(given, SCOPES, "scope"))


def _read(given: Collection[str], known: tuple[str, ...], noun: str) -> frozenset[str]:
    found = frozenset(name.strip().casefold().replace("-", "_") for name in given)
    for name in sorted(found - set(known)):
        close = nearest(name, known)
        raise AccountError(
            f"there is no {noun} {name!r}",
            expected=f"one or more of {', '.join(known)}",
            remedy=f"did you mean {close}?" if close else None,
        )
    if not found:
        raise AccountError(f"no {noun} is named", expected=f"one or more of {', '.join(known)}")
    return found
