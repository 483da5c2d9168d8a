"""What an auditor finds, opens and replays; what of it is recorded; what nobody else reaches."""

from __future__ import annotations

import csv
import html
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from serving.auditing.asking import ANNA, asked, get, head, numbers, post
from serving.made_store import EVENT, TIMES, Address
from sqlalchemy import text

from spinecast.audit.records import Draft
from spinecast.serving.auditing import lineage as lineage_module
from spinecast.serving.pages.words import percent
from spinecast.serving.state import State


def test_an_auditor_finds_by_user_model_risk_warning_and_patient(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]]
) -> None:
    young, old = answers["young"], answers["old"]
    risk = 100 * young["prediction"]["risk"]
    assert abs(risk - 100 * old["prediction"]["risk"]) > 1
    narrow = f"risk_from={risk - 0.01:.4f}&risk_to={risk + 0.01:.4f}"
    found = numbers(get(by_name, f"/audit?model={EVENT}&user=anna&{narrow}"))
    assert found == [young["audit_id"]]
    looked = head(state)
    assert (looked.kind, looked.actor) == ("read", "aude (auditor)")
    assert (looked.body or {})["records"] == found
    assert numbers(get(by_name, f"/audit?user=bert&{narrow}")) == []
    missing = "warning=NOT+KNOWN%3A+creatinine"
    assert old["audit_id"] in numbers(get(by_name, f"/audit?user=bert&{missing}"))
    assert answers["declined"]["audit_id"] in numbers(get(by_name, "/audit?user=anna&kind=declined&warning=albumin"))
    moved = post(by_name, "/audit/patient", b"patient=4711")
    assert moved.status == 303
    assert "4711" not in moved.headers["location"]
    assert young["audit_id"] in numbers(get(by_name, moved.headers["location"]))
    day = young["recorded_at"][:10]
    assert young["audit_id"] in numbers(get(by_name, f"/audit?since={day}&until={day}&user=anna&{narrow}"))
    assert numbers(get(by_name, "/audit?since=2100-01-01")) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("risk_from=high", "a percentage"),
        ("risk_from=60&risk_to=20", "no less than"),
        ("risk_from=101", "a percentage from 0 to 100"),
        ("since=2026-02-31", "a day, such as"),
        ("until=9999-12-31", "a day, such as"),
        ("kind=anything", "one of answers"),
        ("model=%3Cscript%3E", "a model"),
        ("pseudonym=4711", "32 hexadecimal"),
        ("user=an%00na", "a user's name"),
    ],
)
def test_what_cannot_be_looked_for_is_named_beside_its_field_and_nothing_is_read(
    by_name: Address, state: State, query: str, words: str
) -> None:
    before = state.log.count()
    page = get(by_name, f"/audit?{query}")
    assert (page.status, state.log.count()) == (422, before)
    assert words in html.unescape(page.text)
    assert "<script>" not in page.text
    assert get(by_name, f"/audit/found.csv?{query}").status == 422


def test_a_field_takes_what_the_list_shows(by_name: Address, state: State, answers: dict[str, dict[str, Any]]) -> None:
    """A risk as rounded, somebody with their roles, and a command line, which has none."""
    number, risk = answers["young"]["audit_id"], answers["young"]["prediction"]["risk"]
    shown = percent(risk)
    assert re.fullmatch(r"\d+%", shown)
    assert abs(100 * risk - int(shown[:-1])) > 0.05
    for user in ("anna", "anna+%28clinician%29"):
        query = f"user={user}&model={EVENT}&risk_from={shown[:-1]}&risk_to={shown[:-1]}"
        assert number in numbers(get(by_name, f"/audit?{query}"))
    assert number not in numbers(get(by_name, f"/audit?user=anna&risk_from={shown[:-1]}.0&risk_to={shown[:-1]}.0"))
    made = state.writer.record([Draft("export", "command line: dana", {"first": 1})])[0].sequence
    assert made in numbers(get(by_name, "/audit?kind=export&user=command+line%3A+dana"))
    server = state.writer.record([Draft("start", "server", {})])[0].sequence
    assert server in numbers(get(by_name, "/audit?kind=start&user=server"))
    assert server not in numbers(get(by_name, "/mine?kind=all", "server clinician"))  # an account of that name
    page = get(by_name, "/audit?risk_from=101").text
    assert re.search(r'<input id="risk_from"[^>]*aria-invalid="true"', page)
    assert not re.search(r'<input id="risk_to"[^>]*aria-invalid="true"', page)


@pytest.mark.parametrize("name", ["young", "old", "times", "declined", "loss", "levels"])
def test_a_record_shows_inputs_as_given_and_used_and_every_contribution_as_stored(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]], name: str
) -> None:
    said = answers[name]
    page = get(by_name, f"/audit/records/{said['audit_id']}")
    assert page.status == 200
    assert (head(state).kind, (head(state).body or {})["record"]) == ("read", said["audit_id"])
    text = html.unescape(page.text)
    assert said["model"]["identity"] in text
    if said["prediction"] is None:
        assert "No risk was given" in text
        return
    for row in said["prediction"]["contributions"]:
        assert repr(float(row["contribution"])) in text
    for used in said["prediction"]["used"].values():
        assert used in text
    if name == "old":
        assert "29 g/L" in text


def test_a_replay_is_the_same_bit_for_bit_and_is_recorded(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]]
) -> None:
    number = answers["old"]["audit_id"]
    page = post(by_name, f"/audit/records/{number}/replay")
    assert "The same, bit for bit" in page.text
    assert head(state).kind == "replay"
    assert head(state).body == {"record": number, "same": True}
    refused = post(by_name, "/audit/records/1/replay")  # the server's start: nothing was answered in it
    assert (refused.status, "nothing was answered" in refused.text) == (409, True)


def test_a_page_says_of_a_record_no_more_than_was_looked_at(own_log: tuple[State, Address]) -> None:
    """A record edited, one deleted, one emptied: each is named beside its neighbours, in lists and files."""
    state, server = own_log
    made = [asked(server, ANNA, EVENT, {"age": age})["audit_id"] for age in range(61, 69)]
    assert "which are as they were written too" in get(server, f"/audit/records/{made[1]}").text
    with state.log.engine.begin() as connection:
        connection.execute(text("UPDATE audit_record SET actor = 'nobody' WHERE sequence = :one"), {"one": made[0]})
        connection.execute(text("DELETE FROM audit_record WHERE sequence = :one"), {"one": made[3]})
        emptied = "UPDATE audit_record SET content = NULL, subject = NULL WHERE sequence = :one"
        connection.execute(text(emptied), {"one": made[6]})
    for number, words in (
        (made[1], f"record {made[0]}, before it, is not as it was written"),
        (made[2], f"record {made[3]}, which stood after it, is missing"),
        (made[4], f"record {made[3]}, which stood before it, is missing"),
        (made[5], f"record {made[6]}, after it, is not as it was written"),
    ):
        page = get(server, f"/audit/records/{number}").text
        assert words in page
        assert "which are as they were written too" not in page
        assert words in get(server, f"/audit/records/{number}/export.csv").text.lower()
        assert get(server, f"/audit/records/{number}/export.json").json["beside"] == [words]
        assert get(server, f"predictions/{number}").json["beside"] == [words]
    for query in ("", "?risk_from=100&risk_to=100"):
        listed = get(server, f"/audit{query}").text
        assert numbers(get(server, f"/audit{query}")).count(made[6]) == 1
        assert listed.count("ALTERED") == 2
        assert "erased" not in listed
        found = list(csv.DictReader(StringIO(get(server, f"/audit/found.csv{query}").content.decode())))
        altered = {int(row["record"]): row["erased"] for row in found if row["altered"] == "yes"}
        assert altered == {made[0]: "no", made[6]: "no"}
    said = get(server, "predictions?kind=prediction").json["records"]
    assert {one["record"]: one["erased"] for one in said if one["altered"]} == {made[0]: False, made[6]: False}


def test_what_was_asked_for_is_worded(by_name: Address) -> None:
    said = asked(by_name, ANNA, TIMES, {"age": 63}, days=[60, 120, 1])
    page = html.unescape(get(by_name, f"/audit/records/{said['audit_id']}").text)
    assert "<dt>Days asked for</dt><dd>60, 120 and 1</dd>" in page
    assert "1 days" not in page


def test_a_version_shows_where_it_comes_from_and_its_documents(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = state.models.get(EVENT)
    record = tmp_path / "record"
    (record / "reporting").mkdir(parents=True)
    run = {
        "study": "a study",
        "study_hash": "5" * 64,
        "environment": {"git_commit": "c0ffee", "packages": {"numpy": "2"}},
        "splits": [{"split": "fold 1", "n_train": 2, "n_test": 1, "train_hash": "a" * 64, "test_hash": "b" * 64}],
        "model": {"identity": served.identity},
    }
    cohort = {"name": "patients", "kind": "synthetic", "patients": 3, "fingerprint": "f" * 64}
    (record / "run.json").write_text(json.dumps(run))
    (record / "cohort.json").write_text(json.dumps(cohort))
    (record / "report.html").write_text("<p>How it was validated</p>")
    real = lineage_module._found
    monkeypatch.setattr(lineage_module, "_found", lambda models, numbered: (real(models, numbered)[0], record))
    page = f"/audit/records/{answers['old']['audit_id']}"
    text = get(by_name, page).text
    for known in ("a study", "5" * 64, "c0ffee", "f" * 64, "a" * 64, "b" * 64, "run-simulated_mortality-1"):
        assert known in text
    assert "Another model" not in text
    report = get(by_name, f"/audit/versions/{EVENT}/1/validation-report")
    assert report.content == b"<p>How it was validated</p>"
    assert report.headers["content-disposition"].startswith("attachment")
    for absent in ("tripod-ai", "run", "nothing"):
        assert get(by_name, f"/audit/versions/{EVENT}/1/{absent}").status == 404
    assert get(by_name, f"/audit/versions/{EVENT}/99/validation-report").status == 404
    (record / "run.json").write_text(json.dumps(run | {"model": {"identity": "0" * 64}}))
    assert "The record of the run holds another model" in get(by_name, page).text


def test_a_clinician_sees_their_own_answers_and_no_address_of_another_one(
    by_name: Address, answers: dict[str, dict[str, Any]]
) -> None:
    own, others = answers["young"]["audit_id"], answers["old"]["audit_id"]
    listed = numbers(get(by_name, "/mine", ANNA))
    assert own in listed
    assert others not in listed
    assert others not in numbers(get(by_name, "/mine?user=bert&kind=all", ANNA))
    assert get(by_name, f"/mine/{own}", ANNA).status == 200
    assert get(by_name, f"/mine/{others}", ANNA).status == 404
    assert get(by_name, f"/mine/{others}").status == 404  # an auditor's own are not everybody's either
    for path in (
        "/audit",
        "/audit/found.csv",
        "/audit/verify",
        f"/audit/records/{own}",
        f"/audit/records/{own}/export.json",
        f"/audit/compare?first={own}&second={own}",
        f"/audit/versions/{EVENT}/1/validation-report",
    ):
        assert get(by_name, path, ANNA).status == 403, path
    for path in (f"/audit/records/{own}/replay", f"/audit/records/{own}/version", "/audit/verify", "/audit/patient"):
        assert post(by_name, path, b"number=2&patient=4711", ANNA).status == 403, path
    assert get(by_name, "/patient/synthetic-simulated").status == 403
    front = get(by_name, "/").text
    assert "/patient/" not in front
    assert 'href="/audit"' in front
    assert 'href="/audit"' not in get(by_name, "/", ANNA).text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/audit/compare?first=9", 422, "Second is not given. Expected: a value."),
        ("/audit/records/0", 422, "Record is too small. Expected: a whole number, 1 or more."),
        ("/audit/records/nine", 422, "Record is no whole number. Expected: a whole number."),
        ("/audit/records/1/export.xml", 422, "Form is none of those there are. Expected: 'json', 'csv' or 'pdf'."),
        ("/audit/compare?first=1&second=1", 422, "Record 1 is asked beside itself. What to do: name another record."),
        ("/audit/records/999999", 404, "There is no record 999999."),
    ],
)
def test_what_cannot_be_had_is_said_in_our_words_with_a_way_on(
    by_name: Address, path: str, status: int, words: str
) -> None:
    page = get(by_name, path)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.unescape(page.text)))
    assert (page.status, words in said.replace(" .", ".")) == (status, True), said
    for way in ('<nav class="pages"', "aude", 'to <a href="/audit">Audit</a>'):
        assert way in page.text
    refused = get(by_name, "/audit/records/1", ANNA)
    assert (refused.status, '<nav class="pages"' in refused.text, 'href="/audit"' in refused.text) == (403, True, False)


def test_at_an_altered_record_an_auditor_is_told_what_to_do(own_log: tuple[State, Address]) -> None:
    state, server = own_log
    number = asked(server, ANNA, EVENT, {"age": 63})["audit_id"]
    with state.log.engine.begin() as connection:
        connection.execute(text("UPDATE audit_record SET actor = 'nobody' WHERE sequence = :one"), {"one": number})
    page = get(server, f"/audit/records/{number}")
    assert page.status == 409
    for words in (
        "<h1>An altered record</h1>",
        "was edited",
        "spinecast audit verify goes through the whole log",
        '<a href="/audit/verify">',
    ):
        assert words in page.text
    assert get(server, f"predictions/{number}").json["remedy"].startswith("spinecast audit verify")
