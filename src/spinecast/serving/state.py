"""What a running server holds, and the one way in which anything is answered: asked, answered, recorded, sent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, Record
from spinecast.audit.writer import AuditWriter
from spinecast.clinical.scores import score
from spinecast.documents.json_text import read_json
from spinecast.errors import SpinecastError
from spinecast.notices import RESEARCH_USE
from spinecast.serving.actors import DEMONSTRATION_MODE, Actor
from spinecast.serving.answers import answer
from spinecast.serving.metrics import Metrics
from spinecast.serving.models import ServedModels
from spinecast.serving.problems import Problem, problem_of
from spinecast.serving.reading import MOST_BYTES, PatientQuestion, read_question
from spinecast.serving.recording import prediction_draft, scores_draft, software
from spinecast.serving.scores_beside import scores_of
from spinecast.serving.served_model import ServedModel

__all__ = ["State"]


@dataclass(frozen=True)
class State:
    """A running server.

    Parameters
    ----------
    models : ServedModels
    log : AuditLog
        For reading.
    writer : AuditWriter
        For everything that is recorded.
    metrics : Metrics
    mode : str
        What every answer says of how one came in.
    """

    models: ServedModels
    log: AuditLog
    writer: AuditWriter
    metrics: Metrics
    mode: str = DEMONSTRATION_MODE
    versions: Mapping[str, str] = field(default_factory=software)

    def predict(
        self,
        served: ServedModel,
        asked: PatientQuestion,
        actor: Actor,
        *,
        explain: bool = False,
        shown: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Answer one question of a model, once its record is on the disk.

        Parameters
        ----------
        served : ServedModel
            Looked up once by who asks: under its name another version may stand a moment later.
        asked : PatientQuestion
        actor : Actor
        explain : bool
            As :func:`spinecast.serving.answers.answer`.
        shown : mapping, optional
            Where the answer is shown, which is recorded beside it; the API's own when left out.

        Raises
        ------
        Problem
            If it cannot be answered as asked, or not recorded.
        """
        said, draft = self._answer(served, asked, actor, explain=explain, shown=shown)
        record = self.record([draft])[0]
        self._count(served, [draft])
        return self._sent(said, record)

    def predict_lines(
        self, served: ServedModel, lines: Sequence[tuple[int, bytes]], actor: Actor
    ) -> list[dict[str, Any]]:
        """Answer many questions, a line of JSON each, recorded together; one that cannot be answered has its problem.

        Raises
        ------
        Problem
            If they cannot be recorded: then none of them is answered.
        """
        found: list[tuple[int, dict[str, Any], Draft | None]] = []
        for number, line in lines:
            try:
                said, draft = self._answer(served, self.read(line), actor, explain=False)
                found.append((number, said, draft))
            except Problem as problem:
                found.append((number, {"problem": problem.to_dict()}, None))
        drafts = [draft for _, _, draft in found if draft is not None]
        records = iter(self.record(drafts) if drafts else [])
        self._count(served, drafts)
        return [
            {"line": number, **(said if draft is None else self._sent(said, next(records)))}
            for number, said, draft in found
        ]

    def scores(
        self,
        asked: PatientQuestion,
        names: Sequence[str] | None,
        actor: Actor,
        *,
        shown: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Compute published scores of a patient, once their record is on the disk.

        Raises
        ------
        Problem
            As :meth:`predict`.
        """
        try:
            found = scores_of(asked.inputs, None if names is None else [score(name) for name in names])
        except SpinecastError as error:
            raise problem_of(error, asked.inputs) from error
        draft = scores_draft(asked.inputs, found, actor.recorded, self._subject(asked), self.versions, shown=shown)
        said = {"scores": found, "notices": [RESEARCH_USE]}
        return self._sent(said, self.record([draft])[0])

    def read(self, content: bytes) -> PatientQuestion:
        """Read one question.

        Raises
        ------
        Problem
            If it is none, or larger than one may be.
        """
        if len(content) > MOST_BYTES:  # a line among many
            raise Problem(413, "too-large", f"a question is larger than {MOST_BYTES} bytes")
        try:
            return read_question(read_json(content))
        except SpinecastError as error:
            raise problem_of(error) from error

    def record(self, drafts: Sequence[Draft]) -> list[Record]:
        """Record, and return when it is on the disk.

        Raises
        ------
        Problem
            503 if it could not be recorded.
        """
        started = time.perf_counter()
        try:
            made = self.writer.record(drafts)
        except SpinecastError as error:
            self.metrics.unrecorded.inc(len(drafts))
            raise problem_of(error) from error
        finally:
            self.metrics.seconds.labels("record").observe(time.perf_counter() - started)
        return made

    def _answer(
        self,
        served: ServedModel,
        asked: PatientQuestion,
        actor: Actor,
        *,
        explain: bool,
        shown: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], Draft]:
        started = time.perf_counter()
        try:
            said = answer(served, asked, explain=explain)
        except SpinecastError as error:
            raise problem_of(error, asked.inputs, asked.for_scores) from error
        self.metrics.seconds.labels("answer").observe(time.perf_counter() - started)
        subject = self._subject(asked)
        who, versions = actor.recorded, self.versions
        return said, prediction_draft(served, asked, said, who, subject, versions, explain=explain, shown=shown)

    def _count(self, served: ServedModel, recorded: Sequence[Draft]) -> None:
        for draft in recorded:
            self.metrics.answers.labels(served.name, draft.kind).inc()

    def _subject(self, asked: PatientQuestion) -> str | None:
        return None if asked.patient is None else self.log.key.pseudonym(asked.patient)

    def _sent(self, said: Mapping[str, Any], record: Record) -> dict[str, Any]:
        return {
            "audit_id": record.sequence,
            "recorded_at": record.recorded_at,
            "patient": record.subject,
            **said,
            "mode": self.mode,
        }
