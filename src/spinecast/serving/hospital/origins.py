"""Pages of other sites that may call: by CORS, the routes of CDS Hooks alone, and only from sites that are named."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["SERVICES", "HookOrigins", "is_of_hooks"]

SERVICES = "/cds-services"
"""Where CDS Hooks has its services, below the server's address."""

_SECONDS_KEPT = 600


def is_of_hooks(path: str) -> bool:
    """Say whether an address is one of CDS Hooks."""
    return path == SERVICES or path.startswith(f"{SERVICES}/")


class HookOrigins:
    """ASGI middleware.

    A token stands in every call, and no cookie is ever read: another site can make a browser call, but not sign.

    Parameters
    ----------
    app : ASGI application
    origins : frozenset of str
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            allow_credentials=False,
            max_age=_SECONDS_KEPT,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        shared = scope["type"] == "http" and is_of_hooks(scope["path"])
        await (self._shared if shared else self._app)(scope, receive, send)
