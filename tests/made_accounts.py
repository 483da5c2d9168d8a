"""Passwords for tests: hashed in no time, where their strength is not what is looked at."""

from __future__ import annotations

from functools import cache

import argon2
import pytest

from spinecast.accounts import passwords


def hash_weakly(patch: pytest.MonkeyPatch) -> None:
    """Hash as weakly as argon2 allows until the patch is undone."""
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(passwords, "_HASHER", weak)
    patch.setattr(passwords, "_nobodys", cache(lambda: weak.hash("nobody")))
