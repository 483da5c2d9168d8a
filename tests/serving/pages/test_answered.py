"""What a page shows of an answer: the numbers of its record, for every kind of model, with and without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from serving import made_store
from serving.made_store import COMPETING, DECLINING, EVENT, GRADE, LOSS, TIMES, Address, Said

from spinecast.errors import AuditError
from spinecast.serving.actors import Actor, local_demonstration
from spinecast.serving.app import make_app
from spinecast.serving.metrics import Metrics
from spinecast.serving.pages.answered import ask
from spinecast.serving.pages.asking import read_form
from spinecast.serving.pages.families import families
from spinecast.serving.pages.fields import form_of
from spinecast.serving.pages.rendering import render
from spinecast.serving.pages.words import days_words, percent, quantity
from spinecast.serving.state import State

PATIENT = {"v.age": "63", "v.sex": "female", "v.albumin": "29", "u.albumin": "g/L", "v.sodium": "134"}


def key_of(state: State, model: str) -> str:
    return next(
        key for key, one in families(state.models.current).items() if model in {held.name for held in one.models}
    )


def post(server: Address, path: str, fields: Mapping[str, Any]) -> Said:
    return server.ask("POST", path, urlencode(fields, doseq=True).encode(), kind="application/x-www-form-urlencoded")


def parts(server: Address, state: State, model: str, fields: Mapping[str, Any]) -> dict[str, str]:
    said = post(server, f"/patient/{key_of(state, model)}/answers", {"ask": model, **fields})
    assert said.status == 200, said.content
    return {line["into"]: line["html"] for line in map(json.loads, said.content.splitlines())}


def recorded(state: State, html: str) -> dict[str, Any]:
    """The record that the page names as the one it shows."""
    found = re.search(r'class="audit-id" data-record="(\d+)"', html)
    assert found is not None
    record = state.log.get(int(found[1]))
    assert record is not None
    assert record.body is not None
    return dict(record.body)


def test_without_a_script_the_form_comes_back_with_its_answers(server: Address, state: State) -> None:
    path = f"/patient/{key_of(state, EVENT)}"
    blank = server.get(path).content.decode()
    # Nothing is preset: no number, no level, and unknown is what every yes-or-no question says.
    assert "selected" not in re.sub(
        r'<select name="u\.[^>]*>.*?</select>',
        "",
        re.sub(r'<select name="x\.[^>]*>.*?</select>', "", blank, flags=re.S),
        flags=re.S,
    )
    assert not re.findall(r'<input id="v\.[^>]*value="[^"]', blank)
    assert all('value=""' in one for one in re.findall(r'<input type="radio"[^>]*checked>', blank))
    said = post(server, path, {**PATIENT, "ask": EVENT})
    page = said.content.decode()
    assert said.status == 200
    assert 'value="29"' in page
    assert '<option value="g/L"' in page
    body = recorded(state, page)
    prediction = body["answer"]["prediction"]
    assert body["asked"]["inputs"]["albumin"] == {"value": 29, "unit": "g/L"}
    assert body["shown"] == {"on": "page", "live": False}
    for shown in (prediction["risk"], 1 - prediction["risk"], prediction["lower"], prediction["upper"]):
        assert percent(shown) in page
    assert "Death within 90 days" in page
    assert "Alive at day 90" in page
    assert "Research use only" in page


def test_the_same_patient_in_another_unit_has_the_same_risk(server: Address, state: State) -> None:
    risks = [
        recorded(state, parts(server, state, EVENT, fields)[f"answer-{EVENT}"])["answer"]["prediction"]["risk"]
        for fields in (PATIENT, {**PATIENT, "v.albumin": "2.9", "u.albumin": "g/dL"})
    ]
    assert risks[0] == risks[1]


def test_an_event_is_drawn_and_told_as_it_was_recorded(server: Address, state: State) -> None:
    found = parts(server, state, EVENT, PATIENT)
    assert set(found) == {"asked", f"answer-{EVENT}", "scores"}
    html = found[f"answer-{EVENT}"]
    answer = recorded(state, html)["answer"]
    risk = answer["prediction"]["risk"]
    filled = round(100 * risk)
    assert f"Of 100 such patients, {filled}: Death within 90 days; {100 - filled}: Alive at day 90" in html
    people = {
        kind: drawn.count("a2.5 2.5") for kind, drawn in re.findall(r'<path class="(person[^"]*)" d="([^"]*)"', html)
    }
    assert people == {"person event": filled, "person": 100 - filled}
    # Every contribution stands there with its sign and its bar, the largest before the others.
    rows = re.findall(
        r'<tr><th scope="row">(.*?) <span class="value">.*?class="(up|down)".*?class="by">(.*?)</td>', html, re.S
    )
    assert [name for name, _, _ in rows] == [row["label"] for row in answer["prediction"]["contributions"]]
    for (_, way, by), row in zip(rows, answer["prediction"]["contributions"], strict=True):
        assert way == ("up" if row["contribution"] > 0 else "down")
        assert float(by.replace("\N{MINUS SIGN}", "-")) == pytest.approx(row["contribution"], abs=0.00501)
    for one in answer["missing"]["inputs"]:
        assert one["label"] in html
    best = answer["missing"]["narrowing"][0]
    assert f"Knowing <strong>{best['label']}</strong> would narrow it most" in html
    assert "Albumin</span> <b>29 g/L</b>" in found["asked"]
    assert "CANDIDATE: not promoted; no version of this model is champion now." in html
    assert "Prognostic nutritional index" in found["scores"]


def test_a_what_if_is_answered_beside_the_patient_recorded_as_one_and_never_called_an_effect(
    server: Address, state: State
) -> None:
    html = parts(server, state, EVENT, {**PATIENT, "w.albumin": "40", "x.albumin": "g/L"})[f"answer-{EVENT}"]
    first = recorded(state, html)
    other_id = re.search(r'not the effect of a treatment. <a href="/mine/(\d+)"', html)
    assert other_id is not None
    other = state.log.get(int(other_id[1]))
    assert other is not None
    assert other.body is not None
    assert other.body["shown"]["changed"] == ["albumin"]
    told = state.log.get(other.body["shown"]["what_if_of"])
    assert told is not None
    assert told.body == first
    assert other.body["asked"]["inputs"] == {**first["asked"]["inputs"], "albumin": {"value": 40, "unit": "g/L"}}
    assert f"What if: {percent(other.body['answer']['prediction']['risk'])}" in html
    assert "What if: Albumin 40 g/L" in html


def test_each_record_is_a_link_to_it_for_those_who_may_read_their_own(state: State) -> None:
    for scopes, links in ((None, True), (frozenset({"predict"}), False)):
        asker = Actor("anna", frozenset({"clinician"}), scopes)  # type: ignore[arg-type]
        with made_store.running(make_app(state, lambda _, asker=asker: asker)) as server:
            found = parts(server, state, EVENT, {**PATIENT, "w.albumin": "40", "x.albumin": "g/L"})
            numbers = re.findall(r"Record (\d+)", "".join(found.values()))
            assert len(set(numbers)) == 3  # the answer, the what-if, the scores
            linked = re.findall(r'<a href="/mine/(\d+)"', "".join(found.values()))
            assert linked == (numbers if links else [])
            assert {server.get(f"/mine/{number}").status for number in numbers} == {200 if links else 403}


def test_days_levels_and_amounts_are_shown_as_recorded(server: Address, state: State) -> None:
    html = parts(server, state, TIMES, {"v.age": "63"})[f"answer-{TIMES}"]
    horizons = recorded(state, html)["answer"]["prediction"]["horizons"]
    for one in horizons:
        assert days_words(one["day"]) in html
        assert f"<strong>{percent(one['risk'])}</strong></td><td>{percent(1 - one['risk'])}</td>" in html
    assert '<path class="band"' in html
    html = parts(server, state, COMPETING, {"v.age": "63"})[f"answer-{COMPETING}"]
    assert next(iter(recorded(state, html)["answer"]["prediction"]["other_causes"])) in html
    known = {"v.age": "63", "v.sex": "male", "v.body_height": "180", "v.body_weight": "80", "v.hemoglobin": "9"}
    html = parts(server, state, LOSS, {**known, "minimum_hemoglobin": "8"})[f"answer-{LOSS}"]
    answer = recorded(state, html)
    assert answer["asked"]["question"]["minimum_hemoglobin"] == 8
    assert f"{quantity(answer['answer']['prediction']['median'])} mL" in html
    assert "Blood to cross-match" in html
    assert "lowest haemoglobin accepted 8.0 g/dL" in html


def test_what_takes_long_is_looked_for_when_it_is_asked_for(server: Address, state: State) -> None:
    html = parts(server, state, TIMES, {"v.age": "63"})[f"answer-{TIMES}"]
    assert f'name="narrow" value="{TIMES}"' in html
    found = parts(server, state, TIMES, {"v.age": "63", "narrow": TIMES, "only": TIMES})
    assert list(found) == [f"answer-{TIMES}"]
    body = recorded(state, found[f"answer-{TIMES}"])
    assert body["explain"] is True
    assert body["answer"]["missing"]["narrowing"]


def test_a_declined_answer_gives_its_reason_and_no_number(server: Address, state: State) -> None:
    html = parts(server, state, DECLINING, {"v.age": "63"})[f"answer-{DECLINING}"]
    assert "No risk is given" in html
    assert "Albumin is not known" in html
    assert 'class="icons"' not in html
    assert recorded(state, html)["answer"]["prediction"] is None


@pytest.mark.parametrize("model", [EVENT, TIMES, GRADE, LOSS])
def test_a_what_if_of_which_no_risk_is_given_says_why_beside_every_kind_of_answer(state: State, model: str) -> None:
    served = state.models.get(model)
    form = read_form(
        urlencode({"v.age": "63", "w.hemoglobin": "9"}).encode(), form_of(list(state.models.current.values()))
    )
    one = ask(state, served, form, local_demonstration())
    assert one.said is not None
    refused = {**one.said, "audit_id": 4711, "prediction": None, "declined": "outside the development range"}
    changed = replace(one, other=refused, changed=("hemoglobin",))
    html = render("answer.html.jinja", one=changed, filled=form, actor=local_demonstration())
    assert 'No risk is given of that patient: outside the development range. <a href="/mine/4711"' in html
    assert "not the effect of a treatment" not in html
    assert ">What if<" not in html


def test_a_what_if_beside_nothing_is_not_asked(server: Address, state: State) -> None:
    before = state.log.count()
    html = parts(server, state, DECLINING, {"v.age": "63", "w.albumin": "4", "x.albumin": "g/dL", "only": DECLINING})
    assert state.log.count() == before + 1
    assert "Not asked, because no risk is given of the patient." in html[f"answer-{DECLINING}"]


def test_a_page_asks_the_version_that_it_names(state: State) -> None:
    shown = state.models.get(EVENT)
    # A moment later another version stands under the name.
    shown = replace(shown, version=replace(shown.version, version="7"))
    one = ask(state, shown, read_form(b"v.age=63", form_of([shown])), local_demonstration())
    assert one.said is not None
    assert one.said["model"]["version"] == "7"
    record = state.log.get(one.said["audit_id"])
    assert record is not None
    assert record.model == f"{EVENT}/7"


def test_nothing_known_asks_nothing_and_what_cannot_be_answers_nothing(server: Address, state: State) -> None:
    before = state.log.count()
    assert "Nothing that this model reads is known" in parts(server, state, EVENT, {})[f"answer-{EVENT}"]
    key = key_of(state, EVENT)
    wrong = {"v.albumin": "37", "u.albumin": "g/dL"}
    live, page = post(server, f"/patient/{key}/answers", wrong), post(server, f"/patient/{key}", wrong)
    assert (live.status, page.status) == (422, 422)
    assert set(live.json["errors"]) == {"v.albumin"}
    assert live.json["errors"]["v.albumin"] in page.content.decode()
    assert 'aria-invalid="true"' in page.content.decode()
    assert state.log.count() == before


def test_texts_of_whoever_asks_are_never_markup(server: Address, state: State) -> None:
    hostile = '"><script>alert(1)</script>'
    page = post(server, f"/patient/{key_of(state, EVENT)}", {"v.age": hostile, "patient": hostile}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_made_up_patients_are_called_so_on_every_part(server: Address, state: State) -> None:
    for model in (EVENT, LOSS):
        served = state.models.get(model)
        page = server.get(f"/patient/{key_of(state, model)}").content.decode()
        assert ("SYNTHETIC COHORT" in page) == served.model.is_synthetic
        html = parts(server, state, model, {"v.age": "63"})[f"answer-{model}"]
        assert (">SYNTHETIC<" in html) == served.model.is_synthetic


def test_a_record_that_cannot_be_read_is_said_and_a_card_is_a_page(server: Address, state: State) -> None:
    assert "how it was validated is not known" in server.get(f"/patient/{key_of(state, EVENT)}").content.decode()
    assert server.get("/models/nothing").status == 404


class Gone:
    """A log that cannot be written."""

    def record(self, _drafts: object) -> list[Any]:
        raise AuditError("the audit log cannot be written")


def test_what_cannot_be_recorded_is_not_shown(state: State) -> None:
    broken = replace(state, writer=Gone(), metrics=Metrics())  # type: ignore[arg-type]
    with made_store.running(make_app(broken)) as server:
        found = parts(server, state, EVENT, PATIENT)
        page = post(server, f"/patient/{key_of(state, EVENT)}", PATIENT)
    assert page.status == 503
    assert "he audit log takes no record now" in found[f"answer-{EVENT}"]
    assert "he audit log takes no record now" in found["scores"]
    assert not re.search(r'class="(numbers|icons|why|days)"', found[f"answer-{EVENT}"] + page.content.decode())
