"""A bad recipe is refused with one clear message: the line, what was expected, the nearest right word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import find_recipe, load_recipe
from spinecast.errors import CohortError, DocumentError

CASES = {
    "unknown key": ("family: survival", "famly: survival", "famly: survival", "famly: unknown key"),
    "unknown variable": ("  albumin:\n    dist", "  albumen:\n    dist", "albumen:", "no variable 'albumen'"),
    "unknown level": ("female: 4", "fmale: 4", "fmale: 4", "has no level 'fmale'"),
    "source not named": (
        "limits: [18, 95]\n    source: somebody",
        "limits: [18, 95]\n    source: sombody",
        "sombody",
        "there is no source 'sombody'",
    ),
    "limits the wrong way": ("limits: [2.1, 5.2]", "limits: [5.2, 2.1]", "limits: [5.2, 2.1]", "end before they begin"),
    "limits past the possible": (
        "limits: [18, 95]",
        "limits: [18, 195]",
        "limits: [18, 195]",
        "leave what is possible of age",
    ),
    "moments that limits forbid": (
        "mean: 3.7, sd: 0.6",
        "mean: 3.7, sd: 1.6",
        "mean: 3.7, sd: 1.6",
        "cannot hold between the limits",
    ),
    "no limits where they are needed": ("    limits: [18, 95]\n", "", "mean: 60", "past what is possible of age"),
    "levels for a number": (
        "{kind: normal, mean: 12, sd: 2}",
        "{kind: bernoulli, probability: 0.2}",
        "{kind: bernoulli, probability: 0.2}",
        "measured and has no levels",
    ),
    "number for levels": (
        "{kind: bernoulli, probability: 0.2}",
        "{kind: normal, mean: 1, sd: 1}",
        "{kind: normal, mean: 1, sd: 1}",
        "diabetes has levels",
    ),
    "probability of one": ("probability: 0.2", "probability: 1.0", "probability: 1.0", "less than 1"),
    "probabilities that miss one": (
        "{kind: counts, counts: {female: 4, male: 6}}",
        "{kind: categorical, probabilities: {female: 0.5, male: 0.4}}",
        "{kind: categorical, probabilities: {female: 0.5, male: 0.4}}",
        "add up to 0.9",
    ),
    "unknown distribution": ("kind: bernoulli", "kind: bernouli", "kind: bernouli", "unknown kind 'bernouli'"),
    "correlation beyond one": ("latent: 0.4", "latent: 1.4", "latent: 1.4", "less than 1"),
    "correlation with nobody": (
        "between: [albumin, hemoglobin]",
        "between: [albumin, platelet_count]",
        "between: [albumin, platelet_count]",
        "the recipe has no 'platelet_count'",
    ),
    "correlation with itself": (
        "between: [albumin, hemoglobin]",
        "between: [albumin, albumin]",
        "between: [albumin, albumin]",
        "cannot go together with itself",
    ),
    "contradictory correlations": (
        "  - {between: [albumin, hemoglobin], latent: 0.4, source: design}",
        "  - {between: [albumin, hemoglobin], latent: 0.9, source: design}\n"
        "  - {between: [age, hemoglobin], latent: 0.9, source: design}\n"
        "  - {between: [age, albumin], latent: -0.9, source: design}",
        "correlation:",
        "the correlations contradict each other",
    ),
    "effect of a missing variable": (
        "{variable: albumin, per",
        "{variable: creatinine, per",
        "{variable: creatinine, per",
        "the recipe has no creatinine",
    ),
    "effect of half a derived one": (
        "{variable: albumin, per",
        "{variable: body_mass_index, per",
        "{variable: body_mass_index, per",
        "add body_height, body_weight to `variables`",
    ),
    "effect with two shapes": (
        "at_least: 70,",
        "at_least: 70, per: 1,",
        "at_least: 70, per: 1,",
        "it says at_least and per",
    ),
    "effect with none": ("at_least: 70, ", "", "variable: age,", "nothing of where the ratio holds"),
    "negative ratio": ("hazard_ratio: 0.5", "hazard_ratio: -0.5", "hazard_ratio: -0.5", "greater than 0"),
    "level that an effect's variable lacks": (
        "{variable: albumin, per: 1",
        "{variable: sex, levels: [man]",
        "{variable: sex, levels: [man]",
        "has no level 'man'",
    ),
    "rising survival": ("event_free: 0.45", "event_free: 0.85", "anchors:", "no hazard goes through both points"),
    "anchor without a share": (
        "days: 90, event_free: 0.75",
        "days: 90",
        "days: 90",
        "exactly one of event_free and cumulative_incidence",
    ),
    "shape beside two anchors": (
        "    effects:",
        "    shape: 1.0\n    effects:",
        "shape: 1.0",
        "two anchors leave no shape to choose",
    ),
    "unknown event": ("event: death}", "event: deth}", "event: deth}", "the recipe has no 'deth'"),
    "outcome that is none": ("status: death,", "status: diabetes,", "status: diabetes,", "diabetes is not an outcome"),
    "predictor among outcomes": (
        "  diabetes:\n    dist",
        "  death:\n    dist",
        "  death:",
        "state it under `outcomes`",
    ),
    "year as a variable": (
        "  diabetes:\n    dist",
        "  treatment_year:\n    dist",
        "treatment_year:",
        "`years` says when",
    ),
    "missing driver": (
        "    albumin: {rate: 0.2, source: design}",
        "    diabetes: {rate: 0.2, source: design}",
        "variable: diabetes",
        "diabetes is itself missing in some",
    ),
    "site unit": ("unit: g/L", "unit: g/l per day", "unit: g/l per day", "albumin is not measured in"),
    "site level left out": (
        "levels: {female: F, male: M}",
        "levels: {female: F}",
        "levels: {female: F}",
        "male cannot be written",
    ),
    "site levels alike": (
        "levels: {female: F, male: M}",
        "levels: {female: F, male: F}",
        "levels: {female: F, male: F}",
        "two levels are written alike",
    ),
    "site column taken": ("column: alb,", "column: age,", "column: age,", "the column 'age' is taken"),
    "site missing code that exists": (
        "missing_code: -99",
        "missing_code: 40",
        "missing_code: 40",
        "40 is a possible value",
    ),
    "years the wrong way": (
        "first: 2015, last: 2019",
        "first: 2019, last: 2015",
        "first: 2019, last: 2015",
        "they end before they begin",
    ),
}
"""{what is wrong: (text of the small recipe, what replaces it, text on the line that is named, what is said)}."""


def line_of(path: Path, text: str) -> int:
    return next(i for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line)


@pytest.mark.parametrize(("old", "new", "marker", "said"), CASES.values(), ids=CASES)
def test_a_bad_recipe_is_refused_with_its_line(
    write_recipe: Callable[..., Path], old: str, new: str, marker: str, said: str
) -> None:
    path = write_recipe(old, new)
    with pytest.raises(DocumentError) as refused:
        next(Generator(load_recipe(path)).chunks(10))
    message = str(refused.value)
    assert said in message, message
    assert f"{path}:{line_of(path, marker)}:" in message, message


def test_every_problem_is_listed_at_once(write_recipe: Callable[..., Path]) -> None:
    path = write_recipe("limits: [2.1, 5.2]", "limits: [5.2, 2.1]")
    path.write_text(path.read_text().replace("event: death}", "event: deth}"))
    with pytest.raises(DocumentError, match="has 2 problems") as refused:
        load_recipe(path)
    assert f"{path}:{line_of(path, '[5.2, 2.1]')}:" in str(refused.value)
    assert "did you mean death?" in str(refused.value)


def test_an_area_that_design_effects_cannot_reach_is_refused_with_what_they_can(
    write_recipe: Callable[..., Path],
) -> None:
    path = write_recipe("    effects:", "    discrimination: {auc: 0.95, days: [90], source: design}\n    effects:")
    with pytest.raises(DocumentError, match="cannot tell patients apart") as refused:
        next(Generator(load_recipe(path)).chunks(10))
    assert f"{path}:{line_of(path, 'auc: 0.95')}:" in str(refused.value)
    assert "(published effects alone)" in str(refused.value)


def test_an_area_needs_design_effects_to_scale(write_recipe: Callable[..., Path]) -> None:
    path = write_recipe("    effects:", "    discrimination: {auc: 0.7, days: [90], source: design}\n    effects:")
    path.write_text(
        path.read_text().replace("hazard_ratio: 1.4, source: design", "hazard_ratio: 1.4, source: somebody")
    )
    with pytest.raises(DocumentError, match="there is no design effect to scale"):
        load_recipe(path)


def test_a_share_of_massive_loss_that_the_median_forbids_is_refused() -> None:
    recipe = load_recipe(find_recipe("blood_loss"), ["outcomes.0.at_least.proportion=0.6"])
    with pytest.raises(DocumentError, match="with a median of 941") as refused:
        next(Generator(recipe).chunks(10))
    assert "--set outcomes.0.at_least.proportion=0.6" in str(refused.value)


def test_variables_in_a_circle_are_refused(write_recipe: Callable[..., Path]) -> None:
    path = write_recipe(
        "{kind: bernoulli, probability: 0.2}",
        "{kind: by_level, variable: sex, cases: {male: {kind: bernoulli, probability: 0.2}}}",
    )
    path.write_text(
        path.read_text().replace(
            "{kind: counts, counts: {female: 4, male: 6}}",
            "{kind: by_level, variable: diabetes, cases: {present: {kind: constant, value: male}}}",
        )
    )
    with pytest.raises(DocumentError, match="depend on each other in a circle"):
        load_recipe(path)


def test_a_sum_whose_rest_could_be_negative_is_refused(write_recipe: Callable[..., Path]) -> None:
    path = write_recipe(
        "{kind: normal, mean: 12, sd: 2}\n    limits: [7, 17]",
        "{kind: sum, of: [albumin], plus: {kind: normal, mean: 1, sd: 1}}",
    )
    with pytest.raises(DocumentError, match="could be below its parts"):
        load_recipe(path)


def test_an_unknown_recipe_and_an_unknown_site_name_the_nearest(write_recipe: Callable[..., Path]) -> None:
    with pytest.raises(DocumentError, match="did you mean sorg"):
        find_recipe("sorgg")
    with pytest.raises(DocumentError, match="there is no cohort recipe file"):
        load_recipe(find_recipe("nowhere.yaml"))
    with pytest.raises(CohortError, match="did you mean there"):
        Generator(load_recipe(write_recipe()), site="ther")
