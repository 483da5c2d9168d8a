"""The dictionary as text: complete, the same every time, and readable back."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.exporting import FORMATS, conversion_text, to_csv, to_dict, to_json, to_markdown, to_text
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Code, Condition, Level, Range, Variable

ENTRIES = list(variables().values())


def from_dict(document: dict) -> Variable:  # type: ignore[type-arg]
    """Build an entry from its JSON form alone."""

    def unit(part: dict) -> UnitConversion:  # type: ignore[type-arg]
        return UnitConversion(
            Unit(part["symbol"], part["ucum"], tuple(part["spellings"])),
            part["numerator"],
            part["denominator"],
            part["offset"],
            part["source"],
        )

    limits = {which: document[which] and Range(**document[which]) for which in ("possible", "plausible")}
    condition = document["asked_if"]
    return Variable(
        **{key: document[key] for key in ("name", "label", "help", "kind", "domain", "role", "source")},
        **limits,
        unit=document["unit"] and unit(document["unit"]).unit,
        other_units=tuple(unit(part) for part in document["other_units"]),
        levels=tuple(
            Level(**{**part, "codes": tuple(Code(**code) for code in part.get("codes", ()))})
            for part in document["levels"]
        ),
        codes=tuple(Code(**part) for part in document["codes"]),
        skewed=document["logarithmic"],
        decimals=document["decimals"] or 0,
        derived_from=tuple(document["derived_from"]),
        asked_if=condition and Condition(condition["variable"], tuple(condition["levels"])),
    )


def test_json_holds_every_entry_whole() -> None:
    document = json.loads(to_json(ENTRIES))
    assert document["format"] == "spinecast dictionary 1"
    assert "Research use only" in document["notice"]
    assert [from_dict(part) for part in document["variables"]] == ENTRIES


def test_the_table_has_a_row_a_variable_and_its_ends() -> None:
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(to_csv(ENTRIES)))}
    assert list(rows) == [entry.name for entry in ENTRIES]
    for name, row in rows.items():
        possible = variable(name).possible
        assert (row["possible_lower"] == "") == (possible is None)
        if possible:
            assert (float(row["possible_lower"]), float(row["possible_upper"])) == (possible.lower, possible.upper)
        assert row["levels"].count("=") >= len(variable(name).levels)
    assert rows["hemoglobin"]["other_units"] == "g/dL = g/L ÷ 10 | g/dL = mmol/L ÷ 0.6206"
    assert rows["tumour_growth_group"]["derived_from"].split(" | ") == list(
        variable("tumour_growth_group").derived_from
    )


def test_the_page_has_a_table_a_domain_and_a_row_a_variable() -> None:
    page = to_markdown(ENTRIES)
    assert "Research use only" in page
    named = re.findall(r"^\| `([a-z0-9_]+)` \|", page, re.M)
    assert sorted(named) == sorted(variables())
    assert len(re.findall(r"^## ", page, re.M)) == len({entry.domain for entry in ENTRIES})
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


@pytest.mark.parametrize("name", FORMATS)
def test_a_fresh_process_writes_the_same_text(name: str) -> None:
    code = (
        "import sys; from spinecast.clinical.dictionary import variables; "
        "from spinecast.clinical.exporting import FORMATS; "
        f"sys.stdout.buffer.write(FORMATS[{name!r}](list(variables().values())).encode())"
    )
    # Another order of sets, and nothing else of the caller's.
    environment = {"PYTHONHASHSEED": "7", "PYTHONUTF8": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)
    assert done.stdout.decode() == FORMATS[name](ENTRIES)


@pytest.mark.parametrize(
    ("name", "unit", "text"),
    [
        ("albumin", "g/L", "g/dL = g/L ÷ 10"),
        ("calcium", "mmol/L", "mg/dL = mmol/L × 4.0078"),
        ("calcium", "mEq/L", "mg/dL = mEq/L × 4.0078 ÷ 2"),
        ("body_temperature", "°F", "°C = °F × 5 ÷ 9 - 17.77777778"),
        ("hematocrit", "%", "number = % ÷ 100"),
        ("sodium", "mEq/L", "mmol/L = mEq/L"),
    ],
)
def test_a_conversion_is_written_as_arithmetic(name: str, unit: str, text: str) -> None:
    assert conversion_text(variable(name), variable(name).conversion(unit)) == text


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in ENTRIES])
def test_show_says_all_there_is(entry: Variable) -> None:
    text = " ".join(to_text(entry).split())
    said = [entry.label, entry.kind, entry.domain, entry.role, *entry.help.split(), *entry.source.split()]
    said += [code.code for code in entry.codes] + [level.label.split()[0] for level in entry.levels]
    said += [conversion.unit.ucum for conversion in entry.conversions()]
    said += [conversion.source.split()[0] for conversion in entry.other_units]
    said += [*entry.derived_from, *(entry.level_values)]
    assert [part for part in said if part not in text] == []
    assert (entry.possible is None) == ("is refused" not in text)
    assert all(len(line) <= 130 for line in to_text(entry).splitlines())


def test_show_names_what_follows_from_a_variable() -> None:
    text = to_text(variable("albumin"))
    assert "needed for" in text
    assert "corrected_calcium" in text
    assert "visceral_metastases is present" in to_text(variable("visceral_metastases_removable"))


def test_the_json_form_writes_nothing_for_nothing() -> None:
    form = to_dict(variable("sex"))
    assert (form["unit"], form["possible"], form["decimals"], form["other_units"]) == (None, None, None, [])
