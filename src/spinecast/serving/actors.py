"""Who asks, and what they may do.

There is no sign-in yet. Everybody who reaches the server is the local demonstration user, which is why it listens on
this machine alone; every surface says so. What a role may do is decided here all the same, for each request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

__all__ = ["DEMONSTRATION", "DEMONSTRATION_MODE", "PERMISSIONS", "Actor", "Permission", "Role", "local_demonstration"]

Role = Literal["clinician", "data_scientist", "auditor", "administrator"]
Permission = Literal["read_models", "predict", "read_log", "replay", "read_metrics"]

DEMONSTRATION = "local demonstration"
DEMONSTRATION_MODE = "Local demonstration mode: no account is needed, and whoever uses this machine may do everything."

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        "clinician": frozenset({"read_models", "predict"}),
        "data_scientist": frozenset({"read_models", "read_metrics"}),
        "auditor": frozenset({"read_models", "read_log", "replay"}),
        "administrator": frozenset({"read_models", "read_metrics"}),
    }
)
"""What each role may do. Somebody with several roles may do what any of them may."""


@dataclass(frozen=True)
class Actor:
    """Somebody who asks.

    Parameters
    ----------
    name : str
    roles : frozenset of Role
    """

    name: str
    roles: frozenset[Role]

    def may(self, permission: Permission) -> bool:
        """Say whether a role of theirs permits it."""
        return any(permission in PERMISSIONS[role] for role in self.roles)

    @property
    def recorded(self) -> str:
        """Name and roles as the audit log keeps them."""
        return f"{self.name} ({', '.join(sorted(self.roles))})"


def local_demonstration() -> Actor:
    """Return the user of the demonstration mode, who has every role."""
    return Actor(DEMONSTRATION, frozenset(get_args(Role)))
