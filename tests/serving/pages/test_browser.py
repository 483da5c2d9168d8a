"""The pages in a browser: by keyboard alone, on a phone, in the dark, on paper, without a script."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from serving.made_store import DECLINING, EVENT, TIMES, Address
from serving.pages.test_card import made_card, with_card

from spinecast.serving.pages.words import percent
from spinecast.serving.state import State

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")
pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed (extra `dev`)")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")

PATH = "/patient/synthetic-simulated"
SECONDS = 60_000  # milliseconds until a busy machine is taken for a broken page
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    sync_api.expect.set_options(timeout=SECONDS)
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def base(server: Address) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def page(browser: sync_api.Browser, base: str) -> Iterator[sync_api.Page]:
    """A page that may ask its own server alone, and about which the browser, and the policy, complain of nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=base)
    opened = context.new_page()
    opened.set_default_timeout(SECONDS)
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert asked
    assert [url for url in asked if not url.startswith((f"{base}/", "data:"))] == []
    # What the tests refuse on purpose, and answers that are none, the browser notes in these words.
    assert [text for text in said if not text.startswith("Failed to load resource")] == []


def tab_to(page: sync_api.Page, selector: str) -> None:
    """Go on with the tab key until something has the focus, which can be seen at every step."""
    for _ in range(120):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """selector => {
                const at = document.activeElement;
                const drawn = at.matches("input[type=radio]") ? at.nextElementSibling : at;
                const style = getComputedStyle(drawn);
                return [at.matches(selector), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
            }""",
            selector,
        )
        assert found[1], page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if found[0]:
            return
    raise AssertionError(f"the tab key does not reach {selector}")


def answered(page: sync_api.Page) -> None:
    sync_api.expect(page.locator("#status")).to_contain_text("Answered and recorded")


def record_of(page: sync_api.Page, state: State, model: str = EVENT) -> dict:
    record = state.log.get(int(page.locator(f"#answer-{model} .audit-id").get_attribute("data-record") or 0))
    assert record is not None
    assert record.body is not None
    return dict(record.body)


def only(page: sync_api.Page, *models: str) -> None:
    for box in page.locator("input[name=ask]").all():
        box.set_checked(box.get_attribute("value") in models)


def test_a_patient_is_entered_read_changed_and_printed_with_the_keyboard_alone(
    page: sync_api.Page, state: State
) -> None:
    page.goto("/")
    tab_to(page, ".skip")
    tab_to(page, f"a[href='{PATH}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PATH}")
    tab_to(page, "[name='v.age']")
    page.keyboard.type("63")
    tab_to(page, "[name='v.sex']")
    page.keyboard.type("Fem")
    tab_to(page, "[name='v.diabetes']")
    assert page.locator("[name='v.diabetes']:checked").get_attribute("value") == ""  # unknown until somebody says so
    page.keyboard.press("ArrowRight")
    tab_to(page, "[name='v.sodium']")
    page.keyboard.type("134")
    for model in (DECLINING, TIMES):
        tab_to(page, f"[name='ask'][value='{model}']")
        page.keyboard.press("Space")
    tab_to(page, "button[type=submit]")
    page.keyboard.press("Enter")
    answered(page)
    assert page.evaluate("document.activeElement.id") == "answers"
    first = record_of(page, state)
    assert first["asked"]["inputs"] == {
        "age": {"value": 63, "unit": "years"},
        "sex": "female",
        "diabetes": "absent",
        "sodium": {"value": 134, "unit": "mmol/L"},
    }
    answer = page.locator(f"#answer-{EVENT}")
    risk = first["answer"]["prediction"]["risk"]
    assert answer.locator(".number strong").all_inner_texts() == [percent(risk), percent(1 - risk)]
    assert "Albumin" in answer.locator(".unknown-names").inner_text()
    assert not page.locator(f"#answer-{DECLINING}").is_visible()
    tab_to(page, f"#answer-{EVENT} .audit-id a")
    with page.context.expect_page() as waiting:
        page.keyboard.press("Enter")
    beside = waiting.value
    beside.wait_for_load_state()
    assert (
        beside.locator("h1")
        .inner_text()
        .startswith(f"Record {answer.locator('.audit-id').get_attribute('data-record')}")
    )
    beside.goto(f"/audit/records/{answer.locator('.audit-id').get_attribute('data-record')}")  # an auditor's page of it
    sync_api.expect(beside.locator(".deeds")).to_be_visible()
    beside.emulate_media(media="print")
    sync_api.expect(beside.locator(".deeds")).to_be_hidden()  # nobody can press paper
    beside.close()
    assert page.locator("[name='v.age']").input_value() == "63"  # nothing that was typed is lost
    page.emulate_media(media="print")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1


def test_another_unit_is_the_same_patient_and_a_what_if_another_one(page: sync_api.Page, state: State) -> None:
    page.goto(PATH)
    only(page, EVENT)
    page.locator("[name='v.age']").fill("63")
    page.locator("[name='v.albumin']").fill("2,9")
    page.get_by_role("button", name="Show the answer").click()
    answered(page)
    first = record_of(page, state)
    page.locator("[name='u.albumin']").select_option("g/L")
    assert page.locator("[name='v.albumin']").input_value() == "29"
    sync_api.expect(page.locator("#asked")).to_contain_text("29 g/L")
    answered(page)
    second = record_of(page, state)
    assert second["shown"]["live"] is True
    assert second["asked"]["inputs"]["albumin"] == {"value": 29, "unit": "g/L"}
    assert second["answer"]["prediction"]["risk"] == first["answer"]["prediction"]["risk"]
    # A number that only makes sense in the new unit was in the wrong one, and is not converted.
    page.locator("[name='u.albumin']").select_option("g/dL")
    page.locator("[name='v.albumin']").fill("37")
    page.locator("[name='v.sodium']").focus()
    sync_api.expect(page.locator("[id='v.albumin-error']")).to_contain_text("37 g/dL cannot be")
    assert page.locator(f"#answer-{EVENT} .number").count() == 0  # and no answer to anything else stands there
    page.locator("[name='u.albumin']").select_option("g/L")
    assert page.locator("[name='v.albumin']").input_value() == "37"
    answered(page)
    assert page.locator("[id='v.albumin-error']").is_hidden()
    page.locator("#what-if > summary").click()
    page.locator("[name='w.albumin']").fill("3")
    page.locator("[name='v.sodium']").focus()
    what_if = page.locator(f"#answer-{EVENT} .row", has_text="What if")
    sync_api.expect(what_if).to_have_count(1)
    assert "not the effect of a treatment" in page.locator(f"#answer-{EVENT}").inner_text()


def test_what_is_asked_of_one_answer_right_after_a_change_leaves_no_other_outdated(
    page: sync_api.Page, state: State
) -> None:
    page.goto(PATH)
    only(page, EVENT, TIMES)
    page.locator("[name='v.age']").fill("63")
    page.get_by_role("button", name="Show the answer").click()
    answered(page)
    page.locator("[name='v.age']").fill("70")
    page.locator(f"button[name=narrow][value='{TIMES}']").click()  # which ends the change, and comes before its answer
    sync_api.expect(page.locator("#asked")).to_contain_text("70")
    answered(page)
    assert page.locator("article:not([hidden]).outdated").count() == 0
    for model in (EVENT, TIMES):
        assert record_of(page, state, model)["asked"]["inputs"]["age"]["value"] == 70, model
    assert record_of(page, state, TIMES)["explain"] is True
    # Where nothing else waits, that one alone is asked.
    first = page.locator(f"#answer-{EVENT} .audit-id").inner_text()
    page.locator(f"#answer-{TIMES} .audit-id").evaluate("one => { one.textContent = ''; }")
    page.evaluate(
        """model => { const button = document.createElement("button");
        Object.assign(button, {type: "submit", name: "narrow", value: model});
        document.getElementById("patient").append(button); button.click(); }""",
        TIMES,
    )
    sync_api.expect(page.locator(f"#answer-{TIMES} .audit-id")).not_to_be_empty()
    assert page.locator(f"#answer-{EVENT} .audit-id").inner_text() == first


def test_nothing_stands_where_nothing_was_answered(page: sync_api.Page) -> None:
    page.goto(PATH)
    only(page, EVENT)
    page.locator("[name='v.age']").fill("63")
    page.get_by_role("button", name="Show the answer").click()
    answered(page)
    page.route("**/answers", lambda route: route.abort())
    page.locator("[name='v.age']").fill("70")
    page.locator("[name='v.sodium']").focus()
    sync_api.expect(page.locator("#status")).to_contain_text("No answer")
    assert page.locator(".number").count() == 0
    assert page.locator("#asked").inner_text() == ""


def test_without_a_script_the_form_is_answered(browser: sync_api.Browser, base: str, state: State) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=base, viewport={"width": 375, "height": 700})
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.goto(PATH)
    only(page, EVENT)
    page.locator("[name='v.age']").fill("63")
    page.get_by_role("button", name="Show the answer").click()
    sync_api.expect(page.locator(f"#answer-{EVENT} .audit-id")).to_be_visible()
    assert page.url == f"{base}{PATH}#said"
    assert record_of(page, state)["asked"]["inputs"] == {"age": {"value": 63, "unit": "years"}}
    assert page.locator("[name='v.age']").input_value() == "63"
    context.close()


def test_a_model_card_is_drawn_and_can_be_read_narrow_and_in_the_dark(
    page: sync_api.Page, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = with_card(state.models.get(EVENT), tmp_path, made_card().to_dict())
    monkeypatch.setattr(type(state.models), "get", lambda _self, _name: served)
    page.goto(f"/models/{EVENT}")
    drawing = page.get_by_role("img", name="Calibration plot").first
    assert drawing.evaluate("one => getComputedStyle(one.querySelector('path[stroke]')).stroke") != "none"
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    for width, colours in ((1280, "dark"), (320, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=colours)
        assert page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(page: sync_api.Page) -> None:
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def check(where: str, colours: str = "light") -> None:
        # Another scheme changes colours and nothing else: of it only the contrast is looked at again.
        rules = "{resultTypes: ['violations']" + (", runOnly: ['color-contrast']}" if colours == "dark" else "}")
        found = page.evaluate(f"axe.run(document, {rules})")["violations"]
        assert [(where, one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where

    page.goto("/")
    page.evaluate(axe)
    check("index")
    page.goto(PATH)
    page.evaluate(axe)
    page.locator("[name='v.age']").fill("63")
    page.locator("[name='v.albumin']").fill("2.9")
    page.get_by_role("button", name="Show the answer").click()
    answered(page)
    page.locator("[name='v.sodium']").fill("9")  # with something wrong in it, too
    page.get_by_role("button", name="Show the answer").click()
    sync_api.expect(page.locator("[id='v.sodium-error']")).to_be_visible()
    check("an error")
    page.locator("[name='v.sodium']").fill("134")
    page.get_by_role("button", name="Show the answer").click()
    answered(page)
    for width in (1280, 375, 320):
        page.set_viewport_size({"width": width, "height": 900})
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            check(f"{width} {colours}", colours)
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 23, 28)"
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 23, 28)"
