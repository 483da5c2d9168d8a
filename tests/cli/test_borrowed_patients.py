"""Patients a model borrowed are not external ones, under whatever identifiers they come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import simulated
from cli.conftest import Run, assert_refused
from made_models import model_of
from training.test_borrowing import study

from spinecast.cli.borrowed_patients import borrowed_by, without_borrowed
from spinecast.cli.validation_inputs import Reference
from spinecast.cohorts.outcomes import label_outcome
from spinecast.errors import CohortError
from spinecast.models.artifact import save_model
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.training.borrowing import lending_cohort
from spinecast.training.patients import study_patients
from spinecast.training.plan import outcome_definition
from spinecast.training.study import Study, resolved_yaml, study_hash
from spinecast.training.study.file import load_study
from spinecast.validation.cohort_file import OpenedCohort


def reference_of(asked: Study, **changed: object) -> Reference:
    """A model that says it was trained by the study and borrowed whom the study borrows."""
    theirs = lending_cohort(asked)[0]
    lent = {"name": theirs.name, "fingerprint": theirs.fingerprint, "patients": 500, "events": 200} | changed
    about = dict(model_of("elastic_net").about) | {"borrowed": lent, "study_hash": study_hash(asked)}
    return Reference("a model", model=replace(model_of("elastic_net"), about=about))


def opened(asked: Study, table: pd.DataFrame) -> OpenedCohort:
    """Read a table as the study reads its own."""
    table.to_csv(asked.origin.folder / "patients.csv", index=False)
    return OpenedCohort(study_patients(asked)[0], ())


def without(asked: Study, reference: Reference, cohort: OpenedCohort) -> OpenedCohort:
    labelled = label_outcome(cohort.cohort, outcome_definition(asked))
    return without_borrowed(reference, asked, cohort, labelled)[0]


def test_lenders_under_other_identifiers_are_refused(tmp_path: Path) -> None:
    asked = study(tmp_path, "lenders.csv", "predictors=[age, sex, tumour_group, albumin, creatinine, sodium]")
    lenders = pd.read_csv(tmp_path / "lenders.csv").iloc[:200]
    there = opened(asked, lenders.assign(patient=[f"New {number}" for number in range(200)]))
    with pytest.raises(CohortError, match="whom the model borrowed from") as refused:
        without(asked, reference_of(asked), there)
    assert "of 200 patients" in str(refused.value)
    others = simulated.patients(200, seed=901).assign(patient=[f"O{number}" for number in range(200)])
    strangers = opened(asked, others)
    assert without(asked, reference_of(asked), strangers) == strangers


@pytest.mark.parametrize("command", ["validate", "update"])
def test_a_command_that_judges_on_them_is_refused(tmp_path: Path, here: Run, command: str) -> None:
    asked = study(tmp_path, "lenders.csv", "predictors=[age, sex, tumour_group, albumin, creatinine, sodium]")
    (tmp_path / "study.yaml").write_text(resolved_yaml(asked), encoding="utf-8")
    whole = load_study(tmp_path / "study.yaml")
    model = reference_of(whole).model
    assert isinstance(model, PrognosisModel)
    save_model(replace(model, about=dict(model.about) | {"outcome": whole.outcome.model_dump()}), tmp_path / "model")
    lenders = pd.read_csv(tmp_path / "lenders.csv").iloc[:200]
    lenders.assign(patient=[f"New {number}" for number in range(200)]).to_csv(tmp_path / "there.csv", index=False)
    words = ("--cohort", "there.csv", "--study", "study.yaml", "--synthetic", "--allow-missing-predictors")
    assert_refused(here(command, "model", *words, folder=tmp_path), "whom the model borrowed from")


def test_where_they_cannot_be_looked_for_the_cohort_says_so(tmp_path: Path) -> None:
    asked = study(tmp_path)
    strangers = opened(asked, simulated.patients(200, seed=901))
    changed = without(asked, reference_of(asked, fingerprint="another"), strangers)
    assert "whether they are among these is not known: the patients it borrowed have changed since" in changed.notes[0]
    reference = reference_of(asked)
    (tmp_path / "lenders.csv").unlink()
    assert "is not where the study says" in without(asked, reference, strangers).notes[0]
    seen = label_outcome(strangers.cohort, outcome_definition(asked))
    lost, (told,) = without_borrowed(reference, None, strangers, seen)
    assert (told["role"], told["searched"], told["shared"]) == ("borrowed", False, 0)
    assert "record of the training run is not at hand" in lost.notes[0]


def test_a_model_that_borrowed_nobody_has_nobody_to_look_for() -> None:
    assert borrowed_by(Reference("a model", model=model_of("elastic_net")), None) is None
    assert borrowed_by(Reference("a score"), None) is None
