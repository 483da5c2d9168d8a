"""``spinecast evaluate``: predictions made elsewhere, from a file to numbers, a page and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli.conftest import Run
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from spinecast.statistics import horizon_auc


def write(folder: Path, count: int = 300) -> pd.DataFrame:
    draw = np.random.default_rng(12)
    log_odds = draw.normal(-0.5, 1.2, count)
    table = pd.DataFrame(
        {
            "patient": [f"Person {number}" for number in range(count)],
            "p": expit(log_odds),
            "p2": expit(log_odds + draw.normal(0, 1, count)),
            "y": (draw.random(count) < expit(log_odds)).astype(int),
            "t": draw.exponential(150, count).round(1),
            "d": draw.integers(0, 2, count),
        }
    )
    table.to_csv(folder / "file.csv", index=False)
    return table


def test_json_names_every_number_and_what_it_rests_on(here: Run, tmp_path: Path) -> None:
    table = write(tmp_path)
    done = here("evaluate", "file.csv", "--risk", "p", "--outcome", "y", "--compare", "p2", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["measures"]["auc"]["estimate"] == pytest.approx(roc_auc_score(table["y"], table["p"]))
    assert answer["measures"]["brier"]["estimate"] == pytest.approx(brier_score_loss(table["y"], table["p"]))
    for name in ("auc", "brier", "scaled_brier", "calibration_in_the_large", "calibration_slope", "ici", "e50", "e90"):
        assert set(answer["measures"][name]) == {"estimate", "lower", "upper", "n", "events", "method"}
        assert answer["measures"][name]["n"] == 300
    assert answer["comparators"][0]["auc_difference"]["estimate"] == pytest.approx(
        roc_auc_score(table["y"], table["p"]) - roc_auc_score(table["y"], table["p2"])
    )
    assert [entry["threshold"] for entry in answer["net_benefit"]] == [0.1, 0.2, 0.3, 0.5]
    assert {"treat_all", "treat_none", "over_treat_all"} <= set(answer["net_benefit"][0])
    assert answer["about"]["notices"] == ["Research use only. Not for decisions about the care of a person."]
    assert list(tmp_path.iterdir()) == [tmp_path / "file.csv"]  # nothing is left behind


def test_an_outcome_in_time(here: Run, tmp_path: Path) -> None:
    write(tmp_path)
    timed = ("--time", "t", "--event", "d", "--horizon", "90")
    done = here("evaluate", "file.csv", "--risk", "p", *timed, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer["survival"]) == {
        "harrell_c", "uno_c", "horizon_auc", "horizon_brier", "ipa", "horizon_observed_expected_ratio",
    }  # fmt: skip
    assert answer["n"] < 300 == answer["survival"]["ipa"]["n"]
    assert answer["measures"]["auc"]["estimate"] == pytest.approx(answer["survival"]["horizon_auc"]["estimate"])
    assert answer["measures"]["scaled_brier"]["estimate"] == pytest.approx(answer["survival"]["ipa"]["estimate"])


def test_events_that_compete(here: Run, tmp_path: Path) -> None:
    """Who has another event first is known to be without the event, and is not censored."""
    table = write(tmp_path)
    table = table.assign(d=np.where(np.arange(300) % 5 == 0, 2, table["d"]))
    table.to_csv(tmp_path / "file.csv", index=False)
    timed = ("--time", "t", "--event", "d", "--horizon", "90")
    done = here("evaluate", "file.csv", "--risk", "p", *timed, "--competing", "2", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    expected = horizon_auc(table["t"], table["d"], table["p"], 90)
    assert answer["measures"]["auc"]["estimate"] == pytest.approx(expected.estimate)
    assert answer["measures"]["auc"]["lower"] == pytest.approx(expected.lower)
    assert answer["events"] == int(((table["d"] == 1) & (table["t"] <= 90)).sum())
    assert answer["n"] == int(((table["d"] > 0) | (table["t"] >= 90)).sum())
    assert "another event competes" in answer["survival"]["harrell_c"]["absent"]
    assert answer["about"]["columns"]["competing"] == ["2"]
    unsaid = here("evaluate", "file.csv", "--risk", "p", *timed, folder=tmp_path)
    assert unsaid.returncode == 2
    assert "--competing 2" in unsaid.stderr


def test_a_page_and_a_pdf_without_a_patient(here: Run, tmp_path: Path) -> None:
    write(tmp_path)
    done = here(
        "evaluate", "file.csv", "--risk", "p", "--outcome", "y", "--report", "out/page.html", "--pdf", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "auc" in done.stdout
    assert "page: out/page.html" in done.stderr
    page = (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert "Evaluation of predictions made elsewhere" in page
    assert "Research use only" in page
    assert "Person 1" not in page
    assert (tmp_path / "out" / "page.pdf").read_bytes().startswith(b"%PDF")


def test_made_up_patients_are_said_to_be(here: Run, tmp_path: Path) -> None:
    write(tmp_path).assign(spinecast_synthetic="SYNTHETIC 0").to_parquet(tmp_path / "file.parquet")
    done = here("evaluate", "file.parquet", "--risk", "p", "--outcome", "y", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "SYNTHETIC COHORT" in done.stdout


WRONG = [
    (("--risk", "q", "--outcome", "y"), ("no column 'q'",)),
    (("--risk", "t", "--outcome", "y"), ("no risks",)),
    (("--risk", "p", "--outcome", "patient"), ("'Person 0'", "0 or 1")),
    (("--risk", "p"), ("--outcome Y, or --time T --event D --horizon H",)),
    (("--risk", "p", "--outcome", "y", "--time", "t"), ("--time, --event and --horizon",)),
    (("--risk", "p", "--time", "t", "--event", "d", "--horizon", "9999"), ("nobody was followed up",)),
    (("--risk", "p", "--outcome", "y", "--thresholds", "10,20"), ("--thresholds", "strictly between 0 and 1")),
    (("--risk", "p", "--outcome", "y", "--decision-range", "0.5"), ("--decision-range",)),
    (("--risk", "p", "--outcome", "y", "--report", "page.txt"), (".html",)),
    (("--risk", "p", "--outcome", "y", "--pdf"), ("--report PAGE.html",)),
    (("--risk", "p", "--outcome", "y", "--competing", "2"), ("--time, --event and --horizon",)),
    (("--risk", "p", "--time", "t", "--event", "d", "--horizon", "90", "--competing", "2"), ("nobody's 'd' says '2'",)),
    (("--risk", "p", "--time", "t", "--event", "d", "--horizon", "90", "--competing", "1"), ("cannot be another",)),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[" ".join(case[0])[:60] for case in WRONG])
def test_what_cannot_be_done_is_one_message(
    here: Run, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    write(tmp_path, 60)
    done = here("evaluate", "file.csv", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "file.csv"]
