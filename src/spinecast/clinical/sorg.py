"""What the SORG model of 90-day and one-year mortality asks of a patient."""

from __future__ import annotations

__all__ = ["SORG_INPUTS", "SORG_SOURCES"]

SORG_INPUTS: tuple[str, ...] = (
    "tumour_growth_group",
    "ecog_performance_status",
    "asia_impaired",
    "other_charlson_comorbidity",
    "visceral_metastases",
    "brain_metastases",
    "previous_systemic_therapy",
    "spine_metastases",
    "body_mass_index",
    "hemoglobin",
    "platelet_count",
    "lymphocyte_count",
    "neutrophil_count",
    "creatinine",
    "international_normalised_ratio",
    "white_blood_cell_count",
    "alkaline_phosphatase",
    "albumin",
)
"""The 18 inputs in dictionary variables, in the order of its form, sorg-apps.shinyapps.io/spinemetssurvival (Karhade et
al. 2019, Neurosurgery, PubMed 30869143), as github.com/rhkuijten/AOSpine-External_Validation fills it in at 0375195."""

SORG_SOURCES: tuple[str, ...] = ("primary_tumour", "asia_impairment_scale")
"""Finer variables of which the form asks a coarser one: the growth of the tumour, any impairment."""
