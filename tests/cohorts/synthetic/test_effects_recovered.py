"""Published effects are found again by independent fits (statsmodels), within simulation error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import statsmodels.api as sm
from made_cohorts import cox, design, drawn
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from spinecast.cohorts.synthetic.calibration import OrdinalFit, QuantityFit
from spinecast.cohorts.synthetic.recipe_blocks import OrdinalOutcome, QuantityOutcome, StateOutcome
from spinecast.cohorts.synthetic.variable_blocks import DESIGN, Effect

PATIENTS = 16_000


def recovered(
    estimates: Sequence[float], errors: Sequence[float], effects: Sequence[Effect], factor: float = 1
) -> None:
    """Every estimate is within 4 standard errors of the effect the recipe states."""
    for estimate, error, effect in zip(estimates, errors, effects, strict=True):
        stated = np.log(effect.ratio_given) * (factor if effect.source == DESIGN else 1)
        assert abs(estimate - stated) <= 4 * error, effect


@pytest.mark.parametrize(
    ("name", "event", "time", "status", "published"),
    [
        (
            "sorg",
            "death",
            "follow_up_time",
            "death",
            {"ecog_performance_status": 1.54, "brain_metastases": 1.90, "age": 1.01, "visceral_metastases": 1.35},
        ),
        ("cervical_surgery", "death", "follow_up_time", "death", {"sins_total": 1.959}),
        ("palliative_surgery", "death", "follow_up_time", "death", {"prognostic_nutritional_index": 0.955}),
        ("spine_sbrt", "vertebral_fracture", "vertebral_fracture_time", "vertebral_fracture_status", {"bed_3": 2.915}),
        (
            "spine_sbrt",
            "local_progression",
            "local_progression_time",
            "local_progression_status",
            {"sins_lesion": 5.704, "multi_segment_lesion": 2.686},
        ),
        (
            "implant_failure",
            "implant_failure",
            "implant_failure_time",
            "implant_failure_status",
            {"hounsfield_units_lowest_instrumented_vertebra": 0.99, "fixation_length_three_or_more": 0.358},
        ),
        (
            "bilsky3_ambulation",
            "local_progression",
            "local_progression_time",
            "local_progression_status",
            {"diabetes": 3.00},
        ),
    ],
)
def test_hazard_ratios(name: str, event: str, time: str, status: str, published: dict[str, float]) -> None:
    """Cause-specific Cox model with all effects of the recipe, by statsmodels."""
    made = drawn(name, PATIENTS, seed=11)
    block = made.recipe.content.events[event]
    matrix = design(block.effects, made.complete)
    drift = made.recipe.content.drift
    if drift is not None and event in drift.baseline:
        matrix = np.column_stack([matrix, made.complete["treatment_year"] - drift.reference_year])
    happened = (made.observed[status] == 1).astype(float)
    estimates, errors = cox(made.observed[time], happened, matrix)
    count = len(block.effects)
    factor = made.recipe.calibrate().events[event].predictor.scale
    recovered(estimates[:count], errors[:count], block.effects, factor)
    for variable, ratio in published.items():
        position = next(i for i, effect in enumerate(block.effects) if effect.variable == variable)
        assert abs(estimates[position] - np.log(ratio)) <= 4 * errors[position]


def test_a_prognostic_nutritional_index_below_42_8_splits_survival() -> None:
    """Kim 2025: median 30.7 months against 7.0, p = .002 in 133 patients."""
    made = drawn("palliative_surgery", PATIENTS, seed=11)
    low = made.complete["prognostic_nutritional_index"] < 42.8
    time, died = made.observed["follow_up_time"], made.observed["death"]
    poor, good = (SurvfuncRight(time[group], died[group]).quantile(0.5) for group in (low, ~low))
    assert good > 1.5 * poor
    assert survdiff(time, died, low.astype(int))[1] < 1e-50


@pytest.mark.parametrize("outcome", ["ambulation_30d", "motor_recovery"])
def test_odds_ratios_of_the_bilsky_3_cohort(outcome: str) -> None:
    """Kwon 2026, Tables 5 and 6: surgery 4.33, ECOG .60, motor grade 1.57, thoracic .28; motor recovery 10.05."""
    made = drawn("bilsky3_ambulation", PATIENTS, seed=11)
    block = next(b for b in made.recipe.content.outcomes if isinstance(b, StateOutcome) and b.variable == outcome)
    observed = made.observed[outcome]
    assessed = observed < 2
    present = observed == (0 if outcome == "ambulation_30d" else 1)
    matrix = sm.add_constant(design(block.effects, made.complete, assessed))
    fit = sm.Logit(present[assessed].astype(float), matrix).fit(disp=0)
    recovered(fit.params[1:], fit.bse[1:], block.effects)
    surgery = 4.33 if outcome == "ambulation_30d" else 10.05
    assert abs(fit.params[1] - np.log(surgery)) <= 4 * fit.bse[1]
    fitted = made.recipe.calibrate().outcomes[outcome]
    assert abs(fit.params[0] - fitted.intercept) <= 4 * fit.bse[0]


def test_odds_of_a_higher_grade_are_proportional() -> None:
    """At every cut the odds ratio of the ECOG status before the operation is the recipe's 8."""
    made = drawn("cervical_surgery", PATIENTS, seed=11)
    block = next(b for b in made.recipe.content.outcomes if isinstance(b, OrdinalOutcome))
    fitted = made.recipe.calibrate().outcomes["ecog_30d"]
    assert isinstance(fitted, OrdinalFit)
    grades = made.observed["ecog_30d"]
    alive = grades < 5
    matrix = sm.add_constant(design(block.effects, made.complete, alive))
    for cut, boundary in zip((2, 3), fitted.cuts[1:3], strict=True):
        fit = sm.Logit((grades[alive] >= cut).astype(float), matrix).fit(disp=0)
        assert abs(fit.params[1] - np.log(8)) <= 4 * fit.bse[1]
        assert abs(fit.params[0] + boundary) <= 4 * fit.bse[0]


def test_ratios_of_blood_loss() -> None:
    made = drawn("blood_loss", PATIENTS, seed=11)
    block = made.recipe.content.outcomes[0]
    fitted = made.recipe.calibrate().outcomes["intraoperative_blood_loss"]
    assert isinstance(block, QuantityOutcome)
    assert isinstance(fitted, QuantityFit)
    year = made.complete["treatment_year"] - 2017
    matrix = sm.add_constant(np.column_stack([design(block.effects, made.complete), year]))
    fit = sm.OLS(np.log(made.observed["intraoperative_blood_loss"]), matrix).fit()
    recovered(fit.params[1:-1], fit.bse[1:-1], block.effects)
    assert abs(fit.params[-1] - np.log(0.985)) <= 4 * fit.bse[-1]
    assert np.sqrt(fit.scale) == pytest.approx(fitted.log_sd, rel=0.03)


def test_wound_infection_is_rarer_with_better_nutrition() -> None:
    """Kim 2025, Table 3: the index was 39.5 (SD 6.2) with infection and 43.1 (SD 7.6) without, 7.5 % infected."""
    made = drawn("palliative_surgery", PATIENTS, seed=11)
    infected = made.observed["surgical_site_infection"] == 1
    index = made.complete["prognostic_nutritional_index"]
    assert infected.mean() == pytest.approx(0.075, abs=4 * np.sqrt(0.075 * 0.925 / PATIENTS) + 0.001)
    assert index[~infected].mean() - index[infected].mean() == pytest.approx(3.6, abs=0.8)
