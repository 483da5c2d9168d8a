"""The dictionary as a REDCap data dictionary: the CSV file from which REDCap builds its forms.

What is collected with these forms and exported as raw values is read by the cohort contract as it is: yes and no are 1
and 0, other levels their own names, numbers in canonical units. Derived variables are calculated in REDCap, numbers and
yes-or-no as calculated fields, other levels by the action tag ``@CALCTEXT``; what REDCap cannot calculate is left to
spinecast, with a line that says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.derivations import derive
from spinecast.clinical.dictionary import variable
from spinecast.clinical.formulas import CHARLSON_SUPERSEDED_BY, CHARLSON_WEIGHTS
from spinecast.clinical.scores.sins import SINS_POINTS
from spinecast.clinical.variable import BINARY_LEVELS, Condition, Variable, format_number

__all__ = ["COLUMNS", "calculation", "to_redcap"]

COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""The columns of a REDCap data dictionary, in the order and the words REDCap asks for."""

_RECORD = "record_id"
# Beyond so many choices a list that drops down is easier to read than a column of buttons.
_MOST_BUTTONS = 8
# Beyond so many combinations of its inputs a levelled variable is no longer written out as nested questions.
_MOST_COMBINATIONS = 1000


def to_redcap(entries: Sequence[Variable]) -> str:
    """Return entries as a REDCap data dictionary in CSV, one form a domain.

    Parameters
    ----------
    entries : sequence of Variable
        A derived variable of which an input is not among them is asked for like any other.
    """
    names = {entry.name for entry in entries}
    domains = list(dict.fromkeys(entry.domain for entry in entries))
    # REDCap wants the fields of a form side by side, and the record's number as the first field of the first form.
    ordered = sorted(entries, key=lambda entry: domains.index(entry.domain))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    if ordered:
        writer.writerow(_row(_RECORD, ordered[0].domain, "text", "Record"))
    writer.writerows(_field(entry, names) for entry in ordered)
    return text.getvalue()


def calculation(entry: Variable) -> str | None:
    """Return the REDCap expression of a derived variable, or None where REDCap cannot express it.

    A number is rounded to one digit more than the entry shows. A binary variable is 1 or 0, another levelled one the
    name of its level in quotation marks, and what cannot be known is blank.
    """
    if entry.name in _EXPRESSIONS:
        return _EXPRESSIONS[entry.name](entry)
    inputs = [variable(name) for name in entry.derived_from]
    if not all(each.is_levelled for each in (entry, *inputs)):
        return None
    combinations = int(np.prod([len(each.levels) + 1 for each in inputs]))
    return _questions(entry, inputs) if combinations <= _MOST_COMBINATIONS else None


def _row(name: str, form: str, field_type: str, label: str, **more: str) -> dict[str, str]:
    titles = {
        "choices": "Choices, Calculations, OR Slider Labels",
        "note": "Field Note",
        "validation": "Text Validation Type OR Show Slider Number",
        "lowest": "Text Validation Min",
        "highest": "Text Validation Max",
        "branching": "Branching Logic (Show field only if...)",
        "annotation": "Field Annotation",
    }
    base = dict(zip(COLUMNS, (name, form, "", field_type, label), strict=False))
    return {**base, **{titles[key]: text for key, text in more.items()}}


def _field(entry: Variable, names: set[str]) -> dict[str, str]:
    computed = entry.is_derived and names.issuperset(entry.derived_from)
    if computed:
        return _computed_field(entry)
    common = {
        "branching": _branching(entry.asked_if) if entry.asked_if and entry.asked_if.variable in names else "",
        "annotation": "; ".join(f"{code.system} {code.code}" for code in entry.codes),
    }
    if entry.is_levelled:
        return _levelled_field(entry, common)
    usual = f"usual {entry.range_text(entry.plausible)}" if entry.plausible else ""
    limits = {} if entry.possible is None else {"lowest": entry.possible.lower, "highest": entry.possible.upper}
    return _row(
        entry.name,
        entry.domain,
        "text",
        entry.label,
        note=_sentence(entry.unit_symbol, usual),
        validation="number",
        **{key: format_number(value) for key, value in limits.items()},
        **common,
    )


def _levelled_field(entry: Variable, common: Mapping[str, str]) -> dict[str, str]:
    if entry.levels == BINARY_LEVELS:
        return _row(entry.name, entry.domain, "yesno", entry.label, note=entry.help, **common)
    kind = "radio" if len(entry.levels) <= _MOST_BUTTONS else "dropdown"
    choices = " | ".join(f"{_code(entry, level.value)}, {level.label}" for level in entry.levels)
    return _row(entry.name, entry.domain, kind, entry.label, choices=choices, note=entry.help, **common)


def _computed_field(entry: Variable) -> dict[str, str]:
    expression = calculation(entry)
    note = _sentence(entry.unit_symbol, f"computed from {', '.join(entry.derived_from)}")
    if expression is None:
        label = f"{entry.label}: not calculated here; spinecast computes it from {', '.join(entry.derived_from)}."
        return _row(entry.name, entry.domain, "descriptive", label)
    if entry.is_levelled and entry.kind != "binary":
        return _row(entry.name, entry.domain, "text", entry.label, note=note, annotation=f"@CALCTEXT({expression})")
    return _row(entry.name, entry.domain, "calc", entry.label, choices=expression, note=note)


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _code(entry: Variable, level: str) -> str:
    """Return how REDCap stores a level: yes and no as 1 and 0, any other level by its name."""
    return str(entry.level_values.index(level)) if entry.kind == "binary" else level


def _is(name: str, levels: Sequence[str]) -> str:
    return " or ".join(f"[{name}]='{_code(variable(name), level)}'" for level in levels)


def _branching(condition: Condition) -> str:
    return _is(condition.variable, condition.levels)


def _questions(entry: Variable, inputs: Sequence[Variable]) -> str:
    """Write out what every combination of levels gives, as nested questions that are asked only where they matter."""
    codes = [[*range(len(each.levels)), np.nan] for each in inputs]
    table = np.array(list(product(*codes)), dtype=np.float64)
    derived = derive(entry.name, {each.name: column for each, column in zip(inputs, table.T, strict=True)})
    answers = np.array([_answer(entry, value) for value in derived], dtype=object)
    return _ask(answers.reshape([len(each) for each in codes]), inputs)


def _answer(entry: Variable, value: float) -> str:
    if np.isnan(value):
        return "''"
    return str(int(value)) if entry.kind == "binary" else f"'{entry.level_values[int(value)]}'"


def _ask(answers: NDArray[np.object_], inputs: Sequence[Variable]) -> str:
    if not inputs:
        return str(answers)  # all inputs are asked for: one answer is left
    first, rest = inputs[0], inputs[1:]
    by_level = [_ask(answers[position], rest) for position in range(len(first.levels) + 1)]
    groups: dict[str, list[str]] = {}
    for text, condition in zip(
        by_level, [*(_is(first.name, [v]) for v in first.level_values), f"[{first.name}]=''"], strict=True
    ):
        groups.setdefault(text, []).append(condition)
    # The commonest answer needs no question: it is what is left.
    rarest_first = sorted(groups, key=lambda text: len(groups[text]))
    expression = rarest_first[-1]
    for text in reversed(rarest_first[:-1]):
        expression = f"if({' or '.join(groups[text])},{text},{expression})"
    return expression


def _formula(text: str) -> Callable[[Variable], str]:
    """Return the expression of a formula that is blank as soon as one of its inputs is."""

    def expression(entry: Variable) -> str:
        blank = " or ".join(f"[{name}]=''" for name in entry.derived_from)
        return f"if({blank},'',round({text},{entry.decimals + 1}))"

    return expression


def _ratio_to_lymphocytes(numerator: str) -> Callable[[Variable], str]:
    def expression(entry: Variable) -> str:
        known = f"[{numerator}]<>'' and [lymphocyte_count]<>'' and [lymphocyte_count]>0"
        return f"if({known},round([{numerator}]/[lymphocyte_count],{entry.decimals + 1}),'')"

    return expression


def _any_present(entry: Variable) -> str:
    present = " or ".join(f"[{name}]='1'" for name in entry.derived_from)
    absent = " and ".join(f"[{name}]='0'" for name in entry.derived_from)
    return f"if({present},1,if({absent},0,''))"


def _steps(name: str, thresholds: Sequence[tuple[float, int]], below: int) -> str:
    text = str(below)
    for threshold, points in thresholds:
        text = f"if([{name}]>={format_number(threshold)},{points},{text})"
    return text


def _at_least(threshold: int) -> Callable[[Variable], str]:
    def expression(entry: Variable) -> str:
        (name,) = entry.derived_from
        return f"if([{name}]='','',if([{name}]>={threshold},1,0))"

    return expression


def _charlson_index(entry: Variable) -> str:
    blank, points = [], []
    for name in entry.derived_from:
        severe = CHARLSON_SUPERSEDED_BY.get(name)
        # Whether the milder form is there does not matter where the severe one is.
        counts = f" and [{severe}]<>'1'" if severe else ""
        blank.append(f"([{name}]=''{counts})" if severe else f"[{name}]=''")
        points.append(f"if([{name}]='1'{counts},{CHARLSON_WEIGHTS[name]},0)")
    return f"if({' or '.join(blank)},'',{'+'.join(points)})"


def _sins() -> str:
    parts = []
    for name, points in SINS_POINTS.items():
        text = "0"
        for level, value in points.items():
            text = f"if([{name}]='{level}',{value},{text})" if value else text
        parts.append(text)
    return "+".join(parts)


_CONUT = "+".join(
    (
        _steps("albumin", ((2.5, 4), (3.0, 2), (3.5, 0)), 6),
        _steps("total_cholesterol", ((100, 2), (140, 1), (180, 0)), 3),
        _steps("lymphocyte_count", ((0.8, 2), (1.2, 1), (1.6, 0)), 3),
    )
)
_BED = "[prescribed_dose]*(1+[prescribed_dose]/[fractions]/{ratio})"

# A test evaluates each of these beside its derivation, so that the two cannot come apart.
_EXPRESSIONS: Mapping[str, Callable[[Variable], str]] = MappingProxyType(
    {
        "body_mass_index": _formula("[body_weight]/(([body_height]/100)*([body_height]/100))"),
        "prognostic_nutritional_index": _formula("10*[albumin]+0.005*1000*[lymphocyte_count]"),
        "controlling_nutritional_status": _formula(_CONUT),
        "nutritional_risk_index": _formula("1.519*10*[albumin]+41.7*[body_weight]/[usual_body_weight]"),
        "geriatric_nutritional_risk_index": _formula(
            "1.489*10*[albumin]+41.7*min([body_weight]/[ideal_body_weight],1)"
        ),
        "neutrophil_lymphocyte_ratio": _ratio_to_lymphocytes("neutrophil_count"),
        "platelet_lymphocyte_ratio": _ratio_to_lymphocytes("platelet_count"),
        "corrected_calcium": _formula("[calcium]+0.8*(4-[albumin])"),
        "bed_3": _formula(_BED.format(ratio=3)),
        "bed_10": _formula(_BED.format(ratio=10)),
        "eqd2_10": _formula(f"{_BED.format(ratio=10)}/(1+2/10)"),
        "fixation_length_three_or_more": _at_least(3),
        "other_charlson_comorbidity": _any_present,
        "charlson_index": _charlson_index,
        "sins_total": _formula(_sins()),
    }
)
