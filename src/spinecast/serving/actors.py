"""Who asks, and what they may do.

Without sign-in everybody who reaches the server is the local demonstration user, which is why it then listens on this
machine alone; every surface says so. What a role may do is decided all the same, for each request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from spinecast.accounts.roles import PERMISSIONS, Permission, Role, permitted_to
from spinecast.audit.followed import RECORD_SYSTEM

__all__ = [
    "DEMONSTRATION",
    "DEMONSTRATION_MODE",
    "PERMISSIONS",
    "SIGN_IN_MODE",
    "Actor",
    "Permission",
    "RecordSystem",
    "Role",
    "local_demonstration",
    "record_system",
]

DEMONSTRATION = "local demonstration"
DEMONSTRATION_MODE = "Local demonstration mode: no account is needed, and whoever uses this machine may do everything."
SIGN_IN_MODE = "Sign-in is required, and every answer is recorded under the name of who asked."


@dataclass(frozen=True)
class Actor:
    """Somebody who asks.

    Parameters
    ----------
    name : str
    roles : frozenset of Role
    scopes : frozenset of Permission or None
        What the key they came with is good for; None of somebody who came without one.
    key : str
        What lists show of that key; empty without one.
    form_token : str
        What a form of theirs must carry; empty of somebody no other site could make ask: a program, or the
        demonstration user.
    """

    name: str
    roles: frozenset[Role]
    scopes: frozenset[Permission] | None = None
    key: str = ""
    form_token: str = field(default="", repr=False)

    def may(self, permission: Permission) -> bool:
        """Say whether a role of theirs permits it, and their key, if they came with one."""
        return permission in permitted_to(self.roles) and (self.scopes is None or permission in self.scopes)

    def did(self, recorded: str) -> bool:
        """Say whether a record names them, with whichever roles they had then."""
        return recorded.startswith(f"{self.name} (")

    @property
    def recorded(self) -> str:
        """Name and roles as the audit log keeps them."""
        key = f"; key {self.key}" if self.key else ""
        return f"{self.name} ({', '.join(sorted(self.roles))}{key})"


@dataclass(frozen=True)
class RecordSystem(Actor):
    """A hospital's record system, which asks models and does nothing else; it has no role of a person.

    Its name cannot be that of an account: those hold no colon.
    """

    def may(self, permission: Permission) -> bool:
        """Say whether it may."""
        return permission == "predict"

    @property
    def recorded(self) -> str:
        """Its name as the audit log keeps it."""
        return f"{self.name} (record system)"


def record_system(name: str) -> RecordSystem:
    """Return the record system that the settings call so."""
    return RecordSystem(f"{RECORD_SYSTEM}{name}", frozenset())


def local_demonstration() -> Actor:
    """Return the user of the demonstration mode, who has every role."""
    return Actor(DEMONSTRATION, frozenset(get_args(Role)))
