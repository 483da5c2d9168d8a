"""The page of one's own account: password, sessions, keys; and signing out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from spinecast.accounts.keys import LONGEST_DAYS
from spinecast.accounts.roles import SCOPES, WORDS, permitted_to, read_scopes
from spinecast.accounts.throttling import Throttle
from spinecast.audit.records import Draft
from spinecast.errors import AccountError, SpinecastError
from spinecast.serving.access.forms import read_fields
from spinecast.serving.access.gate import Gate, address_of
from spinecast.serving.access.routes import SIGN_IN, forget
from spinecast.serving.actors import Actor
from spinecast.serving.pages.rendering import respond_page
from spinecast.serving.problems import Problem, problem_of

__all__ = ["ACCOUNT", "add_account"]

ACCOUNT = "/account"


def add_account(app: FastAPI, gate: Gate, mode: str, allowed: Callable[..., Any]) -> None:
    """Add the account's page.

    Parameters
    ----------
    app : FastAPI
    gate : Gate
    mode : str
    allowed : callable
        Dependency that lets in whoever may see to an account of their own.
    """
    own = Depends(allowed)

    @app.post("/sign-out")
    async def sign_out(request: Request, actor: Actor = own) -> Response:
        token = request.cookies.get(gate.cookie("session"), "")
        await _done(lambda: gate.sign_out(actor, token))
        response = RedirectResponse(SIGN_IN, status_code=303)
        forget(response, gate, "session")
        # What a browser kept of pages goes with the session (OWASP Session Management Cheat Sheet, Clear-Site-Data).
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    @app.get(ACCOUNT)
    def account(request: Request, actor: Actor = own) -> Response:
        return _page(request, gate, mode, actor)

    @app.post(f"{ACCOUNT}/password")
    async def password(request: Request, actor: Actor = own) -> Response:
        sent = await read_fields(request)

        def change() -> None:
            _prove(gate, actor, sent, address_of(request))
            if sent.get("new") != sent.get("again"):
                raise AccountError("the new password is not the same twice")
            gate.people.set_password(actor.name, sent.get("new", ""), actor.recorded)

        refused = await _tried(change)
        if refused:
            return await run_in_threadpool(_page, request, gate, mode, actor, said=refused, status=422)
        response = RedirectResponse(SIGN_IN, status_code=303)
        forget(response, gate, "session")
        return response

    @app.post(f"{ACCOUNT}/sessions/end")
    async def end_sessions(actor: Actor = own) -> Response:
        await _done(lambda: gate.sessions.end_all(actor.name, Draft("signout", actor.recorded, {"sessions": "all"})))
        response = RedirectResponse(SIGN_IN, status_code=303)
        forget(response, gate, "session")
        return response

    _add_keys(app, gate, mode, own)


def _add_keys(app: FastAPI, gate: Gate, mode: str, own: Any) -> None:
    @app.post(f"{ACCOUNT}/keys")
    async def create_key(request: Request, actor: Actor = own) -> Response:
        sent = await read_fields(request)
        made: list[str] = []

        def create() -> None:
            days = sent.get("days", "")
            if not days.isdecimal():
                raise AccountError("the days are no number", expected=f"1 to {LONGEST_DAYS}")
            scopes = read_scopes([name for name in SCOPES if f"scope.{name}" in sent])
            found = gate.people.get(actor.name)
            made.append(gate.keys.create(found, scopes, int(days[:6]), sent.get("note", ""), actor.recorded))

        refused = await _tried(create)
        said = {"said": refused, "key": "".join(made)}
        return await run_in_threadpool(_page, request, gate, mode, actor, **said, status=422 if refused else 200)

    @app.post(f"{ACCOUNT}/keys/{{prefix}}/revoke")
    async def revoke_key(
        request: Request, prefix: Annotated[str, Path(pattern="^[0-9a-f]{8}$")], actor: Actor = own
    ) -> Response:
        refused = await _tried(lambda: gate.keys.revoke(prefix, actor.recorded, actor.name))
        status = 404 if refused else 200
        return await run_in_threadpool(_page, request, gate, mode, actor, said=refused, status=status)


def _prove(gate: Gate, actor: Actor, sent: Mapping[str, str], address: str) -> None:
    """Ask for the present password again: whoever finds a browser open has the session, not the password."""
    throttle = Throttle(gate.store)
    if throttle.attempt(actor.name, address) is not None:
        raise AccountError("too many attempts: wait a while")
    if gate.people.with_password(actor.name, sent.get("present", "")) is None:
        raise AccountError("the present password is not right")
    throttle.succeeded(actor.name, address)


async def _tried(change: Callable[[], None]) -> str:
    """Do something; return what is wrong with what was asked, or nothing."""
    try:
        await run_in_threadpool(change)
    except AccountError as error:
        return f"{error.what}: {error.expected}" if error.expected else error.what
    except SpinecastError as error:
        raise problem_of(error) from error
    return ""


async def _done(change: Callable[[], None]) -> None:
    refused = await _tried(change)
    if refused:
        raise Problem(422, "refused", refused)


def _page(
    request: Request, gate: Gate, mode: str, actor: Actor, *, said: str = "", key: str = "", status: int = 200
) -> Response:
    try:
        account, keys = gate.people.get(actor.name), gate.keys.all(actor.name)
    except SpinecastError as error:
        raise problem_of(error) from error
    now = gate.store.now
    return respond_page(
        request,
        "account.html.jinja",
        mode=mode,
        actor=actor,
        status=status,
        account=account,
        keys=[(one, one.state(now)) for one in keys],
        scopes=[name for name in SCOPES if name in permitted_to(account.roles)],
        words=WORDS,
        settings=gate.settings,
        longest_days=LONGEST_DAYS,
        said=said,
        key=key,
    )
