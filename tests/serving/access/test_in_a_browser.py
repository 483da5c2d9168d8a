"""Signing in, asking, making a key and signing out in a browser, which enforces what cookies and policies say."""

from __future__ import annotations

from importlib.resources import files

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")

from serving.access.conftest import PASSWORDS
from serving.made_store import EVENT, Address
from serving.pages.test_browser import PATH, SECONDS, browser, pytestmark, sync_api

from spinecast.serving.state import State

__all__ = ["browser", "pytestmark"]


def test_a_clinician_signs_in_asks_makes_a_key_and_signs_out(
    browser: sync_api.Browser, signed_server: Address, signed_state: State
) -> None:
    base = f"http://127.0.0.1:{signed_server.port}"
    context = browser.new_context(viewport={"width": 375, "height": 800}, base_url=base)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def looked_at() -> None:
        page.evaluate(axe)
        found = page.evaluate("axe.run(document)")["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 375

    page.goto(PATH)
    assert page.url == f"{base}/sign-in?next={PATH}"
    looked_at()
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORDS["anna"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PATH}")
    page.locator("[name='v.age']").fill("63")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("#status")).to_contain_text("Answered and recorded", timeout=SECONDS)
    record = signed_state.log.find(kind="prediction", model=EVENT, limit=1)[0]
    assert record.actor == "anna (clinician)"
    assert (record.body or {})["asked"]["inputs"]["age"]["value"] == 63
    page.get_by_role("link", name="anna").click()
    page.get_by_label("ask models about patients").check()
    page.get_by_role("button", name="Make a key").click()
    sync_api.expect(page.locator(".made code")).to_contain_text("spinecast_")
    looked_at()
    assert page.evaluate("document.cookie") == ""  # no script reads any
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in")
    page.goto("/account")
    assert page.url == f"{base}/sign-in?next=/account"
    context.close()
    # Chromium notes each cache that was cleared as it was asked to be.
    assert [text for text in said if not text.startswith("Clear-Site-Data")] == []
