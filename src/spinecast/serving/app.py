"""The HTTP interface, version 1."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from spinecast import __version__
from spinecast.audit.reading import beside, headlines, listed, read_one, unaltered
from spinecast.documents.json_text import MalformedError, read_json
from spinecast.errors import AuditError
from spinecast.files import canonical_json
from spinecast.notices import RESEARCH_USE
from spinecast.serving.access.account_routes import add_account
from spinecast.serving.access.gate import Gate
from spinecast.serving.access.provider_routes import add_provider
from spinecast.serving.access.routes import add_sign_in, to_sign_in
from spinecast.serving.access.settings import Door
from spinecast.serving.actors import Actor
from spinecast.serving.auditing.routes import add_auditing
from spinecast.serving.bodies import MOST_BYTES_OF_MANY, as_lines, batches_of, read_body
from spinecast.serving.guard import Guard
from spinecast.serving.hospital.origins import HookOrigins, is_of_hooks
from spinecast.serving.hospital.routes import Hospital, add_hooks, respond_as_outcome
from spinecast.serving.input_schemas import inputs_schema
from spinecast.serving.metrics import CONTENT_TYPE_LATEST
from spinecast.serving.openapi import PREFIX, document
from spinecast.serving.pages.routes import add_pages, problem_page
from spinecast.serving.parameters import problem_of_parameters
from spinecast.serving.permitting import Identify, Who, asking, permitted
from spinecast.serving.problems import Problem, or_problem, problem_of, respond
from spinecast.serving.reading import MOST_BYTES, read_question
from spinecast.serving.recording import replay
from spinecast.serving.records_of import require_record, whose
from spinecast.serving.state import State

__all__ = ["make_app"]

ModelName = Annotated[str, Path(max_length=200)]
RecordNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]


def make_app(
    state: State,
    identify: Identify | None = None,
    gate: Gate | None = None,
    door: Door | None = None,
    hospital: Hospital | None = None,
) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    state : State
    identify : callable, optional
        Says who asks; the local demonstration user when left out.
    gate : Gate, optional
        Lets people sign in, and says who asks.
    door : Door, optional
        What the server is called, and whether through https; the gate's when left out, else this machine's own names.
    hospital : Hospital, optional
        Which record systems may call by CDS Hooks; whoever may ask models when left out.
    """
    app = FastAPI(title="spinecast", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    who = asking(identify if gate is None else gate.identify)
    door = door or (Door() if gate is None else gate.door)
    hospital = hospital or Hospital()
    if hospital.origins:
        app.add_middleware(HookOrigins, origins=hospital.origins)
    app.add_middleware(Guard, metrics=state.metrics, door=door, origins=hospital.origins)
    app.add_exception_handler(Problem, _said(_of_problem, state.mode))
    app.add_exception_handler(HTTPException, _said(_of_http, state.mode))
    app.add_exception_handler(RequestValidationError, _said(_of_parameters, state.mode))
    _add_watching(app, state, who, sign_in=gate is not None, record_systems=hospital.clients is not None)
    _add_models(app, state, who)
    _add_asking(app, state, who)
    _add_log(app, state, who)
    add_pages(app, state, permitted("read_models", who), permitted("predict", who))
    caller = who if hospital.clients is None else asking(hospital.clients.identify)
    add_hooks(app, state, hospital, permitted("predict", caller))
    add_auditing(
        app,
        state,
        permitted("read_own", who),
        permitted("read_log", who),
        permitted("replay", who),
        systems=hospital.prefixes,
    )
    if gate is not None:
        add_sign_in(app, gate, state.mode)
        if gate.provider is not None:
            add_provider(app, gate, gate.provider, state.mode)
        add_account(app, gate, state.mode, permitted("own_account", who))
    for route in app.routes:  # HEAD is GET without its content (RFC 9110, 9.3.2); FastAPI leaves it out
        if isinstance(route, Route) and "GET" in (route.methods or ()):
            route.methods = {*(route.methods or ()), "HEAD"}
    return app


def _add_watching(app: FastAPI, state: State, who: Who, *, sign_in: bool, record_systems: bool) -> None:
    @app.get(PREFIX)
    def index() -> Response:
        links = ("models", "openapi.json", "health", "ready", "metrics")
        said = {"spinecast": __version__, "notices": [RESEARCH_USE], "mode": state.mode}
        return JSONResponse({**said, "links": [f"{PREFIX}/{name}" for name in links]})

    @app.get(f"{PREFIX}/openapi.json", dependencies=[Depends(permitted("read_models", who))])
    def openapi() -> Response:
        said = document(state.models.current, state.mode, sign_in=sign_in, record_systems=record_systems)
        return JSONResponse(said)

    @app.get(f"{PREFIX}/health")
    async def health() -> Response:  # needs no thread: they may all be waiting for the log
        return JSONResponse({"status": "alive", "spinecast": __version__, "mode": state.mode})

    @app.get(f"{PREFIX}/ready")
    def ready() -> Response:
        try:
            head = state.log.head()
        except AuditError as error:
            raise problem_of(error) from error
        said = {"status": "ready", "records": 0 if head is None else head.sequence, "mode": state.mode}
        registry = "does not answer" if state.models.trouble else "answers"
        # Whoever can reach the server may ask this: how many are refused, and not which and why.
        models = {"models": len(state.models.current), "refused": len(state.models.refused), "registry": registry}
        return JSONResponse({**said, **models})


def _add_models(app: FastAPI, state: State, who: Who) -> None:
    reader = Depends(permitted("read_models", who))

    @app.get(f"{PREFIX}/models", dependencies=[reader])
    def models() -> Response:
        said = [served.to_dict() for served in state.models.current.values()]
        refused = dict(state.models.refused)
        return JSONResponse({"models": said, "refused": refused, "notices": [RESEARCH_USE], "mode": state.mode})

    @app.get(f"{PREFIX}/models/{{name}}", dependencies=[reader])
    def model(name: ModelName) -> Response:
        served = or_problem(lambda: state.models.get(name))
        about = {key: served.model.about.get(key) for key in ("outcome", "cohort", "use", "study_hash", "versions")}
        return JSONResponse({**served.to_dict(), "inputs": list(served.inputs), "about": about, "mode": state.mode})

    @app.get(f"{PREFIX}/models/{{name}}/card", dependencies=[reader])
    def card(name: ModelName) -> Response:
        served = or_problem(lambda: state.models.get(name))
        return JSONResponse({"model": served.to_dict(), "card": or_problem(served.card), "mode": state.mode})

    @app.get(f"{PREFIX}/models/{{name}}/schema", dependencies=[reader])
    def schema(name: ModelName) -> Response:
        served = or_problem(lambda: state.models.get(name))
        return JSONResponse(inputs_schema(served.inputs, title=served.to_dict()["title"]))

    @app.get(f"{PREFIX}/metrics", dependencies=[Depends(permitted("read_metrics", who))])
    def metrics() -> Response:
        text = state.metrics.text(
            len(state.models.current), len(state.models.refused), registry=not state.models.trouble
        )
        return Response(text, media_type=CONTENT_TYPE_LATEST)


def _add_asking(app: FastAPI, state: State, who: Who) -> None:
    asker = Depends(permitted("predict", who))

    @app.post(f"{PREFIX}/models/{{name}}/predict")
    async def predict(request: Request, name: ModelName, actor: Actor = asker) -> Response:
        asked = state.read(await read_body(request, MOST_BYTES, "application/json"))
        served = or_problem(lambda: state.models.get(name))
        return await _json(lambda: state.predict(served, asked, actor))

    @app.post(f"{PREFIX}/models/{{name}}/explain")
    async def explain(request: Request, name: ModelName, actor: Actor = asker) -> Response:
        asked = state.read(await read_body(request, MOST_BYTES, "application/json"))
        served = or_problem(lambda: state.models.get(name))
        return await _json(lambda: state.predict(served, asked, actor, explain=True))

    @app.post(f"{PREFIX}/models/{{name}}/predict-many")
    async def predict_many(request: Request, name: ModelName, actor: Actor = asker) -> Response:
        served = or_problem(lambda: state.models.get(name))
        # Read whole before the first answer leaves: a client that sends all and only then reads would else wait
        # for us, and we for it.
        content = await read_body(request, MOST_BYTES_OF_MANY, "application/x-ndjson")
        batches = batches_of(content)
        first = next(batches, [])
        answered = await run_in_threadpool(state.predict_lines, served, first, actor)

        async def stream() -> AsyncIterator[bytes]:
            yield as_lines(answered)
            for batch in batches:
                try:
                    yield as_lines(await run_in_threadpool(state.predict_lines, served, batch, actor))
                except Problem as problem:  # the status is sent: what was not recorded is not answered
                    yield as_lines([{"line": batch[0][0], "problem": problem.to_dict()}])
                    return

        return StreamingResponse(stream(), media_type="application/x-ndjson")

    @app.post(f"{PREFIX}/scores")
    async def scores(request: Request, actor: Actor = asker) -> Response:
        content = await read_body(request, MOST_BYTES, "application/json")
        value = or_problem(lambda: read_json(content))
        wanted = value.pop("scores", None) if isinstance(value, dict) else None
        if wanted is not None and not (isinstance(wanted, list) and all(isinstance(one, str) for one in wanted)):
            raise problem_of(MalformedError("scores is no list of names", pointer="/scores", expected="score names"))
        asked = or_problem(lambda: read_question(value, ("inputs", "patient")))
        return await _json(lambda: state.scores(asked, wanted, actor))


def _add_log(app: FastAPI, state: State, who: Who) -> None:
    reader, replayer = Depends(permitted("read_own", who)), Depends(permitted("replay", who))

    @app.get(f"{PREFIX}/predictions")
    def predictions(
        actor: Actor = reader,
        kind: Annotated[str | None, Query(pattern="^[a-z]{1,32}$")] = None,
        model: Annotated[str | None, Query(pattern="^[a-z][a-z0-9_]{0,150}(/[0-9]{1,9})?$")] = None,
        pseudonym: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    ) -> Response:
        found = or_problem(
            lambda: listed(
                state.writer.record,
                state.log,
                actor.recorded,
                kind=kind,
                model=model,
                subject=pseudonym,
                whose=whose(actor),
                limit=limit,
                before=before,
            )
        )
        return JSONResponse({"records": or_problem(lambda: headlines(state.log, found)), "mode": state.mode})

    @app.post(f"{PREFIX}/predictions/search")
    async def search(request: Request, actor: Actor = reader) -> Response:
        """Find a patient's records; the identifier is in the body, because addresses end up in logs."""
        content = await read_body(request, MOST_BYTES, "application/json")
        value = or_problem(lambda: read_json(content))
        patient = value.get("patient") if isinstance(value, dict) and set(value) == {"patient"} else None
        if not isinstance(patient, str) or not patient.strip():
            raise problem_of(MalformedError("no patient is named", pointer="/patient", expected="an identifier, alone"))
        subject = state.log.key.pseudonym(patient)

        def find() -> dict[str, Any]:
            found = listed(
                state.writer.record, state.log, actor.recorded, subject=subject, whose=whose(actor), limit=1000
            )
            return {"pseudonym": subject, "records": headlines(state.log, found), "mode": state.mode}

        return await _json(lambda: or_problem(find))

    @app.get(f"{PREFIX}/predictions/{{record}}")
    def prediction(record: RecordNumber, actor: Actor = reader) -> Response:
        require_record(state.log, record, actor)
        found = or_problem(lambda: read_one(state.writer.record, state.log, actor.recorded, record))
        around = or_problem(lambda: beside(state.log, found))
        return JSONResponse({**found.headline(), "beside": around, "content": found.body, "mode": state.mode})

    @app.post(f"{PREFIX}/predictions/{{record}}/replay")
    def replayed(record: RecordNumber, actor: Actor = replayer) -> Response:
        require_record(state.log, record, actor)
        found = or_problem(lambda: unaltered(state.log, record))
        said = or_problem(lambda: replay(state.writer.record, state.models, found, actor.recorded))
        return JSONResponse({**said, "mode": state.mode})


async def _json(make: Callable[[], dict[str, Any]]) -> Response:
    # canonical_json refuses numbers that are none, and writes every float so that it reads back the same bits.
    return Response(canonical_json(await run_in_threadpool(make)), media_type="application/json")


def _said(read: Callable[[Exception], Problem], mode: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answer an error as a problem of the API, or as a page where a page was asked for."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = read(error)
        if request.url.path.startswith(PREFIX):
            return respond(problem)
        if is_of_hooks(request.url.path):
            return respond_as_outcome(problem)
        if problem.kind == "sign-in-needed" and request.method in ("GET", "HEAD"):
            return to_sign_in(request)
        return problem_page(request, problem, mode)

    return answer


def _of_problem(error: Exception) -> Problem:
    assert isinstance(error, Problem)
    return error


def _of_http(error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    kind = {404: "not-found", 405: "method"}.get(error.status_code, "http")
    return Problem(error.status_code, kind, str(error.detail), headers=error.headers)


def _of_parameters(error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    return problem_of_parameters(error)
