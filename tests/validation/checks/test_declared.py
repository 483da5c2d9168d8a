"""SC009 to SC011: what is declared of a model's making."""

from pathlib import Path

import pytest

from spinecast.clinical.declared import DevelopmentDeclared
from spinecast.errors import DocumentError
from spinecast.validation.checks import (
    Check,
    NotApplicable,
    NotFound,
    check_apparent,
    check_classes,
    check_predictor_choice,
)
from spinecast.validation.declared_predictions import read_declared


@pytest.mark.parametrize(("choice", "words"), [("univariable_p", "one at a time"), ("stepwise", "stepwise")])
def test_sc009_finds_a_choice_by_p_values(choice: str, words: str) -> None:
    found = check_predictor_choice(choice, undeclared="")
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC009", "warning")
    assert words in found.finding


@pytest.mark.parametrize("choice", ["clinical", "literature", "all_candidates", "penalised"])
def test_sc009_passes_a_choice_that_did_not_look(choice: str) -> None:
    assert isinstance(check_predictor_choice(choice, undeclared=""), NotFound)


def test_sc009_does_not_take_silence_for_a_good_choice() -> None:
    found = check_predictor_choice(None, undeclared="the study says nothing")
    assert isinstance(found, NotApplicable)
    assert "the study says nothing" in found.reason


@pytest.mark.parametrize("classes", ["weighted", "resampled"])
@pytest.mark.parametrize(("recalibrated", "becomes"), [(None, Check), (False, Check), (True, NotFound)])
def test_sc010_asks_for_recalibration(classes: str, recalibrated: bool | None, becomes: type) -> None:
    declared = DevelopmentDeclared.model_validate({"classes": classes, "recalibrated": recalibrated})
    found = check_classes(declared, undeclared="")
    assert isinstance(found, becomes)
    assert classes in found.reason


def test_sc010_passes_patients_as_they_are() -> None:
    assert isinstance(check_classes(DevelopmentDeclared(classes="as_they_are"), undeclared=""), NotFound)


@pytest.mark.parametrize("declared", [None, DevelopmentDeclared(), DevelopmentDeclared(recalibrated=True)])
def test_sc010_does_not_apply_where_nobody_states_it(declared: DevelopmentDeclared | None) -> None:
    assert check_classes(declared, undeclared="nobody says") == NotApplicable("SC010", "nobody says")


def test_sc011_finds_apparent_performance_alone() -> None:
    found = check_apparent("apparent")
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC011", "error")


@pytest.mark.parametrize("basis", ["out-of-fold", "out-of-bag", "external"])
def test_sc011_passes_patients_the_model_had_not_seen(basis: str) -> None:
    found = check_apparent(basis)
    assert isinstance(found, NotFound)
    assert basis in found.reason


def test_sc011_does_not_apply_where_nobody_says() -> None:
    assert isinstance(check_apparent(None, undeclared="ask"), NotApplicable)


def test_a_declaration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "declared.yaml"
    path.write_text("basis: out-of-fold\nclasses: weighted\npredictor_choice: stepwise\n", encoding="utf-8")
    declared = read_declared(path)
    assert (declared.basis, declared.classes, declared.recalibrated) == ("out-of-fold", "weighted", None)


@pytest.mark.parametrize("text", ["basis: aparent\n", "base: apparent\n", "classes: [weighted]\n", "- basis\n"])
def test_a_declaration_that_says_something_else_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "declared.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError):
        read_declared(path)
