"""An auditor's way through the pages in a browser: by keyboard, in the dark, on a phone, without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")
pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed (extra `dev`)")

from serving.access.conftest import PASSWORDS
from serving.made_store import EVENT, PATIENT, Address
from serving.pages.test_browser import SECONDS, browser, pytestmark, sync_api, tab_to

from spinecast.serving.pages.words import signed
from spinecast.serving.recording import replay
from spinecast.serving.state import State

__all__ = ["browser", "pytestmark"]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def page(browser: sync_api.Browser, signed_server: Address) -> Iterator[sync_api.Page]:
    """Nobody's page yet, without scripts of ours; the browser may complain of nothing."""
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{signed_server.port}", viewport={"width": 1280, "height": 900}
    )
    opened = context.new_page()
    opened.set_default_timeout(SECONDS)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    expected = ("Failed to load resource", "Clear-Site-Data")  # what is refused on purpose, and signing out
    assert [text for text in said if not text.startswith(expected)] == []


def sign_in(page: sync_api.Page, name: str, to: str) -> None:
    page.goto(to)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORDS[name])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: urlsplit(url).path == to)


def looked_at(page: sync_api.Page) -> None:
    """Find nothing with axe and nothing wider than the screen: narrow in the light, wide in the dark."""
    page.evaluate(AXE)
    # Another scheme changes colours and nothing else: of it only the contrast is looked at again.
    for width, colours, rules in ((1280, "dark", ", runOnly: ['color-contrast']"), (375, "light", "")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=colours)
        found = page.evaluate(f"axe.run(document, {{resultTypes: ['violations']{rules}}})")["violations"]
        assert [(page.url, one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, width)
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.usefixtures("second_version")
def test_an_auditor_finds_replays_verifies_compares_and_exports_with_the_keyboard(
    page: sync_api.Page, signed_state: State, tmp_path: Path
) -> None:
    sign_in(page, "anna", "/mine")
    asked = page.evaluate(
        """async ([model, inputs]) => {
            const token = document.querySelector("[name=form_token]").value;
            const said = await fetch(`/api/v1/models/${model}/predict`, {method: "POST", body: JSON.stringify({inputs}),
                headers: {"Content-Type": "application/json", "X-Form-Token": token}});
            return said.json();
        }""",
        [EVENT, PATIENT],
    )
    number = asked["audit_id"]
    page.reload()
    looked_at(page)
    page.get_by_role("link", name=str(number), exact=True).click()
    assert page.get_by_role("button", name="Replay").count() == 0
    assert page.goto("/audit").status == 403  # type: ignore[union-attr]
    assert page.goto(f"/audit/records/{number}").status == 403  # type: ignore[union-attr]
    page.goto("/mine")
    page.get_by_role("button", name="Sign out").click()

    sign_in(page, "aude", "/audit")
    tab_to(page, "[name=user]")
    page.keyboard.type("anna")
    tab_to(page, "[name=risk_from]")
    page.keyboard.type(f"{100 * asked['prediction']['risk'] - 0.001:.4f}")
    page.keyboard.press("Enter")
    page.wait_for_url("**risk_from**")
    looked_at(page)
    tab_to(page, f"a[href='/audit/records/{number}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/records/{number}")
    looked_at(page)
    contributions = [signed(row["contribution"]) for row in asked["prediction"]["contributions"]]
    assert page.locator(".why td.by").all_inner_texts() == contributions
    tab_to(page, "form[action$='/replay'] button")
    page.keyboard.press("Enter")
    sync_api.expect(page.get_by_text("The same, bit for bit.")).to_be_visible()
    looked_at(page)
    page.go_back()
    tab_to(page, "form[action$='/version'] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare**")
    assert page.get_by_role("cell", name=f"{EVENT}/2").is_visible()
    looked_at(page)
    page.goto("/audit/verify")
    tab_to(page, "form[action='/audit/verify'] button")
    page.keyboard.press("Enter")
    sync_api.expect(page.get_by_text("Whole.")).to_be_visible()
    looked_at(page)
    page.goto(f"/audit/records/{number}")
    tab_to(page, ".exports a")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    paper = tmp_path / "record.pdf"
    waiting.value.save_as(paper)
    assert waiting.value.suggested_filename == f"spinecast-record-{number}.pdf"
    content = paper.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")  # the whole of it came
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", content)) >= 2  # what is known of a record takes more than one
    assert page.goto("/patient/synthetic-simulated").status == 403  # type: ignore[union-attr]

    stored = signed_state.log.get(number)
    assert stored is not None
    assert replay(lambda _: None, signed_state.models, stored, "test")["same"]


def test_without_a_script_everything_is_reached(browser: sync_api.Browser, signed_server: Address) -> None:
    base = f"http://127.0.0.1:{signed_server.port}"
    context = browser.new_context(java_script_enabled=False, base_url=base, viewport={"width": 375, "height": 700})
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    sign_in(page, "aude", "/audit")
    page.get_by_label("Kind of record").select_option("start")
    page.get_by_role("button", name="Search").click()
    page.locator(".records tbody a").first.click()
    assert page.get_by_role("heading", level=1).inner_text().endswith(": start")
    page.goto("/audit/verify")
    page.get_by_role("button", name="Go through the chain").click()
    assert page.get_by_text("Whole.").is_visible()
    context.close()
