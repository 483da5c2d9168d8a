"""Signing in at the provider: there, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from spinecast.accounts.tokens import same
from spinecast.errors import AccountError, ServingError, SpinecastError
from spinecast.serving.access.gate import Gate, address_of
from spinecast.serving.access.routes import SIGN_IN, forget, let_in, remember, safe_page, sign_in_page
from spinecast.serving.problems import problem_of

if TYPE_CHECKING:
    from spinecast.accounts.attempts import Attempt
    from spinecast.serving.access.provider import Provider

__all__ = ["BACK", "add_provider"]

BACK = f"{SIGN_IN}/provider/return"
"""Where the provider sends the browser back."""

# What waits for a provider that hangs takes none of the threads in which everybody else is answered.
_THREADS = 3

_ANOTHER = "this sign-in is not the one that was begun here: begin again"


def add_provider(app: FastAPI, gate: Gate, provider: Provider, mode: str) -> None:
    """Add what lets people in for whom the provider vouches.

    Parameters
    ----------
    app : FastAPI
    gate : Gate
    provider : Provider
    mode : str
    """
    threads, way = CapacityLimiter(_THREADS), _Way(gate, provider, mode)

    @app.get(f"{SIGN_IN}/provider")
    async def go(request: Request, then: Annotated[str, Query(alias="next", max_length=200)] = "/") -> Response:
        gate.rates.count_stranger(address_of(request))
        return await run_sync(way.go, request, then, limiter=threads)

    @app.get(BACK)
    async def back(
        request: Request,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
        iss: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        gate.rates.count_stranger(address_of(request))
        return await run_sync(way.back, request, state, code, iss, limiter=threads)


@dataclass(frozen=True)
class _Way:
    """To the provider and back."""

    gate: Gate
    provider: Provider
    mode: str

    def go(self, request: Request, then: str) -> Response:
        gate = self.gate
        try:
            token, attempt = gate.attempts.begin(safe_page(then))
            response = RedirectResponse(self.provider.address(attempt), status_code=303)
        except ServingError as error:
            return sign_in_page(request, gate, self.mode, then, said=error.what, status=502)
        except SpinecastError as error:
            raise problem_of(error) from error
        # Lax: it must come along when the provider sends the browser back.
        remember(response, gate, "attempt", token, strict=False)
        return response

    def back(self, request: Request, state: str, code: str, issuer: str | None) -> Response:
        gate = self.gate
        try:
            attempt = gate.attempts.take(request.cookies.get(gate.cookie("attempt"), ""))
            if attempt is None:  # nothing was begun here that could be refused: a stranger writes no record
                response = self._again(request, _ANOTHER)
            else:
                response = self._came_back(request, attempt, state, code, issuer)
        except SpinecastError as error:
            raise problem_of(error) from error
        forget(response, gate, "attempt")
        return response

    def _came_back(self, request: Request, attempt: Attempt, state: str, code: str, issuer: str | None) -> Response:
        try:
            if not same(state, attempt.state):
                raise ServingError(_ANOTHER)
            if issuer is not None and issuer != self.provider.settings.issuer:  # RFC 9207: another provider's answer
                raise ServingError("the answer is from another provider")
            if not code:
                raise ServingError("the provider did not let you in")
            token = self._let_in(request, attempt, code)
        except (ServingError, AccountError) as error:
            self.gate.refused_by_provider(error.what, address_of(request))
            return self._again(request, error.what)
        return let_in(self.gate, token, attempt.next_page)

    def _let_in(self, request: Request, attempt: Attempt, code: str) -> str:
        """Return the token of a new session of whom the provider vouches for."""
        gate = self.gate
        person = self.provider.vouched(code, attempt)
        account = gate.people.vouched(person.name, self.provider.settings.issuer, person.subject, person.roles)
        before = request.cookies.get(gate.cookie("session"))
        return gate.begin(account, "provider", address_of(request), before)

    def _again(self, request: Request, why: str) -> Response:
        return sign_in_page(request, self.gate, self.mode, "/", said=why, status=403)
