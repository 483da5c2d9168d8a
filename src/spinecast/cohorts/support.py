"""SUPPORT as SurvSet distributes it: its columns, its fill-in values and its patients with metastatic cancer."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import AttritionStep, Provenance
from spinecast.cohorts.rules import ColumnRule
from spinecast.errors import CohortError, ContractError, nearest

__all__ = ["SUPPORT_VARIABLES", "SupportPatients", "SupportSubset", "support_patients", "support_rules"]

SupportSubset = Literal["all", "metastatic", "lung", "colon"]

_PRESENT = {0: "absent", 1: "present"}
_NOT_RECORDED: tuple[Any, ...] = ("missing",)
# A living patient has a pulse, a breath, a blood pressure and some glucose: a zero stands for "not measured" here. In
# urine output it does not: passing none is a finding, and a white cell count can be too low to count.
_ZERO_IS_MISSING: tuple[Any, ...] = (0,)
_PHYSIOLOGY = (
    "Vital signs and laboratory values are those of the third day after study entry, so the prediction belongs to that "
    "day; follow-up is counted from study entry and nobody in the data died before day 3."
)
_INTERVIEW = (
    "The count of daily activities comes from interviews in the first days after entry; in people who died or were too "
    "ill to talk by then it is missing, so that its absence carries information about early death."
)


_PLAIN = {
    "age": "num_age",
    "sex": "fac_sex",
    "education_years": "num_edu",
    "tumour_group": "tumour_group",
    "comorbidity_count": "num_num_co",
    "coma_score": "num_scoma",
    "days_in_hospital_before_entry": "num_hday",
    "body_temperature": "num_temp",
    "white_blood_cell_count": "num_wblc",
    "pao2_fio2_ratio": "num_pafi",
    "albumin": "num_alb",
    "bilirubin": "num_bili",
    "creatinine": "num_crea",
    "sodium": "num_sod",
    "arterial_ph": "num_ph",
    "blood_urea_nitrogen": "num_bun",
    "urine_output": "num_urine",
    "activities_of_daily_living_patient": "num_adlp",
    "activities_of_daily_living_surrogate": "num_adls",
    "follow_up_time": "time",
    "support_survival_2m": "num_surv2m",
    "support_survival_6m": "num_surv6m",
    "support_physiology_score": "num_sps",
}
_ZERO_FILLED = {
    "mean_arterial_pressure": "num_meanbp",
    "heart_rate": "num_hrt",
    "respiratory_rate": "num_resp",
    "glucose": "num_glucose",
}
_BINARY = {"death": "event", "diabetes": "fac_diabetes", "dementia": "fac_dementia"}
_LEVELLED: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "support_diagnosis_group",
        "fac_dzgroup",
        {
            "Lung Cancer": "lung_cancer",
            "Colon Cancer": "colon_cancer",
            "MOSF w/Malig": "organ_failure_with_malignancy",
            "ARF/MOSF w/Sepsis": "organ_failure_with_sepsis",
            "CHF": "chronic_heart_failure",
            "COPD": "chronic_obstructive_pulmonary_disease",
            "Cirrhosis": "cirrhosis",
            "Coma": "coma",
        },
    ),
    (
        "income_band",
        "fac_income",
        {
            "under $11k": "under_11k",
            "$11-$25k": "from_11k_to_25k",
            "$25-$50k": "from_25k_to_50k",
            ">$50k": "over_50k",
        },
    ),
    ("race", "fac_race", {level: level for level in ("asian", "black", "hispanic", "white", "other")}),
    (
        "resuscitation_order",
        "fac_dnr",
        {"no dnr": "no_order", "dnr before sadm": "before_entry", "dnr after sadm": "after_entry"},
    ),
    (
        "functional_outcome_2m",
        "fac_sfdm2",
        {
            "no(M2 and SIP pres)": "no_severe_disability",
            "adl>=4 (>=5 if sur)": "severe_disability_adl",
            "SIP>=30": "severe_disability_sip",
            "Coma or Intub": "coma_or_intubated",
            "<2 mo. follow-up": "died_before_2m",
        },
    ),
)


def _rules() -> dict[str, ColumnRule]:
    rules = [
        *(ColumnRule(name, column) for name, column in _PLAIN.items()),
        *(ColumnRule(name, column, missing_codes=_ZERO_IS_MISSING) for name, column in _ZERO_FILLED.items()),
        *(ColumnRule(name, column, levels=_PRESENT) for name, column in _BINARY.items()),
        *(ColumnRule(name, column, levels=levels, missing_codes=_NOT_RECORDED) for name, column, levels in _LEVELLED),
    ]
    return {rule.variable: rule for rule in rules}


SUPPORT_VARIABLES: tuple[str, ...] = tuple(_rules())


@dataclass(frozen=True, eq=False)
class SupportPatients:
    """Some of SUPPORT's patients, as distributed, with their provenance and attrition."""

    name: str
    table: pd.DataFrame
    provenance: Provenance
    attrition: tuple[AttritionStep, ...]


def support_rules(variables: Sequence[str]) -> tuple[ColumnRule, ...]:
    """Return how SUPPORT writes the variables asked for.

    Raises
    ------
    ContractError
        If the dictionary or SUPPORT does not have one; names the nearest.
    """
    rules = _rules()
    chosen = []
    for name in dict.fromkeys(variables):
        variable(name)
        if name not in rules:
            close = nearest(name, rules)
            raise ContractError(
                f"SUPPORT does not record {name}",
                expected=f"one of {', '.join(rules)}",
                remedy=f"did you mean {close}?" if close else None,
            )
        chosen.append(rules[name])
    return tuple(chosen)


def support_patients(subset: SupportSubset, rules: Sequence[ColumnRule]) -> SupportPatients:
    """Select SUPPORT's patients.

    Parameters
    ----------
    subset : {"all", "metastatic", "lung", "colon"}
        Everyone; the 1,858 with metastatic cancer; of those, the ones who entered for lung or for colon cancer.
    rules : sequence of ColumnRule
        The columns used, for the notes on fill-in values.

    Raises
    ------
    CohortError
        If SurvSet is not installed or the subset does not exist.
    """
    table = _load()
    steps = [AttritionStep("SUPPORT", "all patients of the data set", 0, len(table))]
    cancer = table["fac_ca"].astype(str)
    diagnosis = table["fac_dzgroup"].astype(str)
    group = diagnosis.map({"Lung Cancer": "lung", "Colon Cancer": "colon"}).fillna("other_or_unrecorded")
    table = table.assign(tumour_group=group.where(cancer != "no", "").astype(object))
    selections: dict[str, list[tuple[str, str, pd.Series]]] = {"all": []}
    selections["metastatic"] = [
        ("metastatic cancer", "no metastatic cancer recorded at study entry", cancer == "metastatic")
    ]
    for primary, words in (("lung", "Lung Cancer"), ("colon", "Colon Cancer")):
        step = (f"{primary} cancer", f"did not enter for {primary} cancer", diagnosis == words)
        selections[primary] = [*selections["metastatic"], step]
    if subset not in selections:
        raise CohortError(f"SUPPORT has no subset {subset!r}", expected=f"one of {', '.join(selections)}")
    for name, reason, kept in selections[subset]:
        before = len(table)
        table = table[kept.loc[table.index]]
        steps.append(AttritionStep(name, reason, before - len(table), len(table)))
    return SupportPatients(f"SUPPORT, {_TITLES[subset]}", table, _provenance(subset, table, rules), tuple(steps))


_TITLES = {
    "all": "all patients",
    "metastatic": "metastatic cancer",
    "lung": "metastatic lung cancer",
    "colon": "metastatic colon cancer",
}


def _provenance(subset: str, table: pd.DataFrame, rules: Sequence[ColumnRule]) -> Provenance:
    notes = [_PHYSIOLOGY]
    for rule in rules:
        if rule.missing_codes == _ZERO_IS_MISSING:
            count = int(np.sum(table[rule.column].to_numpy() == 0))
            if not count:
                continue
            label = rule.entry.label
            whom = "1 patient" if count == 1 else f"{count} patients"
            notes.append(f"{label}: 0 is a fill-in for a value not measured; read as missing in {whom}.")
    if any(rule.variable.startswith("activities_of_daily_living") for rule in rules):
        notes.append(_INTERVIEW)
    notes.append(f"Read from SurvSet {version('SurvSet')}, data set support2.")
    return Provenance(
        source="SUPPORT (SurvSet support2)",
        description=(
            "Study to Understand Prognoses and Preferences for Outcomes and Risks of Treatments: seriously ill adults "
            f"admitted to five hospitals in the United States, 1989-1994; here: {_TITLES[subset]}."
        ),
        licence="GPL-3.0-or-later as distributed with SurvSet; not part of this project",
        citation=(
            "Knaus WA, Harrell FE, Lynn J, et al. The SUPPORT prognostic model: objective estimates of survival for "
            "seriously ill hospitalized adults. Ann Intern Med 1995;122:191-203"
        ),
        notes=tuple(notes),
    )


def _load() -> pd.DataFrame:
    with warnings.catch_warnings():
        # SurvSet's stored table was written by an older NumPy and names modules that NumPy has moved since.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            from SurvSet.data import SurvLoader
        except ModuleNotFoundError as error:
            raise CohortError(
                "SUPPORT comes with the SurvSet package, which is not installed",
                remedy="pip install 'spinecast[demo]'",
            ) from error
        table = SurvLoader().load_dataset("support2")["df"]
    return pd.DataFrame(table).reset_index(drop=True)
