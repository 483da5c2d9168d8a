"""SC025 and SC026: a cohort made from another, and codings that differ."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from validation.made_validation import INPUTS, cohort_of, development_of, table

from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.contract import make_cohort
from spinecast.cohorts.rules import column_rules
from spinecast.validation.checks import Check, NotApplicable, NotFound, check_coding, check_made_from
from spinecast.validation.development import Development

HOME = table(600, seed=71)


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(patient=[f"N{number}" for number in range(len(frame))])


def rescaled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        age=frame["age"] * 0.9 + 3, albumin=frame["albumin"] ** 1.1, creatinine=frame["creatinine"] * 1.2
    )


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(age=frame["age"].round(0), albumin=frame["albumin"].round(1))


def noisy(frame: pd.DataFrame) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    return frame.assign(
        **{name: frame[name] + draw.normal(0, 0.01 * frame[name].std(), len(frame)) for name in ("age", "albumin")},
        follow_up_time=frame["follow_up_time"] + 1,
        creatinine=frame["creatinine"] + 0.001,
    )


@pytest.mark.parametrize("change", [renamed, rescaled, rounded, noisy])
@pytest.mark.parametrize("rows", [600, 250])
def test_sc025_finds_a_copy_whatever_was_done_to_its_numbers(change: object, rows: int) -> None:
    copy = renamed(change(HOME.sample(rows, random_state=2).reset_index(drop=True)))  # type: ignore[operator]
    found = check_made_from(development_of(cohort_of(HOME, "home")), cohort_of(copy, "copy"))
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC025", "error")
    shared = int(found.finding.split(" of ")[0].replace(",", ""))
    assert shared > 0.3 * rows


@pytest.mark.parametrize("seed", range(5))
def test_sc025_passes_other_people_of_the_same_kind(seed: int) -> None:
    found = check_made_from(development_of(cohort_of(HOME, "home")), cohort_of(table(500, seed=seed), "there"))
    assert isinstance(found, NotFound)


def test_sc025_does_not_apply_where_nobody_can_be_told_apart() -> None:
    there = cohort_of(table(200, seed=3), "there")
    assert check_made_from(development_of(None), there) == NotApplicable("SC025", "nobody kept them")
    home = cohort_of(HOME, "home")
    few = [replace(each, frame=each.frame[["sex", "death"]]) for each in (home, there)]
    assert isinstance(check_made_from(replace(development_of(home), cohort=few[0]), few[1]), NotApplicable)


def haemoglobin(count: int, seed: int, factor: float) -> Cohort:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({"hemoglobin": (draw.normal(12.5, 1.0, count) * factor).round(2)})
    return make_cohort(
        frame.assign(patient=[f"P{number}" for number in range(count)]),
        column_rules(("hemoglobin",)),
        name="made",
        kind="synthetic",
        provenance=Provenance(source="made", description="Made-up patients"),
        id_column="patient",
    )


def test_sc026_finds_another_unit_that_the_contract_lets_through() -> None:
    # 12.5 g/dL are 7.8 mmol/L, which is a possible number of g/dL too.
    home = Development("home", "synthetic", "", cohort=haemoglobin(400, 1, 1.0))
    found = check_coding(home, haemoglobin(300, 2, 0.6206), ["hemoglobin"])
    assert isinstance(found, Check)
    assert (found.code, found.severity, found.variables) == ("SC026", "error", ("hemoglobin",))
    assert "mmol/L" in found.finding
    assert isinstance(check_coding(home, haemoglobin(300, 2, 1.0), ["hemoglobin"]), NotFound)
    # Anaemia is no unit: nothing is guessed from a shift that no factor explains.
    assert isinstance(check_coding(home, haemoglobin(300, 2, 0.8), ["hemoglobin"]), NotFound)


def test_sc026_finds_a_reversed_coding() -> None:
    home = HOME.assign(sex=np.where(np.arange(600) % 5 == 0, "male", "female"))
    there = table(400, seed=5).assign(sex=np.where(np.arange(400) % 5 == 0, "female", "male"))
    found = check_coding(development_of(cohort_of(home, "home")), cohort_of(there, "there"), INPUTS)
    assert isinstance(found, Check)
    assert (found.severity, found.variables) == ("warning", ("sex",))
    assert "reversed" in found.finding


def test_sc026_passes_other_people_alike() -> None:
    there = cohort_of(table(400, seed=5, older=5), "there")
    assert isinstance(check_coding(development_of(cohort_of(HOME, "home")), there, INPUTS), NotFound)


def test_sc026_does_not_apply_without_the_development_patients_or_common_inputs() -> None:
    there = cohort_of(table(100, seed=5), "there")
    assert check_coding(development_of(None), there, INPUTS) == NotApplicable("SC026", "nobody kept them")
    assert isinstance(check_coding(development_of(cohort_of(HOME, "home")), there, ["sodium"]), NotApplicable)
