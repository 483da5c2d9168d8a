"""Every study that is delivered runs from its file to its report and its model, on a few patients and one trial."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import yaml
from made_figures import draw_nothing

from spinecast.models.model_folder import stored_format
from spinecast.training import missing_loss
from spinecast.training.pipeline import train_study
from spinecast.training.study.file import load_study

CONFIGS = Path(__file__).parents[2] / "configs"
NO_STUDIES = {"cohorts", "forms", "published"}
FILES = sorted(path for path in CONFIGS.glob("*/*.yaml") if path.parent.name not in NO_STUDIES)

pytestmark = [
    pytest.mark.slow,
    # Said by SQLAlchemy of MLflow's own use of it.
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning"),
]


def outcome_kind(path: Path) -> str:
    return str(yaml.safe_load(path.read_text(encoding="utf-8"))["outcome"]["kind"])


# Drawing is most of such a short run: one study of each kind of outcome is drawn, the others have empty figures.
DRAWN = {kind: path for path in reversed(FILES) for kind in [outcome_kind(path)]}


def smaller(path: Path) -> list[str]:
    """Few patients, two folds of two, one trial, nothing fitted again, few trees: the study is otherwise whole.

    Real patients are as many as they are.
    """
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    overrides = [
        "resampling.outer_folds=2",
        "resampling.inner_folds=2",
        "tuning.trials=1",
        "internal_validation={bootstrap: null}",
        "evaluation.bootstrap=20",
        "explanation.patients=10",
    ]
    if written["cohort"]["source"]["kind"] == "synthetic":
        overrides.append("cohort.source.patients=400")
    for position, candidate in enumerate(written["candidates"]):
        overrides.append(f"candidates.{position}.trials=1")
        family = candidate.get("learner", candidate["kind"])
        few = {
            "random_forest": "trees: [15]",
            "random_survival_forest": "trees: [10]",
            "neural_network": "epochs: [15]",
        }
        boosted = {"xgboost", "boosted_cox", "boosted_aft", "gradient_boosting", "xgboost_quantile"}
        if family in few or family in boosted:
            overrides.append(f"candidates.{position}.search={{{few.get(family, 'rounds: [20]')}}}")
    return overrides


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_study_runs_from_its_file_to_its_report(
    path: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if yaml.safe_load(path.read_text(encoding="utf-8"))["cohort"]["source"]["kind"] == "support":
        pytest.importorskip("SurvSet")
    if path not in DRAWN.values():
        draw_nothing(monkeypatch)
    # What missing inputs cost is measured with fewer sets of them: each set is another prediction of everybody.
    monkeypatch.setattr(missing_loss, "DRAWS", 2)
    # One store for all studies of a process: the first makes its database.
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path_factory.getbasetemp() / "store"))
    study = load_study(path, smaller(path))
    result = train_study(study, output=tmp_path / study.study, workers=1)
    measures = result.evaluation["measures"]
    # Two folds of a few hundred patients need not rank well; they give numbers, from patients not seen.
    assert result.evaluation["basis"] == "out-of-fold"
    estimates = [one["estimate"] for one in measures.values() if "estimate" in one]
    assert estimates
    assert all(math.isfinite(one) for one in estimates)
    assert json.loads((result.folder / "record" / "evaluation.json").read_text())["n"] == result.evaluation["n"] >= 300
    assert result.report.read_text(encoding="utf-8").count("esearch use only") >= 1
    assert (stored_format(result.model_folder) or "").startswith("spinecast")
    synthetic = study.cohort.source.kind == "synthetic"
    assert ("SYNTHETIC" in result.report.read_text(encoding="utf-8")) is synthetic
