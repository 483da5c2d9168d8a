"""A signed token is good once, for every server of one database, and is forgotten when it would be too old."""

from __future__ import annotations

from datetime import timedelta

from accounts.conftest import Clock
from sqlalchemy import func, select

from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import USED_TOKENS
from spinecast.accounts.used_tokens import UsedTokens


def test_a_token_is_used_once_and_kept_as_long_as_it_is_good(store: AccountStore, clock: Clock) -> None:
    ends = clock.now + timedelta(minutes=5)
    tokens, elsewhere = UsedTokens(store), UsedTokens(store)
    assert tokens.use("https://ehr.example.org", "a", ends)
    assert not elsewhere.use("https://ehr.example.org", "a", ends)
    assert tokens.use("https://ehr.example.org", "b", ends)
    assert tokens.use("https://other.example.org", "a", ends)  # each issuer names its own
    clock.passes(minutes=6)
    assert tokens.use("https://ehr.example.org", "c", clock.now + timedelta(minutes=5))
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(USED_TOKENS)) == 1
