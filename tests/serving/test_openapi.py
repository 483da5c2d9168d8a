"""The document says what the server does: requests made up from it never break the server, and answers keep to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving.made_store import COMPETING, EVENT, GRADE, LOSS, PATIENT, TIMES, Address

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import batch_name, feature_name
from spinecast.cohorts.patient import patient_row
from spinecast.serving.input_schemas import inputs_schema, variable_schema
from spinecast.serving.openapi import document
from spinecast.serving.state import State

schemathesis = pytest.importorskip("schemathesis")

# By hand, before a release: schemathesis run http://127.0.0.1:8710/api/v1/openapi.json with ten thousand cases.
CASES = 6


def test_made_up_requests_break_nothing_and_answers_keep_to_the_document(server: Address, state: State) -> None:
    said = document(state.models.current, state.mode)
    # One model of each kind of answer: the others differ by their inputs alone. Bodies of many lines are no JSON.
    passed_over = ("careful", "predict-many")
    said["paths"] = {path: item for path, item in said["paths"].items() if not any(one in path for one in passed_over)}
    schema = schemathesis.openapi.from_dict(said)
    schema.config.update(base_url=f"http://127.0.0.1:{server.port}")
    from schemathesis.specs.openapi import checks

    wanted = [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    for operation in (found.ok() for found in schema.get_all_operations()):

        @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def ask(case: object) -> None:
            case.call_and_validate(checks=wanted)  # type: ignore[attr-defined]

        ask()


def test_each_model_has_its_own_inputs_with_units_ranges_levels_and_codes(server: Address) -> None:
    said = server.get("openapi.json").json
    assert said["openapi"] == "3.1.0"
    assert "Research use only" in said["info"]["description"]
    for name in (EVENT, TIMES, COMPETING, LOSS, GRADE):
        assert f"/api/v1/models/{name}/predict" in said["paths"]
    inputs = said["components"]["schemas"][f"Inputs_{EVENT}"]["properties"]
    assert inputs["sex"]["enum"] == ["female", "male", None]
    assert inputs["diabetes"]["enum"] == ["absent", "present", False, True, 0, 1, None]
    assert inputs["albumin"]["x-codes"][0]["system"] == "http://loinc.org"
    days = said["paths"][f"/api/v1/models/{TIMES}/predict"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert "days" in days["properties"]
    body = said["paths"][f"/api/v1/models/{EVENT}/predict"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert "days" not in body["properties"]
    grade = said["paths"][f"/api/v1/models/{GRADE}/explain"]["post"]["requestBody"]["content"]["application/json"]
    assert grade["schema"]["properties"]["level"]["enum"] == ["1", "2", "3", None]
    assert "level" not in body["properties"]


@given(st.sampled_from(["age", "albumin", "creatinine", "hemoglobin", "body_height", "glucose"]), st.data())
def test_what_the_schema_of_an_input_allows_is_read(name: str, data: st.DataObject) -> None:
    forms = variable_schema(variable(name))["anyOf"]
    form = data.draw(st.sampled_from(forms[:-1]))
    number = form if form["type"] == "number" else form["properties"]["value"]
    value = data.draw(st.floats(number["minimum"], number["maximum"]))
    given_ = value if form["type"] == "number" else {"value": value, "unit": form["properties"]["unit"]["enum"][-1]}
    row, _ = patient_row({name: json.loads(json.dumps(given_))}, (name,))
    assert variable(name).possible.contains(row[0, 0])  # type: ignore[union-attr]


def test_a_scanner_is_a_text_and_an_image_feature_a_number() -> None:
    schema = inputs_schema([feature_name("ct", "mean"), batch_name("ct")])["properties"]
    feature, scanner = schema.values()
    assert feature["anyOf"][0]["type"] == "number"
    assert scanner["type"] == ["string", "null"]


def test_the_patient_of_the_tests_is_one_the_document_allows(server: Address) -> None:
    jsonschema = pytest.importorskip("jsonschema_rs")
    validator = jsonschema.validator_for(server.get(f"models/{EVENT}/schema").json)
    assert validator.is_valid(PATIENT)
    assert not validator.is_valid({"albumin": 37})
    assert not validator.is_valid({"zebra": 1})
