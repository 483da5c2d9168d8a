"""Reading files of predictions: what is taken, what is left out and counted, and what is refused in one message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinecast.errors import CohortError, ContractError
from spinecast.statistics import ipcw_weights
from spinecast.validation.file_evaluation import evaluate_file
from spinecast.validation.prediction_file import FollowUpColumns, PredictionRequest, read_predictions

SETTINGS = {"thresholds": (0.2, 0.5), "decision_range": (0.05, 0.95), "bootstrap": 20, "seed": 1}


def made(count: int = 60) -> pd.DataFrame:
    draw = np.random.default_rng(2)
    risk = draw.uniform(0.05, 0.95, count)
    time = draw.exponential(120 * (1.2 - risk)).round(1)
    censored = draw.uniform(20, 300, count).round(1)
    return pd.DataFrame(
        {
            "p": risk,
            "q": np.clip(risk + draw.normal(0, 0.1, count), 0, 1),
            "y": (draw.random(count) < risk).astype(int),
            "t": np.minimum(time, censored),
            "d": (time <= censored).astype(int),
            "w": draw.uniform(0.5, 2, count),
        }
    )


def write(folder: Path, table: pd.DataFrame, name: str = "file.csv") -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["file.csv", "file.parquet"])
@pytest.mark.parametrize(
    "coding", [{0: "0", 1: "1"}, {0: "no", 1: "Yes"}, {0: "FALSE", 1: "TRUE"}, {0: "absent", 1: "present"}]
)
def test_an_outcome_may_be_written_in_words(tmp_path: Path, name: str, coding: dict[int, str]) -> None:
    table = made()
    path = write(tmp_path, table.assign(y=table["y"].map(coding)), name)
    found = read_predictions(path, PredictionRequest("p", "y"))
    assert found.predictions.outcome.tolist() == table["y"].tolist()
    assert found.predictions.risk == pytest.approx(table["p"])
    assert found.predictions.basis == "external"
    assert found.cohort.kind == "real"


def test_who_lacks_a_risk_or_an_outcome_is_left_out_and_counted(tmp_path: Path) -> None:
    table = made().astype({"y": object})
    table.loc[3, "p"] = np.nan
    table.loc[[5, 6], "y"] = "NA"
    table.loc[3, "y"] = None  # counted once, under the first reason
    found = read_predictions(write(tmp_path, table), PredictionRequest("p", "y", compare=("q",)))
    assert found.left_out == {"a predicted risk (p)": 1, "a known outcome (y)": 2}
    assert found.predictions.n == 57
    assert found.compared["q"].size == 57
    assert found.compared["q"][3] == pytest.approx(table["q"][4])


def test_censored_follow_up_is_weighted_as_the_statistics_do(tmp_path: Path) -> None:
    table = made(200)
    request = PredictionRequest("p", follow_up=FollowUpColumns("t", "d", 60.0), compare=("q",))
    found = read_predictions(write(tmp_path, table), request)
    weights = ipcw_weights(table["t"], table["d"], 60)
    known = weights > 0
    assert 0 < known.sum() < 200
    assert found.predictions.weights == pytest.approx(weights)
    assert found.predictions.n == known.sum()
    assert found.predictions.events == int(((table["d"] == 1) & (table["t"] <= 60)).sum())
    assert found.compared["q"] == pytest.approx(table["q"])
    assert found.followed is not None
    assert found.followed.time.size == 200  # the censored have a follow-up all the same
    assert found.patients == 200


def test_without_censoring_nobody_is_weighted(tmp_path: Path) -> None:
    table = made().assign(t=lambda each: np.where(each["d"] == 1, each["t"], 500.0))
    found = read_predictions(write(tmp_path, table), PredictionRequest("p", follow_up=FollowUpColumns("t", "d", 60)))
    assert found.predictions.weights is None
    assert found.predictions.n == 60


@pytest.mark.parametrize("column", ["spinecast_synthetic", "patient_id"])
def test_made_up_patients_are_known_by_their_mark(tmp_path: Path, column: str) -> None:
    marked = made().assign(**{column: [f"SYNTHETIC-{number}" for number in range(60)]})
    assert read_predictions(write(tmp_path, marked), PredictionRequest("p", "y")).cohort.kind == "synthetic"
    plain = read_predictions(write(tmp_path, made(), "b.csv"), PredictionRequest("p", "y", synthetic=True))
    assert plain.cohort.kind == "synthetic"


Change = Callable[[pd.DataFrame], pd.DataFrame]
REFUSED: list[tuple[str, Change, PredictionRequest, tuple[str, ...]]] = [
    ("percent", lambda t: t.assign(p=100 * t["p"]), PredictionRequest("p", "y"), ("no risks", "divide percentages")),
    ("linear", lambda t: t.assign(p=t["p"] - 2), PredictionRequest("p", "y"), ("no risks", "linear predictor")),
    ("text", lambda t: t.assign(p="high"), PredictionRequest("p", "y"), ("'p' are no numbers", "row 1: 'high'")),
    ("third", lambda t: t.assign(y=2), PredictionRequest("p", "y"), ("'y' says '2'", "row 1", "0 or 1")),
    ("name", lambda t: t, PredictionRequest("risks", "y"), ("no column 'risks'", "p, q, y")),
    ("near", lambda t: t.rename(columns={"p": "prob"}), PredictionRequest("probs", "y"), ("did you mean 'prob'",)),
    ("nobody", lambda t: t.assign(p=np.nan), PredictionRequest("p", "y"), ("no patient of the file can be used",)),
    ("weights", lambda t: t.assign(w=-1), PredictionRequest("p", "y", weights="w"), ("'w' cannot be weights",)),
    ("no events", lambda t: t.assign(y=0), PredictionRequest("p", "y"), ("no patient of the file has the outcome",)),
    ("all events", lambda t: t.assign(y=1), PredictionRequest("p", "y"), ("is without the outcome",)),
    (
        "horizon",
        lambda t: t.assign(d=lambda each: (each["t"] < each["t"].max()).astype(int)),
        PredictionRequest("p", follow_up=FollowUpColumns("t", "d", 5000)),
        ("nobody was followed up to the horizon of 5000", "the longest follow-up"),
    ),
    (
        "beyond the last death",
        lambda t: t.assign(d=lambda each: (each["t"] == each["t"].max()).astype(int)),
        PredictionRequest("p", follow_up=FollowUpColumns("t", "d", 5000)),
        ("nobody was followed up to the horizon of 5000",),
    ),
    (
        "one cell",
        lambda t: t.assign(p=t["p"].where(t.index != 3, 1.2)),
        PredictionRequest("p", "y"),
        ("1 value of 'p' is no risk", "row 4: 1.2", "correct or empty these cells"),
    ),
    (
        "negative",
        lambda t: t.assign(t=-t["t"] - 1),
        PredictionRequest("p", follow_up=FollowUpColumns("t", "d", 60)),
        ("lie below 0",),
    ),
]


@pytest.mark.parametrize(("change", "request_", "words"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_cannot_be_used_is_refused_in_words(
    tmp_path: Path, change: Change, request_: PredictionRequest, words: tuple[str, ...]
) -> None:
    with pytest.raises((CohortError, ContractError)) as refused:
        read_predictions(write(tmp_path, change(made())), request_)
    for word in words:
        assert word in str(refused.value)


def test_people_who_stand_twice_are_said_to(tmp_path: Path) -> None:
    table = made().assign(patient=[f"Person {number % 58}" for number in range(60)])
    notes = read_predictions(write(tmp_path, table), PredictionRequest("p", "y")).notes
    assert len(notes) == 1
    assert notes[0].startswith("2 rows of 60 with an identifier of 'patient' that stands above it")
    assert "Person" not in notes[0]
    assert read_predictions(write(tmp_path, made(), "b.csv"), PredictionRequest("p", "y")).notes == ()


def test_an_outcome_is_one_thing_or_the_other() -> None:
    timed = FollowUpColumns("t", "d", 60)
    for given in ({}, {"outcome": "y", "follow_up": timed}, {"follow_up": timed, "weights": "w"}):
        with pytest.raises(ContractError):
            PredictionRequest("p", **given)  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="no time"):
        PredictionRequest("p", follow_up=FollowUpColumns("t", "d", 0))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="does not exist"):
        read_predictions(tmp_path / "no.csv", PredictionRequest("p", "y"))


def test_the_evaluation_holds_comparisons_benefit_and_survival(tmp_path: Path) -> None:
    path = write(tmp_path, made(300))
    plain = evaluate_file(path, PredictionRequest("p", "y", compare=("q",)), **SETTINGS)  # type: ignore[arg-type]
    assert [one.name for one in plain.evaluation.comparators] == ["q"]
    assert [one.threshold for one in plain.net_benefit] == [0.2, 0.5]
    assert plain.survival == {}
    assert plain.weighted is False
    assert {"SC005"}.isdisjoint(check.code for check in plain.checklist.found)
    request = PredictionRequest("p", follow_up=FollowUpColumns("t", "d", 60))
    timed = evaluate_file(path, request, **SETTINGS)  # type: ignore[arg-type]
    assert set(timed.survival) >= {"harrell_c", "uno_c", "ipa", "horizon_observed_expected_ratio"}
    assert timed.weighted is True
    assert timed.columns["horizon"] == 60
