"""What stands before every request: whose it may be, what is said with every answer, and a line in the log about none.

A body comes in through `spinecast.serving.intake`.

The line that is logged has method, route, status and time. Paths with their values, queries and bodies never enter it.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spinecast.serving.access.settings import Door
from spinecast.serving.hospital.origins import is_of_hooks
from spinecast.serving.intake import Intake
from spinecast.serving.metrics import Metrics
from spinecast.serving.problems import LOGGER, Problem, place_of, respond

__all__ = ["Guard"]

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# A page has its own style sheet, scripts and drawings, asks its own server, and holds neither style nor script inside.
OWN_PAGES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    # Not "no-referrer": browsers then say "Origin: null" of a form too, and it could be any site's.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


# Two years, the least that browsers' own lists take (RFC 6797); only said where what is said came encrypted.
STRICT_TRANSPORT = {"strict-transport-security": "max-age=63072000"}


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


SECONDS_TO_TAKE = 60.0
"""Within which a piece of an answer must be taken: whoever asks about a table holds its memory until it is answered."""


class NotTakenError(Exception):
    """Whoever asked takes no answer."""


class Guard:
    """ASGI middleware.

    Parameters
    ----------
    app : ASGI application
    metrics : Metrics
    door : Door
        What the server is called, and whether it is reached through https.
    origins : frozenset of str
        Other sites whose pages may call CDS Hooks, and nothing else.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, door: Door, origins: frozenset[str] = frozenset()) -> None:
        self.app = app
        self.metrics = metrics
        self.door = door
        self.intake = Intake()
        self.origins = origins
        self._headers = SECURITY_HEADERS | (STRICT_TRANSPORT if door.https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, started = uuid.uuid4().hex, time.perf_counter()
        seen: dict[str, Any] = {"status": 500, "begun": False}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.update(status=message["status"], begun=True)
                headers = MutableHeaders(scope=message)
                for name, value in {**self._headers, "x-request-id": request_id}.items():
                    headers[name] = value
                is_page = headers.get("content-type", "").startswith("text/html")
                headers["content-security-policy"] = OWN_PAGES if is_page else NOTHING
                headers.setdefault("cache-control", "no-store")  # static files may be kept, what is about patients not
            with anyio.move_on_after(SECONDS_TO_TAKE):
                await send(message)
                return
            raise NotTakenError

        try:
            refused = _refusal(scope, self.door, self.origins)
            if refused is not None:
                await respond(refused)(scope, receive, answer)
            else:
                with self.intake.of(receive) as received:
                    await self.app(scope, received, answer)
        except NotTakenError:  # the connection is cut, and what the request held is let go
            raise RuntimeError(f"the answer to {request_id} was not taken in time") from None
        except Exception as error:  # a defect of ours: said without its message, which may hold a patient's value
            LOGGER.error("defect %s: %s", request_id, place_of(error))
            if seen["begun"]:
                # The connection is cut; the server's own log would repeat what the error says.
                raise RuntimeError(f"defect {request_id}, after the answer had begun") from None
            detail = f"a defect of spinecast; the server's log names its place under {request_id}"
            await respond(Problem(500, "defect", detail))(scope, receive, answer)
        finally:
            self._count(scope, seen["status"], time.perf_counter() - started, request_id)

    def _count(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"  # each is a series that stays
        self.metrics.requests.labels(route, method, str(status)).inc()
        self.metrics.duration.labels(route).observe(seconds)
        said = {"request": request_id, "method": method, "route": route, "status": status}
        LOGGER.info(json.dumps({**said, "ms": round(1000 * seconds, 1)}))


def _refusal(scope: Scope, door: Door, origins: frozenset[str]) -> Problem | None:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    # Any other name in Host means that a name elsewhere was pointed here to make a browser take us for that site (DNS
    # rebinding).
    if host.rsplit(":", 1)[0] not in door.names and host not in door.names:
        return Problem(421, "misdirected", "this server answers under its own names alone")
    if scope["method"] in ("GET", "HEAD"):
        return None
    origin = headers.get("origin")
    if origin in origins and is_of_hooks(scope["path"]):
        return None
    # Browsers say where a request began (Fetch Metadata, W3C); programs say nothing.
    site = headers.get("sec-fetch-site", "none")
    if (origin is not None and not _is_of(origin, host)) or site not in ("same-origin", "none"):
        return Problem(403, "cross-site", "a page of another site may not ask here")
    return None


def _is_of(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # no address at all, such as "http://["
        return False
