"""Routes of the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from spinecast.clinical.blood_order import LEAST_HEMOGLOBIN
from spinecast.errors import SpinecastError
from spinecast.serving.actors import Actor
from spinecast.serving.bodies import FORM, as_lines, read_body
from spinecast.serving.pages.answered import Answered, ask, ask_scores, orders
from spinecast.serving.pages.asking import Filled, read_form
from spinecast.serving.pages.card import card_page
from spinecast.serving.pages.families import Family, families, family
from spinecast.serving.pages.fields import form_of
from spinecast.serving.pages.rendering import render, respond_page, static_files
from spinecast.serving.pages.validity import validity_of
from spinecast.serving.pages.what_if import actionable
from spinecast.serving.problems import Problem, problem_of
from spinecast.serving.reading import MOST_BYTES
from spinecast.serving.served_model import ServedModel
from spinecast.serving.state import State

__all__ = ["add_pages", "problem_page"]

Allowed = Callable[[Request], Awaitable[Actor]]
FamilyKey = Annotated[str, Path(max_length=200)]

# The address of a static file carries the hash of its content.
_FOR_EVER = "public, max-age=31536000, immutable"

# What a page is called that says what could not be done; of any other kind, HTTP's own name of it.
_HEADINGS: Mapping[str | int, str] = {
    "record-altered": "An altered record",
    "not-replayable": "Not replayable",
    403: "Not allowed",
    404: "Not found",
    422: "Not possible",
}


def add_pages(app: FastAPI, state: State, reader: Allowed, asker: Allowed) -> None:
    """Add the pages to an application.

    Parameters
    ----------
    app : FastAPI
    state : State
    reader, asker : callable
        Dependencies that let in who may read about models, and who may ask them.
    """
    _add_reading(app, state, reader)
    _add_asking(app, state, asker)


def _add_reading(app: FastAPI, state: State, reader: Allowed) -> None:
    may_read = Depends(reader)

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        found = static_files().get(name)
        if found is None:
            raise Problem(404, "not-found", "there is no such file")
        return Response(found.content, media_type=found.media_type, headers={"cache-control": _FOR_EVER})

    @app.get("/")
    def index(request: Request, actor: Actor = may_read) -> Response:
        known = list(families(state.models.current).values())
        refused = dict(state.models.refused)
        return respond_page(request, "index.html.jinja", mode=state.mode, actor=actor, families=known, refused=refused)

    @app.get("/models/{name}")
    def model(request: Request, name: FamilyKey, actor: Actor = may_read) -> Response:
        try:
            served = state.models.get(name)
            document = card_page(served)
        except SpinecastError as error:
            raise problem_of(error) from error
        return respond_page(request, "card.html.jinja", mode=state.mode, actor=actor, served=served, document=document)


def _add_asking(app: FastAPI, state: State, asker: Allowed) -> None:
    may_ask = Depends(asker)

    @app.get("/patient/{key}")
    def patient(request: Request, key: FamilyKey, actor: Actor = may_ask) -> Response:
        return _page(request, state, actor, _family(state, key), Filled(), None)

    @app.post("/patient/{key}")
    async def answer(request: Request, key: FamilyKey, actor: Actor = may_ask) -> Response:
        """Answer every model of a family on one page, for browsers without a script."""
        content = await read_body(request, MOST_BYTES, FORM)

        def answered() -> Response:
            found = _family(state, key)
            filled = read_form(content, form_of(found.models))
            if filled.errors:
                return _page(request, state, actor, found, filled, None, status=422)
            answers = [_ask(state, served, filled, actor) for served in _asked(found, filled)]
            return _page(request, state, actor, found, filled, answers, ask_scores(state, filled, actor))

        return await run_in_threadpool(answered)

    @app.post("/patient/{key}/answers")
    async def answers(request: Request, key: FamilyKey, actor: Actor = may_ask) -> Response:
        """Answer one model after the other, a line of JSON with a part of the page each.

        Whoever goes away, because a value has changed again, is answered no further: the rest is neither computed nor
        recorded.
        """
        content = await read_body(request, MOST_BYTES, FORM)

        def read() -> tuple[Family, Filled]:
            found = _family(state, key)
            return found, read_form(content, form_of(found.models))

        found, filled = await run_in_threadpool(read)
        if filled.errors:
            return JSONResponse({"errors": filled.errors}, status_code=422)
        return StreamingResponse(_parts(state, found, filled, actor), media_type="application/x-ndjson")


async def _parts(state: State, found: Family, filled: Filled, actor: Actor) -> AsyncIterator[bytes]:
    """Make the parts of the page, each when it is answered and recorded."""
    live, only = filled.options.get("live") == ["yes"], filled.options.get("only")
    if only is None:
        yield as_lines([{"into": "asked", "html": _asked_part(state, found, filled)}])
    for served in _asked(found, filled):
        if only is None or served.name in only:
            one = await run_in_threadpool(_ask, state, served, filled, actor, live=live)
            yield as_lines([{"into": f"answer-{served.name}", "html": _answer_part(one, filled, actor)}])
    if only is None:
        yield as_lines(
            [{"into": "scores", "html": await run_in_threadpool(_scores_part, state, filled, actor, live=live)}]
        )


def _family(state: State, key: str) -> Family:
    try:
        return family(state.models.current, key)
    except SpinecastError as error:
        raise problem_of(error) from error


def _asked(found: Family, filled: Filled) -> Sequence[ServedModel]:
    """The models that were ticked; all where none was."""
    ticked = filled.options.get("ask", [])
    return [served for served in found.models if not ticked or served.name in ticked]


def _ask(state: State, served: ServedModel, filled: Filled, actor: Actor, *, live: bool = False) -> Answered:
    explain = served.name in filled.options.get("narrow", [])
    return ask(state, served, filled, actor, explain=explain, live=live)


def _answer_part(one: Answered, filled: Filled, actor: Actor) -> str:
    return render("answer.html.jinja", one=one, filled=filled, actor=actor)


def _asked_part(state: State, found: Family, filled: Filled) -> str:
    return render("asked.html.jinja", filled=filled, form=form_of(found.models), subject=_pseudonym(state, filled))


def _scores_part(state: State, filled: Filled, actor: Actor, *, live: bool) -> str:
    try:
        scores = ask_scores(state, filled, actor, live=live)
    except Problem as problem:
        return render("scores.html.jinja", scores=None, problem=problem.detail, actor=actor)
    return render("scores.html.jinja", scores=scores, problem="", actor=actor)


def _pseudonym(state: State, filled: Filled) -> str:
    return state.log.key.pseudonym(filled.patient) if filled.patient else ""


def _page(
    request: Request,
    state: State,
    actor: Actor,
    found: Family,
    filled: Filled,
    answers: Sequence[Answered] | None,
    scores: Any = None,
    status: int = 200,
) -> Response:
    form = form_of(found.models)
    ticked = {served.name for served in _asked(found, filled)}
    by_name = {} if answers is None else {one.name: one for one in answers}
    blank = [Answered(served, validity_of(served)) for served in found.models]
    return respond_page(
        request,
        "patient.html.jinja",
        mode=state.mode,
        actor=actor,
        status=status,
        family=found,
        form=form,
        filled=filled,
        answered=answers is not None,
        answers=[by_name.get(one.name, one) for one in blank],
        scores=scores,
        ticked=ticked,
        subject=_pseudonym(state, filled),
        actionable=actionable(one for one in form.fields.values() if _read_by(one.name, found)),
        orders=any(orders(served) for served in found.models),
        least=LEAST_HEMOGLOBIN,
    )


def _read_by(name: str, found: Family) -> bool:
    return any(name in served.inputs for served in found.models)


def problem_page(request: Request, problem: Problem, mode: str) -> Response:
    """Say on a page what an address outside the API could not do."""
    said: dict[str, Any] = problem.to_dict()
    actor: Actor | None = getattr(request.state, "actor", None)  # as far as who asks was known before it failed
    audit = actor is not None and actor.may("read_log") and request.url.path.startswith("/audit")
    response = respond_page(
        request,
        "problem.html.jinja",
        mode=mode,
        actor=actor,
        status=problem.status,
        heading=_HEADINGS.get(problem.kind) or _HEADINGS.get(problem.status) or said["title"],
        problem=said,
        audit=audit,
    )
    response.headers.update(problem.headers)
    return response
