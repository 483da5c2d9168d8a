"""A finished run read again: its table is believed only where it gives the numbers on record."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from spinecast.errors import ArtifactError, ContractError
from spinecast.statistics import Absent, auc, horizon_auc
from spinecast.training.out_of_fold import read_out_of_fold
from spinecast.training.run_results import read_run_results, risks_of

ONE_DAY = "patient,outcome,fold,risk,risk_tree\n007,1,1,0.8,0.7\nNA,0,1,0.3,0.4\n03,1,2,0.6,0.2\n04,,2,0.5,0.5\n"
TIMES = (
    "patient,time,cause,fold,risk_30,risk_90,risk_90_cox\n"
    "a,20,present,1,0.6,0.8,0.7\nb,100,,1,0.1,0.3,0.4\nc,50,,2,0.2,0.4,0.4\nd,80,present,2,0.3,0.5,0.2\n"
)
HORIZON = {"kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": 90}
SURVIVAL = {"kind": "time_to_event", "time": "follow_up_time", "event": "death", "horizons_days": [30, 90]}


def results(folder: Path, table: str, outcome: dict[str, object], evaluation: dict[str, object]) -> Path:
    record = folder / "record"
    record.mkdir(parents=True)
    (record / "study.yaml").write_text(yaml.safe_dump({"study": "made", "outcome": outcome}))
    whole = {"label": "A model", "basis": "out-of-fold", "n": 4, "events": 2, "measures": {}, **evaluation}
    parts = {
        "cohort": {"name": "made", "kind": "real", "patients": 4, "fingerprint": "f" * 64},
        "evaluation": whole,
        "tuning": {},
        "explanation": {},
        "run": {"run_key": "k", "study": "made"},
    }
    for name, content in parts.items():
        (record / f"{name}.json").write_text(json.dumps(content))
    (folder / "out_of_fold.csv").write_text(table)
    return folder


def by_one_day(folder: Path, table: str = ONE_DAY) -> Path:
    weights = table.replace("fold", "weight,fold", 1).replace(",1,1,", ",1,1,1,").replace(",0,1,", ",0,1.5,1,")
    weights = weights.replace(",1,2,", ",1,1.5,2,").replace(",,2,", ",,0,2,")
    recorded = auc([1, 0, 1, 0], [0.8, 0.3, 0.6, 0.5], [1, 1.5, 1.5, 0], bootstrap=0).to_dict()
    return results(folder, weights, HORIZON, {"measures": {"auc": recorded}})


def test_identifiers_stay_as_they_are_written_and_unknown_outcomes_unknown(tmp_path: Path) -> None:
    found = risks_of(read_run_results(by_one_day(tmp_path)), "one", "One")
    assert found.patients.tolist() == ["007", "NA", "03", "04"]
    assert np.isnan(found.outcome).tolist() == [False, False, False, True]
    assert (found.event, found.day) == ("death", 90)
    predictions = found.predictions()
    assert (predictions.n, predictions.events) == (3, 2)
    tree = risks_of(read_run_results(tmp_path), "tree", "Tree", candidate="tree")
    assert tree.risk.tolist() == [0.7, 0.4, 0.2, 0.5]


def test_a_table_that_gives_other_numbers_than_the_record_is_refused(tmp_path: Path) -> None:
    by_one_day(tmp_path)
    path = tmp_path / "out_of_fold.csv"
    path.write_text(path.read_text().replace("0.3,", "0.9,"))
    with pytest.raises(ArtifactError, match="not the table of this run"):
        risks_of(read_run_results(tmp_path), "one", "One")


def test_a_run_of_times_is_read_at_a_day_it_holds(tmp_path: Path) -> None:
    recorded = horizon_auc([20, 100, 50, 80], [1, 0, 0, 1], [0.8, 0.3, 0.4, 0.5], 90)
    assert not isinstance(recorded, Absent)
    horizons = [{"day": 90, "measures": {"horizon_auc": recorded.to_dict()}}]
    read = read_run_results(results(tmp_path, TIMES, SURVIVAL, {"horizons": horizons}))
    found = risks_of(read, "times", "Times", day=90)
    assert found.outcome[[0, 1, 3]].tolist() == [1, 0, 1]
    assert np.isnan(found.outcome[2])  # censored at day 50
    assert found.cause is not None
    assert found.cause.tolist() == [1, 0, 0, 1]
    assert (found.event, found.day) == ("death", 90)
    assert risks_of(read, "cox", "Cox", day=90, candidate="cox").risk.tolist() == [0.7, 0.4, 0.4, 0.2]
    for day in (None, 60):
        with pytest.raises(ContractError, match="Times") as refused:
            risks_of(read, "times", "Times", day=day)
        assert "one of 30, 90" in str(refused.value)


def test_a_study_of_a_quantity_holds_no_risk_to_compare(tmp_path: Path) -> None:
    results(tmp_path, ONE_DAY, {"kind": "quantity", "variable": "intraoperative_blood_loss"}, {})
    with pytest.raises(ContractError, match="predicts no event: its outcome is quantity"):
        read_run_results(tmp_path)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "cannot be read"),
        ("person,risk\n1,0.5\n", "is not a table of out-of-fold predictions"),
        ("patient,fold,risk\n1,1,0.5\n1,2,0.6\n", "names a patient twice"),
        ("patient,fold,risk\n1,1,high\n", "cannot be read"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "out_of_fold.csv").write_text(table)
    with pytest.raises(ArtifactError, match=words):
        read_out_of_fold(tmp_path)


def test_a_folder_without_a_table_says_where_it_stays(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no out-of-fold risks stand in") as refused:
        read_out_of_fold(tmp_path)
    assert "never leaves the machine" in str(refused.value)


def test_what_becomes_of_a_competing_event_is_part_of_the_outcome(tmp_path: Path) -> None:
    events = set()
    for handling in ("competing", "composite", "exclude"):
        outcome = {
            **{"kind": "competing_horizon", "time": "follow_up_time", "status": "local_status", "horizon_days": 90},
            **{"event_levels": ["progression"], "competing_levels": ["death"], "handling": handling},
        }
        recorded = auc([1, 0, 1], [0.8, 0.3, 0.6], bootstrap=0).to_dict()
        folder = results(tmp_path / handling, ONE_DAY, outcome, {"measures": {"auc": recorded}})
        events.add(risks_of(read_run_results(folder), "one", "One").event)
    assert len(events) == 3
