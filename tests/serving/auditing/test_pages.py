"""What an auditor finds, opens, replays, compares and takes away; what of it is recorded; what nobody else reaches."""

from __future__ import annotations

import csv
import html
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from serving.made_store import DECLINING, EVENT, GRADE, LOSS, PATIENT, TIMES, Address, Said
from sqlalchemy import text

from spinecast.audit.records import Draft, Record, chained, now_text
from spinecast.audit.searching import Looked
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.serving.auditing import lineage as lineage_module
from spinecast.serving.auditing import recorded
from spinecast.serving.auditing.comparing import comparison
from spinecast.serving.auditing.contents import record_document
from spinecast.serving.auditing.exporting import document_csv, records_csv
from spinecast.serving.pages.words import percent
from spinecast.serving.state import State

FORM = "application/x-www-form-urlencoded"
ANNA, BERT = "anna clinician", "bert clinician"


def asked(server: Address, who: str, model: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = server.ask("POST", f"models/{model}/predict", {"inputs": inputs, **more}, {"X-Who": who})
    assert said.status == 200
    return dict(said.json)


def get(server: Address, path: str, who: str = "aude auditor") -> Said:
    return server.ask("GET", path, None, {"X-Who": who})


def post(server: Address, path: str, body: bytes = b"", who: str = "aude auditor") -> Said:
    return server.ask("POST", path, body, {"X-Who": who}, FORM)


def numbers(page: Said) -> list[int]:
    return [int(one) for one in re.findall(r'<th scope="row"><a href="/(?:audit/records|mine)/(\d+)">', page.text)]


@pytest.fixture(scope="module")
def answers(by_name: Address) -> dict[str, dict[str, Any]]:
    return {
        "young": asked(by_name, ANNA, EVENT, {"age": 41, "albumin": 4.4}, patient="4711"),
        "old": asked(by_name, BERT, EVENT, {**PATIENT, "age": 79}),
        "times": asked(by_name, ANNA, TIMES, {"age": 63, "albumin": 2.9}),
        "declined": asked(by_name, ANNA, DECLINING, {"age": 63}),
        "loss": asked(by_name, ANNA, LOSS, {"age": 63, "hemoglobin": 11}),
        "levels": asked(by_name, ANNA, GRADE, {"age": 63, "hemoglobin": 11}),
    }


def head(state: State) -> Record:
    found = state.log.head()
    assert found is not None
    return found


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


def test_a_question_put_to_a_version_that_reads_less_says_what_was_left_out() -> None:
    record, said = answer_in(label="Death", kind="replay", record=9, left_out=["albumin"])
    told = document_csv(record_document(record, said, None, beside=(), form="csv"))
    assert "The question of record 9 was put to some/2, to compare versions: nobody was given this answer." in told
    assert "Left out, because it does not read them: Albumin." in told


def test_every_file_says_what_it_is_for_and_whose_patients_are_made_up(
    by_name: Address, answers: dict[str, dict[str, Any]]
) -> None:
    made_up, real = answers["old"], answers["loss"]
    assert (made_up["model"]["synthetic"], real["model"]["synthetic"]) == (True, False)
    for said, notices in ((made_up, [RESEARCH_USE, SYNTHETIC]), (real, [RESEARCH_USE])):
        exported = get(by_name, f"/audit/records/{said['audit_id']}/export.json").json
        assert exported["notices"] == notices
        found = csv.DictReader(
            StringIO(get(by_name, f"/audit/found.csv?model={said['model']['name']}").content.decode())
        )
        line = next(row for row in found if row["record"] == str(said["audit_id"]))
        assert line["notices"] == " ".join(notices)
        assert line["made_from"] == ("made-up patients" if said is made_up else "real patients")


RESULTS = [
    {
        "gate": "calibration_slope",
        "status": "failed",
        "refuses": True,
        "findings": [
            {
                "what": f"Calibration slope, in {place}",
                "found": "0.60 (0.48 to 0.72)",
                "bound": "0.8 to 1.25",
                "source": "Van Calster 2016",
                "status": "failed",
                "counts": True,
                "weighed": {"by": place},
            }
            for place in ("hospital_b", "hospital_c")
        ],
    },
    {
        "gate": "synthetic_patients",
        "status": "passed",
        "refuses": False,
        "findings": [{"what": "Patients", "found": "real", "bound": "real", "source": "", "status": "passed"}],
    },
]


def test_a_promotion_shows_each_gate_beside_its_bound_and_its_json_folded_away(own_log: tuple[State, Address]) -> None:
    state, server = own_log
    body = {
        "alias": "champion",
        "from": None,
        "to": "3",
        "identity": "f" * 64,
        "because": "holds at hospital B",
        "cohort_kind": "synthetic",
        "synthetic": True,
        "gates": {"file": "configs/gates.yaml", "name": "ours", "sha256": "a" * 64},
        "results": RESULTS,
    }
    number = state.writer.record([Draft("refused_promotion", "dana (data_scientist)", body, "some/3")])[0].sequence
    page = html.unescape(get(server, f"/audit/records/{number}").text)
    assert SYNTHETIC in page
    assert re.search(
        r"<caption>Calibration slope: failed</caption>\s*<thead><tr><th scope=\"col\">Looked at</th>"
        r"<th scope=\"col\">Found</th><th scope=\"col\">Must be</th><th scope=\"col\">Status</th>",
        page,
    )
    for words in ("Why</dt><dd>holds at hospital B", "Gates, SHA-256</dt><dd>" + "a" * 64, "Bounds: Van Calster 2016."):
        assert words in page
    folded = page.split("<summary>Content as it was written</summary>")[1]
    assert json.loads(re.search(r"<pre[^>]*>(.*?)</pre>", folded, re.DOTALL)[1]) == body  # type: ignore[index]
    rows = list(csv.reader(StringIO(get(server, f"/audit/records/{number}/export.csv").content.decode())))
    for place in ("hospital_b", "hospital_c"):
        what = f"Calibration slope, in {place}"
        assert ["Content", "Calibration slope: failed", what, "Must be", "0.8 to 1.25"] in rows
        assert ["Content", "Calibration slope: failed", what, "Weighed", f'{{"by":"{place}"}}'] in rows
    assert ["Content", "Gates", "synthetic patients", "Status", "passed"] in rows
    assert get(server, f"/audit/records/{number}/export.pdf").content.startswith(b"%PDF-")


def test_a_record_of_a_kind_that_nobody_foresaw_shows_every_key(own_log: tuple[State, Address]) -> None:
    state, server = own_log
    body = {
        "because": "so",
        "results": [{"measure": "slope", "estimate": 0.9}, {"measure": "c", "missing": None}],
        "nested": {"deeper": {"number": 3, "true": True}},
        "pairs": [[1, 2]],
        "nothing": [],
    }
    number = state.writer.record([Draft("validation", "dana (data_scientist)", body, "some/3")])[0].sequence
    rows = list(csv.reader(StringIO(get(server, f"/audit/records/{number}/export.csv").content.decode())))
    told = {tuple(row[1:4]): row[4] for row in rows if row[0] == "Content"}
    assert told == {
        ("", "Why", ""): "so",
        ("", "Nested, deeper, number", ""): "3",
        ("", "Nested, deeper, true", ""): "yes",
        ("", "Pairs", ""): "[[1,2]]",
        ("", "Nothing", ""): "none",
        ("Results", "slope", "Estimate"): "0.9",
        ("Results", "slope", "Missing"): "none",
        ("Results", "c", "Estimate"): "none",
        ("Results", "c", "Missing"): "none",
    }
    assert get(server, f"/audit/records/{number}").status == 200


def test_what_was_asked_for_is_worded(by_name: Address) -> None:
    said = asked(by_name, ANNA, TIMES, {"age": 63}, days=[60, 120, 1])
    page = html.unescape(get(by_name, f"/audit/records/{said['audit_id']}").text)
    assert "<dt>Days asked for</dt><dd>60, 120 and 1</dd>" in page
    assert "1 days" not in page


def answer_in(*, label: str, kind: str = "prediction", **more: Any) -> tuple[Record, recorded.Said]:
    """A record of an answer, made by hand."""
    prediction = {"outcome": label, "risk": 0.3, "lower": 0.2, "upper": 0.4, "scale": more.pop("scale", "log-odds")}
    prediction |= {"log_odds": -0.85, "base_value": -0.85, "residual": 0.0, "contributions": [], "used": {}}
    model = {"name": "some", "version": "2", "identity": "f" * 64, "alias": None, "title": "Some", "cohort": ""}
    answer = {"model": model, "prediction": prediction, "complement": more.pop("complement", None)}
    body = {"asked": {"inputs": {}}, "answer": answer, **more}
    record = chained(Draft(kind, "anna (clinician)", body, "some/2"), None, now_text())
    said = recorded.said_in(record)
    assert said is not None
    return record, said


def test_an_export_holds_what_the_hashes_are_of_and_is_recorded(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]]
) -> None:
    said = answers["old"]
    path = f"/audit/records/{said['audit_id']}/export"
    exported = get(by_name, f"{path}.json")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert (head(state).kind, head(state).body) == ("export", {"record": said["audit_id"], "form": "json"})
    record = Record(**exported.json["record"])
    assert record.alterations() == ()
    assert (record.body or {})["answer"]["prediction"] == said["prediction"]  # every float the same bits
    rows = list(csv.reader(StringIO(get(by_name, f"{path}.csv").content.decode())))
    stored = {
        row[2]: float(row[4]) for row in rows if row[0] == "What raised and lowered it" and row[3] == "Contribution"
    }
    places = [tuple(row[:4]) for row in rows if row[1] and row[3] != "note"]
    assert len(set(places)) == len(places)  # no two values that cannot be told apart
    assert ["Contributions, as they were stored", "", "note", "On the log-odds."] in [row[1:] for row in rows]
    total = stored.pop("All together")
    assert sum(stored.values()) == pytest.approx(total, abs=1e-12)
    assert {row["label"]: row["contribution"] for row in said["prediction"]["contributions"]}.items() <= stored.items()
    paper = get(by_name, f"{path}.pdf")
    assert paper.content.startswith(b"%PDF-")
    assert paper.headers["content-type"] == "application/pdf"
    found = list(csv.DictReader(StringIO(get(by_name, "/audit/found.csv?user=bert").content.decode())))
    assert str(said["audit_id"]) in [row["record"] for row in found]
    assert (head(state).kind, head(state).actor) == ("export", "aude (auditor)")
    assert get(by_name, f"{path}.exe").status == 422


def test_a_spreadsheet_takes_nothing_that_was_typed_for_a_formula() -> None:
    record = Record(1, "2026", "read", '=HYPERLINK("http://elsewhere")', "", None, None, "", "", "")
    row = next(csv.DictReader(StringIO(records_csv(Looked((record,), 1, 1, None)))))
    assert row["asked_by"].startswith("'=")


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
