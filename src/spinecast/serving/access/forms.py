"""Forms: read, and refused when another site sent them."""

from __future__ import annotations

from starlette.requests import Request

from spinecast.accounts.tokens import same
from spinecast.serving.actors import Actor
from spinecast.serving.bodies import FORM, form_pairs, read_body
from spinecast.serving.problems import Problem
from spinecast.serving.reading import MOST_BYTES

__all__ = ["FIELD", "HEADER", "read_fields", "require_form_token", "require_token"]

FIELD, HEADER = "form_token", "x-form-token"
"""Where a form, or a script, says what only a page of this server could know."""

_READING = ("GET", "HEAD", "OPTIONS")


async def require_form_token(request: Request, actor: Actor) -> None:
    """Refuse what changes something and is not from a page of this server.

    Only somebody with a session can be made to ask by another site: their browser adds the cookie by itself.

    Raises
    ------
    Problem
        403.
    """
    if not actor.form_token or request.method in _READING:
        return
    given = request.headers.get(HEADER, "")
    if not given and request.headers.get("content-type", "").startswith(FORM):
        given = (await read_fields(request)).get(FIELD, "")
    require_token(given, actor.form_token)


def require_token(given: str, expected: str) -> None:
    """Refuse a form whose token is not the one it should have.

    Raises
    ------
    Problem
        403.
    """
    if not given or not expected or not same(given, expected):
        raise Problem(403, "form-token", "this form is from no page of this server, or from an old one: load it again")


async def read_fields(request: Request) -> dict[str, str]:
    """Return a form's fields; of one that is sent twice the last.

    Raises
    ------
    Problem
        400, 413 or 415 if it is no form.
    """
    return dict(form_pairs(await read_body(request, MOST_BYTES, FORM)))
