"""What stands before every route that needs to know who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from spinecast.serving.access.forms import require_form_token
from spinecast.serving.actors import Actor, Permission, local_demonstration
from spinecast.serving.problems import Problem

__all__ = ["Identify", "Who", "asking", "permission_of", "permitted"]

_PERMISSION = "_spinecast_permission"

Identify = Callable[[Request], Actor]
Who = Callable[[Request], Awaitable[Actor]]


def asking(identify: Identify | None) -> Who:
    """Return what says who asks, and has refused what another site made them ask.

    Parameters
    ----------
    identify : callable or None
        Reads a session or a key, which takes the database; None without sign-in.
    """
    demonstration = local_demonstration()

    async def who(request: Request) -> Actor:
        if identify is None:
            request.state.actor = demonstration
            return demonstration
        actor = await run_in_threadpool(identify, request)
        await require_form_token(request, actor)
        request.state.actor = actor  # a page about what could not be done says who is signed in, and leads on
        return actor

    return who


def permitted(permission: Permission, who: Who) -> Callable[[Request], Awaitable[Actor]]:
    """Return the dependency that lets only those in who may do this."""

    async def allow(request: Request) -> Actor:
        actor = await who(request)
        if not actor.may(permission):
            raise Problem(403, "not-permitted", f"{actor.recorded} may not do this: it needs {permission}")
        return actor

    setattr(allow, _PERMISSION, permission)
    return allow


def permission_of(route: Any) -> Permission | None:
    """Return what a route needs; None of one that is open to whoever can reach the server."""
    for dependency in getattr(getattr(route, "dependant", None), "dependencies", ()):
        found: Permission | None = getattr(dependency.call, _PERMISSION, None)
        if found is not None:
            return found
    return None
