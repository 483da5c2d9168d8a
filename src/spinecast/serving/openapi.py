"""The OpenAPI 3.1 document of the models that are served now, each with its own inputs from the dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast import __version__
from spinecast.clinical.scores import scores
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.notices import RESEARCH_USE
from spinecast.serving.described import ANYTHING, FLAG, NUMBER, TEXT, WHOLE, get, object_of, post, reference
from spinecast.serving.hospital.description import SIGNED, hook_paths, hook_schemas
from spinecast.serving.input_schemas import inputs_schema
from spinecast.serving.scores_beside import score_inputs
from spinecast.serving.served_model import ServedModel

__all__ = ["PREFIX", "document"]

PREFIX = "/api/v1"
_LINES = "application/x-ndjson"


def document(
    models: Mapping[str, ServedModel], mode: str, *, sign_in: bool = False, record_systems: bool = False
) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    models : mapping of str to ServedModel
    mode : str
        How one came in.
    sign_in : bool
        Whether one must prove who one is.
    record_systems : bool
        Whether record systems are named, which then sign their calls.
    """
    hooks = hook_paths(models)
    if record_systems:
        for item in hooks.values():
            for operation in item.values():
                operation["security"] = [{"record_system": []}]
    paths = {**_watching(), **_log(), **hooks}
    schemas = _schemas() | hook_schemas()
    for served in models.values():
        schemas[f"Inputs_{served.name}"] = _plain(inputs_schema(served.inputs))
        paths |= _of_model(served)
    proofs = (_PROOFS if sign_in else {}) | (SIGNED if record_systems else {})
    schemas["ScoreInputs"] = _plain(inputs_schema(sorted(score_inputs())))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "spinecast",
            "version": __version__,
            "description": f"{RESEARCH_USE} {mode} An answer is recorded before it leaves: see `audit_id`.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas} | ({"securitySchemes": proofs} if proofs else {}),
        **({"security": [{"key": []}, {"session": []}]} if sign_in else {}),
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "$schema"}


def _of_model(served: ServedModel) -> dict[str, Any]:
    base = f"{PREFIX}/models/{served.name}"
    about = served.to_dict()["title"]
    asked = _question(reference(f"Inputs_{served.name}"), served)
    answer = reference(f"Answer_{served.kind}")
    errors = (400, 413, 415, 422, 503)
    number, problem = {"line": {"type": "integer", "minimum": 1}}, {"problem": reference("Problem")}
    return {
        base: get(f"{about}: what it is", reference("Model")),
        f"{base}/card": get(f"{about}: model card", object_of({"model": reference("Model"), "card": ANYTHING}), 404),
        f"{base}/schema": get(f"{about}: JSON Schema of its inputs", ANYTHING),
        f"{base}/predict": post(f"{about}: one patient", asked, answer, *errors),
        f"{base}/explain": post(
            f"{about}: one patient, with what each missing input would narrow", asked, answer, *errors
        ),
        f"{base}/predict-many": post(
            f"{about}: many patients, a line of JSON each (`x-line`); each is answered or has its problem",
            {**TEXT, "x-line": asked},
            {**TEXT, "x-line": {"anyOf": [{"allOf": [answer, object_of(number)]}, object_of({**number, **problem})]}},
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
        "for_scores": {"anyOf": [reference("ScoreInputs"), {"type": "null"}]},
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
    mode = {"mode": TEXT}
    counted = {"records": WHOLE, "models": WHOLE, "refused": WHOLE, "registry": TEXT}
    models = {"models": {"type": "array", "items": reference("Model")}, "refused": ANYTHING}
    asked = {
        "type": "object",
        "required": ["inputs"],
        "additionalProperties": False,
        "properties": {
            "inputs": reference("ScoreInputs"),
            "patient": {"type": ["string", "null"], "minLength": 1, "maxLength": 200, "pattern": r"\S"},
            "scores": {"type": ["array", "null"], "items": {"enum": list(scores())}, "uniqueItems": True},
        },
    }
    said = {"scores": {"type": "array", "items": reference("Score")}, **_RECORDED}
    return {
        f"{PREFIX}/health": get("Whether the process is alive", object_of({"status": TEXT, **mode})),
        f"{PREFIX}/ready": get("Whether it can answer", object_of({"status": TEXT, **counted, **mode}), 503),
        f"{PREFIX}/metrics": get("Numbers for Prometheus", TEXT, media="text/plain"),
        f"{PREFIX}/models": get("What is served", object_of({**models, **mode})),
        f"{PREFIX}/scores": post("Published scores of one patient", asked, object_of(said), 400, 413, 415, 422, 503),
    }


def _log() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    record = {"name": "record", "in": "path", "required": True, "schema": number}
    whole = {"type": "object", "required": ["record", "kind", "content"]}
    found = object_of({"records": {"type": "array", "items": ANYTHING}, "mode": TEXT}, pseudonym=TEXT)
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
    replayed = object_of({"record": number, "same": FLAG, "differences": {"type": "array"}, "mode": TEXT})
    base = f"{PREFIX}/predictions"
    return {
        base: get(
            "Records, newest first, without content; that they were listed is recorded",
            found,
            422,
            503,
            parameters=parameters,
        ),
        f"{base}/search": post("Records of one patient", patient, found, 400, 413, 415, 422, 503),
        f"{base}/{{record}}": get(
            "One record; that it was read is recorded", whole, 404, 409, 422, 503, parameters=[record]
        ),
        f"{base}/{{record}}/replay": post(
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
    "recorded_at": TEXT,
    "patient": {"type": ["string", "null"], "description": "Pseudonym"},
    "notices": {"type": "array", "items": TEXT, "minItems": 1},
    "mode": TEXT,
}

_PREDICTIONS: Mapping[str, dict[str, Any]] = {
    "event": {"risk": NUMBER, "lower": NUMBER, "upper": NUMBER, "log_odds": NUMBER},
    "times": {"horizons": {"type": "array"}, "curve": ANYTHING, "median_days": ANYTHING, "explained_day": NUMBER},
    "levels": {"levels": {"type": "array"}, "thresholds": {"type": "array"}, "explained": TEXT},
    "quantity": {"median": NUMBER, "unit": TEXT, "quantiles": {"type": "array"}, "intervals": {"type": "array"}},
}
"""What a prediction of each kind has beside what all have; models of a kind may add to it."""


def _schemas() -> dict[str, Any]:
    text_or_null = {"type": ["string", "null"]}
    model = object_of(
        {
            "name": TEXT,
            "version": TEXT,
            "alias": text_or_null,
            "identity": TEXT,
            "kind": TEXT,
            "title": TEXT,
            "outcome": TEXT,
            "synthetic": FLAG,
            "cohort": TEXT,
        }
    )
    place = {"pointer": TEXT, "detail": TEXT, "field": TEXT, "value": {}, "minimum": NUMBER, "maximum": NUMBER}
    places = {"type": "object", "required": ["detail"], "properties": {**place, "unit": TEXT, "expected": TEXT}}
    problem = object_of(
        {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT},
        errors={"type": "array", "items": places},
    )
    score = object_of({"name": TEXT, "label": TEXT, "direction": TEXT, "missing": {"type": "array"}, "source": TEXT})
    return {
        "Model": model,
        "Problem": problem,
        "Score": score,
        "Contribution": object_of({"variable": TEXT, "label": TEXT, "value_text": TEXT, "contribution": NUMBER}),
        **{f"Answer_{kind}": _answer(own) for kind, own in _PREDICTIONS.items()},
    }


def _answer(own: Mapping[str, Any]) -> dict[str, Any]:
    prediction = object_of(
        {
            "outcome": TEXT,
            "scale": TEXT,
            "base_value": NUMBER,
            "residual": NUMBER,
            "contributions": {"type": "array", "items": reference("Contribution")},
            "given": ANYTHING,
            "used": ANYTHING,
            "warnings": {"type": "array", "items": TEXT},
            **own,
        }
    )
    return object_of(
        {
            **_RECORDED,
            "model": reference("Model"),
            "prediction": {"anyOf": [prediction, {"type": "null"}]},
            "declined": {"type": ["string", "null"], "description": "Why no risk is given, where none is"},
            "complement": {"type": ["object", "null"], "description": "The chance that it does not happen: survival"},
            "missing": object_of(
                {
                    "count": {"type": "integer"},
                    "of": {"type": "integer"},
                    "inputs": {"type": "array"},
                    "added_deviation": {"type": "number", "minimum": 0},
                    "scale": TEXT,
                }
            ),
            "scores": {"type": "array", "items": reference("Score")},
        }
    )
