"""Reasons over models of resamples in a report: shown where recorded, absent with their reason, else not spoken of."""

from __future__ import annotations

from spinecast.reporting.document import Callout, Figure
from spinecast.reporting.sections.explanation_stability import stability_blocks


def driver(name: str, importance: float, ranks: list[int], *reasons: str) -> dict[str, object]:
    return {
        "variable": name,
        "label": name.title(),
        "importance": importance,
        "lower": 0.5 * importance,
        "upper": 1.5 * importance,
        "rank": ranks[0],
        "ranks": ranks,
        "sign_agreement": 0.6 if reasons else 0.99,
        "stable": not reasons,
        "reasons": list(reasons),
    }


def test_a_variable_that_is_no_firm_reason_is_marked_with_why() -> None:
    drivers = [driver("albumin", 0.5, [1] * 10), driver("age", 0.1, [2] * 5 + [3] * 5, "its direction differs")]
    stability = {"refits": 10, "tuning": "fixed", "patients": 50, "drivers": drivers}
    (figure,) = stability_blocks(stability, "log-odds")
    assert isinstance(figure, Figure)
    firm, other = figure.table.rows
    assert firm.cells == ("1", "Albumin", "0.5000 (0.2500 to 0.7500)", "1 to 1", "99%", "firm")
    assert not firm.strong
    assert other.cells[3:] == ("2 to 3", "60%", "not firm")
    assert other.strong
    assert "Not firm: its direction differs." in figure.table.notes
    assert "1 of them not firm" in figure.alternative


def test_what_was_not_computed_is_absent_with_its_reason_and_an_earlier_record_says_nothing() -> None:
    (block,) = stability_blocks({"absent": "it needs the bootstrap"}, "log-odds")
    assert isinstance(block, Callout)
    assert "it needs the bootstrap" in block.text
    assert stability_blocks(None, "log-odds") == ()
