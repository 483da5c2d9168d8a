"""Two answers side by side: what differs, what is no difference, and what was left out."""

from __future__ import annotations

import csv
import html
import re
from io import StringIO
from typing import Any

import pytest
from serving.auditing.asking import ANNA, answer_in, asked, get, head, post
from serving.made_store import DECLINING, EVENT, GRADE, TIMES, Address

from spinecast.serving.auditing.comparing import comparison
from spinecast.serving.auditing.contents import record_document
from spinecast.serving.auditing.exporting import document_csv
from spinecast.serving.state import State


@pytest.mark.usefixtures("second_version")
def test_one_patient_put_to_another_version_is_a_replay_and_no_prediction(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]]
) -> None:
    number = answers["young"]["audit_id"]
    before = len(state.log.find(kind="prediction", limit=1000))
    moved = post(by_name, f"/audit/records/{number}/version", b"number=2")
    made = head(state)
    assert (moved.status, made.kind, made.model) == (303, "replay", f"{EVENT}/2")
    assert len(state.log.find(kind="prediction", limit=1000)) == before
    other = (made.body or {})["answer"]["prediction"]
    assert other["risk"] != answers["young"]["prediction"]["risk"]
    assert other["used"] == answers["young"]["prediction"]["used"]
    page = get(by_name, moved.headers["location"])
    text = html.unescape(page.text)
    assert "Two versions of one model, and inputs that are the same." in text
    assert f"The question of record {number} was put to {EVENT}/2" in text
    for one in (answers["young"]["prediction"], other):
        assert f"{100 * one['risk']:.0f}%" in text
    assert post(by_name, f"/audit/records/{number}/version", b"number=99").status == 404
    assert post(by_name, f"/audit/records/{number}/version", b"number=two").status == 422


def test_two_patients_beside_each_other_say_what_differs(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]]
) -> None:
    first, second = answers["young"]["audit_id"], answers["old"]["audit_id"]
    text = html.unescape(get(by_name, f"/audit/compare?first={first}&second={second}").text)
    assert "One and the same model, and inputs that are not the same." in text
    assert re.search(r'<tr class="strong"><th scope="row">Age</th><td>41 years</td><td>79 years</td>', text)
    rows = csv.reader(StringIO(get(by_name, f"/audit/compare/export.csv?first={first}&second={second}").text))
    assert ["Inputs", "Inputs as used", "Age", f"Record {second}", "79 years"] in list(rows)
    assert [one.kind for one in state.log.records(head(state).sequence - 1)] == ["export"] * 2
    assert get(by_name, f"/audit/compare/export.pdf?first={first}&second={second}").content.startswith(b"%PDF-")
    other = answers["times"]["audit_id"]
    assert "no difference of them means anything" in get(by_name, f"/audit/compare?first={first}&second={other}").text
    assert get(by_name, f"/audit/compare?first={first}&second=1").status == 422
    scores = by_name.ask("POST", "scores", {"inputs": {"age": 63, "albumin": 2.9}}, {"X-Who": ANNA}).json["audit_id"]
    again = by_name.ask("POST", "scores", {"inputs": {"age": 63, "albumin": 2.9}}, {"X-Who": ANNA}).json["audit_id"]
    beside = html.unescape(get(by_name, f"/audit/compare?first={scores}&second={again}").text)
    assert "No model, and inputs that are the same." in beside
    assert "no contributions to compare" in beside


def test_contributions_are_subtracted_only_where_they_explain_the_same(by_name: Address) -> None:
    """The same patient put to the same model for a month and for two years: one scale, and two things explained."""
    inputs = {"age": 63, "albumin": 2.9}
    month, years, month_too = (asked(by_name, ANNA, TIMES, inputs, days=days) for days in ([30], [120], [30, 60]))
    assert month["prediction"]["scale"] == years["prediction"]["scale"]
    outcome = month["prediction"]["outcome"]
    path = f"/audit/compare/export.csv?first={month['audit_id']}&second="
    rows = list(csv.reader(StringIO(get(by_name, f"{path}{years['audit_id']}").text)))
    told = " ".join(row[4] for row in rows)
    assert f"The one explains {outcome}, 30 days; the other {outcome}, 120 days" in told
    assert "One and the same model, and inputs that are the same. They were asked for other days." in told
    assert {row[4] for row in rows if row[3] == "Difference"} == {"none"}
    rows = list(csv.reader(StringIO(get(by_name, f"{path}{month_too['audit_id']}").text)))
    assert {row[4] for row in rows if row[3] == "Difference"} == {"0.00"}
    for said, day in ((month, "30 days"), (years, "120 days")):
        for form in ("", "/export.csv"):
            assert f"{outcome}, {day}" in get(by_name, f"/audit/records/{said['audit_id']}{form}").text
    levels = asked(by_name, ANNA, GRADE, {"age": 63, "hemoglobin": 11}, level="3")["audit_id"]
    assert "reaching" in get(by_name, f"/audit/records/{levels}").text


def test_what_an_outcome_is_called_does_not_make_two_outcomes_one() -> None:
    one, other = (
        answer_in(label="Death", complement={"label": f"Survival at day {day}"}, scale="log-odds") for day in (30, 90)
    )
    told = document_csv(comparison(one, other))
    assert "The one explains Death (else: Survival at day 30); the other Death (else: Survival at day 90)" in told


def test_an_input_that_one_of_the_models_does_not_read_is_no_difference(
    by_name: Address, answers: dict[str, dict[str, Any]]
) -> None:
    first, second = answers["young"]["audit_id"], answers["loss"]["audit_id"]
    rows = list(csv.reader(StringIO(get(by_name, f"/audit/compare/export.csv?first={first}&second={second}").text)))
    cells = {(row[2], row[3]): row[4] for row in rows if row[0] == "Inputs"}
    assert cells["Albumin", f"Record {second}"] == "not an input of this model"
    assert cells["Albumin", ""] == ""
    assert cells["Age", ""] == "differs"
    declined = asked(by_name, ANNA, DECLINING, {"age": 41})["audit_id"]
    rows = list(csv.reader(StringIO(get(by_name, f"/audit/compare/export.csv?first={first}&second={declined}").text)))
    cells = {(row[2], row[3]): row[4] for row in rows if row[0] == "Inputs"}
    assert (cells["Age", ""], cells["Albumin", ""], cells["Creatinine", ""]) == ("the same", "differs", "the same")


def test_a_question_put_to_a_version_that_reads_less_says_what_was_left_out() -> None:
    record, said = answer_in(label="Death", kind="replay", record=9, left_out=["albumin"])
    told = document_csv(record_document(record, said, None, beside=(), form="csv"))
    assert "The question of record 9 was put to some/2, to compare versions: nobody was given this answer." in told
    assert "Left out, because it does not read them: Albumin." in told
