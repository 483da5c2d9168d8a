"""SUPPORT, where the SurvSet package is installed: the numbers everyone who uses it can count again."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import BinaryOutcome, HorizonOutcome, label_outcome
from spinecast.cohorts.sources import SupportSource, build_cohort
from spinecast.cohorts.support import SUPPORT_VARIABLES, support_rules
from spinecast.errors import CohortError, ContractError


@pytest.fixture(scope="module")
def metastatic() -> Cohort:
    pytest.importorskip("SurvSet")
    return build_cohort(SupportSource(), SUPPORT_VARIABLES, "set_missing")


def test_the_metastatic_cohort_has_1858_of_9105_patients(metastatic: Cohort) -> None:
    assert len(metastatic) == 1858
    assert [step.remaining for step in metastatic.attrition] == [9105, 1858]
    assert metastatic.attrition[1].excluded == 7247
    assert metastatic.kind == "real"


@pytest.mark.parametrize(("subset", "patients"), [("all", 9105), ("lung", 908), ("colon", 512)])
def test_other_subsets(subset: Any, patients: int) -> None:
    pytest.importorskip("SurvSet")
    assert len(build_cohort(SupportSource(subset), ["age", "tumour_group"], "set_missing")) == patients


def test_an_unknown_subset_is_refused() -> None:
    pytest.importorskip("SurvSet")
    with pytest.raises(CohortError, match="no subset 'breast'"):
        build_cohort(SupportSource("breast"), ["age"])  # type: ignore[arg-type]


# Events and patients as published with the data set's benchmark table.
@pytest.mark.parametrize(("horizon", "patients", "events"), [(42, 1858, 577), (90, 1858, 840), (365, 1845, 1394)])
def test_deaths_by_horizon(horizon: float, patients: int, events: int, metastatic: Cohort) -> None:
    labelled = label_outcome(metastatic, HorizonOutcome("follow_up_time", "death", horizon))
    assert (len(labelled), labelled.events) == (patients, events)


def test_thirteen_are_censored_before_a_year_and_weighted_for(metastatic: Cohort) -> None:
    excluded = label_outcome(metastatic, HorizonOutcome("follow_up_time", "death", 365))
    assert excluded.attrition[-1].excluded == 13
    weighted = label_outcome(metastatic, HorizonOutcome("follow_up_time", "death", 365, "ipcw"))
    assert weighted.weights is not None
    assert (len(weighted), int((weighted.weights == 0).sum()), weighted.events) == (1858, 13, 1394)
    assert weighted.weights.sum() == pytest.approx(1858)


def test_function_at_two_months(metastatic: Cohort) -> None:
    labelled = label_outcome(metastatic, BinaryOutcome("functional_outcome_2m", ("no_severe_disability",)))
    assert (len(labelled), labelled.events) == (1505, 622)
    assert labelled.attrition[-1].excluded == 353


def test_every_variable_lets_supports_genuine_values_through(metastatic: Cohort) -> None:
    everyone = build_cohort(SupportSource("all"), SUPPORT_VARIABLES, "set_missing")
    assert len(everyone.rejections) == 18  # of some 200,000 values
    assert metastatic.rejections.table[["column", "value"]].to_numpy().tolist() == [
        ["num_meanbp", "9"],
        ["num_alb", "10.8984"],
    ]


def test_fill_in_zeros_are_missing_and_counted(metastatic: Cohort) -> None:
    assert np.isnan(metastatic.matrix(["heart_rate"])).sum() == 15
    assert np.isnan(metastatic.matrix(["mean_arterial_pressure"])).sum() == 12  # 11 zeros and one impossible value
    notes = " ".join(metastatic.provenance.notes)
    assert "Heart rate: 0 is a fill-in for a value not measured; read as missing in 15 patients." in notes
    urine = metastatic.matrix(["urine_output"])[:, 0]
    assert (urine == 0).sum() == 19


def test_the_derived_tumour_group(metastatic: Cohort) -> None:
    counts = metastatic.frame["tumour_group"].value_counts().to_dict()
    assert counts == {"lung": 908, "colon": 512, "other_or_unrecorded": 438}


def test_only_what_support_records_can_be_asked_of_it() -> None:
    with pytest.raises(ContractError, match="did you mean albumin"):
        support_rules(["albumine"])
    assert {variable(name).role for name in SUPPORT_VARIABLES} >= {"predictor", "outcome", "comparator", "subgroup"}


def test_without_survset_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def no_survset(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        if name.startswith("SurvSet"):
            raise ModuleNotFoundError(name="SurvSet")
        return real_import(name, globals, locals, fromlist or (), level)

    monkeypatch.setattr(builtins, "__import__", no_survset)
    with pytest.raises(CohortError, match=r"pip install 'spinecast\[demo\]'"):
        build_cohort(SupportSource(), ["age"])
