"""What was published comes out: marginals, mortality, discrimination, incidence, missing values."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from made_cohorts import Drawn, drawn, kaplan_meier, recipe_named
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from statsmodels.duration.survfunc import CumIncidenceRight

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.synthetic.recipe import recipe_files

FloatArray = NDArray[np.float64]

PATIENTS = 100_000
OTHERS = 32_768
REFERENCE = Path(__file__).parents[2] / "reference" / "synthetic_marginals.csv"
PUBLISHED = list(csv.DictReader(REFERENCE.read_text(encoding="utf-8").splitlines()))
QUANTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}


def cohort(name: str) -> Drawn:
    return drawn(name, PATIENTS if name == "sorg" else OTHERS)


def statistic(values: FloatArray, name: str, kind: str, level: str) -> tuple[float, float]:
    """A statistic with its standard error; of a quantile also half the step in which values are recorded."""
    n = len(values)
    if kind == "mean":
        return values.mean(), values.std() / np.sqrt(n)
    if kind == "sd":
        centred = values - values.mean()
        return values.std(), np.sqrt(((centred**4).mean() - values.var() ** 2) / (4 * values.var() * n))
    if kind in QUANTILES:
        p = QUANTILES[kind]
        low, high = np.quantile(values, [p - 0.02, p + 0.02])
        step = 0.5 * 10.0 ** -variable(name).decimals
        return float(np.quantile(values, p)), np.sqrt(p * (1 - p) / n) * (high - low) / 0.04 + step / 4
    if kind == "proportion":
        hit = values == variable(name).level_values.index(level)
    else:
        threshold = float(kind.rpartition("_")[2])
        hit = values >= threshold if kind.startswith("at_least") else values <= threshold
    return hit.mean(), np.sqrt(hit.mean() * (1 - hit.mean()) / n)


@pytest.mark.parametrize(
    "row", PUBLISHED, ids=lambda row: f"{row['recipe']}-{row['variable']}-{row['levels']}{row['statistic']}"
)
def test_published_marginals_come_out_within_sampling_error(row: dict[str, str]) -> None:
    values = cohort(row["recipe"]).complete[row["variable"]]
    found, error = statistic(values, row["variable"], row["statistic"], row["levels"])
    assert abs(found - float(row["value"])) <= 4 * error + float(row["rounding"])


def test_every_recipe_that_comes_with_spinecast_has_published_marginals_to_meet() -> None:
    assert {row["recipe"] for row in PUBLISHED} | {"blood_loss"} == set(recipe_files())


@pytest.mark.parametrize(
    ("name", "day", "dead"),
    [
        ("sorg", 90, 0.251),  # Karhade 2019: 181 of 732
        ("sorg", 365, 0.543),  # 385 of 732
        ("radiotherapy_survival", 90, 0.29),  # Fenn 2024
        ("radiotherapy_survival", 365, 0.59),
        ("cervical_surgery", 216, 0.50),  # Kang 2024: median 7.1 months
        ("palliative_surgery", 91, 1 - 0.816),  # Kim 2025
        ("palliative_surgery", 365, 1 - 0.571),
        ("spine_sbrt", 365, 1 - 0.654),  # Kim HU 2025
        ("spine_sbrt", 730, 1 - 0.364),
    ],
)
def test_kaplan_meier_mortality_is_the_published_one(name: str, day: int, dead: float) -> None:
    made = cohort(name)
    found = 1 - kaplan_meier(made.observed["follow_up_time"], made.observed["death"], day)
    assert found == pytest.approx(dead, abs=0.005 if name == "sorg" else 0.01)


@pytest.mark.parametrize(
    ("column", "day", "free"),
    [
        ("local_progression", 365, 0.906),  # Kim HU 2025: local progression-free survival
        ("local_progression", 730, 0.830),
        ("vertebral_fracture", 365, 1 - 0.087),
        ("vertebral_fracture", 730, 1 - 0.128),
    ],
)
def test_radiotherapy_events_are_as_frequent_as_published(column: str, day: int, free: float) -> None:
    made = cohort("spine_sbrt")
    status = made.observed[f"{column}_status"] == 1
    found = kaplan_meier(made.observed[f"{column}_time"], status.astype(float), day)
    assert found == pytest.approx(free, abs=0.01)


@pytest.mark.parametrize(
    ("name", "column", "day", "share"),
    [("implant_failure", "implant_failure", 821, 0.109), ("bilsky3_ambulation", "local_progression", 365, 0.218)],
)
def test_cumulative_incidence_with_death_competing_is_the_published_one(
    name: str, column: str, day: int, share: float
) -> None:
    """24 of 220 implants (Lee 2024); 26 of 119 local progressions (Kwon 2026); Aalen-Johansen by statsmodels."""
    made = cohort(name)
    curve = CumIncidenceRight(made.observed[f"{column}_time"], made.observed[f"{column}_status"].astype(int))
    found = curve.cinc[0][np.searchsorted(curve.times, day, side="right") - 1]
    assert found == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("day", [90, 365])
def test_the_true_risk_of_the_sorg_cohort_discriminates_as_published_models_do(day: int) -> None:
    made = cohort("sorg")
    time, died = made.observed["follow_up_time"], made.observed["death"] == 1
    known = (died & (time <= day)) | (time >= day)
    area = roc_auc_score((died & (time <= day))[known], 1 - made.truth[f"death_survival_{day}d"][known])
    assert 0.79 <= area <= 0.83


@pytest.mark.parametrize("day", [30, 90, 365])
def test_true_risks_are_calibrated(day: int) -> None:
    """In each tenth of the true risk as many die as it says, within 4 standard errors (Kaplan-Meier by statsmodels)."""
    made = cohort("sorg")
    risk = 1 - made.truth[f"death_survival_{day}d"]
    for tenth in np.array_split(np.argsort(risk), 10):
        dead = 1 - kaplan_meier(made.observed["follow_up_time"][tenth], made.observed["death"][tenth], day)
        expected = risk[tenth].mean()
        assert abs(dead - expected) <= 4 * np.sqrt(expected * (1 - expected) / len(tenth))


def test_missing_values_are_as_frequent_as_stated_and_commoner_in_sicker_patients() -> None:
    made = cohort("sorg")
    for name, block in made.recipe.content.missingness.rates.items():
        missing = np.isnan(made.observed[name])
        assert abs(missing.mean() - block.rate) <= 4 * np.sqrt(block.rate * (1 - block.rate) / PATIENTS) + 0.001
    sick = made.complete["ecog_3_or_4"] == 1
    missing = np.isnan(made.observed["albumin"])
    odds = [missing[group].mean() / (1 - missing[group].mean()) for group in (sick, ~sick)]
    assert odds[0] / odds[1] == pytest.approx(1.5, rel=0.06)  # the odds ratio of the recipe


def test_what_is_not_missing_is_the_complete_value() -> None:
    made = cohort("sorg")
    for name in made.recipe.content.variables:
        seen = ~np.isnan(made.observed[name])
        np.testing.assert_array_equal(made.observed[name][seen], made.complete[name][seen])


def test_neutrophils_and_lymphocytes_never_exceed_white_cells() -> None:
    for name in ("sorg", "radiotherapy_survival"):
        columns = cohort(name).complete
        parts = columns["neutrophil_count"] + columns["lymphocyte_count"]
        assert (parts <= columns["white_blood_cell_count"]).all()


@pytest.mark.parametrize(("overrides", "share"), [((), 0.107), (("outcomes.0.at_least.proportion=0.19",), 0.19)])
def test_the_share_of_massive_blood_loss_is_a_parameter(overrides: tuple[str, ...], share: float) -> None:
    made = drawn("blood_loss", PATIENTS, overrides=overrides)
    loss = made.observed["intraoperative_blood_loss"]
    assert abs((loss >= 2500).mean() - share) <= 4 * np.sqrt(share * (1 - share) / PATIENTS) + 0.001
    assert np.median(loss) == pytest.approx(941, rel=0.02)
    assert made.truth["intraoperative_blood_loss_at_least_2500_probability"].mean() == pytest.approx(share, abs=0.002)


def test_blood_loss_has_the_published_mean() -> None:
    """Li 2023: 1280.1 (SD 1181.6) mL. The recipe states median and tail; a sum of normals on the log scale is close."""
    assert drawn("blood_loss", PATIENTS).observed["intraoperative_blood_loss"].mean() == pytest.approx(1280.1, rel=0.03)


def test_grades_after_an_operation_are_as_frequent_as_published() -> None:
    """Kang 2024, Tables 2 and 3: 2, 27, 46, 24 and 5 of 104 people alive."""
    grades = cohort("cervical_surgery").observed["ecog_30d"]
    alive = grades[grades < 5].astype(int)
    shares = np.bincount(alive, minlength=5) / len(alive)
    np.testing.assert_allclose(shares, np.array([2, 27, 46, 24, 5]) / 104, atol=0.012)


def test_the_worst_nurick_grade_is_as_frequent_as_not_walking() -> None:
    """Kim YH 2025: 30 of 132 did not walk at one month, which is grade 5; the dead have a level of their own."""
    made = cohort("palliative_surgery")
    grades = made.observed["nurick_grade_30d"]
    assert (grades[grades < 6] == 5).mean() == pytest.approx(0.227, abs=0.01)
    lost = made.truth["nurick_grade_30d_died_before_assessment_probability"]
    assert (grades == 6).mean() == pytest.approx(lost.mean(), abs=0.008)


def test_true_chances_of_states_are_the_observed_frequencies() -> None:
    made = cohort("palliative_surgery")
    walking, died = made.observed["ambulation_30d"] == 0, made.observed["ambulation_30d"] == 2
    chance = made.truth["ambulation_30d_ambulatory_probability"]
    lost = made.truth["ambulation_30d_died_before_assessment_probability"]
    assert walking[~died].mean() == pytest.approx(0.773, abs=0.01)  # 102 of 132
    assert died.mean() == pytest.approx(lost.mean(), abs=0.008)
    assert (chance * (1 - lost)).mean() == pytest.approx(walking.mean(), abs=0.01)


def test_a_derived_published_number_is_not_left_to_chance() -> None:
    """BED3 reaches 104 Gy in nearly half of the lesions, as the printed fracture rates imply."""
    assert (cohort("spine_sbrt").complete["bed_3"] >= 104).mean() == pytest.approx(0.47, abs=0.02)


def test_years_drift_as_the_recipe_says() -> None:
    """Each calendar year multiplies the hazard by .985: the linear predictor falls by that logarithm."""
    recipe = recipe_named("sorg")
    made = cohort("sorg")
    predictor, year = made.truth["death_linear_predictor"], made.complete["treatment_year"]
    slope = np.polyfit(year, predictor, 1)[0]
    assert recipe.content.drift is not None
    assert slope == pytest.approx(np.log(0.985), abs=4 * predictor.std() / year.std() / np.sqrt(PATIENTS))
