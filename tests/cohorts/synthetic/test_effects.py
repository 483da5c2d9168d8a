"""What an effect multiplies: worked by hand for each of its shapes."""

from __future__ import annotations

import numpy as np
import pytest

from spinecast.cohorts.synthetic.effects import Predictor, effect_column
from spinecast.cohorts.synthetic.population import Columns
from spinecast.cohorts.synthetic.variable_blocks import HazardEffect


def effect(**given: object) -> HazardEffect:
    return HazardEffect(**({"variable": "albumin", "hazard_ratio": 2.0, "source": "somebody"} | given))  # type: ignore[arg-type]


VALUES = np.array([1.0, 2.0, 4.0, np.nan])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"per": 1}, [1, 2, 4, 0]),
        ({"per": 2}, [0.5, 1, 2, 0]),
        ({"per": 1, "scale": "log2"}, [0, 1, 2, 0]),
        ({"per": 1, "above": 1.5}, [0, 0.5, 2.5, 0]),
        ({"per": 0.5, "below": 2}, [2, 0, 0, 0]),
        ({"at_least": 2}, [0, 1, 1, 0]),
        ({"less_than": 2}, [1, 0, 0, 0]),
    ],
)
def test_measured_variables(given: dict[str, object], expected: list[float]) -> None:
    assert effect_column(effect(**given), VALUES).tolist() == expected


def test_what_has_no_logarithm_is_without_effect() -> None:
    assert effect_column(effect(per=1, scale="log2"), np.array([0.0, 8.0])).tolist() == [0, 3]


def test_levels() -> None:
    chosen = effect(variable="ecog_performance_status", levels=("3", "4"))
    assert effect_column(chosen, np.array([0.0, 3.0, 4.0, np.nan])).tolist() == [0, 1, 1, 0]
    steps = effect(variable="ecog_performance_status", per=1)
    assert effect_column(steps, np.array([0.0, 3.0, 4.0, np.nan])).tolist() == [0, 3, 4, 0]


def test_only_design_effects_are_scaled() -> None:
    columns = Columns({"albumin": np.array([1.0, 3.0]), "age": np.array([10.0, 20.0])})
    both = (effect(per=1), effect(variable="age", per=10, hazard_ratio=3.0, source="design"))
    expected = np.log(2) * np.array([1, 3]) + 0.5 * np.log(3) * np.array([1, 2])
    np.testing.assert_allclose(Predictor.of(both, 0.5).value(columns), expected)


def test_derived_variables_are_worked_out_when_they_are_asked_for() -> None:
    """PNI = 10 albumin + 5 lymphocytes (10^9/L); BED3 of 18 Gy in one fraction is 126 Gy, of 30 Gy in five 90 Gy."""
    columns = Columns(
        {
            "albumin": np.array([3.7]),
            "lymphocyte_count": np.array([1.215]),
            "prescribed_dose": np.array([18.0]),
            "fractions": np.array([1.0]),
        }
    )
    assert columns["prognostic_nutritional_index"][0] == pytest.approx(43.075)
    assert columns["bed_3"][0] == pytest.approx(126.0)
    with pytest.raises(KeyError):
        columns["age"]
