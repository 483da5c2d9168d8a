"""The document says what the server does, of every route and every model."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving.made_store import COMPETING, EVENT, GRADE, LOSS, PATIENT, TIMES, Address

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import batch_name, feature_name
from spinecast.cohorts.patient import patient_row
from spinecast.serving.app import make_app
from spinecast.serving.hospital.origins import SERVICES
from spinecast.serving.input_schemas import inputs_schema, variable_schema
from spinecast.serving.openapi import PREFIX, document
from spinecast.serving.state import State


def test_every_route_of_the_interface_is_in_the_document(state: State) -> None:
    said = document(state.models.current, state.mode)["paths"]
    found = {route.path.replace("{service}", "{name}"): route.methods for route in make_app(state).routes}  # type: ignore[attr-defined]
    routes = {path: methods for path, methods in found.items() if path.startswith((f"{PREFIX}/", SERVICES))}
    del routes[f"{PREFIX}/openapi.json"]
    for path, methods in routes.items():
        for named in [path.replace("{name}", name) for name in state.models.current]:
            assert {method.upper() for method in said[named]} >= methods - {"HEAD"}, named
    assert len(said) == sum(len(state.models.current) if "{name}" in path else 1 for path in routes)


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
