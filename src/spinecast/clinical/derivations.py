"""Variables that follow from others: asked for once, computed everywhere else.

Every function takes the columns of the variables named in its entry's ``derived_from``, in that order, in the coding of
`Cohort.matrix` (continuous in the canonical unit, levels by their index from 0, missing NaN) and returns the derived
column in the same coding. It is NaN exactly where it cannot be known: a missing input that cannot matter is no
obstacle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical import formulas
from spinecast.clinical.dictionary import variable
from spinecast.clinical.dictionary.comorbidity import CHARLSON_CONDITIONS
from spinecast.clinical.scores.growth_groups import growth_group
from spinecast.clinical.scores.sins import SINS_POINTS

__all__ = ["DERIVATIONS", "derive"]

FloatArray = NDArray[np.float64]
Derivation = Callable[..., FloatArray]

PER_MM3 = 1000.0
"""Cells per mm³ in 10^9/L."""

_REGION_LETTERS = {"c": "cervical", "t": "thoracic", "l": "lumbar", "s": "sacral"}
_JUNCTIONAL = ("c1", "c2", "c7", "t1", "t2", "t11", "t12", "l1", "l5", "s1")
_MOBILE = ("c3", "c4", "c5", "c6", "l2", "l3", "l4")
_SEMIRIGID = ("t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10")


def derive(name: str, columns: Mapping[str, FloatArray]) -> FloatArray:
    """Compute a derived variable.

    Parameters
    ----------
    name : str
        A variable with ``derived_from``.
    columns : mapping of variable to ndarray of float, shape (n,)
        Matrix columns; what is not among them is missing for everyone. An input that is itself derived is computed
        where it is missing.

    Returns
    -------
    ndarray of float, shape (n,)
        In the coding of `Cohort.matrix`; NaN where it cannot be known.

    Raises
    ------
    ContractError
        If the dictionary does not have the variable.
    ValueError
        If the variable follows from no others, or no column is given.

    Examples
    --------
    >>> derive("asia_impaired", {"asia_impairment_scale": np.array([0.0, 3.0, 4.0, np.nan])}).tolist()
    [1.0, 1.0, 0.0, nan]
    """
    entry = variable(name)
    if not entry.is_derived:
        raise ValueError(f"{name} follows from no other variables")
    if not columns:
        raise ValueError(f"{name} cannot be derived without any column")
    shape = np.shape(next(iter(columns.values())))
    inputs = [_input(each, columns, shape) for each in entry.derived_from]
    return np.asarray(DERIVATIONS[name](*inputs), dtype=np.float64)


def _input(name: str, columns: Mapping[str, FloatArray], shape: tuple[int, ...]) -> FloatArray:
    given = np.asarray(columns[name], dtype=np.float64) if name in columns else np.full(shape, np.nan)
    if variable(name).is_derived and np.isnan(given).any():
        return np.where(np.isnan(given), derive(name, columns), given)
    return given


def _by_level(source: str, target: str, levels: Mapping[str, str]) -> Derivation:
    """Return the derivation that gives each level of one variable a level of another."""
    result = variable(target).level_values
    table = np.array([result.index(levels[level]) for level in variable(source).level_values] + [np.nan])

    def look_up(codes: FloatArray) -> FloatArray:
        found: FloatArray = table[np.where(np.isnan(codes), len(table) - 1, codes).astype(np.intp)]
        return found

    return look_up


def _present_from(source: str, *levels: str) -> Derivation:
    """Return the derivation of a binary variable: present at some levels of another, absent at its others."""
    codes = [variable(source).level_values.index(level) for level in levels]

    def present(values: FloatArray) -> FloatArray:
        return _known(np.isin(values, codes), values)

    return present


def _known(found: NDArray[np.bool_], *values: FloatArray) -> FloatArray:
    """Write a finding as 1 and 0, NaN where one of the values behind it is missing."""
    missing = np.any([np.isnan(value) for value in values], axis=0)
    return np.where(missing, np.nan, found.astype(np.float64))


def _any_present(*conditions: FloatArray) -> FloatArray:
    """Return 1 as soon as one condition is present, 0 only where all are known to be absent."""
    present = np.any([values == 1 for values in conditions], axis=0)
    absent = np.all([values == 0 for values in conditions], axis=0)
    return np.where(present, 1.0, np.where(absent, 0.0, np.nan))


def _multiple_skeletal_metastases(spine: FloatArray, elsewhere: FloatArray) -> FloatArray:
    """More than one anywhere: two vertebrae, or one outside the spine beside the one in it that everybody has."""
    return _any_present(_known(spine > 0, spine), _known(elsewhere > 0, elsewhere))


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide; a ratio to nothing is not known."""
    quotient: FloatArray = numerator / np.where(denominator > 0, denominator, np.nan)
    return quotient


def _charlson_index(*conditions: FloatArray) -> FloatArray:
    return formulas.charlson_points(dict(zip(CHARLSON_CONDITIONS, conditions, strict=True)))


def _sins_total(*components: FloatArray) -> FloatArray:
    points = (
        _points(component, [table[level] for level in variable(name).level_values])
        for component, (name, table) in zip(components, SINS_POINTS.items(), strict=True)
    )
    total: FloatArray = np.sum(list(points), axis=0)
    return total


def _points(codes: FloatArray, points: list[int]) -> FloatArray:
    table = np.array([*points, np.nan])
    found: FloatArray = table[np.where(np.isnan(codes), len(points), codes).astype(np.intp)]
    return found


def _sins_location(level: str) -> str:
    if level in _JUNCTIONAL:
        return "junctional"
    if level in _MOBILE:
        return "mobile"
    return "semirigid" if level in _SEMIRIGID else "rigid"


_SPINAL_LEVELS = variable("spinal_level").level_values

DERIVATIONS: Mapping[str, Derivation] = MappingProxyType(
    {
        "tumour_growth_group": growth_group,
        "asia_impaired": _present_from("asia_impairment_scale", "a", "b", "c", "d"),
        "ecog_3_or_4": _present_from("ecog_performance_status", "3", "4"),
        "three_or_more_spine_metastases": _present_from("spine_metastases", "three_or_more"),
        "multiple_skeletal_metastases": _multiple_skeletal_metastases,
        "spinal_region": _by_level(
            "spinal_level", "spinal_region", {level: _REGION_LETTERS[level[0]] for level in _SPINAL_LEVELS}
        ),
        "high_grade_compression": _present_from("bilsky_grade", "2", "3"),
        "sins_location": _by_level(
            "spinal_level", "sins_location", {level: _sins_location(level) for level in _SPINAL_LEVELS}
        ),
        "sins_total": _sins_total,
        "fixation_length_three_or_more": lambda vertebrae: _known(vertebrae >= 3, vertebrae),
        "other_charlson_comorbidity": _any_present,
        "charlson_index": _charlson_index,
        "body_mass_index": lambda height, weight: formulas.body_mass_index(
            body_weight_kg=weight, body_height_cm=height
        ),
        "prognostic_nutritional_index": lambda albumin, lymphocytes: formulas.prognostic_nutritional_index(
            albumin_g_dl=albumin, lymphocytes_per_mm3=lymphocytes * PER_MM3
        ),
        "controlling_nutritional_status": lambda albumin, cholesterol, lymphocytes: (
            formulas.controlling_nutritional_status(
                albumin_g_dl=albumin,
                total_cholesterol_mg_dl=cholesterol,
                lymphocytes_per_mm3=lymphocytes * PER_MM3,
            )
        ),
        "nutritional_risk_index": lambda albumin, weight, usual: formulas.nutritional_risk_index(
            albumin_g_dl=albumin, body_weight_kg=weight, usual_body_weight_kg=usual
        ),
        "geriatric_nutritional_risk_index": lambda albumin, weight, ideal: formulas.geriatric_nutritional_risk_index(
            albumin_g_dl=albumin, body_weight_kg=weight, ideal_body_weight_kg=ideal
        ),
        "neutrophil_lymphocyte_ratio": _ratio,
        "platelet_lymphocyte_ratio": _ratio,
        "corrected_calcium": lambda calcium, albumin: formulas.corrected_calcium(
            calcium_mg_dl=calcium, albumin_g_dl=albumin
        ),
        "bed_3": lambda dose, fractions: formulas.biologically_effective_dose(
            dose, fractions, formulas.ALPHA_BETA_LATE_BONE_GY
        ),
        "bed_10": lambda dose, fractions: formulas.biologically_effective_dose(
            dose, fractions, formulas.ALPHA_BETA_TUMOUR_GY
        ),
        "eqd2_10": lambda dose, fractions: formulas.equivalent_dose_in_2_gray(
            dose, fractions, formulas.ALPHA_BETA_TUMOUR_GY
        ),
    }
)
"""How each derived variable is computed, by its name."""
