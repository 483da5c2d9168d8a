"""Routes of CDS Hooks 3.0: what is offered, one model's card, what became of it, and the answer as a FHIR resource."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import Depends, FastAPI, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from spinecast.audit.records import Record, moment_of
from spinecast.cohorts.patient import patient_row
from spinecast.documents.json_text import MalformedError, read_json
from spinecast.errors import SpinecastError
from spinecast.files import canonical_json
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.serving.actors import Actor
from spinecast.serving.bodies import read_body
from spinecast.serving.hospital.cards import card_of, card_without_answer, number_of_card, uuid_of_card
from spinecast.serving.hospital.charts import DEEPEST, HOOKS, MOST_BYTES_OF_CHART, HookRequest, read_hook_request
from spinecast.serving.hospital.feedback import Feedback, feedback_draft, read_feedback
from spinecast.serving.hospital.moments import read_moment
from spinecast.serving.hospital.origins import SERVICES
from spinecast.serving.hospital.prefetch import prefetch_templates, readable
from spinecast.serving.hospital.risk_assessment import FHIR_JSON, risk_assessment
from spinecast.serving.hospital.values import Read, of_no_adult, read_chart
from spinecast.serving.pages.families import families
from spinecast.serving.problems import MEDIA_TYPE, Problem, problem_of
from spinecast.serving.reading import MOST_BYTES, PatientQuestion
from spinecast.serving.served_model import ServedModel
from spinecast.serving.state import State

if TYPE_CHECKING:
    from spinecast.serving.hospital.clients import Clients

__all__ = ["Hospital", "add_hooks", "offered", "respond_as_outcome"]

ServiceName = Annotated[str, Path(max_length=200)]

_USAGE = (
    "Research use only. What is not prefetched is missing; this server fetches nothing from the FHIR server. "
    "The searches use today(), which CDS Hooks 3.0 asks clients to support."
)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Hospital:
    """How record systems reach this server.

    Parameters
    ----------
    address : str
        What they call it, without a path; empty: as the request does.
    clients : Clients or None
        Who may call; None: whoever may ask models.
    origins : frozenset of str
        Sites whose pages may call from a browser.
    clock : callable
        Returns the present time, UTC.
    """

    address: str = ""
    clients: Clients | None = None
    origins: frozenset[str] = frozenset()
    clock: Callable[[], datetime] = field(default=_now)

    def address_for(self, request: Request) -> str:
        """Return what cards link to; the request's Host is one of this server's own names."""
        return self.address or str(request.base_url).rstrip("/")

    @property
    def prefixes(self) -> Mapping[str, str]:
        """What is put before the patient ids of each record system that has such a thing, by its name."""
        return {} if self.clients is None else self.clients.prefixes

    def subject(self, actor: Actor, patient: str) -> str:
        """Return the identifier of a patient whose pseudonym is kept."""
        return f"{'' if self.clients is None else self.clients.prefix_of(actor)}{patient}"


def add_hooks(app: FastAPI, state: State, hospital: Hospital, asker: Callable[[Request], Awaitable[Actor]]) -> None:
    """Add the routes.

    Parameters
    ----------
    app : FastAPI
    state : State
    hospital : Hospital
    asker : callable
        Dependency that lets in who may ask models.
    """
    caller = Depends(asker)

    @app.get(SERVICES, dependencies=[caller])
    def discover() -> Response:
        return JSONResponse({"services": _services(list(offered(state.models.current).values()))})

    @app.post(f"{SERVICES}/{{service}}")
    async def call(request: Request, service: ServiceName, actor: Actor = caller) -> Response:
        content = await read_body(request, MOST_BYTES_OF_CHART, "application/json")
        address = hospital.address_for(request)
        cards = await run_in_threadpool(_cards, state, hospital, service, content, actor, address)
        return Response(canonical_json({"cards": cards}), media_type="application/json")

    @app.post(f"{SERVICES}/{{service}}/risk-assessment")
    async def assess(request: Request, service: ServiceName, actor: Actor = caller) -> Response:
        content = await read_body(request, MOST_BYTES_OF_CHART, "application/json")
        found = await run_in_threadpool(_assessment, state, hospital, service, content, actor)
        return Response(canonical_json(found), media_type=FHIR_JSON)

    @app.post(f"{SERVICES}/{{service}}/feedback")
    async def feedback(request: Request, service: ServiceName, actor: Actor = caller) -> Response:
        content = await read_body(request, MOST_BYTES, "application/json")
        return JSONResponse(await run_in_threadpool(_feedback, state, service, content, actor))


def offered(models: Mapping[str, ServedModel]) -> dict[str, ServedModel]:
    """Return the models of which a record system can bring an input."""
    return {name: served for name, served in models.items() if readable(served.inputs)}


def _services(models: Sequence[ServedModel]) -> list[dict[str, Any]]:
    # One id for both hooks: a card of the later one takes the place of the earlier ("Update stale guidance").
    return [
        {
            "hook": hook,
            "id": served.name,
            "title": served.to_dict()["title"],
            "description": f"{served.to_dict()['outcome']}, with limits, drivers and what is missing. {RESEARCH_USE}"
            + (f" {SYNTHETIC}" if served.model.is_synthetic else ""),
            "prefetch": prefetch_templates(served.inputs),
            "usageRequirements": _USAGE,
            "version": "STU3",
        }
        for served in models
        for hook in HOOKS
    ]


def _service(state: State, name: str) -> ServedModel:
    try:
        served = state.models.get(name)
    except SpinecastError as error:
        raise problem_of(error) from error
    if not readable(served.inputs):
        raise Problem(404, "not-found", f"nothing that {name} reads can come from a record system")
    return served


def _asked(state: State, hospital: Hospital, service: str, content: bytes) -> tuple[ServedModel, HookRequest, Read]:
    served = _service(state, service)
    try:
        body = read_json(content, deepest=DEEPEST)
        asked = read_hook_request(body, tuple(prefetch_templates(served.inputs)))
        return served, asked, read_chart(asked.chart, served.inputs, hospital.clock())
    except SpinecastError as error:
        raise problem_of(error) from error


def _cards(
    state: State, hospital: Hospital, service: str, content: bytes, actor: Actor, address: str
) -> list[dict[str, Any]]:
    served, asked, read = _asked(state, hospital, service, content)
    if not asked.by_professional or asked.chart.is_of_the_dead:
        return []  # a prognosis is for who treats somebody, and of somebody who lives
    places = {"source": f"{address}/models/{served.name}", "page": f"{address}{_page(state, served)}"}
    why = of_no_adult(asked.chart.patient, hospital.clock())
    if why is None and not _knows(served, read):
        why = "nothing that this model reads can be read from the record"
    if why is not None:
        return [card_without_answer(served, read, why, state.mode, **places)]
    said = _answer(state, hospital, served, asked, read, actor, "card")
    identifier = uuid_of_card(state.log.key, said["audit_id"])
    return [card_of(served, said, read, identifier=identifier, **places)]


def _knows(served: ServedModel, read: Read) -> bool:
    """Say whether anything that the model predicts by is known, or follows from what is."""
    row, _ = patient_row(read.inputs, served.inputs)
    return not bool(np.isnan(row[:, : len(served.model.predictors)]).all())


def _page(state: State, served: ServedModel) -> str:
    """Return the address of the page that asks this model; the first one if it has just gone."""
    for one in families(state.models.current).values():
        if any(each.name == served.name for each in one.models):
            return f"/patient/{one.key}"
    return "/"


def _assessment(state: State, hospital: Hospital, service: str, content: bytes, actor: Actor) -> dict[str, Any]:
    served, asked, read = _asked(state, hospital, service, content)
    if not asked.by_professional:
        raise Problem(
            403, "not-for-patients", "a prognosis is given to who treats somebody, not to patients or their own"
        )
    if asked.chart.is_of_the_dead:
        raise Problem(422, "not-alive", "the record says that the patient has died: there is nothing to predict")
    why = of_no_adult(asked.chart.patient, hospital.clock())
    if why is not None:
        raise Problem(422, "not-of-this-age", why)
    if not _knows(served, read):
        raise Problem(422, "nothing-known", "nothing that this model reads can be read from what was sent")
    said = _answer(state, hospital, served, asked, read, actor, "risk-assessment")
    identifier = uuid_of_card(state.log.key, said["audit_id"])
    return risk_assessment(served, said, read, identifier=identifier, patient=asked.patient, now=hospital.clock())


def _answer(
    state: State, hospital: Hospital, served: ServedModel, asked: HookRequest, read: Read, actor: Actor, on: str
) -> dict[str, Any]:
    """Ask the model, and record beside the answer who looked at it where, and what it was read from."""
    question = PatientQuestion(read.inputs, hospital.subject(actor, asked.patient))
    shown: dict[str, Any] = {"on": on, "hook": asked.hook, "instance": asked.instance, "read": read.to_dict()}
    shown["user"] = asked.user  # a professional: nobody else is answered
    return state.predict(served, question, actor, shown=shown)


def _feedback(state: State, service: str, content: bytes, actor: Actor) -> dict[str, Any]:
    try:
        found = read_feedback(read_json(content))
        drafts = []
        for place, one in enumerate(found):
            number = number_of_card(state.log.key, one.card)
            record = None if number is None else state.log.get(number)
            if record is None or not actor.did(record.actor) or record.model.partition("/")[0] != service:
                raise MalformedError(
                    "this service gave you no such card",
                    pointer=f"/feedback/{place}/card",
                    expected="the uuid of a card that this service answered with",
                )
            _require_after(one, record, place)
            drafts.append(feedback_draft(one, record, actor.recorded))
    except SpinecastError as error:
        raise problem_of(error) from error
    made = state.record(drafts)
    return {"recorded": [{"card": one.card, "audit_id": new.sequence} for one, new in zip(found, made, strict=True)]}


def _require_after(one: Feedback, answer: Record, place: int) -> None:
    """Refuse feedback of a time before its card, or still to come, by more than the day that clocks may differ."""
    pointer = f"/feedback/{place}/outcomeTimestamp"
    said, now = read_moment(one.outcomeTimestamp, pointer), datetime.now(UTC)
    if said.is_ahead_of(now) or said.at < moment_of(answer.recorded_at) - timedelta(days=1):
        raise MalformedError(
            "a time at which nobody can have seen the card", pointer=pointer, expected="since the card"
        )


def respond_as_outcome(problem: Problem) -> JSONResponse:
    """Return a problem as everywhere, with the OperationOutcome beside it that CDS Hooks 3.0 recommends."""
    issues = [
        {
            "severity": "error",
            "code": "processing" if problem.status < 500 else "transient",
            "details": {"text": one.get("detail", problem.detail)},
            **({"expression": [one["pointer"]]} if one.get("pointer") else {}),
        }
        for one in problem.errors or [{}]
    ]
    outcome = {"resourceType": "OperationOutcome", "issue": issues}
    return JSONResponse({**problem.to_dict(), "outcome": outcome}, problem.status, problem.headers, MEDIA_TYPE)
