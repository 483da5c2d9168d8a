"""Signing in at the provider: there, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from spinecast.accounts.tokens import same
from spinecast.errors import AccountError, ServingError, SpinecastError
from spinecast.serving.access.gate import Gate, address_of
from spinecast.serving.access.routes import SIGN_IN, forget, let_in, remember, safe_page, sign_in_page
from spinecast.serving.problems import problem_of

if TYPE_CHECKING:
    from spinecast.serving.access.provider import Provider

__all__ = ["BACK", "add_provider"]

BACK = f"{SIGN_IN}/provider/return"
"""Where the provider sends the browser back."""


def add_provider(app: FastAPI, gate: Gate, provider: Provider, mode: str) -> None:
    """Add what lets people in for whom the provider vouches.

    Parameters
    ----------
    app : FastAPI
    gate : Gate
    provider : Provider
    mode : str
    """

    @app.get(f"{SIGN_IN}/provider")
    def go(request: Request, then: Annotated[str, Query(alias="next", max_length=200)] = "/") -> Response:
        gate.rates.count_stranger(address_of(request))
        try:
            token, attempt = gate.attempts.begin(safe_page(then))
            response = RedirectResponse(provider.address(attempt), status_code=303)
        except ServingError as error:
            return sign_in_page(request, gate, mode, then, said=error.what, status=502)
        except SpinecastError as error:
            raise problem_of(error) from error
        # Lax: it must come along when the provider sends the browser back.
        remember(response, gate, "attempt", token, strict=False)
        return response

    @app.get(BACK)
    def back(
        request: Request,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
        iss: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        address = address_of(request)
        gate.rates.count_stranger(address)
        try:
            try:
                token, then = _came_back(gate, provider, request, state, code, iss)
                response = let_in(gate, token, then)
            except (ServingError, AccountError) as error:
                gate.refused_by_provider(error.what, address)
                response = sign_in_page(request, gate, mode, "/", said=error.what, status=403)
        except SpinecastError as error:
            raise problem_of(error) from error
        forget(response, gate, "attempt")
        return response


def _came_back(
    gate: Gate, provider: Provider, request: Request, state: str, code: str, issuer: str | None
) -> tuple[str, str]:
    """Return the token of a new session, and the page that was wanted.

    Raises
    ------
    ServingError, AccountError
        If what came back lets nobody in.
    """
    attempt = gate.attempts.take(request.cookies.get(gate.cookie("attempt"), ""))
    if attempt is None or not same(state, attempt.state):
        raise ServingError("this sign-in is not the one that was begun here: begin again")
    if issuer is not None and issuer != provider.settings.issuer:  # RFC 9207: another provider's answer
        raise ServingError("the answer is from another provider")
    if not code:
        raise ServingError("the provider did not let you in")
    person = provider.vouched(code, attempt)
    account = gate.people.vouched(person.name, provider.settings.issuer, person.subject, person.roles)
    before = request.cookies.get(gate.cookie("session"))
    return gate.begin(account, "provider", address_of(request), before), attempt.next_page
