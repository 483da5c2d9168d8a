"""The REDCap data dictionary, read back by REDCap's own rules, and its calculations beside the derivations."""

from __future__ import annotations

import ast
import csv
import io
import re
from dataclasses import replace
from itertools import groupby

import numpy as np
import pandas as pd
import pytest

from spinecast.clinical.derivations import derive
from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.redcap import COLUMNS, calculation, to_redcap
from spinecast.clinical.variable import BINARY_LEVELS
from spinecast.cohorts.contract import check_table
from spinecast.cohorts.rules import column_rules

ENTRIES = list(variables().values())
ROWS = list(csv.DictReader(io.StringIO(to_redcap(ENTRIES))))
BY_NAME = {row["Variable / Field Name"]: row for row in ROWS}
DERIVED = [entry.name for entry in ENTRIES if entry.is_derived]
CHOICES = "Choices, Calculations, OR Slider Labels"


def references(text: str) -> set[str]:
    return set(re.findall(r"\[([a-z0-9_]+)\]", text))


def choices(row: dict[str, str]) -> dict[str, str]:
    """Split choices as REDCap does: at the bar, then at the first comma."""
    pairs = (part.split(",", 1) for part in row[CHOICES].split("|"))
    return {code.strip(): label.strip() for code, label in pairs}


def test_it_has_the_eighteen_columns_and_a_line_a_variable() -> None:
    header = to_redcap(ENTRIES).splitlines()[0]
    assert next(csv.reader([header])) == list(COLUMNS)
    assert len(COLUMNS) == 18
    assert next(iter(BY_NAME)) == "record_id"
    assert sorted(BY_NAME) == sorted([*variables(), "record_id"])
    assert len(ROWS) == len(BY_NAME)


def test_names_types_and_forms_are_such_as_redcap_accepts() -> None:
    for row in ROWS:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,99}", row["Variable / Field Name"])
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row["Form Name"])
        assert row["Field Type"] in {"text", "radio", "dropdown", "yesno", "calc", "descriptive"}
        assert row["Field Label"]
        assert row["Identifier?"] == ""
    forms = [form for form, _ in groupby(row["Form Name"] for row in ROWS)]
    assert len(forms) == len(set(forms))


def test_numbers_are_held_to_their_possible_range() -> None:
    for entry in ENTRIES:
        row = BY_NAME[entry.name]
        if entry.is_levelled or entry.is_derived:
            continue
        assert entry.possible is not None
        assert row["Text Validation Type OR Show Slider Number"] == "number"
        assert float(row["Text Validation Min"]) == entry.possible.lower
        assert float(row["Text Validation Max"]) == entry.possible.upper
        assert entry.unit_symbol in row["Field Note"]


def test_choices_are_the_levels() -> None:
    for entry in ENTRIES:
        row = BY_NAME[entry.name]
        if not entry.is_levelled or entry.is_derived:
            assert row["Field Type"] not in {"radio", "dropdown", "yesno"}
        elif entry.levels == BINARY_LEVELS:
            assert (row["Field Type"], row[CHOICES]) == ("yesno", "")
        else:
            codes = ("0", "1") if entry.kind == "binary" else entry.level_values
            labels = [level.label for level in entry.levels]
            assert choices(row) == dict(zip(codes, labels, strict=True))


def test_branching_asks_only_what_has_a_meaning() -> None:
    branching = "Branching Logic (Show field only if...)"
    asked = {name: row[branching] for name, row in BY_NAME.items() if row[branching]}
    assert asked == {
        "visceral_metastases_removable": "[visceral_metastases]='1'",
        "hormone_dependent_tumour": "[primary_tumour]='breast' or [primary_tumour]='prostate'",
        "molecularly_targeted_therapy": "[primary_tumour]='lung'",
    }


def test_whatever_is_referred_to_is_in_the_file() -> None:
    for row in ROWS:
        referred = references(" ".join(row[column] for column in COLUMNS[4:] if column != "Field Note"))
        assert referred <= set(BY_NAME)


def test_a_part_of_the_dictionary_refers_to_nothing_outside_it() -> None:
    part = [variable(name) for name in ("tumour_growth_group", "visceral_metastases_removable", "albumin")]
    rows = {row["Variable / Field Name"]: row for row in csv.DictReader(io.StringIO(to_redcap(part)))}
    assert rows["tumour_growth_group"]["Field Type"] == "radio"
    assert choices(rows["tumour_growth_group"]) == {"slow": "Slow", "moderate": "Moderate", "rapid": "Rapid"}
    assert references(to_redcap(part)) == set()
    assert to_redcap([]).splitlines() == [",".join(f'"{c}"' if "," in c else c for c in COLUMNS)]


def test_what_redcap_calculates() -> None:
    for name in DERIVED:
        row, entry = BY_NAME[name], variable(name)
        if entry.is_levelled and entry.kind != "binary":
            assert row["Field Type"] == "text"
            assert row["Field Annotation"] == f"@CALCTEXT({calculation(entry)})"
        else:
            assert (row["Field Type"], row[CHOICES]) == ("calc", calculation(entry))


def test_what_redcap_cannot_calculate_is_said() -> None:
    unknown = replace(variable("bed_10"), name="not_written_out")
    text = to_redcap([unknown, variable("prescribed_dose"), variable("fractions")])
    row = list(csv.DictReader(io.StringIO(text)))[1]
    assert row["Field Type"] == "descriptive"
    assert "spinecast computes it from prescribed_dose, fractions" in row["Field Label"]


class Redcap(ast.NodeVisitor):
    """REDCap's arithmetic of a calculation, blanks included."""

    def __init__(self, expression: str) -> None:
        text = re.sub(r"\[([a-z0-9_]+)\]", r"field('\1')", expression).replace("<>", "!=")
        text = re.sub(r"\bif\(", "when(", re.sub(r"(?<![<>=!])=(?!=)", "==", text))
        self.tree = ast.parse(text, mode="eval").body
        self.record: dict[str, str] = {}

    def value(self, record: dict[str, str]) -> object:
        self.record = record
        return self.visit(self.tree)

    def visit_Constant(self, node: ast.Constant) -> object:
        return node.value

    def visit_BoolOp(self, node: ast.BoolOp) -> bool:
        combine = any if isinstance(node.op, ast.Or) else all
        return combine(bool(self.visit(part)) for part in node.values)

    def visit_Compare(self, node: ast.Compare) -> bool:
        left, right = self.visit(node.left), self.visit(node.comparators[0])
        if isinstance(node.ops[0], ast.Eq | ast.NotEq):
            return (str(left) == str(right)) == isinstance(node.ops[0], ast.Eq)
        one, other = float(left), float(right)  # type: ignore[arg-type]
        return one >= other if isinstance(node.ops[0], ast.GtE) else one > other

    def visit_BinOp(self, node: ast.BinOp) -> float:
        one, other = float(self.visit(node.left)), float(self.visit(node.right))  # type: ignore[arg-type]
        operations = {ast.Add: one + other, ast.Sub: one - other, ast.Mult: one * other}
        return one / other if isinstance(node.op, ast.Div) else operations[type(node.op)]

    def visit_Call(self, node: ast.Call) -> object:
        name = node.func.id  # type: ignore[attr-defined]
        if name == "when":
            condition, yes, no = node.args
            return self.visit(yes) if self.visit(condition) else self.visit(no)
        values = [self.visit(argument) for argument in node.args]
        if name == "field":
            return self.record[str(values[0])]
        functions = {"round": lambda number, digits: round(float(number), digits), "min": min}
        return functions[name](*values)

    def generic_visit(self, node: ast.AST) -> object:
        raise AssertionError(f"not of REDCap's language: {ast.dump(node)}")


def stored(name: str, value: float) -> str:
    """Write a matrix value as REDCap stores it."""
    entry = variable(name)
    if np.isnan(value):
        return ""
    if not entry.is_levelled:
        return repr(float(value))
    return str(int(value)) if entry.kind == "binary" else entry.level_values[int(value)]


@pytest.mark.parametrize("name", DERIVED)
def test_redcap_calculates_what_spinecast_derives(name: str) -> None:
    entry, count = variable(name), 300
    generator = np.random.default_rng(20261124)
    columns = {}
    for each in entry.derived_from:
        source = variable(each)
        if source.is_levelled:
            column = generator.integers(0, len(source.levels), count).astype(float)
        else:
            assert source.plausible is not None
            column = generator.uniform(source.plausible.lower, source.plausible.upper, count).round(source.decimals)
        missing = 0.3 if len(entry.derived_from) < 4 else 0.03
        columns[each] = np.where(generator.random(count) < missing, np.nan, column)
    expected = derive(name, columns)
    expression = calculation(entry)
    assert expression is not None
    redcap = Redcap(expression)
    for position in range(count):
        record = {each: stored(each, column[position]) for each, column in columns.items()}
        found = redcap.value(record)
        if np.isnan(expected[position]):
            assert found == ""
        elif entry.is_levelled:
            assert str(found) == stored(name, expected[position])
        else:
            assert found == pytest.approx(expected[position], abs=0.51 * 10.0 ** -(entry.decimals + 1))
    assert not np.isnan(expected).all()


def test_what_redcap_stores_is_read_by_the_cohort_contract_as_it_is() -> None:
    names = [entry.name for entry in ENTRIES if not entry.is_derived]
    generator = np.random.default_rng(3)
    rows = []
    for position in range(4):
        row = {"record_id": str(position + 1)}
        for name in names:
            entry, form = variable(name), BY_NAME[name]
            if form["Field Type"] == "yesno":
                row[name] = str(generator.integers(0, 2))
            elif entry.is_levelled:
                row[name] = str(generator.choice(list(choices(form))))
            else:
                row[name] = form["Text Validation Max" if position % 2 else "Text Validation Min"]
        rows.append(row)
    checked = check_table(pd.DataFrame(rows), column_rules(names), id_column="record_id")
    assert checked.frame.notna().all(axis=None)
    assert checked.frame["ecog_performance_status"].tolist() == [row["ecog_performance_status"] for row in rows]
