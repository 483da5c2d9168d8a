"""Routes of the auditor's pages, and of a clinician's own records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from spinecast.audit.reading import beside, read_one, unaltered
from spinecast.audit.records import Draft, Record
from spinecast.audit.searching import Looked, look_back, looked_up
from spinecast.reporting.document import Document
from spinecast.serving.access.forms import read_fields
from spinecast.serving.actors import Actor
from spinecast.serving.auditing.comparing import comparison
from spinecast.serving.auditing.contents import record_document
from spinecast.serving.auditing.exporting import document_csv, record_json, records_csv
from spinecast.serving.auditing.lineage import Lineage, document_of, lineage_of
from spinecast.serving.auditing.recorded import Said, said_in
from spinecast.serving.auditing.seeking import KINDS, Wanted, read_wanted
from spinecast.serving.auditing.verifying import Verifier
from spinecast.serving.pages.rendering import respond_page
from spinecast.serving.problems import Problem, or_problem
from spinecast.serving.recording import REPLAYED_KINDS, put_to, replay
from spinecast.serving.records_of import require_record
from spinecast.serving.state import State
from spinecast.tracking.serving_versions import version_numbers

__all__ = ["AUDIT", "MINE", "add_auditing"]

AUDIT, MINE = "/audit", "/mine"

Allowed = Callable[[Request], Awaitable[Actor]]
RecordNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]
QueriedNumber = Annotated[int, Query(ge=1, le=2**63 - 1)]
ExportForm = Literal["json", "csv", "pdf"]
OptionalNumber = Annotated[int | None, Query(ge=1, le=2**63 - 1)]

_A_PAGE, _A_FILE = 50, 1000
_SECONDS = 2.0  # that whoever wants the chain gone through waits for its end: enough for some thousand records
_MEDIA_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}


def add_auditing(
    app: FastAPI, state: State, own: Allowed, reader: Allowed, replayer: Allowed, *, systems: Mapping[str, str]
) -> None:
    """Add the pages to an application.

    Parameters
    ----------
    app : FastAPI
    state : State
    own, reader, replayer : callable
        Dependencies that let in who may read records of their own questions, everybody's, and put questions again.
    systems : mapping of str to str
        What stands before the patient ids of a record system, by its name.
    """
    _add_own(app, state, Depends(own))
    _add_search(app, state, Depends(reader), systems)
    _add_records(app, state, Depends(reader))
    _add_again(app, state, Depends(replayer))
    _add_verifying(app, state, Depends(reader))


def _add_own(app: FastAPI, state: State, may: Any) -> None:
    @app.get(MINE)
    def mine(request: Request, actor: Actor = may, before: OptionalNumber = None) -> Response:
        return _search_page(request, state, actor, before, own=True)

    @app.get(f"{MINE}/{{record}}")
    def my_record(request: Request, record: RecordNumber, actor: Actor = may) -> Response:
        return _record_page(request, state, actor, record, own=True)


def _add_search(app: FastAPI, state: State, may: Any, systems: Mapping[str, str]) -> None:
    @app.get(AUDIT)
    def search(request: Request, actor: Actor = may, before: OptionalNumber = None) -> Response:
        return _search_page(request, state, actor, before, own=False, systems=systems)

    @app.get(f"{AUDIT}/found.csv")
    def found(request: Request, actor: Actor = may, before: OptionalNumber = None) -> Response:
        wanted = read_wanted(request.query_params)
        if wanted.errors:
            raise Problem(422, "parameters", "; ".join(f"{name}: {text}" for name, text in wanted.errors.items()))
        looked = _looked(state, actor, wanted, before, _A_FILE, kind="export")
        return _file(records_csv(looked), "csv", "records")

    @app.post(f"{AUDIT}/patient")
    async def patient(request: Request, actor: Actor = may) -> Response:  # noqa: ARG001 - who may is asked
        """Find a patient's records; the identifier is in the body, because addresses end up in logs."""
        fields = await read_fields(request)
        identifier, system = fields.get("patient", "").strip(), fields.get("system", "")
        if not identifier:
            raise Problem(422, "malformed", "no patient is named")
        if system and system not in systems:
            raise Problem(422, "malformed", "there is no such record system; load the page again")
        pseudonym = state.log.key.pseudonym(f"{systems.get(system, '')}{identifier}")
        return RedirectResponse(f"{AUDIT}?pseudonym={pseudonym}", status_code=303)


def _add_records(app: FastAPI, state: State, may: Any) -> None:
    @app.get(f"{AUDIT}/records/{{record}}")
    def opened(request: Request, record: RecordNumber, actor: Actor = may) -> Response:
        return _record_page(request, state, actor, record, own=False)

    @app.get(f"{AUDIT}/records/{{record}}/export.{{form}}")
    def exported(record: RecordNumber, form: ExportForm, actor: Actor = may) -> Response:
        require_record(state.log, record, actor)
        found = _exported(state, actor, record, form)
        said = said_in(found)
        lineage, around = _lineage(state, said), or_problem(lambda: beside(state.log, found))
        if form == "json":
            return _file(record_json(found, lineage, around), form, f"record-{record}")
        document = record_document(found, said, lineage, beside=around, form="pdf" if form == "pdf" else "csv")
        return _document(document, form, f"record-{record}")

    @app.get(f"{AUDIT}/compare")
    def compare(request: Request, first: QueriedNumber, second: QueriedNumber, actor: Actor = may) -> Response:
        one, other = _both(state, actor, first, second, read_as=None)
        document = comparison(one, other)
        return _page(request, state, actor, "audit_compare.html.jinja", document=document, first=first, second=second)

    @app.get(f"{AUDIT}/compare/export.{{form}}")
    def compared(
        first: QueriedNumber,
        second: QueriedNumber,
        form: Literal["csv", "pdf"],
        actor: Actor = may,
    ) -> Response:
        one, other = _both(state, actor, first, second, read_as=form)
        return _document(comparison(one, other), form, f"records-{first}-and-{second}")

    @app.get(f"{AUDIT}/versions/{{name}}/{{number}}/{{document}}")
    def document(
        name: Annotated[str, Path(max_length=200)],
        number: Annotated[str, Path(pattern="^[0-9]{1,9}$")],
        document: Annotated[str, Path(pattern="^[a-z-]{1,40}$")],
        actor: Actor = may,  # noqa: ARG001 - who may is asked
    ) -> Response:
        path = or_problem(lambda: document_of(state.models, f"{name}/{number}", document))
        content = path.read_bytes()
        # A report holds its own styles, which the policy of our pages forbids: it is a file to be kept and opened.
        filename = f"{name}-{number}-{document}{path.suffix}"
        media_type = "text/yaml; charset=utf-8" if path.suffix == ".yaml" else "application/octet-stream"
        return Response(content, media_type=media_type, headers=_attached(filename))


def _add_again(app: FastAPI, state: State, may: Any) -> None:
    @app.post(f"{AUDIT}/records/{{record}}/replay")
    def replayed(request: Request, record: RecordNumber, actor: Actor = may) -> Response:
        found = _replayable(state, actor, record)
        done = or_problem(lambda: replay(state.writer.record, state.models, found, actor.recorded))
        return _page(request, state, actor, "audit_replay.html.jinja", record=found, done=done, said=said_in(found))

    @app.post(f"{AUDIT}/records/{{record}}/version")
    async def another(request: Request, record: RecordNumber, actor: Actor = may) -> Response:
        number = (await read_fields(request)).get("number", "")
        if not (number.isdecimal() and number.isascii() and len(number) < 10):
            raise Problem(422, "malformed", "no version is named by its number")

        def put() -> Record:
            found = _replayable(state, actor, record)
            return or_problem(lambda: put_to(state.writer.record, state.models, found, number, actor.recorded))

        made = await run_in_threadpool(put)
        return RedirectResponse(f"{AUDIT}/compare?first={record}&second={made.sequence}", status_code=303)


def _add_verifying(app: FastAPI, state: State, may: Any) -> None:
    verifier = Verifier(state.log, state.writer.record)

    @app.get(f"{AUDIT}/verify")
    def verified(request: Request, actor: Actor = may) -> Response:
        last, head, standing = or_problem(verifier.last), or_problem(state.log.head), verifier.standing
        return _page(request, state, actor, "audit_verify.html.jinja", last=last, head=head, standing=standing)

    @app.post(f"{AUDIT}/verify")
    def verify(actor: Actor = may) -> Response:
        verifier.start(actor.recorded, _SECONDS)
        return RedirectResponse(f"{AUDIT}/verify", status_code=303)


def _search_page(
    request: Request,
    state: State,
    actor: Actor,
    before: int | None,
    *,
    own: bool,
    systems: Mapping[str, str] | None = None,
) -> Response:
    wanted = read_wanted(request.query_params, actor.name if own else None)
    looked = None if wanted.errors else _looked(state, actor, wanted, before, _A_PAGE)
    rows = [] if looked is None else [(one, said_in(one)) for one in looked.records]
    return _page(
        request,
        state,
        actor,
        "audit.html.jinja",
        status=422 if wanted.errors else 200,
        wanted=wanted,
        looked=looked,
        rows=rows,
        kinds=list(KINDS),
        models=sorted(state.models.current),
        own=own,
        base=MINE if own else AUDIT,
        systems=systems or {},
    )


def _looked(state: State, actor: Actor, wanted: Wanted, before: int | None, limit: int, kind: str = "read") -> Looked:
    """Look, and record it before anything is shown."""
    looked = or_problem(lambda: look_back(state.log, wanted.sought, wanted.fits, limit=limit, before=before))
    or_problem(lambda: looked_up(state.writer.record, actor.recorded, wanted.sought, wanted.about(), looked, kind))
    return looked


def _record_page(request: Request, state: State, actor: Actor, number: int, *, own: bool) -> Response:
    require_record(state.log, number, actor, own=own)
    record = or_problem(lambda: read_one(state.writer.record, state.log, actor.recorded, number))
    said = said_in(record)
    lineage, around = _lineage(state, said), or_problem(lambda: beside(state.log, record))
    again = not own and actor.may("replay") and record.kind in REPLAYED_KINDS and record.content is not None
    return _page(
        request,
        state,
        actor,
        "audit_record.html.jinja",
        record=record,
        said=said,
        lineage=lineage,
        beside=around,
        document=record_document(record, said, lineage, beside=around, form="page"),
        documents={} if lineage is None or own else lineage.documents,
        again=again,
        versions=_other_versions(state, record) if again and record.model else [],
        own=own,
    )


def _other_versions(state: State, record: Record) -> list[str]:
    name, _, number = record.model.partition("/")
    return [one for one in or_problem(lambda: version_numbers(state.models.store, name)) if one != number]


def _both(state: State, actor: Actor, first: int, second: int, *, read_as: str | None) -> list[tuple[Record, Said]]:
    if first == second:
        raise Problem(422, "parameters", f"record {first} is asked beside itself", remedy="name another record")
    return [_answer_in(state, actor, number, read_as=read_as) for number in (first, second)]


def _answer_in(state: State, actor: Actor, number: int, *, read_as: str | None) -> tuple[Record, Said]:
    """Return a record with its answer, after recording that it is read, or exported in some form."""
    require_record(state.log, number, actor)
    if read_as is None:
        record = or_problem(lambda: read_one(state.writer.record, state.log, actor.recorded, number))
    else:
        record = _exported(state, actor, number, read_as)
    said = said_in(record)
    if said is None:
        raise Problem(422, "refused", f"record {number} holds no answer that could be compared")
    return record, said


def _exported(state: State, actor: Actor, number: int, form: str) -> Record:
    """Return a record, after recording that it is taken out of the log."""
    found = or_problem(lambda: unaltered(state.log, number))
    draft = Draft("export", actor.recorded, {"record": number, "form": form}, found.model, found.subject)
    or_problem(lambda: state.writer.record([draft]))
    return found


def _replayable(state: State, actor: Actor, number: int) -> Record:
    require_record(state.log, number, actor)
    return or_problem(lambda: unaltered(state.log, number))


def _lineage(state: State, said: Said | None) -> Lineage | None:
    model = None if said is None else said.answer.get("model")
    if not model:
        return None
    return lineage_of(state.models, f"{model['name']}/{model['version']}", str(model["identity"]))


def _page(
    request: Request, state: State, actor: Actor, template: str, *, status: int = 200, **context: Any
) -> Response:
    return respond_page(request, template, mode=state.mode, actor=actor, status=status, **context)


def _document(document: Document, form: str, name: str) -> Response:
    if form == "csv":
        return _file(document_csv(document), form, name)
    from spinecast.reporting.pdf import render_pdf  # typst and matplotlib, which no other answer needs

    return _file(render_pdf(document), form, name)


def _file(content: str | bytes, form: str, name: str) -> Response:
    return Response(content, media_type=_MEDIA_TYPES[form], headers=_attached(f"spinecast-{name}.{form}"))


def _attached(filename: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{filename}"'}
