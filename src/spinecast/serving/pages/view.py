"""What templates need to know of an answer: rows to draw, words for what it holds. Nothing is computed anew here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from spinecast.clinical.blood_order import order_text
from spinecast.clinical.dictionary import variable
from spinecast.reporting import formatting as fmt
from spinecast.serving.pages import figures
from spinecast.serving.pages.answered import Answered, changed_words
from spinecast.serving.pages.asking import Filled, Value
from spinecast.serving.pages.fields import Field, Form
from spinecast.serving.pages.words import days_words, labelled_days, of_hundred, percent, points, quantity, signed

__all__ = ["FILTERS", "GLOBALS", "TESTS"]

_FIRST_ROWS = 6
_BEST = 3
# An expected width of at least this share of the present one narrows nothing that is worth a test.
_NO_GAIN = 0.99


@dataclass(frozen=True)
class Bars:
    """Contributions as they are shown.

    Parameters
    ----------
    first, later : list of mapping
        ``label``, ``value``, ``contribution`` and its ``bar``; the largest first, and the others.
    total, served : float
        Of all of them, and with what stood before any.
    """

    first: list[dict[str, Any]]
    later: list[dict[str, Any]]
    total: float
    served: float

    @property
    def all(self) -> list[dict[str, Any]]:
        """Every one, in their order."""
        return [*self.first, *self.later]


def contribution_bars(one: Answered) -> Bars:
    """Return the contributions of an answer with their bars, on one scale."""
    assert one.prediction is not None
    return bars_of(one.prediction)


def bars_of(prediction: Mapping[str, Any]) -> Bars:
    """Return the contributions of a prediction with their bars, on one scale."""
    rows = prediction["contributions"]
    values = [float(row["contribution"]) for row in rows]
    lowest, highest = min([0.0, *values]), max([0.0, *values])
    drawn = [
        {
            "label": row["label"],
            "value": _value(row),
            "contribution": value,
            "bar": figures.bar(value, lowest, highest),
        }
        for row, value in zip(rows, values, strict=True)
    ]
    served = prediction["served"] if "served" in prediction else prediction["log_odds"]
    return Bars(drawn[:_FIRST_ROWS], drawn[_FIRST_ROWS:], sum(values), float(served))


def _value(row: Mapping[str, Any]) -> str:
    """Write the value of a contribution: a grade without what it means, which the form says."""
    if row["value_text"] == "not recorded":
        return "not known"
    levels = variable(str(row["variable"])).levels
    return next((one.short for one in levels if one.label == row["value_text"]), fmt.plain(row["value_text"]))


def interval_rows(one: Answered) -> list[dict[str, Any]]:
    """Return the risk with its limits, and that of the patient who is otherwise below it."""
    prediction = one.prediction
    assert prediction is not None
    rows = [{"label": "This patient", **_limits(prediction)}]
    other = one.other_prediction
    if other is not None:
        rows.append({"label": f"What if: {percent(other['risk'])}", "other": True, **_limits(other)})
    return rows


def _limits(prediction: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(prediction[name]) for name in ("risk", "lower", "upper")}


def other_day(one: Answered, place: int) -> str:
    """Write the risk of the patient who is otherwise on a day of the table."""
    assert one.other_prediction is not None
    row = one.other_prediction["horizons"][place]
    if "absent" in row:
        return "not available"
    return f"{percent(row['risk'])} ({percent(row['lower'])} to {percent(row['upper'])})"


def otherwise(label: str) -> str:
    """Word the absence of an event; one that has no word of its own is simply otherwise."""
    return "Otherwise" if label.startswith("Not: ") else label


def likeliest(prediction: Mapping[str, Any]) -> str:
    """Name the likeliest level with its chance."""
    found = max(prediction["levels"], key=lambda one: one["probability"])
    return f"{found['label'].partition(':')[0]} {percent(found['probability'])}"


def first_gains(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return those few unknown inputs that are expected to narrow an answer most; none where none is."""
    return [row for row in rows[:_BEST] if row["expected_width"] < _NO_GAIN * row["width"]]


def width(one: Answered, value: float) -> str:
    """Write the width of an answer's limits in its own unit."""
    if one.served.kind == "quantity":
        unit = one.prediction["unit"] if one.prediction else ""
        return f"{quantity(value)} {unit}"
    return points(value)


def shown_value(asked: Field, value: Value) -> str:
    """Write what stands in a field as a person would."""
    entry = asked.variable
    if entry.is_label:
        return value.text
    if entry.is_levelled:
        return next((one.short for one in entry.levels if one.value == value.text), value.text)
    return fmt.plain(f"{value.text} {value.unit or entry.unit_symbol}".rstrip())


def unknown_labels(form: Form, filled: Filled) -> list[str]:
    """Name what the models read and nobody gave: for paper, where the empty form does not stand beside the answer."""
    return [
        item.variable.label
        for group in form.groups
        for item in group.items
        if isinstance(item, Field) and not (item.name in filled.values and filled.values[item.name].text)
    ]


def lower_first(text: str) -> str:
    """Begin in lower case, unless the first word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def is_missing_warning(text: str) -> bool:
    """Say whether a warning only names what is not known, which the page says in a place of its own."""
    return text.startswith("not known: ")


def _quantity_bars(intervals: Sequence[Mapping[str, float]], median: float, unit: str) -> Markup:
    return figures.quantity_bars(intervals, median, unit, quantity)


def _risk_curve(curve: Mapping[str, Any], marks: Sequence[Mapping[str, Any]], survival: bool, last: float) -> Markup:
    return figures.risk_curve(curve, marks, survival=survival, last=last)


FILTERS = {
    "amount": quantity,
    "bars_of": bars_of,
    "changed_words": changed_words,
    "contribution_bars": contribution_bars,
    "days_words": days_words,
    "drawn": figures.drawn,
    "ended": fmt.ended,
    "first_gains": first_gains,
    "interval_rows": interval_rows,
    "labelled_days": labelled_days,
    "likeliest": likeliest,
    "lower_first": lower_first,
    "moment": fmt.moment,
    "of_hundred": of_hundred,
    "order_text": order_text,
    "other_day": other_day,
    "otherwise": otherwise,
    "percent": percent,
    "plain": fmt.plain,
    "sentence": fmt.sentence,
    "shown_value": shown_value,
    "signed": signed,
    "unknown_labels": unknown_labels,
    "width": width,
    "zip": lambda one, other: list(zip(one, other, strict=True)),
}
GLOBALS = {
    "icon_array": figures.icon_array,
    "interval_bars": figures.interval_bars,
    "levels_bar": figures.levels_bar,
    "quantity_bars": _quantity_bars,
    "risk_curve": _risk_curve,
}
TESTS = {"absent": fmt.is_absent, "missing_warning": is_missing_warning}
