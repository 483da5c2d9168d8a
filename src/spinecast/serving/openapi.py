"""The OpenAPI 3.1 document of the models that are served now, each with its own inputs from the dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast import __version__
from spinecast.clinical.scores import scores
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.notices import RESEARCH_USE
from spinecast.serving.input_schemas import inputs_schema
from spinecast.serving.scores_beside import score_inputs
from spinecast.serving.served_model import ServedModel

__all__ = ["PREFIX", "document"]

PREFIX = "/api/v1"
_JSON, _LINES, _PROBLEM = "application/json", "application/x-ndjson", "application/problem+json"
_TEXT, _NUMBER, _FLAG = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
_WHOLE = {"type": "integer"}
_ANYTHING: dict[str, Any] = {"type": "object"}


def document(models: Mapping[str, ServedModel], mode: str, *, sign_in: bool = False) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    models : mapping of str to ServedModel
    mode : str
        How one came in.
    sign_in : bool
        Whether one must prove who one is.
    """
    paths = {**_watching(), **_log()}
    schemas = dict(_schemas())
    for served in models.values():
        schemas[f"Inputs_{served.name}"] = _plain(inputs_schema(served.inputs))
        paths |= _of_model(served)
    schemas["ScoreInputs"] = _plain(inputs_schema(sorted(score_inputs())))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "spinecast",
            "version": __version__,
            "description": f"{RESEARCH_USE} {mode} An answer is recorded before it leaves: see `audit_id`.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas} | ({"securitySchemes": _PROOFS} if sign_in else {}),
        **({"security": [{"key": []}, {"session": []}]} if sign_in else {}),
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "$schema"}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _responses(said: Mapping[str, Any], *problems: int, media: str = _JSON) -> dict[str, Any]:
    problem = {"description": "What went wrong", "content": {_PROBLEM: {"schema": _reference("Problem")}}}
    return {
        "200": {"description": "Answered", "content": {media: {"schema": said}}},
        **{str(status): problem for status in sorted({*problems, 401, 403, 421, 429})},
    }


def _get(
    summary: str, said: Mapping[str, Any], *problems: int, parameters: Any = (), media: str = _JSON
) -> dict[str, Any]:
    found: dict[str, Any] = {"summary": summary, "responses": _responses(said, *problems, media=media)}
    return {"get": found | ({"parameters": list(parameters)} if parameters else {})}


def _post(
    summary: str,
    asked: Mapping[str, Any] | None,
    said: Mapping[str, Any],
    *problems: int,
    media: str = _JSON,
    parameters: Any = (),
) -> dict[str, Any]:
    slow = () if asked is None else (408,)
    found: dict[str, Any] = {"summary": summary, "responses": _responses(said, *problems, *slow, media=media)}
    if asked is not None:
        found["requestBody"] = {"required": True, "content": {media: {"schema": asked}}}
    return {"post": found | ({"parameters": list(parameters)} if parameters else {})}


def _object(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _of_model(served: ServedModel) -> dict[str, Any]:
    base = f"{PREFIX}/models/{served.name}"
    about = served.to_dict()["title"]
    asked = _question(_reference(f"Inputs_{served.name}"), served)
    answer = _reference(f"Answer_{served.kind}")
    errors = (400, 413, 415, 422, 503)
    number, problem = {"line": {"type": "integer", "minimum": 1}}, {"problem": _reference("Problem")}
    return {
        base: _get(f"{about}: what it is", _reference("Model")),
        f"{base}/card": _get(f"{about}: model card", _object({"model": _reference("Model"), "card": _ANYTHING}), 404),
        f"{base}/schema": _get(f"{about}: JSON Schema of its inputs", _ANYTHING),
        f"{base}/predict": _post(f"{about}: one patient", asked, answer, *errors),
        f"{base}/explain": _post(
            f"{about}: one patient, with what each missing input would narrow", asked, answer, *errors
        ),
        f"{base}/predict-many": _post(
            f"{about}: many patients, a line of JSON each (`x-line`); each is answered or has its problem",
            {**_TEXT, "x-line": asked},
            {**_TEXT, "x-line": {"anyOf": [{"allOf": [answer, _object(number)]}, _object({**number, **problem})]}},
            *errors,
            media=_LINES,
        ),
    }


def _question(inputs: Mapping[str, Any], served: ServedModel) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "inputs": inputs,
        "patient": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 200,
            "pattern": r"\S",
            "description": "Identifier under which the answer can be found again. A keyed pseudonym is kept, never it.",
        },
        "for_scores": {"anyOf": [_reference("ScoreInputs"), {"type": "null"}]},
    }
    if served.kind == "times":
        days = {"type": ["array", "null"], "items": {"type": "number", "minimum": 1}, "uniqueItems": True}
        properties["days"] = {
            **days,
            "maxItems": 60,
            "description": "Days to answer; those of its study when left out.",
        }
    if isinstance(served.model, OrdinalModel):
        properties["level"] = {
            "enum": [*(str(one["level"]) for one in served.model.levels[1:]), None],
            "description": "The level whose reaching is explained; "
            f"{served.model.levels[served.model.explained_threshold + 1]['level']} when left out.",
        }
    if served.inputs != served.model.predictors:
        properties["minimum_hemoglobin"] = {
            "type": ["number", "null"],
            "exclusiveMinimum": 0,
            "description": "Lowest haemoglobin accepted when blood is ordered, g/dL.",
        }
    return {"type": "object", "properties": properties, "required": ["inputs"], "additionalProperties": False}


def _watching() -> dict[str, Any]:
    mode = {"mode": _TEXT}
    counted = {"records": _WHOLE, "models": _WHOLE, "refused": _WHOLE, "registry": _TEXT}
    models = {"models": {"type": "array", "items": _reference("Model")}, "refused": _ANYTHING}
    asked = {
        "type": "object",
        "required": ["inputs"],
        "additionalProperties": False,
        "properties": {
            "inputs": _reference("ScoreInputs"),
            "patient": {"type": ["string", "null"], "minLength": 1, "maxLength": 200, "pattern": r"\S"},
            "scores": {"type": ["array", "null"], "items": {"enum": list(scores())}, "uniqueItems": True},
        },
    }
    said = {"scores": {"type": "array", "items": _reference("Score")}, **_RECORDED}
    return {
        f"{PREFIX}/health": _get("Whether the process is alive", _object({"status": _TEXT, **mode})),
        f"{PREFIX}/ready": _get("Whether it can answer", _object({"status": _TEXT, **counted, **mode}), 503),
        f"{PREFIX}/metrics": _get("Numbers for Prometheus", _TEXT, media="text/plain"),
        f"{PREFIX}/models": _get("What is served", _object({**models, **mode})),
        f"{PREFIX}/scores": _post("Published scores of one patient", asked, _object(said), 400, 413, 415, 422, 503),
    }


def _log() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    record = {"name": "record", "in": "path", "required": True, "schema": number}
    whole = {"type": "object", "required": ["record", "kind", "content"]}
    found = _object({"records": {"type": "array", "items": _ANYTHING}, "mode": _TEXT}, pseudonym=_TEXT)
    wanted = [
        ("kind", {"type": "string", "pattern": "^[a-z]{1,32}$"}),
        ("model", {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,150}(/[0-9]{1,9})?$"}),
        ("pseudonym", {"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        ("limit", {"type": "integer", "minimum": 1, "maximum": 1000}),
        ("before", number),
    ]
    parameters = [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in wanted]
    patient = {"type": "object", "required": ["patient"], "additionalProperties": False}
    patient["properties"] = {"patient": {"type": "string", "minLength": 1, "pattern": r"\S"}}
    replayed = _object({"record": number, "same": _FLAG, "differences": {"type": "array"}, "mode": _TEXT})
    base = f"{PREFIX}/predictions"
    return {
        base: _get(
            "Records, newest first, without content; that they were listed is recorded",
            found,
            422,
            503,
            parameters=parameters,
        ),
        f"{base}/search": _post("Records of one patient", patient, found, 400, 413, 415, 422, 503),
        f"{base}/{{record}}": _get(
            "One record; that it was read is recorded", whole, 404, 409, 422, 503, parameters=[record]
        ),
        f"{base}/{{record}}/replay": _post(
            "The same question put again to the version that answered it",
            None,
            replayed,
            404,
            409,
            422,
            503,
            parameters=[record],
        ),
    }


_PROOFS = {
    "key": {"type": "http", "scheme": "bearer", "description": "A key for programs: spinecast keys create"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "spinecast-session",
        "description": "A browser that has signed in; behind https its name begins with __Host-. What changes "
        "something needs the header X-Form-Token too, which pages hold.",
    },
}
"""How one proves who one is, where one must."""

_RECORDED = {
    "audit_id": {"type": "integer", "minimum": 1},
    "recorded_at": _TEXT,
    "patient": {"type": ["string", "null"], "description": "Pseudonym"},
    "notices": {"type": "array", "items": _TEXT, "minItems": 1},
    "mode": _TEXT,
}

_PREDICTIONS: Mapping[str, dict[str, Any]] = {
    "event": {"risk": _NUMBER, "lower": _NUMBER, "upper": _NUMBER, "log_odds": _NUMBER},
    "times": {"horizons": {"type": "array"}, "curve": _ANYTHING, "median_days": _ANYTHING, "explained_day": _NUMBER},
    "levels": {"levels": {"type": "array"}, "thresholds": {"type": "array"}, "explained": _TEXT},
    "quantity": {"median": _NUMBER, "unit": _TEXT, "quantiles": {"type": "array"}, "intervals": {"type": "array"}},
}
"""What a prediction of each kind has beside what all have; models of a kind may add to it."""


def _schemas() -> dict[str, Any]:
    text_or_null = {"type": ["string", "null"]}
    model = _object(
        {
            "name": _TEXT,
            "version": _TEXT,
            "alias": text_or_null,
            "identity": _TEXT,
            "kind": _TEXT,
            "title": _TEXT,
            "outcome": _TEXT,
            "synthetic": _FLAG,
            "cohort": _TEXT,
        }
    )
    place = {"pointer": _TEXT, "detail": _TEXT, "field": _TEXT, "value": {}, "minimum": _NUMBER, "maximum": _NUMBER}
    places = {"type": "object", "required": ["detail"], "properties": {**place, "unit": _TEXT, "expected": _TEXT}}
    problem = _object(
        {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
        errors={"type": "array", "items": places},
    )
    score = _object({"name": _TEXT, "label": _TEXT, "direction": _TEXT, "missing": {"type": "array"}, "source": _TEXT})
    return {
        "Model": model,
        "Problem": problem,
        "Score": score,
        "Contribution": _object({"variable": _TEXT, "label": _TEXT, "value_text": _TEXT, "contribution": _NUMBER}),
        **{f"Answer_{kind}": _answer(own) for kind, own in _PREDICTIONS.items()},
    }


def _answer(own: Mapping[str, Any]) -> dict[str, Any]:
    prediction = _object(
        {
            "outcome": _TEXT,
            "scale": _TEXT,
            "base_value": _NUMBER,
            "residual": _NUMBER,
            "contributions": {"type": "array", "items": _reference("Contribution")},
            "given": _ANYTHING,
            "used": _ANYTHING,
            "warnings": {"type": "array", "items": _TEXT},
            **own,
        }
    )
    return _object(
        {
            **_RECORDED,
            "model": _reference("Model"),
            "prediction": {"anyOf": [prediction, {"type": "null"}]},
            "declined": {"type": ["string", "null"], "description": "Why no risk is given, where none is"},
            "complement": {"type": ["object", "null"], "description": "The chance that it does not happen: survival"},
            "missing": _object(
                {
                    "count": {"type": "integer"},
                    "of": {"type": "integer"},
                    "inputs": {"type": "array"},
                    "added_deviation": {"type": "number", "minimum": 0},
                    "scale": _TEXT,
                }
            ),
            "scores": {"type": "array", "items": _reference("Score")},
        }
    )
