from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinecast.reporting import formatting as fmt

NBSP = "\N{NO-BREAK SPACE}"


def test_the_examples_in_the_docstrings_hold() -> None:
    found = doctest.testmod(fmt)
    assert (found.failed, found.attempted) == (0, 3)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.78149, 3, "0.781"),
        (-0.5, 2, "−0.50"),
        (-0.0004, 3, "0.000"),
        (1, 0, "1"),
        (None, 3, "not available: not recorded"),
    ],
)
def test_number(value: float | None, decimals: int, expected: str) -> None:
    assert fmt.number(value, decimals) == expected


def test_number_takes_numpy_scalars_and_refuses_truth_values() -> None:
    assert fmt.integer(np.int64(1858)) == "1,858"
    assert fmt.number(np.float64(0.25), 2, signed=True) == "+0.25"
    for value in (True, float("nan"), float("-inf"), "1"):
        assert fmt.number(value) == fmt.integer(value) == "not available: not recorded"  # type: ignore[arg-type]


def test_estimate_shows_its_interval() -> None:
    measure = {"estimate": 0.78149, "lower": 0.7582, "upper": 0.8016, "n": 1858, "events": 840, "method": "DeLong"}
    assert fmt.estimate(measure) == "0.781 (0.758 to 0.802)"
    assert fmt.estimate({**measure, "lower": None}) == "0.781"


def test_what_is_absent_says_why() -> None:
    assert fmt.estimate({"absent": "one outcome class"}) == "not available: one outcome class"
    assert fmt.estimate(None).startswith("not available: ")
    assert fmt.absence({"estimate": 1.0}) is None
    assert fmt.absence([]) == fmt.absence(None) == fmt.absence({})


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.0004, "<0.001"), (0.001, "0.001"), (0.0342, "0.034"), (0.0996, "0.10"), (0.213, "0.21"), (0.999, ">0.99")],
)
def test_p_value(p: float, expected: str) -> None:
    assert fmt.p_value(p) == expected


@given(st.floats(0, 1))
def test_a_p_value_is_never_zero_or_one(p: float) -> None:
    assert fmt.p_value(p) not in {"0.000", "0.00", "1.000", "1.00"}


def test_shares() -> None:
    assert fmt.percentage(0.45213) == "45.2%"
    assert fmt.percentage(0.45213, 0) == "45%"
    assert fmt.n_of_n(12, 1858) == "12 of 1,858 (0.6%)"
    assert fmt.n_of_n(0, 0) == "0 of 0"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.841, "0.84 s"), (42.4, "42 s"), (59.7, "1 min 00 s"), (185, "3 min 05 s"), (3719.9, "1 h 02 min")],
)
def test_duration(seconds: float, expected: str) -> None:
    assert fmt.duration(seconds) == expected


def test_moment_does_not_follow_the_locale() -> None:
    assert fmt.moment("2026-11-24T14:05:09+00:00") == "24 November 2026, 14:05 UTC"
    assert fmt.moment("yesterday") == "yesterday"
    assert fmt.moment(None) == "not available: not recorded"


def test_words() -> None:
    assert fmt.with_unit("3.1", "g/dL") == f"3.1{NBSP}g/dL"
    assert fmt.with_unit("3.1", None) == "3.1"
    assert fmt.plural(1, "patient") == "1 patient"
    assert fmt.plural(1858, "patient") == "1,858 patients"
    assert fmt.joined(["a", "b", "c"]) == "a, b and c"
    assert fmt.joined([]) == ""
    assert fmt.sentence("no metastasis") == "No metastasis"
    assert fmt.shortened("Activities of daily living", 10) == "Activi…ing"


def test_intervals_stay_in_one_piece() -> None:
    def mark(piece: str) -> str:
        return f"<{piece}>"

    assert fmt.kept_together("0.781 (0.758 to 0.802)", mark) == "0.781 <(0.758 to 0.802)>"
    assert fmt.kept_together("1985 [1198–3035]", mark) == "1985 <[1198–3035]>"
    assert fmt.kept_together("n = 1,858; 840 events", mark) == "<n = 1,858>; <840 events>"
    assert fmt.kept_together("29 (1.6%)", mark) == "<29 (1.6%)>"


@given(st.text())
def test_plain_text_fits_into_xml_and_one_line(text: str) -> None:
    plain = fmt.plain(text)
    assert "\n" not in plain
    assert not any(ord(letter) < 32 or 0xD800 <= ord(letter) <= 0xDFFF for letter in plain)
    assert fmt.plain(plain) == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10^9/L", "10⁹/L"),
        ("7.8 10^9/L", "7.8 × 10⁹/L"),
        ("10^-3", "10⁻³"),
        ("110^9", "110^9"),
        ("10^9x", "10^9x"),
        ("x10^9", "x10^9"),
    ],
)
def test_powers_of_ten_are_set_as_such(text: str, expected: str) -> None:
    assert fmt.plain(text) == expected


@pytest.mark.parametrize(
    ("label", "unit", "expected"),
    [
        ("Age", "years", "Age, years"),
        ("Years of education", "years", "Years of education"),
        ("Arterial pH", None, "Arterial pH"),
        ("Urine output in 24 hours", "mL/24 h", "Urine output in 24 hours, mL/24 h"),
        ("Glucose", "g", "Glucose, g"),
    ],
)
def test_a_unit_is_named_unless_the_label_does(label: str, unit: str | None, expected: str) -> None:
    assert fmt.named(label, unit) == expected


@pytest.mark.parametrize(("text", "expected"), [("a", "a."), ("a.", "a."), ("a?", "a?"), ("", "")])
def test_sentences_end(text: str, expected: str) -> None:
    assert fmt.ended(text) == expected
