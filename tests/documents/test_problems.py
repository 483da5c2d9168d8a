"""One error that lists every problem at its place."""

from __future__ import annotations

import copy
from pathlib import Path

from spinecast.documents import DocumentKind, Origin, Place, Problem, did_you_mean, dotted, problems_error
from spinecast.errors import DocumentError, SpinecastError, StudyError


class RecipeError(DocumentError):
    """The error of the kind of document used here."""


KIND = DocumentKind("cohort recipe", RecipeError)
PLACES = {
    (): Place("r.yaml:1:1"),
    ("patients",): Place("r.yaml:2:1", "x"),
    ("age", "mean"): Place("--set age.mean=x", "x"),
}
ORIGIN = Origin(KIND, "r.yaml", Path("folder"), PLACES)


def test_a_key_that_was_not_written_stands_where_its_block_does() -> None:
    assert ORIGIN.where(("patients",)) == "r.yaml:2:1"
    assert ORIGIN.where(("patients", 3, "name")) == "r.yaml:2:1"
    assert ORIGIN.where(("seed",)) == "r.yaml:1:1"
    assert Origin(KIND, "r.yaml").where(("seed",)) == "r.yaml"
    assert Origin(KIND).where(("seed",)) == "the cohort recipe"


def test_origins_are_always_equal() -> None:
    assert Origin(KIND) == ORIGIN == copy.deepcopy(ORIGIN)
    assert len({Origin(KIND), ORIGIN}) == 1


def test_one_problem_stands_in_the_fields_of_the_kinds_own_error() -> None:
    error = problems_error([Problem(("patients",), "patients: too few", "100 or more", "ask for more")] * 2, ORIGIN)
    assert type(error) is RecipeError
    assert (error.what, error.where) == ("patients: too few", "r.yaml:2:1")
    assert (error.expected, error.remedy) == ("100 or more", "ask for more")


def test_several_problems_are_listed_once_each() -> None:
    few, odd = Problem(("patients",), "too few", "100"), Problem(("age", "mean"), "too odd", remedy="think")
    assert str(problems_error([few, odd, few], ORIGIN)) == (
        "r.yaml has 2 problems\n"
        "  r.yaml:2:1: too few\n"
        "      expected: 100\n"
        "  --set age.mean=x: too odd\n"
        "      to do:    think"
    )
    assert str(problems_error([few, odd], Origin(KIND))).startswith("the cohort recipe has 2 problems\n")


def test_keys_and_names_as_people_write_them() -> None:
    assert dotted(("candidates", 0, "trials")) == "candidates.0.trials"
    assert did_you_mean("albumine", ["age", "albumin"]) == "did you mean albumin?"
    assert did_you_mean("zzz", ["age", "albumin"]) is None


def test_every_kind_of_document_is_caught_as_one() -> None:
    assert issubclass(StudyError, DocumentError)
    assert issubclass(DocumentError, SpinecastError)
