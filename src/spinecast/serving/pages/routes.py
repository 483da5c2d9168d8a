"""Routes of the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from spinecast.serving.actors import Actor
from spinecast.serving.pages.families import families
from spinecast.serving.pages.rendering import respond_page, static_files
from spinecast.serving.problems import Problem
from spinecast.serving.state import State

__all__ = ["add_pages", "problem_page"]

Allowed = Callable[[Request], Actor]

# The address of a static file carries the hash of its content.
_FOR_EVER = "public, max-age=31536000, immutable"


def add_pages(app: FastAPI, state: State, reader: Allowed) -> None:
    """Add the pages to an application.

    Parameters
    ----------
    app : FastAPI
    state : State
    reader : callable
        Dependency that lets in who may read about models.
    """
    allowed = Depends(reader)

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        found = static_files().get(name)
        if found is None:
            raise Problem(404, "not-found", "there is no such file")
        return Response(found.content, media_type=found.media_type, headers={"cache-control": _FOR_EVER})

    @app.get("/")
    def index(request: Request, actor: Actor = allowed) -> Response:
        known = families(state.models.current).values()
        refused = dict(state.models.refused)
        return respond_page(request, "index.html.jinja", mode=state.mode, actor=actor, families=known, refused=refused)


def problem_page(request: Request, problem: Problem, mode: str) -> Response:
    """Say on a page what an address outside the API could not do."""
    said: dict[str, Any] = problem.to_dict()
    response = respond_page(request, "problem.html.jinja", mode=mode, actor=None, status=problem.status, problem=said)
    response.headers.update(problem.headers)
    return response
