"""``spinecast samplesize``: what it prints, that the numbers are those of the criteria, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import Run
from typer.testing import CliRunner

from spinecast.cli.app import app
from spinecast.errors import SpinecastError
from spinecast.notices import RESEARCH_USE, SYNTHETIC

BINARY = ("samplesize", "develop", "--outcome", "binary", "--parameters", "24", "--proportion", "0.174")
VALIDATE = ("samplesize", "validate", "--outcome", "binary", "--proportion", "0.4", "--c-statistic", "0.75")


def printed(*arguments: str) -> str:
    """What a command prints, run in this process: a process a case would take a minute."""
    done = CliRunner().invoke(app, arguments)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_every_criterion_is_shown_with_the_one_that_binds(here: Run, tmp_path: Path) -> None:
    done = here(*BINARY, "--r2-cox-snell", "0.288", "--patients", "640", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert (
        lines[0]
        == "Developing a model of a binary outcome: at least 801 patients, 140 events expected (5.8 a parameter)"
    )
    shown = {line.rsplit(maxsplit=2)[-2 if line.endswith("binds") else -1] for line in lines[2:6]}
    assert shown == {"221", "801", "623", "662"}
    assert next(line for line in lines if line.endswith("binds")).split()[0] == "mean"
    assert "640 patients are fewer than the 801 needed" in done.stdout
    assert "expected shrinkage: 0.90" in done.stdout
    assert "Stat Med 38:1276" in done.stdout
    assert lines[-1] == RESEARCH_USE


@pytest.mark.parametrize(
    ("arguments", "n", "binding"),
    [
        # R packages pmsampsize and pmvalsampsize; see tests/statistics/test_sample_size.py.
        (
            "develop --outcome survival --parameters 25 --rate 0.065 --mean-follow-up 2.07 --horizon 2 "
            "--r2-cox-snell 0.051",
            4286,
            "shrinkage",
        ),
        (
            "develop --outcome continuous --parameters 25 --r2 0.2 --mean 1.9 --standard-deviation 0.6",
            918,
            "shrinkage",
        ),
        (
            "validate --outcome binary --proportion 0.018 --c-statistic 0.8 --observed-expected-width 1 "
            "--linear-predictor normal:-5,2.5",
            4554,
            "calibration_slope",
        ),
        ("validate --outcome survival --risk 0.4 --patients 5000", 579, "observed_expected_ratio"),
        (
            "validate --outcome continuous --r2 0.5 --standard-deviation 2 --mean-width 0.4",
            769,
            "r2",
        ),
    ],
)
def test_json_of_every_kind(arguments: str, n: int, binding: str) -> None:
    answer = json.loads(printed("samplesize", *arguments.split(), "--json"))
    assert (answer["n"], answer["binding"]) == (n, binding)
    assert all(one["source"] and (one["n"] or one["reason"]) for one in answer["criteria"])
    assert answer["notices"] == [RESEARCH_USE]
    assert (answer["adequacy"] or {"suffices": True})["suffices"]


def test_a_c_statistic_and_nagelkerke_stand_for_cox_snell() -> None:
    for extra in (("--c-statistic", "0.8881885702692198"), ("--r2-nagelkerke", "0.47744686")):
        answer = json.loads(printed(*BINARY, *extra, "--json"))
        assert answer["assumptions"]["cox_snell_r2"] == pytest.approx(0.288, abs=1e-6)
        assert [one["n"] for one in answer["criteria"]] == [221, 801, 623, 662]


def test_predicted_risks_of_a_file_are_a_linear_predictor(tmp_path: Path) -> None:
    risks = np.random.default_rng(1).beta(4, 6, 2000)
    rows = [f"{risk},SYNTHETIC abc" for risk in risks]
    (tmp_path / "made.csv").write_text("\n".join(["risk,spinecast_synthetic", *rows, ",SYNTHETIC abc"]))
    answer = json.loads(printed(*VALIDATE, "--linear-predictor", f"file:{tmp_path}/made.csv:risk", "--json"))
    assert answer["assumptions"]["linear_predictor"] == "predicted risks of 2,000 patients"
    assert answer["assumptions"]["linear_predictor_proportion"] == pytest.approx(risks.mean())
    assert answer["notices"] == [RESEARCH_USE, SYNTHETIC]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("develop --outcome binari", "did you mean binary?"),
        ("develop --outcome binary --parameters 3 --c-statistic 0.8", "--proportion must be given"),
        ("develop --outcome binary --parameters 3 --proportion 0.3", "--r2-cox-snell, --r2-nagelkerke, --c-statistic"),
        ("develop --outcome continuous --rate 3 --mean 2", "--rate does not belong to this outcome"),
        (
            "develop --outcome binary --parameters 3 --proportion 1.3 --c-statistic 0.8",
            "strictly between 0 and 1, not 1.3",
        ),
        (
            "develop --outcome binary --parameters 3 --proportion 0.3 --c-statistic 0.8 --risk-margin 1e-200",
            "more patients than can be counted",
        ),
        ("validate --outcome survival --risk nan", "risk by the horizon must lie strictly between 0 and 1, not nan"),
        ("validate --outcome survival", "--risk must be given"),
    ],
)
def test_a_wrong_number_is_one_message(arguments: str, message: str) -> None:
    with pytest.raises(SpinecastError) as refused:
        printed("samplesize", *arguments.split())
    assert message in str(refused.value)


@pytest.mark.parametrize("wrong", [("--risk", "1.3"), ("--risk", "0.3", "--patients", "0")])
def test_a_refusal_ends_with_status_2(wrong: tuple[str, ...], here: Run, tmp_path: Path) -> None:
    done = here("samplesize", "validate", "--outcome", "survival", *wrong, folder=tmp_path)
    assert done.returncode == 2
    assert ("1.3" if "1.3" in wrong else "--patients") in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("normal:1", "names no linear predictor"),
        ("lognormal:1,2", "names no linear predictor"),
        ("normal:1,-2", "positive standard deviation"),
        ("file:absent.csv:risk", "absent.csv"),
        ("file:made.csv:rsk", "did you mean 'risk'?"),
        ("file:made.csv:name", "holds no number"),
        ("file:made.csv:percent", "strictly between 0 and 1"),
    ],
)
def test_a_wrong_linear_predictor_is_one_message(
    form: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.csv").write_text("risk,name,percent\n0.2,a,20\n0.4,b,40\n")
    with pytest.raises(SpinecastError) as refused:
        printed(*VALIDATE, "--linear-predictor", form)
    assert message in str(refused.value)
