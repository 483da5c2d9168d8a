"""Signing in with a password, and the page that offers it."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from spinecast.accounts.tokens import derived, new_token
from spinecast.errors import SpinecastError
from spinecast.serving.access.forms import FIELD, read_fields, require_token
from spinecast.serving.access.gate import Gate, address_of
from spinecast.serving.pages.rendering import respond_page
from spinecast.serving.problems import Problem, problem_of

__all__ = ["SIGN_IN", "add_sign_in", "forget", "let_in", "remember", "safe_page", "sign_in_page", "to_sign_in"]

SIGN_IN = "/sign-in"

# A page of ours without a query: nothing that was typed is carried in an address.
_PAGE = re.compile(r"/(?!/)[A-Za-z0-9_/-]{0,190}")


def add_sign_in(app: FastAPI, gate: Gate, mode: str) -> None:
    """Add what lets people in.

    Parameters
    ----------
    app : FastAPI
    gate : Gate
    mode : str
        What every surface says of how one comes in.
    """

    @app.get(SIGN_IN)
    def ask(request: Request, then: Annotated[str, Query(alias="next", max_length=200)] = "/") -> Response:
        gate.rates.count_stranger(address_of(request))
        return sign_in_page(request, gate, mode, then)

    @app.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        gate.rates.count_stranger(address_of(request))
        sent = await read_fields(request)
        require_token(sent.get(FIELD, ""), _of_visitor(request.cookies.get(gate.cookie("visitor"), "")))
        if not gate.settings.local_accounts:
            raise Problem(403, "not-here", "nobody signs in with a password here")
        name, password, then = sent.get("name", ""), sent.get("password", ""), sent.get("next", "/")
        before = request.cookies.get(gate.cookie("session"))
        try:
            token = await run_in_threadpool(gate.sign_in, name, password, address_of(request), before)
        except Problem as problem:
            page = sign_in_page(request, gate, mode, then, said=problem.detail, status=problem.status)
            page.headers.update(problem.headers)
            return page
        except SpinecastError as error:
            raise problem_of(error) from error
        return let_in(gate, token, then)


def sign_in_page(request: Request, gate: Gate, mode: str, then: str, *, said: str = "", status: int = 200) -> Response:
    """Answer with the page that asks to sign in.

    Parameters
    ----------
    request : Request
    gate : Gate
    mode : str
    then : str
        The page to show when it is done.
    said : str
        Why it is asked again.
    status : int
    """
    visitor = request.cookies.get(gate.cookie("visitor"), "") or new_token()
    response = respond_page(
        request,
        "sign_in.html.jinja",
        mode=mode,
        actor=None,
        status=status,
        said=said,
        then=safe_page(then),
        form_token=_of_visitor(visitor),
        local=gate.settings.local_accounts,
        provider=None if gate.provider is None else gate.provider.settings.label,
    )
    remember(response, gate, "visitor", visitor, strict=True)
    return response


def _of_visitor(visitor: str) -> str:
    # Whoever is not signed in yet has no session to bind a form to: a cookie of its own stands for it, so that nobody
    # can be signed in under another's name from elsewhere (OWASP CSRF cheat sheet, "Login CSRF").
    return derived(visitor, "sign-in form") if visitor else ""


def let_in(gate: Gate, token: str, then: str) -> Response:
    """Give somebody who has signed in their session, and send them to the page they wanted."""
    response = RedirectResponse(safe_page(then), status_code=303)
    # Strict where nobody comes back from elsewhere; after a provider's redirect a strict cookie would not be sent.
    remember(response, gate, "session", token, strict=gate.provider is None)
    forget(response, gate, "visitor")
    return response


def safe_page(then: str) -> str:
    """Return an address if it is that of a page of ours, else that of the first."""
    return then if _PAGE.fullmatch(then) and not then.startswith(SIGN_IN) else "/"


def to_sign_in(request: Request) -> Response:
    """Send somebody who asked for a page, and is nobody yet, to sign in; afterwards they come to that page."""
    then = safe_page(request.url.path)
    return RedirectResponse(SIGN_IN if then == "/" else f"{SIGN_IN}?next={then}", status_code=303)


def remember(response: Response, gate: Gate, name: str, token: str, *, strict: bool) -> None:
    """Give the browser a cookie that no script reads and that is gone when it is closed."""
    response.set_cookie(
        gate.cookie(name),
        token,
        path="/",
        secure=gate.door.https,
        httponly=True,
        samesite="strict" if strict else "lax",
    )


def forget(response: Response, gate: Gate, name: str) -> None:
    """Take a cookie away."""
    response.delete_cookie(gate.cookie(name), path="/", secure=gate.door.https, httponly=True, samesite="lax")
