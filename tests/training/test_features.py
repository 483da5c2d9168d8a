"""Studies with image features: their rules, what they learn where, and what ComBat is worth where that is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import simulated
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from spinecast.cli.app import app
from spinecast.clinical.features import batch_code
from spinecast.errors import CohortError, ContractError, StudyError
from spinecast.explanation.contributions import explain
from spinecast.explanation.prediction import predict_patient
from spinecast.explanation.quantity_prediction import predict_quantity
from spinecast.models.artifact import load_model, save_model
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.scanners import with_scanners_of
from spinecast.training.described_features import described_features
from spinecast.training.features import predictor_schema
from spinecast.training.final_model import measured_model
from spinecast.training.fitting import Trained, fit_study
from spinecast.training.patients import study_patients
from spinecast.training.plan import candidate_parameters, candidate_plans, model_predictors
from spinecast.training.quantity.final_model import quantity_model
from spinecast.training.quantity.fitting import fit_quantity_study
from spinecast.training.study import Study
from spinecast.training.study.file import load_study

CONFIGS = Path(__file__).parents[2] / "configs"
BLOCK = """\
features:
  - name: ct
    table: features.csv
    id_column: who
    prefix: f_
    batch: scanner
    acquisition: {modality: CT}
    harmonisation: {kind: combat, keep: [age]}
"""
STUDY = (
    simulated.STUDY.replace("albumin, creatinine, sodium]", "albumin, creatinine, sodium, ct]").replace(
        "internal_validation:\n  bootstrap: {resamples: 10}\n  internal_external: {by: tumour_group}\n"
        "  learning_curve: {shares: [0.5]}\n",
        "internal_validation: {bootstrap: null, internal_external: {by: ct.batch}}\n",
    )
    + BLOCK
)
ONE = "candidates=[{kind: elastic_net, trials: 1}, {kind: xgboost, trials: 1}]"
QUICK = (
    "candidates=[{kind: elastic_net, trials: 1}, {kind: support_vector_machine, trials: 1, predictors: [age, ct]}]",
    "final={kind: ensemble, of: [elastic_net, support_vector_machine]}",
    "resampling={outer_folds: 2, inner_folds: 2}",
)


def features(count: int = 300, seed: int = 5) -> pd.DataFrame:
    """Three features of the patients of `simulated`, the first of which shows albumin; scanner b shifts them all."""
    drawn = np.random.default_rng(seed)
    albumin = simulated.patients(count, seed)["albumin"].fillna(3.3).to_numpy()
    scanner = drawn.choice(["a", "b"], count, p=[0.6, 0.4])
    values = drawn.normal(size=(count, 3)) + np.outer(albumin, [1.5, 0, 0])
    values = np.where((scanner == "b")[:, None], values * 1.6 + 5, values)
    table = pd.DataFrame(values, columns=["f_1", "f_2", "f_3"]).assign(
        who=[f"P{number:05d}" for number in range(count)], scanner=scanner
    )
    return table.drop(index=table.index[:12])  # nobody made an image of the first twelve


def written(folder: Path, table: pd.DataFrame | None = None, text: str = STUDY) -> Path:
    path = simulated.write_study(folder, text=text)
    (features() if table is None else table).to_csv(folder / "features.csv", index=False)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("features")
    study = load_study(written(folder), QUICK)
    return fit_study(study, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))


@pytest.fixture(scope="module")
def model(trained: Trained) -> PrognosisModel:
    return measured_model(trained)[0]


def test_a_block_stands_for_its_features_and_their_scanner(trained: Trained) -> None:
    features_read = ("ct.batch", "ct.f_1", "ct.f_2", "ct.f_3")
    assert model_predictors(trained.study)[-4:] == features_read
    assert candidate_plans(trained.study)[1].predictors == ("age", *features_read)
    # Three features, no scanner: 6 clinical predictors of which the tumour group has several levels.
    plain = load_study(trained.study.resolve_path("study.yaml"), (*QUICK, "predictors=[age, ct]"))
    assert candidate_parameters(plain) == 4
    assert len(trained.cohort.frame.columns) == len(trained.cohort.variables)
    assert "for 288 of 300 patients" in trained.cohort.provenance.notes[-1]


def test_scanners_are_left_out_one_by_one_and_learned_from_their_images(trained: Trained) -> None:
    left_out = trained.refitted.internal_external
    assert left_out is not None
    assert trained.refitted.sites is not None
    assert [label for label, _ in trained.refitted.sites.groups] == ["a", "b"]
    assert all(np.isfinite(risk).all() for risk in left_out.risk.values())


def test_no_outcome_and_no_test_patient_has_a_part_in_harmonisation(tmp_path: Path) -> None:
    study = load_study(written(tmp_path))
    cohort, labelled = study_patients(study)
    names = model_predictors(study)
    schema, matrix = predictor_schema(study, names), cohort.matrix(names)[labelled.rows]
    imputation, train = candidate_plans(study)[0].imputation, np.arange(len(matrix)) < 200
    known = fit_encoder(matrix[train], schema, imputation, outcome=labelled.values[train])
    turned = fit_encoder(matrix[train], schema, imputation, outcome=1 - labelled.values[train])
    other = matrix.copy()
    other[~train, -3:] *= 7
    for encoder in (turned, fit_encoder(other[train], schema, imputation)):
        for name, array in known.to_arrays().items():
            assert np.array_equal(array, encoder.to_arrays()[name], equal_nan=True), name


def test_the_model_is_data_and_answers_the_same_bits(model: PrognosisModel, trained: Trained, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model")
    again, _ = load_model(tmp_path / "model")
    frame = trained.cohort.frame
    assert np.array_equal(again.log_odds(again.matrix(frame)), model.log_odds(model.matrix(frame)))
    assert np.array_equal(again.interval(again.matrix(frame))[1], model.interval(model.matrix(frame))[1])
    assert again.about["features"][0]["scanners"] == ["a", "b"]


def test_contributions_add_up_and_the_scanner_has_none(model: PrognosisModel, trained: Trained) -> None:
    """A support vector machine is taken apart by permutation: patient and reference stand on one scale."""
    found = explain(model, model.matrix(trained.cohort.frame)[:20])
    place = model.predictors.index("ct.batch")
    assert np.abs(found.residual).max() < 1e-9
    assert np.array_equal(found.values[:, place], np.zeros(20))


def known_of(**more: Any) -> dict[str, Any]:
    return {"age": 60, "sex": "male", "albumin": 3, "ct.f_1": 5.0, "ct.f_2": 0.4, "ct.f_3": -0.3} | more


def test_a_scanner_nobody_knows_makes_features_missing_and_says_so(model: PrognosisModel) -> None:
    told = {name: predict_patient(model, "x", known_of(**{"ct.batch": name})) for name in ("a", "b", "c")}
    assert told["a"].risk != told["b"].risk
    assert not any("scanner" in one for one in told["a"].warnings)
    assert "image features ct: the model does not know the scanner c (it knows a, b); they count as missing" in (
        told["c"].warnings
    )
    without = {name: value for name, value in known_of().items() if not name.startswith("ct.")}
    nothing = predict_patient(model, "x", without)
    assert told["c"].risk == nothing.risk
    # The interval is wider by what the image was measured to be worth, whichever way it is missing.
    assert told["c"].upper - told["c"].lower == nothing.upper - nothing.lower
    assert (
        model.missing_variance(model.matrix(frame_of(model, known_of(**{"ct.batch": "a"}))))[0]
        < (model.missing_variance(model.matrix(frame_of(model, without)))[0])
    )
    unnamed = predict_patient(model, "x", known_of())
    assert any("no scanner is given" in one for one in unnamed.warnings)
    assert unnamed.risk == nothing.risk
    assert told["a"].used["ct.batch"] == "a"
    (together,) = told["a"].together
    rows = {row["variable"]: row["contribution"] for row in told["a"].contributions}
    assert "ct.batch" not in rows
    assert together["contribution"] == pytest.approx(sum(rows[f"ct.f_{k}"] for k in (1, 2, 3)))


def frame_of(model: PrognosisModel, given: dict[str, Any]) -> pd.DataFrame:
    from spinecast.cohorts.contract import check_patient

    return check_patient(given, model.predictors)[0]


def test_a_cohort_of_another_scanner_teaches_the_model_that_scanner(model: PrognosisModel, trained: Trained) -> None:
    frame = trained.cohort.frame.copy()
    frame["ct.batch"] = frame["ct.batch"].cat.rename_categories({"b": "new"})
    learned, said = with_scanners_of(model, frame)
    count = int((frame["ct.batch"] == "new").sum())
    assert said == [f"Scanner new of ct was learned from the features of its {count} patients."]
    assert learned.about["features"][0]["scanners"] == ["a", "b", "new"]
    names = model.predictors
    place = names.index("ct.f_1")
    rows = (frame["ct.batch"] == "new").to_numpy()
    brought = learned.on_common_scale(learned.matrix(frame))[:, place]
    at_home = model.on_common_scale(model.matrix(trained.cohort.frame))[:, place]
    assert np.nanmean(brought[rows]) == pytest.approx(np.nanmean(at_home[rows]), abs=0.1)
    assert np.isnan(model.matrix(frame)[rows, place]).all()
    # Who was known before is answered as before.
    assert np.array_equal(
        learned.log_odds(learned.matrix(frame))[~rows], model.log_odds(model.matrix(trained.cohort.frame))[~rows]
    )
    few, told = with_scanners_of(model, frame[rows | (np.arange(len(frame)) < 3)].iloc[-2:].reset_index(drop=True))
    assert "too few to learn it" in told[0]
    assert few.about["features"] == model.about["features"]


def test_the_record_says_what_scanners_do(model: PrognosisModel, trained: Trained) -> None:
    (block,) = described_features(trained.study, trained.cohort, trained.labelled, model)["features"]
    assert (block["imaged"], block["patients"], block["features"]) == (288, 300, 3)
    assert sum(one["patients"] for one in block["by_scanner"]) == 288
    for share in block["scanner_share"]:
        assert share["after"] < 0.01 < 0.3 < share["before"]
    assert [one["counts"] for one in block["kept"]] == [[3, 3], [3, 3]]
    codes = {batch_code("a"), batch_code("b")}
    assert not codes & set(np.ravel(model.marginals))  # no patient's scanner in the model's quantiles


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("features.0.batch=null", "nothing tells the scanners of ct apart"),
        ("features.0.id_column=null", "nothing tells the patients of features.csv apart"),
        ("features.0.columns=[f_1]", "exactly one of columns and prefix"),
        (
            "features.0={name: sodium, table: t.csv, id_column: i, prefix: f, acquisition: {modality: CT}}",
            "sodium is a variable",
        ),
        ("features.0.name=mr", "no candidate uses mr"),
        ("features.0.harmonisation.keep=[agee]", "agee is kept in the features.*does not know it"),
        ("features.0.harmonisation.kind=combatt", "combat"),
        ("features.0.reduction.correlation=1.5", "less than or equal to 1|at most 1"),
        ("features.0.acquisition={}", "modality"),
        ("resampling.group=mr.batch", "there is no 'mr.batch' to keep together.*ct.batch"),
        ("missing={decline: {without: [ct]}}", "ct is a block of features"),
        ("candidates.2.predictors=[tumour_group, ct]", "age is kept in the features and candidate baseline"),
        ("predictors.0=ct.f_1", "predictors"),
        ("candidates.0.imputation=multiple_imputation", "multiple_imputation does not go with image features"),
        ("cohort.borrow={source: {kind: csv, path: x.csv, id_column: i}}", "borrows nobody"),
    ],
)
def test_a_study_that_contradicts_itself_is_one_clear_error(tmp_path: Path, change: str, words: str) -> None:
    with pytest.raises(StudyError, match=f"(?s){words}"):
        load_study(written(tmp_path), [change])


def test_a_model_of_times_takes_image_features_as_one_of_an_event_does(tmp_path: Path) -> None:
    text = simulated.TIMED_STUDY.replace("creatinine, sodium]", "creatinine, sodium, ct]") + BLOCK
    study = load_study(written(tmp_path, text=text))
    assert {name for name in model_predictors(study) if name.startswith("ct.")} >= {"ct.batch"}


@pytest.mark.parametrize(
    ("change", "table", "words"),
    [
        ("features.0.prefix=g_", {}, "no column of features.csv begins with 'g_'"),
        ("features.0.batch=scaner", {}, "has no column 'scaner'.*did you mean 'scanner'"),
        ("features.0.table=features2.csv", {}, "features2.csv does not exist"),
        ("seed=1", {"f_2": 1.0}, "1 feature of ct does not vary: f 2"),
        ("seed=1", {"f_2": "high"}, "break the cohort contract"),
        ("seed=1", {"f_(2)": 1.0}, r"the column 'f_\(2\)' of features.csv cannot name a feature"),
        ("features.0.harmonisation.reference=z", {}, "0 patients were imaged with z.*name one of a, b"),
    ],
)
def test_a_table_that_will_not_do_is_one_clear_error(
    tmp_path: Path, change: str, table: dict[str, Any], words: str
) -> None:
    study = load_study(written(tmp_path, features().assign(**table)), [change])
    with pytest.raises((CohortError, ContractError), match=f"(?s){words}"):
        study_patients(study)


def test_a_quantity_is_learned_from_image_features_too(tmp_path: Path) -> None:
    """A synthetic cohort's own features come from its recipe; a table of others joins by the made-up identifiers."""
    ids = [f"SYNTHETIC-blood_loss-reference-4-{number:07d}" for number in range(1, 301)]
    features().reindex(range(300)).assign(who=ids).to_csv(tmp_path / "features.csv", index=False)
    text = simulated.QUANTITY_STUDY.replace("instrumented_levels]", "instrumented_levels, ct]")
    text += BLOCK.replace("keep: [age]", "keep: [sex]") + "    reduction: {most: 2}\n"
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    one = "candidates=[{kind: linear_quantile, trials: 1, search: {knots: [0]}}]"
    study = load_study(tmp_path / "study.yaml", [one, "final={kind: winner}"])
    trained = fit_quantity_study(study, checkpoints=tmp_path / "c", workers=1, started=datetime.now(UTC))
    model = quantity_model(trained)
    for member in model.parts[0].members:
        owned = {model.predictors[place] for place in member.encoder.owner}
        assert len(owned & {"ct.f_1", "ct.f_2", "ct.f_3"}) == 2
        assert "ct.batch" not in owned
    given = {"sex": "male", "hemoglobin": 12, "ct.f_1": 5.0, "ct.f_2": 0.4, "ct.f_3": -0.3}
    stranger = predict_quantity(model, "x", given | {"ct.batch": "c"})
    assert any("does not know the scanner c" in one for one in stranger.warnings)
    assert stranger.median == predict_quantity(model, "x", {"sex": "male", "hemoglobin": 12}).median
    assert stranger.median != predict_quantity(model, "x", given | {"ct.batch": "a"}).median


@pytest.mark.slow
def test_a_new_scanner_is_learned_when_a_model_is_validated(
    model: PrognosisModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path / "store"))
    save_model(model, tmp_path / "model")
    images = features(seed=8).rename(columns=lambda name: name.replace("f_", "ct.f_"))
    images = images.assign(**{"ct.batch": images["scanner"].replace("b", "elsewhere")}, patient=images["who"])
    table = simulated.patients(seed=8).merge(images.drop(columns=["who", "scanner"]), on="patient", how="left")
    table.to_csv(tmp_path / "there.csv", index=False)
    study = written(tmp_path / "study")
    asked = ["validate", str(tmp_path / "model"), "--cohort", str(tmp_path / "there.csv"), "--study", str(study)]
    asked += ["--report", str(tmp_path / "page.html"), "--bootstrap", "20", "--missing-draws", "1"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    count = int((images["ct.batch"] == "elsewhere").sum())
    assert f"Scanner elsewhere of ct was learned from the features of its {count} patients" in page
    assert "all 3 features of ct" in page


def test_a_kept_predictor_that_is_the_scanner_is_refused(tmp_path: Path) -> None:
    """As sva refuses a covariate that is confounded with batch."""
    sex = simulated.patients()["sex"].loc[features().index]
    study = load_study(
        written(tmp_path, features().assign(scanner=sex)), ["features.0.harmonisation.keep=[age, sex]", ONE]
    )
    with pytest.raises(
        CohortError, match="what age, sex does to the features ct cannot be told from what the scanners"
    ):
        study_patients(study)


def test_features_may_stand_in_the_cohorts_own_table(tmp_path: Path) -> None:
    text = STUDY.replace("    table: features.csv\n    id_column: who\n", "")
    both = simulated.patients().merge(features().rename(columns={"who": "patient"}), on="patient", how="left")
    study = load_study(simulated.write_study(tmp_path, both, text))
    apart, _ = study_patients(load_study(written(tmp_path / "apart")))
    together, _ = study_patients(study)
    assert together.fingerprint == apart.fingerprint


def made(*overrides: str) -> Study:
    return load_study(CONFIGS / "radiotherapy" / "fracture_radiomics.yaml", ("cohort.source.patients=2500", *overrides))


@pytest.mark.slow
def test_combat_beats_none_where_scanners_are_known_to_shift_features() -> None:
    """One regression in five folds: same patients, same folds, with and without."""
    study = made()
    cohort, labelled = study_patients(study)
    known, outcome = labelled.known, labelled.values
    fold = np.arange(len(outcome)) % 5

    def judged(study: Study, predictors: tuple[str, ...]) -> float:
        schema, matrix = predictor_schema(study, predictors), cohort.matrix(predictors)[labelled.rows]
        risk = np.empty(len(outcome))
        for number in range(5):
            train, test = (fold != number) & known, fold == number
            encoder = fit_encoder(matrix[train], schema, candidate_plans(study)[0].imputation)
            fit = LogisticRegression(C=0.1, max_iter=500).fit(encoder.transform(matrix[train]), outcome[train])
            risk[test] = fit.predict_proba(encoder.transform(matrix[test]))[:, 1]
        return float(roc_auc_score(outcome[known], risk[known]))

    without = made("features.0.harmonisation=none")
    names = model_predictors(study)
    clinical = tuple(name for name in names if not name.startswith("ct."))
    harmonised = judged(study, names)
    as_measured = judged(without, tuple(name for name in names if name != "ct.batch"))
    assert harmonised > as_measured + 0.01
    assert as_measured > judged(study, clinical) + 0.03
