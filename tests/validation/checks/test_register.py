"""The page of the register is current."""

from pathlib import Path

from spinecast.validation.checks import CHECKS, register_page

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"


def test_the_page_is_the_register() -> None:
    assert PAGE.read_text(encoding="utf-8") == register_page(), "spinecast checks export > docs/checks.md"


def test_the_page_names_every_check_once() -> None:
    text = register_page()
    assert all(text.count(f"## {code}\n") == 1 for code in CHECKS)
