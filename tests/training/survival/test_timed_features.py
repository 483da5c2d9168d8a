"""Image features in models of times: harmonised in each fit, taken apart exactly, missing where a scanner is new."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinecast.explanation.curve_contributions import explain_at
from spinecast.explanation.curve_prediction import predict_curve
from spinecast.models.loading import load_any_model
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.training.study.file import load_study
from spinecast.training.survival.fitting import TrainedTimes, fit_timed_study
from spinecast.training.survival.publication import publish_times
from spinecast.training.written_run import WrittenRun
from spinecast.validation.internal import InternalExternal, InternalValidation

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[3] / "configs"
COMPETING = (
    "outcome={kind: competing_risks, time: vertebral_fracture_time, status: vertebral_fracture_status, "
    "causes: [vertebral_fracture, death], horizons_days: [365, 730]}"
)
SMALL = (
    "cohort.source.patients=400",
    "resampling={outer_folds: 2, inner_folds: 2}",
    "tuning={trials: 1}",
    "features.0.columns=[original_firstorder_Mean, original_firstorder_Entropy, original_glcm_Contrast, "
    "original_shape_Elongation]",
    "features.0.reduction={correlation: 0.95, most: 3}",
    "predictors=[age, sins_lesion, prescribed_dose, ct]",
    "candidates=[{kind: cox, search: {knots: [0]}}, {kind: boosted_cox, search: {rounds: [10]}}]",
    "final={kind: ensemble, of: [cox, boosted_cox]}",
    "internal_validation={bootstrap: null, internal_external: {by: ct.batch}}",
    "evaluation={bootstrap: 20}",
    "explanation={patients: 10}",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainedTimes, WrittenRun[Any], Path]:
    """Fracture beside death, by features of the planning CT and three predictors, published."""
    folder = tmp_path_factory.mktemp("timed_features")
    study = load_study(CONFIGS / "radiotherapy" / "fracture_radiomics.yaml", (COMPETING, *SMALL))
    done = fit_timed_study(study, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))
    (folder / "out").mkdir()
    return done, publish_times(done, folder / "out", folder, overrides=()), folder / "out"


def test_every_fit_brings_the_scanners_onto_its_own_scale(run: tuple[TrainedTimes, WrittenRun[Any], Path]) -> None:
    done, written, folder = run
    model, identity = load_any_model(folder / "model")
    assert identity == written.identity
    assert isinstance(model, CompetingRisksModel)
    members = [member for hazard in model.hazards for part in hazard.parts for member in part.members]
    assert len(members) == 8
    for member in members:
        (harmoniser,) = member.encoder.harmonisers
        assert len(harmoniser.combat.batches) == 3
        kept = set(member.encoder.owner.tolist())
        # The most informative features and nothing made of the scanner.
        assert harmoniser.batch not in kept
        assert len(kept & set(harmoniser.features.tolist())) <= 3
    # What a fold's fit does to a patient is what its harmoniser and its learner do, by hand.
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows][:20]
    part = model.hazards[0].parts[0]
    member = part.members[1]
    own = matrix[:, part.positions]
    by_hand = member.curves.log_hazards(member.encoder.transform(member.encoder.harmonisers[0].apply(own)))
    np.testing.assert_array_equal(member.log_hazards(own), by_hand)


def test_contributions_add_up_although_members_stand_on_scales_of_their_own(
    run: tuple[TrainedTimes, WrittenRun[Any], Path],
) -> None:
    done, written, _ = run
    model = written.model
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows][:2]
    found = explain_at(model, matrix, 730.0)
    total = found.base_value + found.values.sum(axis=1)
    np.testing.assert_allclose(-np.expm1(-np.exp(total)), model.risk(matrix, [730.0])[:, 0], atol=1e-6)
    assert np.abs(found.residual).max() < 1e-8
    assert (found.values[:, model.predictors.index("ct.batch")] == 0).all()
    # One cause alone: its hazard, by the exact methods.
    alone = explain_at(model.hazards[0], matrix, 730.0)
    np.testing.assert_allclose(
        alone.base_value + alone.values.sum(axis=1) + alone.held,
        np.log(-np.log1p(-model.hazards[0].risk(matrix, [730.0])[:, 0])),
        atol=1e-4,
    )


def test_features_of_a_scanner_that_is_not_known_are_missing_and_widen(
    run: tuple[TrainedTimes, WrittenRun[Any], Path],
) -> None:
    done, written, _ = run
    model, place = written.model, written.model.predictors.index("ct.batch")
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows]
    imaged = matrix[np.isfinite(matrix).all(axis=1)][:5]
    elsewhere = imaged.copy()
    elsewhere[:, place] = 0.123
    gone = model.with_gaps(elsewhere)
    features = [at for at, name in enumerate(model.predictors) if name.startswith("ct.") and at != place]
    assert np.isnan(gone[:, features]).all()
    # What is answered is what is answered without an image.
    without = imaged.copy()
    without[:, [*features, place]] = np.nan
    np.testing.assert_array_equal(model.risk(gone, [730.0]), model.risk(without, [730.0]))
    assert (model.missing_deviation(gone) > model.missing_deviation(imaged)).all()
    given = {"age": 60.0, "ct.batch": "a scanner of elsewhere", model.predictors[features[0]]: 1.0}
    said = predict_curve(model, written.identity, given)
    assert any("does not know the scanner a scanner of elsewhere" in warning for warning in said.warnings)


def test_the_report_says_how_images_were_made_and_each_scanner_is_judged_by_the_others(
    run: tuple[TrainedTimes, WrittenRun[Any], Path],
) -> None:
    _, written, folder = run
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Image features" in page
    assert "Fine-Gray regression of the predictors that are no image features" in page
    (block,) = written.record.cohort["features"]
    assert [one["part"] for one in block["kept"]] == [
        f"{part.label}, {words.lower()}"
        for words, hazard in zip(written.model.labels, written.model.hazards, strict=True)
        for part in hazard.parts
    ]
    assert all(one["members"] == 2 for one in block["kept"])
    sites = InternalValidation.from_dict(written.record.internal).internal_external
    assert isinstance(sites, InternalExternal)
    assert sites.by == "ct.batch"
