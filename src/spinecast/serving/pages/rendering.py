"""The one way in which a page is made: its template, its static files, and what stands on every page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from spinecast import __version__
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.serving.actors import Actor
from spinecast.serving.pages.view import FILTERS, GLOBALS, TESTS

__all__ = ["StaticFile", "render", "respond_page", "static_files"]

_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class StaticFile:
    """A style sheet, script or picture that stands in the package.

    Parameters
    ----------
    content : bytes
    media_type : str
    version : str
        Of its content: an address with it may be kept for ever.
    """

    content: bytes
    media_type: str
    version: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return every static file by name."""
    found = {}
    for entry in sorted((files("spinecast.serving.pages") / "static").iterdir(), key=lambda one: one.name):
        media_type = _MEDIA_TYPES.get(entry.name.rpartition(".")[2])
        if media_type is not None:
            content = entry.read_bytes()
            found[entry.name] = StaticFile(content, media_type, hashlib.sha256(content).hexdigest()[:16])
    return found


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("spinecast.serving.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.tests.update(TESTS)
    environment.globals.update(
        GLOBALS,
        static=lambda name: f"/static/{name}?v={static_files()[name].version}",
        research_use=RESEARCH_USE,
        synthetic_notice=SYNTHETIC,
        spinecast_version=__version__,
    )
    return environment


def render(template: str, **context: Any) -> str:
    """Render a template of this room, or a part of a page."""
    return _environment().get_template(template).render(**context)


def respond_page(
    request: Request, template: str, *, mode: str, actor: Actor | None, status: int = 200, **context: Any
) -> Response:
    """Answer with a page.

    Parameters
    ----------
    request : Request
    template : str
        One that extends ``base.html.jinja``.
    mode : str
        How whoever asks came in; empty where there is nothing to say of it.
    actor : Actor or None
        Who is signed in.
    status : int
    **context
        What the template needs beside that.
    """
    text = render(template, request=request, mode=mode, actor=actor, **context)
    return HTMLResponse(text, status_code=status)
