import json

import numpy as np
import pytest

from spinecast.statistics import Absent, Estimate, measure_from_dict


@pytest.mark.parametrize(
    "measure",
    [
        Estimate(0.7, 0.6, 0.8, 100, 30, "DeLong"),
        Estimate(0.1, None, None, 5, None, "no interval"),
        Absent("one class"),
    ],
)
def test_survives_json(measure: Estimate | Absent) -> None:
    assert measure_from_dict(json.loads(json.dumps(measure.to_dict()))) == measure


def test_absent_is_written_as_its_reason() -> None:
    assert Absent("one class").to_dict() == {"absent": "one class"}


@pytest.mark.parametrize("numbers", [(np.nan, 0, 1), (0.5, np.nan, 1), (0.5, 0, np.inf)])
def test_refuses_what_is_not_a_number(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        Estimate(*numbers, 1, None, "m")


def test_refuses_half_an_interval() -> None:
    with pytest.raises(ValueError, match="two ends"):
        Estimate(0.5, 0.4, None, 1, None, "m")
