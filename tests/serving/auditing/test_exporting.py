"""What an auditor takes away: every number as stored, told apart, with what it is for."""

from __future__ import annotations

import csv
import html
import json
import re
from io import StringIO
from typing import Any

import pytest
from serving.auditing.asking import get, head
from serving.made_store import Address

from spinecast.audit.records import Draft, Record
from spinecast.audit.searching import Looked
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.serving.auditing.exporting import records_csv
from spinecast.serving.state import State


def test_an_export_holds_what_the_hashes_are_of_and_is_recorded(
    by_name: Address, state: State, answers: dict[str, dict[str, Any]]
) -> None:
    said = answers["old"]
    path = f"/audit/records/{said['audit_id']}/export"
    exported = get(by_name, f"{path}.json")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert (head(state).kind, head(state).body) == ("export", {"record": said["audit_id"], "form": "json"})
    record = Record(**exported.json["record"])
    assert record.alterations() == ()
    assert (record.body or {})["answer"]["prediction"] == said["prediction"]  # every float the same bits
    rows = list(csv.reader(StringIO(get(by_name, f"{path}.csv").content.decode())))
    stored = {
        row[2]: float(row[4]) for row in rows if row[0] == "What raised and lowered it" and row[3] == "Contribution"
    }
    places = [tuple(row[:4]) for row in rows if row[1] and row[3] != "note"]
    assert len(set(places)) == len(places)  # no two values that cannot be told apart
    assert ["Contributions, as they were stored", "", "note", "On the log-odds."] in [row[1:] for row in rows]
    total = stored.pop("All together")
    assert sum(stored.values()) == pytest.approx(total, abs=1e-12)
    assert {row["label"]: row["contribution"] for row in said["prediction"]["contributions"]}.items() <= stored.items()
    paper = get(by_name, f"{path}.pdf")
    assert paper.content.startswith(b"%PDF-")
    assert paper.headers["content-type"] == "application/pdf"
    found = list(csv.DictReader(StringIO(get(by_name, "/audit/found.csv?user=bert").content.decode())))
    assert str(said["audit_id"]) in [row["record"] for row in found]
    assert (head(state).kind, head(state).actor) == ("export", "aude (auditor)")
    assert get(by_name, f"{path}.exe").status == 422


def test_a_spreadsheet_takes_nothing_that_was_typed_for_a_formula() -> None:
    record = Record(1, "2026", "read", '=HYPERLINK("http://elsewhere")', "", None, None, "", "", "")
    row = next(csv.DictReader(StringIO(records_csv(Looked((record,), 1, 1, None)))))
    assert row["asked_by"].startswith("'=")


def test_every_file_says_what_it_is_for_and_whose_patients_are_made_up(
    by_name: Address, answers: dict[str, dict[str, Any]]
) -> None:
    made_up, real = answers["old"], answers["loss"]
    assert (made_up["model"]["synthetic"], real["model"]["synthetic"]) == (True, False)
    for said, notices in ((made_up, [RESEARCH_USE, SYNTHETIC]), (real, [RESEARCH_USE])):
        exported = get(by_name, f"/audit/records/{said['audit_id']}/export.json").json
        assert exported["notices"] == notices
        found = csv.DictReader(
            StringIO(get(by_name, f"/audit/found.csv?model={said['model']['name']}").content.decode())
        )
        line = next(row for row in found if row["record"] == str(said["audit_id"]))
        assert line["notices"] == " ".join(notices)
        assert line["made_from"] == ("made-up patients" if said is made_up else "real patients")


RESULTS = [
    {
        "gate": "calibration_slope",
        "status": "failed",
        "refuses": True,
        "findings": [
            {
                "what": f"Calibration slope, in {place}",
                "found": "0.60 (0.48 to 0.72)",
                "bound": "0.8 to 1.25",
                "source": "Van Calster 2016",
                "status": "failed",
                "counts": True,
                "weighed": {"by": place},
            }
            for place in ("hospital_b", "hospital_c")
        ],
    },
    {
        "gate": "synthetic_patients",
        "status": "passed",
        "refuses": False,
        "findings": [{"what": "Patients", "found": "real", "bound": "real", "source": "", "status": "passed"}],
    },
]


def test_a_promotion_shows_each_gate_beside_its_bound_and_its_json_folded_away(own_log: tuple[State, Address]) -> None:
    state, server = own_log
    body = {
        "alias": "champion",
        "from": None,
        "to": "3",
        "identity": "f" * 64,
        "because": "holds at hospital B",
        "cohort_kind": "synthetic",
        "synthetic": True,
        "gates": {"file": "configs/gates.yaml", "name": "ours", "sha256": "a" * 64},
        "results": RESULTS,
    }
    number = state.writer.record([Draft("refused_promotion", "dana (data_scientist)", body, "some/3")])[0].sequence
    page = html.unescape(get(server, f"/audit/records/{number}").text)
    assert SYNTHETIC in page
    assert re.search(
        r"<caption>Calibration slope: failed</caption>\s*<thead><tr><th scope=\"col\">Looked at</th>"
        r"<th scope=\"col\">Found</th><th scope=\"col\">Must be</th><th scope=\"col\">Status</th>",
        page,
    )
    for words in ("Why</dt><dd>holds at hospital B", "Gates, SHA-256</dt><dd>" + "a" * 64, "Bounds: Van Calster 2016."):
        assert words in page
    folded = page.split("<summary>Content as it was written</summary>")[1]
    assert json.loads(re.search(r"<pre[^>]*>(.*?)</pre>", folded, re.DOTALL)[1]) == body  # type: ignore[index]
    rows = list(csv.reader(StringIO(get(server, f"/audit/records/{number}/export.csv").content.decode())))
    for place in ("hospital_b", "hospital_c"):
        what = f"Calibration slope, in {place}"
        assert ["Content", "Calibration slope: failed", what, "Must be", "0.8 to 1.25"] in rows
        assert ["Content", "Calibration slope: failed", what, "Weighed", f'{{"by":"{place}"}}'] in rows
    assert ["Content", "Gates", "synthetic patients", "Status", "passed"] in rows
    assert get(server, f"/audit/records/{number}/export.pdf").content.startswith(b"%PDF-")


def test_a_record_of_a_kind_that_nobody_foresaw_shows_every_key(own_log: tuple[State, Address]) -> None:
    state, server = own_log
    body = {
        "because": "so",
        "results": [{"measure": "slope", "estimate": 0.9}, {"measure": "c", "missing": None}],
        "measures": {"c_statistic": {"estimate": 0.75, "n": 90}, "slope": {"absent": "few"}},
        "cohort": {"name": "theirs", "kind": "synthetic"},
        "nested": {"deeper": {"number": 3, "true": True}},
        "pairs": [[1, 2]],
        "nothing": [],
    }
    number = state.writer.record([Draft("validation", "dana (data_scientist)", body, "some/3")])[0].sequence
    rows = list(csv.reader(StringIO(get(server, f"/audit/records/{number}/export.csv").content.decode())))
    told = {tuple(row[1:4]): row[4] for row in rows if row[0] == "Content"}
    assert told == {
        ("", "Why", ""): "so",
        ("", "Cohort, name", ""): "theirs",
        ("", "Cohort, kind", ""): "synthetic",
        ("Measures", "c statistic", "Estimate"): "0.75",
        ("Measures", "c statistic", "N"): "90",
        ("Measures", "c statistic", "Absent"): "none",
        ("Measures", "slope", "Estimate"): "none",
        ("Measures", "slope", "N"): "none",
        ("Measures", "slope", "Absent"): "few",
        ("", "Nested, deeper, number", ""): "3",
        ("", "Nested, deeper, true", ""): "yes",
        ("", "Pairs", ""): "[[1,2]]",
        ("", "Nothing", ""): "none",
        ("Results", "slope", "Estimate"): "0.9",
        ("Results", "slope", "Missing"): "none",
        ("Results", "c", "Estimate"): "none",
        ("Results", "c", "Missing"): "none",
    }
    assert SYNTHETIC in get(server, f"/audit/records/{number}").text
